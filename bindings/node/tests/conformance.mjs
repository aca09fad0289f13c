// The checks of scim2-tester against an Express application: `node conformance.mjs PATH_OF_SCIM`, the program of scim2-cli.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import express from 'express';
import { Store } from 'scimdb';

// What scim2-tester 0.5.2 makes of a new store. Fewer would mean that it found less to check.
const CHECKS = 135;

const [, , program] = process.argv;
const store = await Store.open(':memory:');
const tenant = store.tenant();
const { secret } = await tenant.createToken('conformance');
const app = express();
app.use('/scim/v2', tenant.express());
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');

const { failure, output, complaints } = await new Promise((resolve) => {
  const url = `http://127.0.0.1:${server.address().port}/scim/v2`;
  // Secrets on a command line are for everyone to see.
  const env = { ...process.env, SCIM_CLI_HEADERS: `Authorization: Bearer ${secret}`, NO_COLOR: '1' };
  execFile(program, ['--url', url, 'test', '--verbose'], { env, timeout: 300_000, maxBuffer: 1 << 26 }, (failure, output, complaints) =>
    resolve({ failure, output, complaints }),
  );
});
server.closeAllConnections();
server.close();
await store.close();

const statuses = output
  .split('\n')
  .map((line) => /^([A-Z_]+) \S/.exec(line)?.[1])
  .filter((status) => status);
const passed = statuses.filter((status) => status === 'SUCCESS').length;
console.log(`scim2-tester: ${passed} of ${statuses.length} checks SUCCESS`);
if (failure || passed !== statuses.length || passed !== CHECKS) {
  console.log(`${failure ?? ''}\n${CHECKS} checks were expected\n${output}\n${complaints}`);
  process.exitCode = 1;
}
