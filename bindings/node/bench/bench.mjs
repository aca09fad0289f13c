// What a get and a search cost through this package: `node bench.mjs USERS.ndjson`, rows with id and userName.
// Prints a line of JSON for each form of the calls, the median over batches of 500 calls in nanoseconds per call: first
// the synchronous one with answers as text, then that with `await` and answers as values, which is the package's default.
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
// Each call with `await` goes to another thread and back, which takes longer.
const AWAITED_GETS = 20_000;
const AWAITED_SEARCHES = 10_000;

const rows = fs
  .readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line)
  .map((line) => JSON.parse(line));
const store = await Store.open(':memory:');
const tenant = store.tenant();
const report = await tenant.import(fs.createReadStream(file), { resourceType: 'User' });
if (report.created !== rows.length) throw new Error(`${report.created} of ${rows.length} rows were imported`);

/** The middle one, in whole nanoseconds. */
function median(batches) {
  batches.sort((one, other) => one - other);
  return Math.round(batches[batches.length >> 1]);
}

/** Nanoseconds of a call: the median of the batches, after a warm-up. */
function measure(calls, call) {
  for (let at = 0; at < calls / 10; at += 1) call(rows[at % rows.length]);
  const batches = [];
  for (let at = 0; at < calls; ) {
    const began = process.hrtime.bigint();
    for (const end = at + BATCH; at < end; at += 1) call(rows[at % rows.length]);
    batches.push(Number(process.hrtime.bigint() - began) / BATCH);
  }
  return median(batches);
}

/** As `measure`, of calls that give promises: one after the other. What is synchronous would be slower in here. */
async function measureAwaited(calls, call) {
  for (let at = 0; at < calls / 10; at += 1) await call(rows[at % rows.length]);
  const batches = [];
  for (let at = 0; at < calls; ) {
    const began = process.hrtime.bigint();
    for (const end = at + BATCH; at < end; at += 1) await call(rows[at % rows.length]);
    batches.push(Number(process.hrtime.bigint() - began) / BATCH);
  }
  return median(batches);
}

function tell(figures) {
  console.log(JSON.stringify({ language: 'node', ...figures }));
}

const { text } = tenant;
const request = ({ userName }) => ({ filter: `userName eq ${JSON.stringify(userName)}`, count: 1 });
tell({
  get_ns: measure(GETS, ({ id }) => text.getSync('User', id)),
  search_ns: measure(SEARCHES, (row) => text.searchSync('User', request(row))),
});
tell({
  form: 'await',
  get_ns: await measureAwaited(AWAITED_GETS, ({ id }) => tenant.get('User', id)),
  search_ns: await measureAwaited(AWAITED_SEARCHES, (row) => tenant.search('User', request(row))),
});
await store.close();
