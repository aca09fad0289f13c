// Host hooks: functions that the store calls before and after every write, on the event loop.

import koffi = require('koffi');
import type { Core } from './core';
import { misuse, Refusal } from './error';
import { watchExit } from './exit';
import { Kept } from './kept';
import { callbacks, native, simple } from './native';
import { ABSENT, json, text } from './text';
import type { CommittedWrite, Write } from './types';

/**
 * Functions that see every write of a store, whoever makes it: this program, its SCIM endpoint, a server that
 * `Store.serve` started.
 *
 * They run on the event loop while the write waits, and must be synchronous and quick. They may read by the `…Sync`
 * methods. A write with `await` that is begun in a hook happens after the write that the hook is for.
 */
export interface Hooks {
  /**
   * Sees a write before it happens, within its transaction. What it gives back is set in the resource: attributes by
   * name, readOnly ones too; null removes one. To refuse the write, throw a `Refusal`. It may be asked more than once about
   * a write, and about one that comes to nothing.
   */
  beforeWrite?: (write: Write) => object | null | undefined | void;
  /** Sees a write once it is durable. */
  afterCommit?: (write: CommittedWrite) => void;
  /**
   * Hears of what a hook throws that is no `Refusal`: a mistake of the hook's. A write whose before-write hook failed is
   * refused with status 500 and does not tell why. If it is left out, the process warns.
   */
  onError?: (error: unknown) => void;
}

/** Those of all stores. @internal */
export const hooks = new Kept<Hooks>();
let registered: { before: bigint; after: bigint } | null = null;

const REFUSED = 1;
const SERVER_ERROR = 500;

/** Tells the host of what its functions threw. @internal */
export function complain(host: { onError?: (error: unknown) => void } | undefined, error: unknown): void {
  try {
    if (host?.onError) {
      host.onError(error);
      return;
    }
  } catch (worse) {
    error = worse;
  }
  process.emitWarning(error instanceof Error ? error : new Error(`a hook threw ${String(error)}`));
}

/** Tells how a write is refused; a decision that cannot be told is told by the code alone. */
function refuse(decision: bigint, status: number, scimType: string | null, detail: string): number {
  const type = scimType === null ? ABSENT : text(scimType, 'scimType');
  simple.decisionRefuse(decision, status, ...type, ...text(detail.toWellFormed(), 'detail'));
  return REFUSED;
}

function beforeWrite(number: number, write: bigint, length: number, decision: bigint): number {
  const host = hooks.get(number);
  try {
    const wanted: unknown = host?.beforeWrite?.(JSON.parse(koffi.decode.string(write, length)) as Write);
    if (wanted === undefined || wanted === null) return 0;
    if (wanted instanceof Promise) {
      wanted.catch((error: unknown) => complain(host, error));
      throw new TypeError('beforeWrite gave a promise, and must be synchronous');
    }
    const code = simple.decisionSet(decision, ...json(wanted, 'what beforeWrite gives back')) as number;
    if (code !== 0) throw misuse(`beforeWrite gave back attributes that cannot be set (code ${code})`);
    return 0;
  } catch (error) {
    try {
      if (error instanceof Refusal) return refuse(decision, error.status, error.scimType, error.message);
      complain(host, error);
      return refuse(decision, SERVER_ERROR, null, 'the before-write hook failed');
    } catch (worse) {
      // No exception may leave a callback: it would be taken for consent.
      complain(host, worse);
      return REFUSED;
    }
  }
}

function afterCommit(number: number, write: bigint, length: number): void {
  const host = hooks.get(number);
  try {
    const given: unknown = host?.afterCommit?.(JSON.parse(koffi.decode.string(write, length)) as CommittedWrite);
    if (given instanceof Promise) given.catch((error: unknown) => complain(host, error));
  } catch (error) {
    complain(host, error);
  }
}

/** Sets the hooks of a store, in place of those before; null: none. @internal */
export function setHooks(core: Core, given: Hooks | null): void {
  watchExit();
  registered ??= {
    before: koffi.register(beforeWrite, callbacks.beforeWrite),
    after: koffi.register(afterCommit, callbacks.afterCommit),
  };
  const before = given?.beforeWrite ? registered.before : null;
  const after = given?.afterCommit ? registered.after : null;
  // It waits for nobody: writes that have begun end with the hooks that they began with.
  hooks.set(core, given, (number) => {
    core.readSync(native.setHooks, [before, after, number, null]);
    core.hasHooks(given !== null);
  });
}
