// The verbs on single resources, and Bulk.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { GROUP, assertRefused, user } = require('./scim');
const { withServer } = require('./support');

const client = withServer();

test('a resource is created, read, replaced, modified and deleted', async (t) => {
  const scim = await client(t);
  const created = await scim.create(user('ann@example.com', { externalId: '7', name: { givenName: 'Ann' } }));
  const body = JSON.parse(created.json);
  // The envelope says what the JSON says.
  assert.deepEqual(
    [created.id, created.resource_type, created.external_id, created.version, created.location],
    [body.id, body.meta.resourceType, body.externalId, body.meta.version, body.meta.location],
  );
  assert.equal(created.location, `/Users/${created.id}`);
  assert.equal(Number(created.created.seconds), Math.floor(Date.parse(body.meta.created) / 1000));
  assert.deepEqual(await scim.get(created.id), created);

  const { resource: replaced, changed } = await scim.replace(created.id, user('ann@example.com', { title: 'Guide' }));
  assert.ok(changed);
  assert.notEqual(replaced.version, created.version);
  assert.equal(replaced.external_id, undefined);
  assert.deepEqual(Object.keys(JSON.parse(replaced.json)).sort(), ['id', 'meta', 'schemas', 'title', 'userName']);

  const patched = await scim.patch(created.id, [
    { op: 'add', path: 'emails', value: [{ type: 'work', value: 'ann@work.example' }] },
    { op: 'replace', path: 'emails[type eq "work"].primary', value: true },
  ]);
  assert.deepEqual(JSON.parse(patched.resource.json).emails, [
    { value: 'ann@work.example', type: 'work', primary: true },
  ]);
  const again = await scim.patch(created.id, [{ op: 'replace', path: 'title', value: 'Guide' }]);
  assert.deepEqual([again.changed, again.resource.version], [false, patched.resource.version]);

  await scim.delete(created.id);
  await assertRefused(scim.get(created.id), 'NOT_FOUND', 'NOT_FOUND');
});

test('answers show the attributes that are asked for', async (t) => {
  const scim = await client(t);
  const ann = await scim.create(user('ann', { title: 'Guide', password: 'correct horse' }));
  assert.ok(!('password' in JSON.parse(ann.json)));
  const shown = JSON.parse((await scim.get(ann.id, { attributes: ['title'] })).json);
  assert.deepEqual(Object.keys(shown).sort(), ['id', 'schemas', 'title']);
  const hidden = JSON.parse((await scim.get(ann.id, { excluded_attributes: ['title'] })).json);
  assert.ok(!('title' in hidden) && 'userName' in hidden);
});

test('text of every script comes back as it was sent', async (t) => {
  const scim = await client(t);
  const displayName = 'Zoë 山田 🦊 \u202b"\\/ \u0001';
  const { id } = await scim.create(user('zoë', { displayName }));
  assert.equal(JSON.parse((await scim.get(id)).json).displayName, displayName);
  assert.deepEqual(await scim.names(`displayName eq ${JSON.stringify(displayName)}`), ['zoë']);
});

test('versions guard writes and save reads', async (t) => {
  const scim = await client(t);
  const { id, version } = await scim.create(user('ann'));
  await assertRefused(scim.get(id, { if_none_match: version }), 'FAILED_PRECONDITION', 'NOT_MODIFIED');
  const title = [{ op: 'replace', path: 'title', value: 'Guide' }];
  await scim.patch(id, title, { if_match: version });
  await assertRefused(scim.patch(id, title, { if_match: version }), 'ABORTED', 'VERSION_MISMATCH');
  await assertRefused(scim.replace(id, user('ann'), { if_match: version }), 'ABORTED', 'VERSION_MISMATCH');
  await assertRefused(scim.delete(id, { if_match: version }), 'ABORTED', 'VERSION_MISMATCH');
});

test('bulk resolves references and tells each result', async (t) => {
  const scim = await client(t);
  await scim.create(user('taken'));
  const crew = { schemas: [GROUP], displayName: 'Crew', members: [{ value: 'bulkId:ann' }] };
  const { Operations: results } = await scim.bulk([
    { method: 'POST', path: '/Groups', bulkId: 'crew', data: crew },
    { method: 'POST', path: '/Users', bulkId: 'ann', data: user('ann') },
    { method: 'POST', path: '/Users', bulkId: 'again', data: user('taken') },
  ]);
  const statuses = Object.fromEntries(results.map((result) => [result.bulkId, result.status]));
  assert.deepEqual(statuses, { crew: '201', ann: '201', again: '409' });
  const [ann] = (await scim.search('groups.display eq "Crew"')).resources;
  assert.equal(JSON.parse(ann.json).userName, 'ann');
});
