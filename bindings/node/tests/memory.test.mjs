// Memory: what calls take is given back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memory, user } from './support.mjs';

const MIB = 1 << 20;
// Coarse: what V8 has not collected yet is in it. A leak of a kilobyte for a call would be 100 MiB.
const MOST = 64 * MIB;

test('many calls do not make the process grow', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { id } = await tenant.create('User', user('ann', { displayName: 'x'.repeat(1_000) }));
  const round = async (calls) => {
    for (let call = 0; call < calls; call += 1) {
      tenant.text.getSync('User', id);
      assert.throws(() => tenant.getSync('User', 'nobody'));
      if (call % 10 === 0) tenant.text.searchSync('User', { filter: 'userName eq "ann"' });
      if (call % 10 === 0) await Promise.all([tenant.get('User', id), tenant.text.search('User')]);
      if (call % 100 === 0) for (const _ of tenant.iterateSync('User')) break;
    }
  };
  await round(10_000);
  const before = process.memoryUsage.rss();
  await round(100_000);
  const grown = process.memoryUsage.rss() - before;
  assert.ok(grown < MOST, `grew by ${Math.round(grown / MIB)} MiB`);
});
