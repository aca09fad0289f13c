// A process that follows a store which another one holds, and then holds it itself: `node follower.mjs DIRECTORY`.
import { Store } from 'scimdb';
import { user } from './support.mjs';

/** More than could be seen in the time of a test by looking every second. */
const WRITES = 200;

const store = await Store.open(process.argv[2], { share: true });
const tenant = store.tenant();
const { last } = await tenant.changesSince(0);
const feed = tenant.changes({ since: last });
const following = feed.next();
const waiting = tenant.changesSince(last, { waitMs: 600_000 });
console.log('follows');
const { value } = await following;
const { changes } = await waiting;
console.log(JSON.stringify([value.id, changes[0].id]));
const interrupted = tenant.changesSince(value.sequence, { waitMs: 600_000 }).catch(({ code }) => code);
store.interrupt();
console.log(await interrupted);
// The other process closes the store now, and this one becomes the holder: by then, every write wakes the feed.
let next = feed.next();
for (let n = 0; n < WRITES; n += 1) {
  const { id } = await tenant.create('User', user(`user-${n}`));
  const seen = (await next).value;
  if (seen.id !== id) throw new Error(`${seen.id} is not ${id}`);
  next = feed.next();
}
const closing = store.close();
console.log((await next).done);
await closing;
