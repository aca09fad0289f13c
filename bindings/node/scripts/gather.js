// What the package carries beside the compiled sources: the library of SCIMDB_PREFIX, and the licences. `npm pack` runs it.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const here = path.join(__dirname, '..');
const prefix = process.env.SCIMDB_PREFIX;
if (!prefix) {
  console.error('SCIMDB_PREFIX is not set: name the directory that `make -C bindings/c install PREFIX=…` has filled');
  process.exit(1);
}
const folder = path.join(here, 'prebuilds', 'linux-x64');
fs.rmSync(path.join(here, 'prebuilds'), { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
// The name in lib is a link to the versioned file; a package holds files only.
const library = path.join(folder, 'libscimdb.so');
fs.copyFileSync(fs.realpathSync(path.join(prefix, 'lib', 'libscimdb.so')), library);
// What only debuggers read is most of it.
execFileSync('strip', ['--strip-unneeded', library], { stdio: 'inherit' });
for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) {
  fs.copyFileSync(path.join(here, '..', '..', licence), path.join(here, licence));
}
