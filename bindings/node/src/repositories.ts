// Repositories of the host: users that are known elsewhere, and that a search finds as well. Asked on the event loop.

import koffi = require('koffi');
import type { Core } from './core';
import { misuse, Refusal } from './error';
import { watchExit } from './exit';
import { complain } from './hooks';
import { Kept } from './kept';
import { callbacks, native, simple } from './native';
import { json, text } from './text';
import type { Message, RepositoryQuery } from './types';

/**
 * What the host knows of users elsewhere, in a directory say. A search with `searchRepositories` asks it, in tenants whose
 * profile has repositories.
 */
export interface Repositories {
  /**
   * Gives the resources that a search may find, as values or as JSON text: what the store has already is left out, and
   * more than the filter asks for may be told.
   *
   * It runs on the event loop while the search waits, and must be synchronous. It may read by the `…Sync` methods. To fail
   * the search, throw a `Refusal`: its status and its message are told.
   */
  search: (query: RepositoryQuery) => Iterable<Message>;
  /**
   * Hears of what `search` throws that is no `Refusal`. The search fails with status 500 and does not tell why. If it is
   * left out, the process warns.
   */
  onError?: (error: unknown) => void;
}

/** Those of all stores. @internal */
export const repositories = new Kept<Repositories>();
let registered: bigint | null = null;

const FAILED = 1;
const SERVER_ERROR = 500;

/** Tells how a search fails; what cannot be told is told by the code alone. */
function fail(found: bigint, status: number, detail: string): number {
  simple.foundFail(found, status, ...text(detail.toWellFormed(), 'detail'));
  return FAILED;
}

function search(number: number, query: bigint, length: number, found: bigint): number {
  const known = repositories.get(number);
  try {
    const given: unknown = known?.search(JSON.parse(koffi.decode.string(query, length)) as RepositoryQuery) ?? [];
    if (given instanceof Promise) {
      given.catch((error: unknown) => complain(known, error));
      throw new TypeError('search of the repositories gave a promise, and must be synchronous');
    }
    for (const resource of given as Iterable<unknown>) {
      const code = simple.foundAdd(found, ...json(resource, 'what the repositories give')) as number;
      if (code !== 0) throw misuse(`the repositories gave what is no text (code ${code})`);
    }
    return 0;
  } catch (error) {
    try {
      if (error instanceof Refusal) return fail(found, error.status, error.message);
      complain(known, error);
      return fail(found, SERVER_ERROR, "the host's repositories failed");
    } catch (worse) {
      // No exception may leave a callback: it would be taken for an answer.
      complain(known, worse);
      return FAILED;
    }
  }
}

/** Sets the repositories of a store, in place of those before; null: none. @internal */
export function setRepositories(core: Core, given: Repositories | null): void {
  watchExit();
  registered ??= koffi.register(search, callbacks.repositories);
  const callback = given === null ? null : registered;
  repositories.set(core, given, (number) => core.readSync(native.setRepositories, [callback, number, null]));
}
