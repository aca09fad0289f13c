// A process that opens a store which another one holds, and writes: `node sharer.mjs DIRECTORY USERNAME`.
import assert from 'node:assert/strict';
import { Store } from 'scimdb';
import { user } from './support.mjs';

const [, , directory, userName] = process.argv;
const store = await Store.open(directory, { share: true });
const tenant = store.tenant();
const { id, title } = await tenant.create('User', user(userName));
assert.equal(tenant.getSync('User', id).userName, userName);
const report = await tenant.import([JSON.stringify(user(`${userName} too`))], { resourceType: 'User' });
assert.equal(report.created, 1);
const seen = [];
for await (const found of tenant.iterate('User', { filter: `userName sw "${userName}"`, sortBy: 'userName' })) {
  seen.push(found.userName);
}
assert.deepEqual(seen, [userName, `${userName} too`]);
const { code } = await tenant.get('User', 'nobody').catch((error) => error);
await store.close();
console.log(JSON.stringify({ title, code }));
