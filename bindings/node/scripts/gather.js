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
// The library was built here, and for here. src/library.ts looks for it by these names.
const folder = path.join(here, 'prebuilds', `${process.platform}-${process.arch}`);
const file = { darwin: 'libscimdb.dylib', win32: 'scimdb.dll' }[process.platform] ?? 'libscimdb.so';
fs.rmSync(path.join(here, 'prebuilds'), { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
// The name in lib is a link to the versioned file; a package holds files only.
const library = path.join(folder, file);
fs.copyFileSync(fs.realpathSync(path.join(prefix, 'lib', file)), library);
// What only debuggers read is most of it.
const options = { darwin: ['-x'], linux: ['--strip-unneeded'] }[process.platform];
if (options) execFileSync('strip', [...options, library], { stdio: 'inherit' });
for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) {
  fs.copyFileSync(path.join(here, '..', '..', licence), path.join(here, licence));
}
