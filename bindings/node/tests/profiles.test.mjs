// What profiles bring: values that are encrypted, imports that are queued, erasure, permissions.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Store } from 'scimdb';
import { failure, folder, memory, until, user } from './support.mjs';

const ATTRIBUTE = 'urn:hid:scim:api:idp:2.0:UserAttribute';
const DEVICE = 'urn:hid:scim:api:idp:2.0:UserDevice';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const WAIT = { waitMs: 60_000 };

/** A user as the profile activid has them. */
const person = (number, more = {}) => ({
  externalId: `x${number}`,
  name: { givenName: `g${number}`, familyName: `f${number}` },
  ...more,
});
/** The day of birth of a user, which is encrypted. */
const dayOf = (found) => found[ATTRIBUTE].attributes.filter(({ name }) => name === 'DOB').map(({ value }) => value);

test('a life in the profile activid', async (t) => {
  const directory = folder(t);
  const place = path.join(directory, 'store');
  const [one, two] = [randomBytes(32), randomBytes(32)];
  const born = person(1, { [ATTRIBUTE]: { attributes: [{ name: 'DOB', value: '2000-01-01' }] } });
  let store = await Store.open(place, { valueKeys: [{ id: 'k1', key: one }] });
  t.after(() => store.close());
  let tenant = await store.createTenant('acme', { profile: 'activid' });
  await tenant.create('Group', { id: 'USG_FTEMP', displayName: 'Full Time Employees' });
  const body = { group: { value: 'USG_FTEMP' }, users: [born, person(2), { externalId: 'nameless' }] };
  const { correlationId } = await tenant.queueImport(body, { actor: 'a test' });
  const job = await tenant.job(correlationId, WAIT);
  const { status, importSize, imported, failed, group, actor, failures } = job;
  assert.deepEqual([status, importSize, imported, failed], ['done', 3, 2, 1]);
  assert.deepEqual([group, actor, failures[0].externalId], ['USG_FTEMP', 'a test', 'nameless']);
  assert.deepEqual(await tenant.jobs(), [job]);
  const found = await tenant.search('User', { filter: 'externalId sw "x"', sortBy: 'externalId' });
  const [ann, bob] = found.Resources;
  assert.deepEqual([dayOf(ann), bob.groups[0].value], [['2000-01-01'], 'USG_FTEMP']);

  await assert.rejects(tenant.forget('User', 'x2'), failure('IN_USE', { status: 409 }));
  await tenant.delete('User', bob.id);
  assert.equal(await tenant.forget('User', 'x2', { actor: 'the officer' }), 1);
  await assert.rejects(tenant.forget('User', 'x2'), failure('NOT_FOUND'));
  assert.ok(!(await tenant.changesSince(0)).changes.some(({ id }) => id === bob.id));
  await store.close();

  const keys = Object.entries({ k2: two, k1: one }).map(([id, key]) => ({ id, key: key.toString('base64') }));
  const file = path.join(directory, 'keys.json');
  fs.writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  store = await Store.open(place, { valueKeysFile: file });
  assert.equal(await store.rotateValueKeys(), 1);
  assert.equal(await store.rotateValueKeys(), 0);
  await store.close();

  store = Store.openSync(place, { valueKeys: keys.slice(0, 1) });
  tenant = store.tenant('acme');
  assert.deepEqual(dayOf(tenant.getSync('User', ann.id)), ['2000-01-01']);
  // Its values are in use, unless that does not count.
  assert.throws(() => tenant.deleteSync('UserAttributeType', 'DOB'), failure('IN_USE'));
  tenant.deleteSync('UserAttributeType', 'DOB', { force: true });
});

test('keys that are none are refused, and not told', async (t) => {
  const tooShort = Buffer.from('too short');
  await assert.rejects(Store.open(':memory:', { valueKeys: [{ id: 'k1', key: tooShort }] }), (error) => {
    failure('INVALID_ARGUMENT')(error);
    return error.detail.includes('32 bytes') && !error.detail.includes(tooShort.toString('base64'));
  });
  const both = { valueKeys: [{ id: 'k1', key: new Uint8Array(32) }], valueKeysFile: 'keys.json' };
  assert.throws(() => Store.openSync(':memory:', both), failure('INVALID_ARGUMENT'));
  await assert.rejects((await memory(t)).rotateValueKeys(), failure('INVALID_ARGUMENT'));
});

test('what is queued comes in every form, whole or not at all', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { id } = await tenant.create('Group', { schemas: [GROUP], displayName: 'all' });
  const body = (name) => ({ users: [user(name)], group: { value: id } });
  const cut = async function* (bytes) {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  };
  const queued = [
    await tenant.queueImport(body('a'), { resourceType: 'User' }),
    await tenant.queueImport(JSON.stringify(body('b'))),
    await tenant.queueImport(cut(Buffer.from(JSON.stringify(body('zoë'))))),
    tenant.queueImportSync(body('d')),
    JSON.parse(tenant.text.queueImportSync([JSON.stringify(body('e'))])),
  ];
  const ended = await Promise.all(queued.map(({ correlationId }) => tenant.job(correlationId, WAIT)));
  assert.deepEqual(ended.map(({ status, imported }) => [status, imported]), Array(5).fill(['done', 1]));
  const wrong = { ...body('f'), group: { value: 'nobody' } };
  await assert.rejects(tenant.queueImport(wrong), failure('INVALID_VALUE', { attribute: 'group.value' }));
  const reason = new Error('the file is gone');
  const broken = async function* () {
    yield JSON.stringify(body('g')).slice(0, -1);
    throw reason;
  };
  await assert.rejects(tenant.queueImport(broken()), reason);
  assert.deepEqual(tenant.jobsSync(), ended);
  assert.deepEqual(tenant.jobSync(ended[0].correlationId), ended[0]);
  assert.throws(() => tenant.jobSync('1P5FOESDK44J6Q0QAHK2'), failure('NOT_FOUND'));
});

test('a wait for an import holds no thread, and can be ended', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { id } = await tenant.create('Group', { schemas: [GROUP], displayName: 'all' });
  const users = Array.from({ length: 20_000 }, (_, number) => user(`user-${number}`));
  const { correlationId } = await tenant.queueImport({ users, group: { value: id } });
  const given = tenant.job(correlationId, { ...WAIT, signal: AbortSignal.timeout(1) });
  const aborted = assert.rejects(given, { name: 'TimeoutError' });
  // More than the pool has threads.
  const waits = Array.from({ length: 20 }, () => tenant.job(correlationId, WAIT));
  await tenant.get('Group', id);
  await aborted;
  for (const { imported } of await Promise.all(waits)) assert.equal(imported, 20_000);
});

test('hooks see every user of an import that is queued, and nobody waits for them on the event loop', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { id } = await tenant.create('Group', { schemas: [GROUP], displayName: 'all' });
  const users = Array.from({ length: 500 }, (_, number) => user(`user-${number}`));
  const stuck = failure('MISUSE');
  let asked = 0;
  const named = (nickName) => ({
    beforeWrite({ resourceType }) {
      asked += 1;
      return resourceType === 'User' ? { nickName } : null;
    },
  });
  store.setHooks(named('first'));
  const { correlationId } = await tenant.queueImport({ users, group: { value: id } });
  await until(() => asked > 0);
  assert.throws(() => store.closeSync(), stuck);
  // Those that the import began with are still asked.
  store.setHooks(named('second'));
  store.setHooks(null);
  assert.throws(() => tenant.createSync('User', user('bob')), stuck);
  assert.equal((await tenant.job(correlationId, WAIT)).imported, users.length);
  assert.equal(tenant.searchSync('User', { filter: 'nickName eq "first"', count: 0 }).totalResults, users.length);
  // Who waited for it lets go of the store soon.
  await until(() => {
    try {
      store.closeSync();
      return true;
    } catch (error) {
      return !stuck(error);
    }
  });
});

test('tokens and callers are limited to permissions', async (t) => {
  const store = await memory(t);
  const tenant = await store.createTenant('acme', { profile: 'activid' });
  const permissions = ['Read reference data'];
  const { secret } = await tenant.createToken('idp', { permissions });
  const renewed = await tenant.regenerateToken('idp');
  assert.equal(renewed.name, 'idp');
  await assert.rejects(store.authenticate(secret), failure('UNAUTHENTICATED'));
  assert.deepEqual((await store.authenticate(renewed.secret)).permissions, permissions);
  assert.deepEqual((await tenant.tokens())[0].permissions, permissions);
  assert.notEqual(tenant.regenerateTokenSync('idp').secret, renewed.secret);
  await assert.rejects(tenant.createToken('x', { permissions: ['whatever'] }), failure('INVALID_ARGUMENT'));
  const get = async (caller) => {
    const scim = tenant.fetch({ path: '/scim/v2', authenticate: false, caller: () => caller });
    return (await scim(new Request('https://example.com/scim/v2/Users'))).status;
  };
  assert.deepEqual([await get({ permissions }), await get({})], [403, 200]);
});

test('versions of the API show what they have', async (t) => {
  const tenant = await (await memory(t)).createTenant('acme', { profile: 'activid' });
  const mine = person(1, { [DEVICE]: { devices: [{ value: '1', friendlyName: 'mine' }] } });
  const made = await tenant.create('User', mine, { apiVersion: 2 });
  assert.equal(made[DEVICE].devices[0].friendlyName, 'mine');
  const before = await tenant.get('User', made.id, { apiVersion: 1 });
  assert.deepEqual([before[DEVICE].devices[0].value, before[DEVICE].devices[0].friendlyName], ['1', undefined]);
  const path = `${DEVICE}:devices[value eq "1"].friendlyName`;
  for (const [apiVersion, name] of [[1, 'mine'], [2, 'yours']]) {
    const data = { Operations: [{ op: 'replace', path, value: 'yours' }] };
    await tenant.bulk({ schemas: [BULK], Operations: [{ method: 'PATCH', path: `/Users/${made.id}`, data }] }, { apiVersion });
    assert.equal((await tenant.get('User', made.id, { apiVersion: 2 }))[DEVICE].devices[0].friendlyName, name);
  }
});

test('what another profile would refuse is told', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { id } = await tenant.create('User', user('ann'));
  assert.equal((await tenant.checkProfile()).refused, 0);
  const report = await tenant.checkProfile('activid');
  assert.deepEqual([report.profile, report.resources, report.refused, report.findings[0].id], ['activid', 1, 1, id]);
  assert.ok(report.counts[0].count > 0);
  assert.equal((await tenant.checkProfile({ name: 'own' })).profile, 'own');
  await assert.rejects(tenant.checkProfile('nonsense'), failure('INVALID_ARGUMENT'));
});
