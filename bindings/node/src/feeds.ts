// What goes on for longer than a call: iterators, imports, change feeds.

import { onAbort } from './abort';
import { callAsync, callSync, unlessAborted } from './call';
import type { Core } from './core';
import { native, simple } from './native';
import { ABSENT, bytes, json, options, sequence, type Text, whole } from './text';
import type { Change, ImportOptions, ImportSource, Job } from './types';

/** Bytes of rows that are fed to an import together. */
const PART = 1 << 18;
/** Rows that an iterator reads at first, for those who look at a few, and then at a time. */
const FIRST = 16;
const MORE = 1_000;
/** How long, in milliseconds, an import may have ended before somebody who waits for that looks. */
const JOB_LOOK = 100;
/** Changes that a feed reads at a time. */
const CHANGES = 1_000;

/** An iterator of the library, once it is open, and whether a call with it runs. */
interface Held {
  iterator: bigint | null;
  busy: boolean;
}

/** Iterators that were dropped without having been ended would keep their snapshots. */
const dropped = new FinalizationRegistry<Held>(({ iterator }) => {
  if (iterator !== null) simple.iterFree(iterator);
});

function end(core: Core, held: Held): void {
  const { iterator, busy } = held;
  held.iterator = null;
  if (iterator === null) return;
  // It is quick, but for a call that was given up: that one is waited for.
  if (busy) void core.free(simple.iterFree, iterator);
  else simple.iterFree(iterator);
}

/** The resources that a search finds, one by one, all from one snapshot. */
export function iterate(core: Core, inputs: readonly unknown[], signal?: AbortSignal): AsyncGenerator<string, void, void> {
  const held: Held = { iterator: null, busy: false };
  async function* rows(): AsyncGenerator<string, void, void> {
    try {
      held.iterator = await core.async(native.iterOpen, inputs, signal);
      for (let most = FIRST; ; most = MORE) {
        held.busy = true;
        const page = await unlessAborted(core.next(held.iterator, most), signal);
        held.busy = false;
        if (page === undefined) return;
        for (const row of page) {
          yield row;
          signal?.throwIfAborted();
        }
      }
    } finally {
      end(core, held);
    }
  }
  const iterator = rows();
  dropped.register(iterator, held);
  return iterator;
}

/** As `iterate`, on this thread. */
export function iterateSync(core: Core, inputs: readonly unknown[]): Generator<string, void, void> {
  const held: Held = { iterator: null, busy: false };
  function* rows(): Generator<string, void, void> {
    try {
      held.iterator = core.readSync(native.iterOpen, inputs);
      for (let most = FIRST; ; most = MORE) {
        const page = core.nextSync(held.iterator, most);
        if (page === undefined) return;
        yield* page;
      }
    } finally {
      end(core, held);
    }
  }
  const iterator = rows();
  dropped.register(iterator, held);
  return iterator;
}

/** Puts rows that are objects together, so that a call is worth its while. Text and bytes are taken as they come. */
class Parts {
  #rows: string[] = [];
  #length = 0;

  /** Takes a chunk or a row; gives what is to be fed now. */
  take(item: string | Uint8Array | object): Text[] {
    if (typeof item === 'string' || item instanceof Uint8Array) return [...this.rest(), bytes(item)];
    const row = `${json(item, 'a row')[0] as string}\n`;
    this.#rows.push(row);
    this.#length += row.length;
    return this.#length < PART ? [] : this.rest();
  }

  /** Gives what is left. */
  rest(): Text[] {
    if (this.#rows.length === 0) return [];
    const rows = this.#rows.join('');
    this.#rows = [];
    this.#length = 0;
    return [bytes(rows)];
  }
}

const isChunk = (source: ImportSource): source is string | Uint8Array =>
  typeof source === 'string' || source instanceof Uint8Array;

/** What an import is to be; one that is queued takes one JSON object, and tells the job. */
type Settings = ImportOptions & { queue?: boolean };

/** Imports NDJSON or rows, off the event loop; tells the report. */
export async function importAll(core: Core, tenant: Text, source: ImportSource, settings: Settings = {}) {
  const handle = await core.async(native.importOpen, [...tenant, ...options(settings)]);
  const parts = new Parts();
  const feed = async (chunks: Text[]) => {
    for (const chunk of chunks) await core.track(callAsync(native.importFeed, [handle, ...chunk]));
  };
  try {
    for await (const item of isChunk(source) ? [source] : source) await feed(parts.take(item));
    await feed(parts.rest());
  } catch (error) {
    await core.free(simple.importFree, handle);
    throw error;
  }
  return core.track(callAsync(native.importFinish, [handle]));
}

/** As `importAll`, on this thread. */
export function importAllSync(
  core: Core,
  tenant: Text,
  source: string | Uint8Array | Iterable<string | Uint8Array | object>,
  settings: Settings = {},
): string {
  core.mayBlock();
  const handle = core.readSync(native.importOpen, [...tenant, ...options(settings)]);
  const parts = new Parts();
  const feed = (chunks: Text[]) => {
    for (const chunk of chunks) callSync(native.importFeed, [handle, ...chunk]);
  };
  try {
    for (const item of isChunk(source) ? [source] : source) feed(parts.take(item));
    feed(parts.rest());
  } catch (error) {
    simple.importFree(handle);
    throw error;
  }
  return callSync(native.importFinish, [handle]);
}

/** How far an import is that was queued; waits for its end without holding a thread. */
export async function job(
  core: Core,
  tenant: Text,
  id: Text,
  { waitMs = 0, signal }: { waitMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const read = () => unlessAborted(core.async(native.jobGet, [...tenant, ...id, ...ABSENT], signal), signal);
  if (whole(waitMs, 32, 'waitMs') === 0) return read();
  const until = performance.now() + waitMs;
  const { wakeups } = core;
  let { moment } = wakeups;
  try {
    await wakeups.join();
    for (;;) {
      const answer = await read();
      const left = until - performance.now();
      if (left <= 0 || wakeups.ended || (JSON.parse(answer) as Job).finished !== null) return answer;
      // Users that are written wake it, and the end does not.
      await wakeups.wait(moment, Math.min(left, JOB_LOOK), signal);
      ({ moment } = wakeups);
    }
  } finally {
    wakeups.leave();
  }
}

/** The changes after a sequence number; waits for the first without holding a thread. */
export async function changesSince(
  core: Core,
  tenant: Text,
  since: number | bigint,
  { max = CHANGES, waitMs = 0, signal }: { max?: number; waitMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const read = () =>
    unlessAborted(
      core.async(native.changes, [...tenant, sequence(since, 'since'), whole(max, 32, 'max'), 0], signal),
      signal,
    );
  if (whole(waitMs, 32, 'waitMs') === 0) return read();
  const until = performance.now() + waitMs;
  const { wakeups } = core;
  let { moment } = wakeups;
  try {
    await wakeups.join();
    for (;;) {
      const answer = await read();
      const left = until - performance.now();
      if (left <= 0 || wakeups.ended || has(answer)) return answer;
      await wakeups.wait(moment, left, signal);
      ({ moment } = wakeups);
    }
  } finally {
    wakeups.leave();
  }
}

/** Whether there is a change in the answer. It begins with the array. */
const has = (answer: string) => !/^\{"changes":\[\]/.test(answer);

/** The number to go on from, whatever its size. */
function lastOf(answer: string): bigint {
  const found = /"last":(\d+)\}$/.exec(answer);
  if (!found) throw new Error('the library told changes without the number to go on from');
  return BigInt(found[1]!);
}

/** The changes after a sequence number, and those that come, until the store is closed. */
export function changes(
  core: Core,
  tenant: Text,
  since: number | bigint,
  signal: AbortSignal | undefined,
): AsyncGenerator<Change, void, void> {
  const leaving = new AbortController();
  const feed = follow(core, tenant, since, signal, leaving);
  const end = feed.return.bind(feed);
  // A generator's own one is heard when the wait that runs is over: at the next change.
  feed.return = (value) => {
    leaving.abort(LEFT);
    return end(value);
  };
  return feed;
}

/** Why a feed ends that is left. */
const LEFT = Symbol('left');

/** As `changes`, until `leaving` is aborted: without an error, if it is because the feed is left. */
async function* follow(
  core: Core,
  tenant: Text,
  since: number | bigint,
  given: AbortSignal | undefined,
  leaving: AbortController,
): AsyncGenerator<Change, void, void> {
  const { wakeups } = core;
  const { signal } = leaving;
  let joined = false;
  const forget = onAbort(given, () => leaving.abort(given?.reason));
  try {
    given?.throwIfAborted();
    joined = true;
    let { moment } = wakeups;
    await wakeups.join();
    let from: number | bigint = since;
    while (!wakeups.ended) {
      const answer = await changesSince(core, tenant, from, { signal });
      if (has(answer)) {
        from = lastOf(answer);
        for (const change of (JSON.parse(answer) as { changes: Change[] }).changes) {
          yield change;
          signal.throwIfAborted();
        }
      } else {
        await wakeups.wait(moment, Infinity, signal);
      }
      ({ moment } = wakeups);
    }
  } catch (error) {
    if (error !== LEFT) throw error;
  } finally {
    forget();
    if (joined) wakeups.leave();
  }
}
