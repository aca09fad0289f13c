// The real binary: a server as a process of its own, and commands that run to their end.
'use strict';

const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { promisify } = require('node:util');

const BINARY = process.env.SCIMDB_BIN;
const PATIENCE = 30_000;

// The environment without settings of scimdb that whoever runs the tests may have.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCIMDB_')));
}

// A folder that is gone after the test.
function temporaryFolder(test) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'scimdb-node-'));
  test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Runs a command of scimdb to its end, and gives what it wrote to standard output.
async function run(...args) {
  const { stdout } = await promisify(execFile)(BINARY, args, { env: environment(), timeout: PATIENCE });
  return stdout;
}

// `scimdb serve` on a free port: gives its scheme and address once it is ready, and what stops it. What still runs after
// the test is killed.
async function serve(test, folder, ...args) {
  const child = spawn(BINARY, ['serve', '--store', path.join(folder, 'store'), '--address', '127.0.0.1:0', ...args], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  test.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const found = /listening on (https?):\/\/(\S+)/.exec(line);
    if (found) {
      return {
        scheme: found[1],
        address: found[2],
        exited,
        terminate: () => child.kill('SIGTERM'),
        stop: () => {
          child.kill('SIGTERM');
          return exited;
        },
      };
    }
  }
  throw new Error(`the server did not start:\n${log}`);
}

module.exports = { run, serve, temporaryFolder };
