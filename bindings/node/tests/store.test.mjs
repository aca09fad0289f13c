// A store's life, its tenants, its tokens and what an operator does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { abiVersion, setLog, Store, version } from 'scimdb';
import { all, failure, folder, memory, until, user } from './support.mjs';

test('the versions are told', () => {
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.equal(abiVersion, 1);
});

test('a closed store answers every call with an error, and closes only once', async (t) => {
  const store = await Store.open(':memory:');
  const tenant = store.tenant();
  const rows = tenant.iterate('User');
  await tenant.create('User', user('ann'));
  await rows.next();
  const closing = store.close();
  assert.equal(store.closed, true);
  assert.equal(store.close(), closing);
  await closing;
  store.closeSync();
  const misuse = failure('MISUSE', { errno: 35 });
  await assert.rejects(tenant.get('User', 'x'), misuse);
  await assert.rejects(tenant.changesSince(0, { waitMs: 60_000 }), misuse);
  await assert.rejects(all(tenant.changes()), misuse);
  await assert.rejects(rows.next(), misuse);
  assert.throws(() => store.setHooks({ beforeWrite() {} }), misuse);
  assert.throws(() => tenant.searchSync('User'), misuse);
  assert.throws(() => store.interrupt(), misuse);
});

test('a store is disposed of by `using` and by `await using`', async (t) => {
  const directory = path.join(folder(t), 'store');
  const store = await Store.open(directory);
  await store[Symbol.asyncDispose]();
  const again = Store.openSync(directory);
  again[Symbol.dispose]();
  assert.equal(again.closed, true);
});

test('what was written is there after opening again, and another process is told who holds it', async (t) => {
  const directory = path.join(folder(t), 'store');
  const store = await Store.open(directory, { holder: 'the test' });
  await store.tenant().create('User', user('ann'), { id: 'a' });
  const script = `
    const { Store } = require('scimdb');
    Store.open(process.argv[1]).catch((error) => console.log(error.code, error.retriable, error.detail));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, directory], { cwd: import.meta.dirname });
  assert.match(stdout, /^LOCKED true .*the test/);
  await assert.rejects(Store.open(directory), failure('LOCKED', { status: 503, retriable: true }));
  await store.close();
  const again = await Store.open(directory, { create: false });
  assert.equal((await again.tenant().get('User', 'a')).userName, 'ann');
  await again.close();
  await assert.rejects(Store.open(directory, { cacheByte: 1 }), failure('INVALID_ARGUMENT'));
});

test('calls that run are waited for when the store is closed', async () => {
  const store = await Store.open(':memory:');
  const tenant = store.tenant();
  const writes = Array.from({ length: 300 }, (_, number) => tenant.create('User', user(`user-${number}`)));
  const settled = Promise.allSettled(writes);
  await writes[0];
  assert.throws(() => store.closeSync(), failure('MISUSE'));
  await store.close();
  for (const { status, reason } of await settled) {
    if (status === 'rejected') failure('MISUSE')(reason);
  }
});

test('tenants are made, configured, told and dropped', async (t) => {
  const store = await memory(t);
  const acme = await store.createTenant('acme', { profile: 'entra' });
  await acme.create('User', user('ann'));
  await assert.rejects(store.createTenant('acme'), failure('ALREADY_EXISTS', { status: 409, scimType: 'uniqueness' }));
  await store.configureTenant('acme', { profile: 'okta' });
  const names = (await store.tenants()).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['acme', 'default']);
  assert.deepEqual(store.tenantsSync(), await store.tenants());
  store.createTenantSync('more').createSync('User', user('bo'));
  store.configureTenantSync('more', { profile: 'entra' });
  store.dropTenantSync('more');
  await store.dropTenant('acme');
  await assert.rejects(acme.search('User'), failure('UNKNOWN_TENANT', { status: 404 }));
});

test('tokens are made, looked up and revoked', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { name, secret } = await tenant.createToken('okta', { scope: 'read', lifetimeSeconds: 3600 });
  const principal = { tenant: 'default', name, scope: 'read', subject: null };
  assert.deepEqual(await store.authenticate(secret), principal);
  assert.deepEqual(store.authenticateSync(secret), principal);
  await assert.rejects(store.authenticate('nonsense'), failure('UNAUTHENTICATED', { status: 401 }));
  const [told] = await tenant.tokens();
  assert.equal(told.name, 'okta');
  assert.ok(Date.parse(told.expires) > Date.now());
  assert.equal(JSON.stringify(tenant.tokensSync()).includes(secret), false);
  assert.equal(tenant.createTokenSync('two').name, 'two');
  tenant.revokeTokenSync('two');
  await tenant.revokeToken('okta');
  assert.deepEqual(await tenant.tokens(), []);
});

test('schemas are added, told and removed', async (t) => {
  const tenant = (await memory(t)).tenant();
  const id = 'urn:example:badge';
  const schema = { id, name: 'Badge', attributes: [{ name: 'number', type: 'string' }] };
  await tenant.putSchemas([
    { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'], ...schema },
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'Badge',
      name: 'Badge',
      endpoint: '/Badges',
      schema: id,
    },
  ]);
  const { schemas, resourceTypes } = tenant.schemasSync();
  assert.ok(schemas.some((known) => known.id === id));
  assert.ok(resourceTypes.some((known) => known.name === 'Badge'));
  const badge = tenant.createSync('Badge', { schemas: [id], number: '7' });
  await assert.rejects(tenant.removeSchema('Badge'), failure('IN_USE', { status: 409 }));
  tenant.deleteSync('Badge', badge.id);
  await tenant.removeSchema('Badge');
  tenant.removeSchemaSync(id);
  assert.equal((await tenant.schemas()).schemas.some((known) => known.id === id), false);
});

test('an operator counts, checks, compacts and backs up', async (t) => {
  const directory = folder(t);
  const store = await Store.open(path.join(directory, 'store'));
  t.after(() => store.close());
  await store.tenant().create('User', user('ann'), { id: 'a' });
  const stats = await store.stats();
  assert.equal(stats.tenants[0].resources.User, 1);
  assert.ok(stats.sequence > 0);
  assert.deepEqual(store.statsSync().tenants, stats.tenants);
  const { resources, problems } = await store.check();
  assert.deepEqual({ resources, problems }, { resources: 1, problems: [] });
  await store.compact();
  const copy = path.join(directory, 'copy');
  await store.backup(copy);
  await store.tenant().delete('User', 'a');
  const opened = await Store.open(copy);
  assert.equal(opened.tenant().getSync('User', 'a').userName, 'ann');
  await opened.close();
});

test('interrupt ends what waits', async (t) => {
  const store = await memory(t);
  const waiting = store.tenant().changesSince(0, { waitMs: 600_000 });
  const ended = assert.rejects(waiting, failure('CANCELLED', { errno: 45, retriable: true }));
  let over = false;
  ended.finally(() => {
    over = true;
  });
  // Until it waits, there is nothing to be ended.
  await until(() => {
    store.interrupt();
    return over;
  });
  await ended;
});

test('a server of the library serves the same store', async (t) => {
  const store = await memory(t);
  const serving = store.serve({ address: '127.0.0.1:0', requireTokens: false });
  // Set by test.sh, which knows what the library was built with.
  if (process.env.SCIMDB_WITHOUT_SERVER) {
    await assert.rejects(serving, failure('NOT_IMPLEMENTED', { status: 501 }));
    return t.skip('the library was built without the server');
  }
  const server = await serving;
  await store.tenant().create('User', user('ann'), { id: 'a' });
  assert.throws(() => store.closeSync(), failure('MISUSE'));
  const answer = await fetch(`${server.url}/scim/v2/Users/a`);
  assert.equal((await answer.json()).userName, 'ann');
  const stopping = server.stop();
  assert.equal(server.stop(), stopping);
  await stopping;
  await assert.rejects(fetch(server.url));
});

test('the log tells what went wrong', async (t) => {
  const store = await memory(t);
  const lines = [];
  await setLog((level, text) => lines.push([level, text]), 'trace');
  t.after(() => setLog(null));
  await assert.rejects(store.tenant().get('User', 'nobody'), failure('NOT_FOUND'));
  assert.throws(() => store.tenant().getSync('User', 'nobody'), failure('NOT_FOUND'));
  await until(() => lines.filter(([, text]) => text.includes('NOT_FOUND')).length >= 2);
  await assert.rejects(setLog(() => {}, 'loud'), TypeError);
});

test('every worker thread may have a store of its own', async () => {
  const workers = [1, 2].map(() => new Worker(new URL('worker.mjs', import.meta.url)));
  const titles = workers.map((worker) => new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject)));
  assert.deepEqual(await Promise.all(titles), ['worker', 'worker']);
});
