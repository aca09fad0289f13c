// A store that several processes have open: one holds it, the calls of the others go there.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Store } from 'scimdb';
import { failure, folder, user } from './support.mjs';

/** A store that processes share. A library without the server can do that too. */
async function shared(t, directory) {
  const store = await Store.open(directory, { share: true });
  t.after(() => store.close());
  return store;
}

test('processes share a store, and the hooks of the one that holds it', async (t) => {
  const directory = path.join(folder(t), 'store');
  const store = await shared(t, directory);
  store.setHooks({ beforeWrite: () => ({ title: 'hooked' }) });
  const other = path.join(import.meta.dirname, 'sharer.mjs');
  const names = ['ann', 'bo', 'cy'];
  const ran = await Promise.all(names.map((name) => promisify(execFile)(process.execPath, [other, directory, name])));
  const seen = ran.map(({ stdout }) => JSON.parse(stdout));
  assert.deepEqual(seen.map(({ title }) => title), ['hooked', 'hooked', 'hooked']);
  assert.ok(seen.every(({ code }) => code === 'NOT_FOUND'));
  assert.equal(store.tenant().searchSync('User').totalResults, 6);
  await store.tenant().create('User', user('dee'));
  assert.throws(() => store.closeSync(), failure('MISUSE'));
});

test('a process that does not hold the store is told of changes, and woken once it holds it', async (t) => {
  const directory = path.join(folder(t), 'store');
  const store = await shared(t, directory);
  const follower = spawn(process.execPath, [path.join(import.meta.dirname, 'follower.mjs'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => follower.kill());
  const lines = createInterface({ input: follower.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'follows');
  const { id } = await store.tenant().create('User', user('ann'));
  assert.deepEqual(JSON.parse((await lines.next()).value), [id, id]);
  assert.equal((await lines.next()).value, 'CANCELLED');
  await store.close();
  assert.equal((await lines.next()).value, 'true');
});
