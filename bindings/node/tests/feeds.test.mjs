// Iterators, imports and change feeds.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { all, failure, memory, until, user } from './support.mjs';

const users = (count) => Array.from({ length: count }, (_, number) => user(`user-${number}`, { id: `id-${number}` }));

test('an iterator gives all resources of one moment, in order', async (t) => {
  const tenant = (await memory(t)).tenant();
  await tenant.import(users(2_500));
  const rows = tenant.iterate('User', { sortBy: 'id', attributes: ['userName'] });
  const { value: first } = await rows.next();
  await tenant.create('User', user('later'));
  assert.equal((await all(rows)).length + 1, 2_500);
  assert.ok(first.userName);
  const filter = 'userName ew "99"';
  assert.equal((await all(tenant.iterate('User', { filter }))).length, [...tenant.iterateSync('User', { filter })].length);
  assert.equal((await all(tenant.text.iterate(null)))[0].startsWith('{'), true);
  await assert.rejects(all(tenant.iterate('User', { filter: 'x' })), failure('INVALID_FILTER'));
});

test('an iterator that is left early lets go of its snapshot', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  await tenant.import(users(50));
  // More than the library has handles for, if they were kept; and compaction waits for no snapshot.
  for (let round = 0; round < 2_000; round += 1) {
    for (const _ of tenant.iterateSync('User')) break;
  }
  for (let round = 0; round < 200; round += 1) {
    for await (const _ of tenant.iterate('User')) break;
  }
  await store.compact();
  const controller = new AbortController();
  const rows = tenant.iterate('User', {}, { signal: controller.signal });
  await rows.next();
  controller.abort();
  await assert.rejects(rows.next(), { name: 'AbortError' });
});

test('rows are imported from whatever gives them', async (t) => {
  const tenant = (await memory(t)).tenant();
  const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const text = lines(users(1_000).map((row) => ({ ...row, displayName: 'Zoë' })));
  const bytes = Buffer.from(text);
  // Cut in the middle of lines, and of characters.
  const chunks = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, at) => bytes.subarray(at * 777, at * 777 + 777));
  const created = { read: 1_000, created: 1_000, replaced: 0, skipped: 0, rejected: 0, rejects: [] };
  assert.deepEqual(await tenant.import(Readable.from(chunks), { resourceType: 'User' }), created);
  assert.equal((await tenant.get('User', 'id-7')).displayName, 'Zoë');
  const again = await tenant.import(text, { onConflict: 'skip' });
  assert.equal(again.skipped, 1_000);
  async function* rows() {
    yield* users(1_000);
  }
  assert.equal((await tenant.import(rows(), { onConflict: 'replace' })).replaced, 1_000);
  assert.equal(tenant.importSync(bytes, { onConflict: 'skip' }).read, 1_000);
  assert.equal(tenant.importSync(new Set(users(3)), { onConflict: 'skip' }).skipped, 3);
});

test('rows that are not taken are told', async (t) => {
  const tenant = (await memory(t)).tenant();
  const report = await tenant.import([user('ann'), { schemas: user('x').schemas }, user('ann')], { actor: 'hr' });
  assert.deepEqual([report.created, report.rejected], [1, 2]);
  assert.ok(report.rejects.every(({ row, error, input }) => row > 0 && error.status && input));
  await assert.rejects(tenant.import([], { onConflict: 'perhaps' }), failure('INVALID_ARGUMENT'));
});

test('an import whose source fails fails with it', async (t) => {
  const tenant = (await memory(t)).tenant();
  const reason = new Error('the file is gone');
  const source = async function* () {
    yield* users(10);
    throw reason;
  };
  await assert.rejects(tenant.import(source()), reason);
  const sync = function* () {
    yield user('ann');
    throw reason;
  };
  assert.throws(() => tenant.importSync(sync()), reason);
  await assert.rejects(tenant.import([7]), TypeError);
  assert.equal((await tenant.search('User', { count: 0 })).totalResults, 0);
});

test('changes are read from a number on', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { id } = await tenant.create('User', user('ann'), { actor: 'test' });
  const { changes, last } = await tenant.changesSince(0);
  assert.equal(changes.length, 1);
  const { sequence, actor, operation, resourceType } = changes[0];
  assert.deepEqual([sequence, actor, operation, resourceType, changes[0].id], [last, 'test', 'create', 'User', id]);
  assert.ok(changes[0].attributes.includes('userName'));
  assert.deepEqual(await tenant.changesSince(last), { changes: [], last });
  assert.deepEqual(await tenant.changesSince(BigInt(last), { waitMs: 20 }), { changes: [], last });
  await assert.rejects(tenant.changesSince(last + 1_000), failure('OUT_OF_RANGE'));
});

test('whoever waits is woken by a change, and no thread waits meanwhile', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { last } = await tenant.changesSince(0);
  // More than the pool has threads.
  const waits = Array.from({ length: 40 }, () => tenant.changesSince(last, { waitMs: 600_000 }));
  await tenant.create('User', user('ann'));
  for (const { changes } of await Promise.all(waits)) assert.equal(changes[0].operation, 'create');
});

test('a change feed tells what was and what comes, and goes on where it was left', async (t) => {
  const tenant = (await memory(t)).tenant();
  await tenant.import(users(1_500));
  const seen = [];
  const feed = (async () => {
    for await (const change of tenant.changes()) {
      seen.push(change);
      if (change.id === 'end') break;
    }
  })();
  await until(() => seen.length === 1_500);
  await tenant.delete('User', 'id-3');
  await tenant.create('User', user('end'), { id: 'end' });
  await feed;
  assert.deepEqual(seen.slice(1_500).map(({ operation }) => operation), ['delete', 'create']);
  assert.ok(seen.every(({ sequence }, at) => at === 0 || sequence > seen[at - 1].sequence));
  const rest = tenant.changes({ since: seen[1_499].sequence });
  assert.equal((await rest.next()).value.operation, 'delete');
  await rest.return();
});

test('a change feed that is left ends at once', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const end = { done: true, value: undefined };
  const waiting = tenant.changes();
  const next = waiting.next();
  assert.deepEqual(await waiting.return(), end);
  assert.deepEqual(await next, end);
  const unused = tenant.changes();
  assert.deepEqual(await unused.return(), end);
  await assert.rejects(tenant.changes({ signal: AbortSignal.abort() }).next(), { name: 'AbortError' });
  // Nobody waits any more.
  await until(() => {
    try {
      store.closeSync();
      return true;
    } catch {
      return false;
    }
  });
});

test('a change feed ends with the store, and by its signal', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const controller = new AbortController();
  const given = all(tenant.changes({ signal: controller.signal }));
  const feed = all(tenant.changes());
  await tenant.create('User', user('ann'));
  controller.abort();
  await assert.rejects(given, { name: 'AbortError' });
  assert.throws(() => store.closeSync(), failure('MISUSE'));
  await store.close();
  assert.ok((await feed).length <= 1);
});
