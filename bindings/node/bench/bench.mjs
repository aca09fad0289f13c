// What a get and a search cost through this package: `node bench.mjs USERS.ndjson`, rows with id and userName.
// Prints one line of JSON: the median over batches of 500 calls, in nanoseconds per call.
import fs from 'node:fs';
import { Store } from 'scimdb';

const [, , file] = process.argv;
if (!file) {
  console.error('usage: node bench.mjs USERS.ndjson');
  process.exit(2);
}
const BATCH = 500;
const GETS = 100_000;
const SEARCHES = 20_000;

const rows = fs
  .readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line)
  .map((line) => JSON.parse(line));
const store = await Store.open(':memory:');
const tenant = store.tenant();
const report = await tenant.import(fs.createReadStream(file), { resourceType: 'User' });
if (report.created !== rows.length) throw new Error(`${report.created} of ${rows.length} rows were imported`);

/** Nanoseconds of a call: the median of the batches, after a warm-up. */
function measure(calls, call) {
  for (let at = 0; at < calls / 10; at += 1) call(rows[at % rows.length]);
  const batches = [];
  for (let at = 0; at < calls; ) {
    const began = process.hrtime.bigint();
    for (const end = at + BATCH; at < end; at += 1) call(rows[at % rows.length]);
    batches.push(Number(process.hrtime.bigint() - began) / BATCH);
  }
  batches.sort((one, other) => one - other);
  return Math.round(batches[batches.length >> 1]);
}

const { text } = tenant;
const get = measure(GETS, ({ id }) => text.getSync('User', id));
const search = measure(SEARCHES, ({ userName }) =>
  text.searchSync('User', { filter: `userName eq ${JSON.stringify(userName)}`, count: 1 }),
);
await store.close();
console.log(JSON.stringify({ language: 'node', get_ns: get, search_ns: search }));
