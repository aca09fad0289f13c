// Calls of the library: at once, or on a thread of libuv's pool.

import { onAbort } from './abort';
import { failed } from './error';
import { type Fallible, values } from './native';
import { Scratch } from './scratch';

const OK = 0;
const DONE = 100;

/**
 * Calls that are with the pool at the same time. koffi takes no more than 256, callbacks included; the rest waits here,
 * in the order of the calls.
 */
const MOST_RUNNING = 128;
let running = 0;
const waiting = new Set<() => void>();

/** Whether a call is with the pool. */
export const callsRun = () => running > 0;

function settle<Out>(native: Fallible<Out>, scratch: Scratch, code: number): Out {
  if (code === OK) return native.output.read(scratch);
  throw scratch.failure(code);
}

/** Calls on this thread, which waits. */
export function callSync<Out>(native: Fallible<Out>, inputs: readonly unknown[]): Out {
  const scratch = Scratch.take();
  try {
    return settle(native, scratch, native.call(...values(native, inputs, scratch)));
  } finally {
    scratch.giveBack();
  }
}

/** As `callSync`; undefined where there is nothing more. */
export function nextSync<Out>(native: Fallible<Out>, inputs: readonly unknown[]): Out | undefined {
  const scratch = Scratch.take();
  try {
    const code = native.call(...values(native, inputs, scratch));
    return code === DONE ? undefined : settle(native, scratch, code);
  } finally {
    scratch.giveBack();
  }
}

function finished(): void {
  running -= 1;
  for (const next of waiting) {
    waiting.delete(next);
    next();
    return;
  }
}

/** Calls on a thread of the pool, and gives the code. */
function start<Out>(native: Fallible<Out>, inputs: readonly unknown[], scratch: Scratch): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    running += 1;
    const held = values(native, inputs, scratch);
    native.call.async(...held, (thrown: Error | null, code: number) => {
      finished();
      // Bytes that the library reads must live until here.
      held.length = 0;
      if (thrown) reject(thrown);
      else resolve(code);
    });
  });
}

function queue<Out>(begin: () => Promise<Out>, signal: AbortSignal | undefined): Promise<Out> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (running < MOST_RUNNING) return begin();
  return new Promise<Out>((resolve, reject) => {
    const next = () => {
      forget();
      begin().then(resolve, reject);
    };
    const forget = onAbort(signal, () => {
      waiting.delete(next);
      reject(signal?.reason);
    });
    waiting.add(next);
  });
}

/** Calls off the event loop. A signal that is aborted before the call has begun keeps it from beginning. */
export async function callAsync<Out>(
  native: Fallible<Out>,
  inputs: readonly unknown[],
  signal?: AbortSignal,
): Promise<Out> {
  const scratch = Scratch.take();
  try {
    // An error is made here, where its stack tells who waits for it.
    return settle(native, scratch, await queue(() => start(native, inputs, scratch), signal));
  } finally {
    scratch.giveBack();
  }
}

/** As `callAsync`; undefined where there is nothing more. */
export async function nextAsync<Out>(native: Fallible<Out>, inputs: readonly unknown[]): Promise<Out | undefined> {
  const scratch = Scratch.take();
  try {
    const code = await queue(() => start(native, inputs, scratch), undefined);
    return code === DONE ? undefined : settle(native, scratch, code);
  } finally {
    scratch.giveBack();
  }
}

/** Calls a function off the event loop that tells no error: one that lets go of something, and may wait to do so. */
export function letGo(free: { async: (...values: unknown[]) => void }, handle: bigint): Promise<void> {
  const begin = () =>
    new Promise<void>((resolve, reject) => {
      running += 1;
      free.async(handle, (thrown: Error | null, code: number | undefined) => {
        finished();
        if (thrown) reject(thrown);
        else if (code) reject(failed(code));
        else resolve();
      });
    });
  return queue(begin, undefined);
}

/** As the answer of a call that goes on: rejects as soon as the signal is aborted, whatever comes of the call. */
export function unlessAborted<Out>(answer: Promise<Out>, signal: AbortSignal | undefined): Promise<Out> {
  if (!signal) return answer;
  return new Promise<Out>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    const forget = onAbort(signal, abort);
    answer.then(resolve, reject).finally(forget);
  });
}
