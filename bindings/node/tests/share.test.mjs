// A store that several processes have open: one holds it, the calls of the others go there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Store } from 'scimdb';
import { failure, folder, user } from './support.mjs';

test('processes share a store, and the hooks of the one that holds it', async (t) => {
  const directory = path.join(folder(t), 'store');
  let store;
  try {
    store = await Store.open(directory, { share: true });
  } catch (error) {
    failure('NOT_IMPLEMENTED', { status: 501 })(error);
    return t.skip('the library was built without the server');
  }
  t.after(() => store.close());
  store.setHooks({ beforeWrite: () => ({ title: 'hooked' }) });
  const other = path.join(import.meta.dirname, 'sharer.mjs');
  const names = ['ann', 'bo', 'cy'];
  const ran = await Promise.all(names.map((name) => promisify(execFile)(process.execPath, [other, directory, name])));
  const seen = ran.map(({ stdout }) => JSON.parse(stdout));
  assert.deepEqual(seen.map(({ title }) => title), ['hooked', 'hooked', 'hooked']);
  assert.ok(seen.every(({ code }) => code === 'NOT_FOUND'));
  assert.equal(store.tenant().searchSync('User').totalResults, 3);
  await store.tenant().create('User', user('dee'));
  assert.throws(() => store.closeSync(), failure('MISUSE'));
});
