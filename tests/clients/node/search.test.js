// List and StreamList.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { GROUP, assertRefused, user } = require('./scim');
const { withServer } = require('./support');

const client = withServer();

async function people(t) {
  const scim = await client(t);
  for (const [place, name] of ['ann', 'bob', 'cid', 'dee', 'eve'].entries()) {
    const emails = [{ type: 'work', value: `${name}@work.example` }];
    await scim.create(user(name, { active: place % 2 === 0, emails, ...(place < 2 && { title: 'Guide' }) }));
  }
  return scim;
}

test('filters find', async (t) => {
  const scim = await people(t);
  for (const [filter, names] of [
    ['userName eq "ANN"', ['ann']],
    ['userName sw "b" or userName ew "e"', ['bob', 'dee', 'eve']],
    ['title pr and not (active eq true)', ['bob']],
    ['emails[type eq "work" and value co "D@WORK"]', ['cid']],
    ['userName eq "nobody"', []],
  ]) {
    assert.deepEqual(await scim.names(filter), names, filter);
  }
});

test('pages are cut from the sorted results', async (t) => {
  const scim = await people(t);
  const page = { sort_by: 'userName', sort_order: 'SORT_ORDER_DESCENDING', start_index: 2, count: 2 };
  const { total_results: total, start_index: start, resources } = await scim.search('', page);
  assert.deepEqual([total, start], ['5', '2']);
  assert.deepEqual(resources.map((found) => JSON.parse(found.json).userName), ['dee', 'cid']);
  // A count of 0 asks for the number alone; one that is not set is the store's.
  const none = await scim.search('active eq true', { count: 0 });
  assert.deepEqual([none.total_results, none.resources], ['3', []]);
  assert.equal((await scim.search('active eq true')).resources.length, 3);
});

test('cursors lead forwards and back', async (t) => {
  const scim = await people(t);
  const at = (cursor, more = {}) => scim.search('userName pr', { sort_by: 'userName', count: 2, cursor, ...more });
  const names = (page) => page.resources.map((found) => JSON.parse(found.json).userName);
  const first = await at('');
  assert.deepEqual([first.total_results, first.start_index, first.previous_cursor], ['5', '0', '']);
  // A write between two pages moves nothing that stands still.
  await scim.create(user('aaron'));
  const second = await at(first.next_cursor);
  const third = await at(second.next_cursor);
  assert.deepEqual([first, second, third].map(names), [['ann', 'bob'], ['cid', 'dee'], ['eve']]);
  assert.equal(third.next_cursor, '');
  assert.deepEqual(names(await at(third.previous_cursor)), ['cid', 'dee']);

  const wrong = { INVALID_CURSOR: { filter: '' }, INVALID_COUNT: { count: 3 } };
  for (const [reason, more] of Object.entries(wrong)) {
    await assertRefused(at(first.next_cursor, more), 'INVALID_ARGUMENT', reason);
  }
  await assertRefused(at(`${first.next_cursor}A`), 'INVALID_ARGUMENT', 'INVALID_CURSOR');
  await assertRefused(at(first.next_cursor, { start_index: 1 }), 'INVALID_ARGUMENT', 'INVALID_CURSOR');
});

test('explain tells how', async (t) => {
  const scim = await people(t);
  const search = { tenant: scim.tenant, resource_type: 'User', filter: 'userName eq "ann"' };
  const { total_results: total, steps, text } = await scim.call('Explain', { search });
  assert.equal(total, '1');
  assert.ok(steps.length > 0 && text.includes('1 result'));
});

test('the root searches every resource type', async (t) => {
  const scim = await people(t);
  await scim.create({ schemas: [GROUP], displayName: 'Crew' }, { resource_type: 'Group' });
  const { total_results: total, resources } = await scim.search('', { resource_type: '' });
  assert.equal(total, '6');
  assert.deepEqual([...new Set(resources.map((found) => found.resource_type))].sort(), ['Group', 'User']);
});

test('a stream tells everything in order', async (t) => {
  const scim = await client(t);
  const names = Array.from({ length: 1000 }, (_, number) => `user-${String(number).padStart(4, '0')}`);
  const rows = names.toReversed().map((name) => `${JSON.stringify(user(name))}\n`).join('');
  assert.equal((await scim.import([Buffer.from(rows)])).report.created, '1000');
  const told = await scim.streamList({ sort_by: 'userName', attributes: ['userName'] }).rest();
  const found = told.flatMap((message) => message.resources).map((resource) => JSON.parse(resource.json).userName);
  assert.deepEqual(found, names);

  const left = scim.streamList();
  await left.next();
  left.leave();
  assert.equal((await scim.search('', { count: 0 })).total_results, '1000');
});

test('a filter is refused at its offset', async (t) => {
  const scim = await client(t);
  const filter = 'userName eqq "ann"';
  for (const search of [() => scim.search(filter), () => scim.streamList({ filter }).next()]) {
    const { metadata } = await assertRefused(search(), 'INVALID_ARGUMENT', 'INVALID_FILTER');
    assert.deepEqual(metadata, { scimType: 'invalidFilter', status: '400', offset: '9' });
  }
});
