// The verbs of a resource, in both forms, and what they answer when they do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BULK, failure, memory, PATCH, user } from './support.mjs';

const replace = (path, value) => ({ schemas: [PATCH], Operations: [{ op: 'replace', path, value }] });

test('a resource is created, got, replaced, patched and deleted', async (t) => {
  const tenant = (await memory(t)).tenant();
  const ann = await tenant.create('User', user('ann', { title: 'Dr' }), { actor: 'test', base: 'https://x.example/v2' });
  assert.match(ann.meta.location, /^https:\/\/x\.example\/v2\/Users\//);
  assert.deepEqual((await tenant.get('User', ann.id, { attributes: ['userName'] })).userName, 'ann');
  const replaced = await tenant.replace('User', ann.id, user('ann', { nickName: 'A' }), { ifMatch: ann.meta.version });
  assert.equal(replaced.title, undefined);
  assert.equal((await tenant.patch('User', ann.id, replace('title', 'Prof'))).title, 'Prof');
  await tenant.delete('User', ann.id);
  await assert.rejects(tenant.get('User', ann.id), failure('NOT_FOUND', { errno: 20, status: 404, scimType: null }));
  const { changes } = await tenant.changesSince(0);
  assert.deepEqual(changes.map(({ operation }) => operation), ['create', 'modify', 'modify', 'delete']);
  assert.equal(changes[0].actor, 'test');
});

test('every verb has a form that blocks', async (t) => {
  const tenant = (await memory(t)).tenant();
  const ann = tenant.createSync('User', user('ann', { password: 't1meMa$heen' }), { id: 'a' });
  assert.deepEqual(tenant.getSync('User', 'a'), ann);
  assert.equal(tenant.verifyPasswordSync('User', 'a', 't1meMa$heen'), true);
  assert.equal(await tenant.verifyPassword('User', 'a', 'wrong'), false);
  assert.equal(tenant.replaceSync('User', 'a', user('anna')).userName, 'anna');
  assert.equal(tenant.patchSync('User', 'a', replace('title', 'Dr')).title, 'Dr');
  assert.equal(tenant.searchSync('User', { filter: 'title eq "Dr"' }).totalResults, 1);
  assert.ok(tenant.explainSync('User', { filter: 'title eq "Dr"' }).steps);
  const operations = [{ method: 'POST', path: '/Users', bulkId: '1', data: user('bo') }];
  assert.equal(tenant.bulkSync({ schemas: [BULK], Operations: operations }).Operations[0].status, '201');
  assert.equal(tenant.changesSinceSync(0, { max: 2 }).changes.length, 2);
  assert.equal(tenant.handleSync({ method: 'GET', target: '/Users/a', context: {} }).status, 200);
  tenant.deleteSync('User', 'a');
  assert.throws(() => tenant.getSync('User', 'a'), failure('NOT_FOUND'));
});

test('values and JSON text go in, and either comes out', async (t) => {
  const tenant = (await memory(t)).tenant();
  const text = JSON.stringify(user('ann'));
  const { id } = await tenant.create('User', text);
  const bytes = await tenant.replace('User', id, Buffer.from(text));
  assert.equal(bytes.userName, 'ann');
  const told = await tenant.text.get('User', id);
  assert.equal(typeof told, 'string');
  assert.deepEqual(JSON.parse(told), await tenant.get('User', id));
  assert.equal(tenant.text.getSync('User', id), told);
  assert.match(tenant.text.searchSync('User'), /"totalResults":1/);
  // Numbers that JavaScript cannot hold stay what they are in text.
  assert.equal(typeof (await tenant.text.changesSince(0)), 'string');
});

test('an error tells all of its fields', async (t) => {
  const tenant = (await memory(t)).tenant();
  await assert.rejects(tenant.search('User', { filter: 'userName eq "a" and and' }), (error) => {
    failure('INVALID_FILTER', { name: 'ScimdbError', errno: 1, status: 400, scimType: 'invalidFilter', retriable: false })(error);
    assert.ok(error.offset >= 0);
    assert.equal(error.message, error.detail);
    const told = JSON.parse(error.json);
    assert.deepEqual(told.schemas, ['urn:ietf:params:scim:api:messages:2.0:Error']);
    assert.ok(told.detail.startsWith(error.detail));
    return true;
  });
  await tenant.create('User', user('ann'));
  await assert.rejects(
    tenant.create('User', user('ANN')),
    failure('UNIQUENESS', { status: 409, scimType: 'uniqueness', attribute: 'userName', offset: null }),
  );
  assert.throws(() => tenant.createSync('User', user('bo', { active: 'maybe' })), failure('INVALID_VALUE', { attribute: 'active' }));
  await assert.rejects(tenant.get('Robot', 'x'), failure('UNKNOWN_TYPE'));
  await assert.rejects(tenant.create('User', '{"userName":'), failure('INVALID_SYNTAX', { scimType: 'invalidSyntax' }));
  await assert.rejects(tenant.get('User', 'x', { ifmatch: 'y' }), failure('INVALID_ARGUMENT'));
});

test('versions are compared', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { id, meta } = await tenant.create('User', user('ann'));
  await tenant.patch('User', id, replace('title', 'Dr'));
  await assert.rejects(tenant.delete('User', id, { ifMatch: meta.version }), failure('VERSION_MISMATCH', { status: 412 }));
  const now = await tenant.get('User', id);
  await assert.rejects(tenant.get('User', id, { ifNoneMatch: now.meta.version }), failure('NOT_MODIFIED', { status: 304 }));
});

test('text of every kind comes back as it went in', async (t) => {
  const tenant = (await memory(t)).tenant();
  const displayName = 'Zoë 鈴木 👩‍👩‍👧 \u0000 \u2028 \\ "';
  const made = await tenant.create('User', user('zoë@例え.jp', { displayName }));
  assert.equal(made.displayName, displayName);
  assert.equal(tenant.getSync('User', made.id).displayName, displayName);
  const found = await tenant.search('User', { filter: 'userName eq "zoë@例え.jp"' });
  assert.equal(found.totalResults, 1);
  // A NUL is part of an id, not its end.
  await assert.rejects(tenant.get('User', `${made.id}\u0000`), failure('NOT_FOUND'));
  assert.throws(() => tenant.getSync('User', `${made.id}\u0000more`), failure('NOT_FOUND'));
});

test('what is no text is a TypeError, and never reaches the store', async (t) => {
  const tenant = (await memory(t)).tenant();
  await assert.rejects(tenant.get('User', 7), TypeError);
  assert.throws(() => tenant.getSync(undefined, 'x'), TypeError);
  assert.throws(() => tenant.getSync('User', '\ud800'), TypeError);
  await assert.rejects(tenant.create('User', 7), TypeError);
  await assert.rejects(tenant.create('User', null), TypeError);
  await assert.rejects(tenant.get('User', 'x', 'attributes'), TypeError);
  await assert.rejects(tenant.changesSince(-1), RangeError);
});

test('a large body goes in and comes out', async (t) => {
  const tenant = (await memory(t)).tenant();
  const emails = Array.from({ length: 9_000 }, (_, at) => ({ value: `${'x'.repeat(100)}${at}@example.com` }));
  const made = await tenant.create('User', user('large', { emails }));
  assert.equal(made.emails.length, emails.length);
  assert.equal(tenant.getSync('User', made.id).emails.length, emails.length);
  const again = tenant.text.replaceSync('User', made.id, JSON.stringify(user('large', { emails })));
  assert.ok(again.length > 1_000_000);
});

test('a deep filter and a deep document need no more stack than there is', async (t) => {
  const tenant = (await memory(t)).tenant();
  const filter = `${'('.repeat(60)}userName pr${')'.repeat(60)}`;
  assert.equal((await tenant.search('User', { filter })).totalResults, 0);
  assert.equal(tenant.searchSync('User', { filter }).totalResults, 0);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  await assert.rejects(tenant.create('User', deep), failure('INVALID_SYNTAX'));
  assert.throws(() => tenant.createSync('User', deep), failure('INVALID_SYNTAX'));
});

test('many calls at once are all answered', async (t) => {
  const tenant = (await memory(t)).tenant();
  const numbers = Array.from({ length: 1_000 }, (_, number) => number);
  const made = await Promise.all(numbers.map((number) => tenant.create('User', user(`user-${number}`))));
  const got = await Promise.all(made.map(({ id }) => tenant.get('User', id)));
  assert.deepEqual(got.map(({ userName }) => userName), numbers.map((number) => `user-${number}`));
});

test('a call that is given up rejects with the reason', async (t) => {
  const tenant = (await memory(t)).tenant();
  const reason = new Error('no more');
  const warned = [];
  const warn = (warning) => warned.push(warning);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  await assert.rejects(tenant.search('User', {}, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const calls = Array.from({ length: 500 }, () => tenant.search('User', {}, { signal: controller.signal }));
  const settled = Promise.allSettled(calls);
  controller.abort(reason);
  assert.ok((await settled).every((call) => call.status === 'rejected' && call.reason === reason));
  assert.equal((await tenant.search('User')).totalResults, 0);
  assert.deepEqual(warned, []);
});
