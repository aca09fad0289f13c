// Import and Watch.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { GROUP, Reading, assertRefused, user } = require('./scim');
const { withServer } = require('./support');

const client = withServer();

function chunks(text, size) {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

test('chunks may end anywhere, and bad rows are told', async (t) => {
  for (const size of [3, 64, 1 << 20]) {
    const scim = await client(t);
    const ann = user('ann', { displayName: 'Änn 🦊' });
    const rows = [ann, user('bob', { active: 'perhaps' }), user('ANN'), user('cid')];
    const text = ['', '{"userName": "broken"', ...rows.map((row) => JSON.stringify(row))].join('\n');
    const { rejected, report } = await scim.import(chunks(text, size));
    assert.deepEqual(report, { read: '5', created: '2', replaced: '0', skipped: '0', rejected: '3' });
    const problems = Object.fromEntries(rejected.map(({ row, problem }) => [row, problem]));
    const reasons = Object.entries(problems).map(([row, problem]) => [row, problem.reason, problem.attribute]);
    assert.deepEqual(reasons, [
      ['2', 'INVALID_SYNTAX', undefined],
      ['4', 'INVALID_VALUE', 'active'],
      ['5', 'UNIQUENESS', 'userName'],
    ]);
    assert.deepEqual([problems[5].scim_type, problems[5].status], ['uniqueness', 409]);
    const [found] = (await scim.search('userName eq "ann"')).resources;
    assert.equal(JSON.parse(found.json).displayName, ann.displayName);
  }
});

test('conflicts end as the client says', async (t) => {
  const scim = await client(t);
  await scim.create(user('ann', { title: 'Guide' }));
  const row = [Buffer.from(JSON.stringify(user('ann', { title: 'Pilot' })))];
  assert.equal((await scim.import(row)).report.rejected, '1');
  assert.equal((await scim.import(row, { on_conflict: 'ON_CONFLICT_SKIP' })).report.skipped, '1');
  assert.equal((await scim.import(row, { on_conflict: 'ON_CONFLICT_REPLACE' })).report.replaced, '1');
  assert.deepEqual(await scim.names('title eq "Pilot"'), ['ann']);
});

test('an import begins with its settings', async (t) => {
  const scim = await client(t);
  const stream = scim.resources.Import(scim.metadata);
  stream.write({ chunk: Buffer.from('{}\n') });
  await assertRefused(new Reading(stream).next(), 'INVALID_ARGUMENT', 'INVALID_ARGUMENT');
});

test('changes are told as they come', async (t) => {
  const scim = await client(t);
  await scim.create(user('before'));
  const watch = scim.watch();
  assert.deepEqual((await watch.next()).changes, []);
  const { id, version } = await scim.create(user('ann', { title: 'Guide' }));
  await scim.patch(id, [{ op: 'replace', path: 'title', value: 'Pilot' }]);
  await scim.delete(id);
  const told = await watch.changes(3);
  watch.leave();
  assert.deepEqual(
    told.map((change) => [change.operation, change.id, change.attributes]),
    [
      ['CHANGE_OPERATION_CREATE', id, told[0].attributes],
      ['CHANGE_OPERATION_MODIFY', id, ['title']],
      ['CHANGE_OPERATION_DELETE', id, []],
    ],
  );
  assert.ok(told[0].attributes.includes('userName'));
  assert.equal(version, `W/"${told[0].sequence}"`);
});

test('a watch goes on where the last one ended', async (t) => {
  const scim = await client(t);
  await scim.create(user('ann'));
  const first = scim.watch({ since: 0 });
  const { changes, sequence } = await first.next();
  first.leave();
  assert.equal(changes.length, 1);

  const missed = [(await scim.create(user('bob'))).id];
  await scim.create({ schemas: [GROUP], displayName: 'Crew' }, { resource_type: 'Group' });
  missed.push((await scim.create(user('cid'))).id);
  const resumed = scim.watch({ since: sequence, resource_types: ['User'] });
  assert.deepEqual((await resumed.changes(2)).map((change) => change.id), missed);
  resumed.leave();
});

test('a silent watch has a heartbeat, and ends at its deadline', async (t) => {
  const scim = await client(t);
  const watch = scim.watch({ heartbeat: { seconds: 1 } }, { deadline: Date.now() + 1500 });
  const greeting = await watch.next();
  assert.deepEqual(await watch.next(), greeting);
  await assert.rejects(watch.next(), { code: grpc.status.DEADLINE_EXCEEDED });
});
