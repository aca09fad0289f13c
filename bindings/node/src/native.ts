// The functions of the C ABI, as scimdb.h has them.

import koffi = require('koffi');
import { library } from './library';
import type { Scratch } from './scratch';

const POINTER = 'void *';
const TEXT = [POINTER, 'size_t'];

/** What a function writes besides its code: where, and how it is read. */
interface Output<Out> {
  readonly types: string[];
  readonly places: (scratch: Scratch) => bigint[];
  readonly read: (scratch: Scratch) => Out;
}

const nothing: Output<void> = { types: [], places: () => [], read: () => undefined };
const text: Output<string> = { types: [POINTER], places: (it) => [it.body], read: (it) => it.readBody() };
const handle: Output<bigint> = { types: [POINTER], places: (it) => [it.handle], read: (it) => it.readHandle() };
const flag: Output<boolean> = { types: [POINTER], places: (it) => [it.flag], read: (it) => it.readFlag() !== 0 };
/** What scimdb_handle answers, before its headers are parsed. */
export interface RawAnswer {
  status: number;
  headers: string;
  body: string;
}

const answer: Output<RawAnswer> = {
  types: [POINTER, POINTER, POINTER],
  places: (it) => [it.flag, it.headers, it.body],
  read: (it) => ({ status: it.readFlag(), headers: it.readHeaders(), body: it.readBody() }),
};

/** A function that can fail: its inputs, then where its outputs go, then where its error goes. */
export interface Fallible<Out> {
  readonly call: koffi.KoffiFunc<(...values: unknown[]) => number>;
  readonly output: Output<Out>;
}

/** The arguments of a call. */
export function values<Out>(native: Fallible<Out>, inputs: readonly unknown[], scratch: Scratch): unknown[] {
  return [...inputs, ...native.output.places(scratch), scratch.error];
}

function fallible<Out>(name: string, inputs: string[], output: Output<Out>): Fallible<Out> {
  const call = library.func(`scimdb_${name}`, 'int32_t', [...inputs, ...output.types, POINTER]);
  return { call: call as Fallible<Out>['call'], output };
}

const onChange = koffi.pointer(koffi.proto('void', ['uint64_t', 'uint64_t']));
const beforeWrite = koffi.pointer(koffi.proto('int32_t', ['uint64_t', POINTER, 'size_t', POINTER]));
const afterCommit = koffi.pointer(koffi.proto('void', ['uint64_t', POINTER, 'size_t']));
const repositories = koffi.pointer(koffi.proto('int32_t', ['uint64_t', POINTER, 'size_t', POINTER]));
const log = koffi.pointer(koffi.proto('void', ['uint64_t', 'int32_t', POINTER, 'size_t']));

/** The types of callbacks. Their userdata is a number of ours. */
export const callbacks = { onChange, beforeWrite, afterCommit, repositories, log };

// What registers a callback takes its address as a plain pointer: it was registered with its type before. The one
// pointer after the userdata is the function that would be told when it is let go of; ours need none.
const db = POINTER;
const CALLBACK = [POINTER, 'uint64_t', POINTER];

/** The functions that can fail, by their names without the prefix. */
export const native = {
  open: fallible('open', [...TEXT, ...TEXT], handle),
  handle: fallible('handle', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT, ...TEXT, ...TEXT], answer),

  get: fallible('get', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT], text),
  create: fallible('create', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT], text),
  replace: fallible('replace', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT, ...TEXT], text),
  patch: fallible('patch', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT, ...TEXT], text),
  delete: fallible('delete', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT], nothing),
  verifyPassword: fallible('verify_password', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT], flag),

  search: fallible('search', [db, ...TEXT, ...TEXT, ...TEXT], text),
  explain: fallible('explain', [db, ...TEXT, ...TEXT, ...TEXT], text),
  iterOpen: fallible('iter_open', [db, ...TEXT, ...TEXT, ...TEXT], handle),
  iterNextMany: fallible('iter_next_many', [POINTER, 'uint32_t', 'size_t'], text),

  bulk: fallible('bulk', [db, ...TEXT, ...TEXT, ...TEXT], text),
  importOpen: fallible('import_open', [db, ...TEXT, ...TEXT], handle),
  importFeed: fallible('import_feed', [POINTER, ...TEXT], nothing),
  importFinish: fallible('import_finish', [POINTER], text),
  jobGet: fallible('job_get', [db, ...TEXT, ...TEXT, ...TEXT], text),
  jobList: fallible('job_list', [db, ...TEXT], text),
  forget: fallible('forget', [db, ...TEXT, ...TEXT, ...TEXT, ...TEXT], text),

  changes: fallible('changes', [db, ...TEXT, 'uint64_t', 'uint32_t', 'uint32_t'], text),
  onChange: fallible('on_change', [db, ...CALLBACK], handle),
  setHooks: fallible('set_hooks', [db, POINTER, ...CALLBACK], nothing),
  setRepositories: fallible('set_repositories', [db, ...CALLBACK], nothing),

  schemaPut: fallible('schema_put', [db, ...TEXT, ...TEXT], nothing),
  schemaRemove: fallible('schema_remove', [db, ...TEXT, ...TEXT], nothing),
  schemaList: fallible('schema_list', [db, ...TEXT], text),
  tenantCreate: fallible('tenant_create', [db, ...TEXT, ...TEXT], nothing),
  tenantConfigure: fallible('tenant_configure', [db, ...TEXT, ...TEXT], nothing),
  tenantDrop: fallible('tenant_drop', [db, ...TEXT], nothing),
  tenantList: fallible('tenant_list', [db], text),
  profileCheck: fallible('profile_check', [db, ...TEXT, ...TEXT], text),
  tokenCreate: fallible('token_create', [db, ...TEXT, ...TEXT, ...TEXT], text),
  tokenRegenerate: fallible('token_regenerate', [db, ...TEXT, ...TEXT], text),
  tokenRevoke: fallible('token_revoke', [db, ...TEXT, ...TEXT], nothing),
  tokenList: fallible('token_list', [db, ...TEXT], text),
  authenticate: fallible('authenticate', [db, ...TEXT], text),

  valueKeysRotate: fallible('value_keys_rotate', [db], text),
  stats: fallible('stats', [db], text),
  check: fallible('check', [db], text),
  backup: fallible('backup', [db, ...TEXT], nothing),
  compact: fallible('compact', [db], nothing),
  setLog: fallible('set_log', [POINTER, 'int32_t', 'uint64_t', POINTER], nothing),

  serveStart: fallible('serve_start', [db, ...TEXT], handle),
  serveUrl: fallible('serve_url', [POINTER], text),
  serveStop: fallible('serve_stop', [POINTER, 'uint32_t'], nothing),
};

const plain = (name: string, result: string, inputs: string[]) => library.func(`scimdb_${name}`, result, inputs);

/** The functions that tell no error. */
export const simple = {
  version: plain('version', 'str', []),
  abiVersion: plain('abi_version', 'uint32_t', []),
  close: plain('close', 'int32_t', [db]),
  interrupt: plain('interrupt', 'int32_t', [db]),
  iterFree: plain('iter_free', 'void', [POINTER]),
  importFree: plain('import_free', 'void', [POINTER]),
  subscriptionFree: plain('subscription_free', 'void', [POINTER]),
  decisionRefuse: plain('decision_refuse', 'int32_t', [POINTER, 'int32_t', ...TEXT, ...TEXT]),
  decisionSet: plain('decision_set', 'int32_t', [POINTER, ...TEXT]),
  foundAdd: plain('found_add', 'int32_t', [POINTER, ...TEXT]),
  foundFail: plain('found_fail', 'int32_t', [POINTER, 'int32_t', ...TEXT]),
};
