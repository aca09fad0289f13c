// The shared library: where it is, and how it is loaded.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import koffi = require('koffi');

/** Bytes of stack that a call has off the event loop: what the library has on threads of its own. */
const STACK = 2 << 20;
/** The version of the C ABI that this package is written for. */
const ABI = 1;

/** Finds the library: the file that SCIMDB_LIBRARY names, or the one that the package carries for this platform. */
function find(): string {
  const named = process.env['SCIMDB_LIBRARY'];
  if (named) return named;
  const platform = `${process.platform}-${process.arch}`;
  const extension = { darwin: 'dylib', win32: 'dll' }[process.platform as string] ?? 'so';
  const name = process.platform === 'win32' ? 'scimdb' : 'libscimdb';
  const carried = join(__dirname, '..', 'prebuilds', platform, `${name}.${extension}`);
  if (existsSync(carried)) return carried;
  throw new Error(`this package carries no library for ${platform}: build one, and name it by SCIMDB_LIBRARY`);
}

/** koffi runs a call on a stack of its own, and has one setting for all packages of a process. */
function deepen(): void {
  const now = koffi.config();
  if ((now.async_stack_size ?? 0) >= STACK && (now.sync_stack_size ?? 0) >= STACK) return;
  try {
    koffi.config({
      async_stack_size: Math.max(now.async_stack_size ?? 0, STACK),
      sync_stack_size: Math.max(now.sync_stack_size ?? 0, STACK),
    });
  } catch (cause) {
    // It can be set until the first library is loaded.
    throw new Error('import scimdb before other packages that load a library by koffi: it needs deeper stacks', { cause });
  }
}

function load(): koffi.LibraryHandle {
  deepen();
  const path = find();
  const loaded = koffi.load(path);
  const abi = loaded.func('scimdb_abi_version', 'uint32_t', [])() as number;
  if (abi !== ABI) throw new Error(`${path} has version ${abi} of the C ABI; this package needs ${ABI}`);
  return loaded;
}

export const library = load();
