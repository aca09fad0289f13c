// Waiting for changes without a thread: one subscription of the store wakes whoever waits.

import koffi = require('koffi');
import { onAbort } from './abort';
import type { Core } from './core';
import { cancelled } from './error';
import { watchExit } from './exit';
import { callbacks, native, simple } from './native';

/** How long whoever is woken waits at most before it looks by itself. */
const LOOK = 60_000;

/** When something was looked at: what has come since then need not be waited for. */
export interface Moment {
  readonly wakes: number;
  readonly interrupts: number;
}

/** Who is woken, by the number that the library calls with. One callback is enough for the process. */
const known = new Map<number, Wakeups>();
let last = 0;
let callback: bigint | null = null;

function onChange(number: number): void {
  known.get(number)?.wake();
}

/** Wakes the change feeds of a store. */
export class Wakeups {
  readonly #core: Core;
  readonly #number = ++last;
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: unknown) => void }>();
  #users = 0;
  #subscription: Promise<bigint> | null = null;
  #letting: Promise<void> = Promise.resolve();
  #wakes = 0;
  #interrupts = 0;
  #ended = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Now: to be taken before the look that a wait follows. */
  get moment(): Moment {
    return { wakes: this.#wakes, interrupts: this.#interrupts };
  }

  /** Whether the store is being closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether somebody uses it. */
  get open(): boolean {
    return this.#users > 0;
  }

  /** Begins to be woken; `leave` must follow. */
  async join(): Promise<void> {
    this.#users += 1;
    if (this.#users === 1) {
      known.set(this.#number, this);
      watchExit();
      callback ??= koffi.register(onChange, callbacks.onChange);
      this.#subscription = this.#core.async(native.onChange, [callback, this.#number, null]);
    }
    await this.#subscription;
  }

  /** Ends what `join` began. */
  leave(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#subscription === null) return;
    known.delete(this.#number);
    const subscription = this.#subscription;
    this.#subscription = null;
    // It waits for a callback that runs, which the event loop must run: never on this thread.
    this.#letting = subscription.then(
      (handle) => this.#core.free(simple.subscriptionFree, handle),
      // It was told to whoever joined.
      () => undefined,
    );
  }

  /** Waits until something may have changed after that moment, or the time is over. */
  async wait(since: Moment, milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#interrupts !== since.interrupts) throw cancelled();
    if (this.#ended || this.#wakes !== since.wakes) return;
    let waiter: { resolve: () => void; reject: (error: unknown) => void } | undefined;
    let timer: NodeJS.Timeout | undefined;
    let forget: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#waiting.add(waiter);
        // It keeps the process alive, too: somebody waits.
        timer = setTimeout(resolve, Math.min(milliseconds, LOOK));
        forget = onAbort(signal, () => reject(signal?.reason));
      });
    } finally {
      clearTimeout(timer);
      if (waiter) this.#waiting.delete(waiter);
      forget?.();
    }
    if (this.#interrupts !== since.interrupts) throw cancelled();
  }

  /** Something has changed. */
  wake(): void {
    this.#wakes += 1;
    for (const waiter of this.#waiting) waiter.resolve();
  }

  /** Ends every wait with an error. */
  interrupt(): void {
    this.#interrupts += 1;
    for (const waiter of this.#waiting) waiter.reject(cancelled());
  }

  /** Ends every feed: the store is being closed. */
  async end(): Promise<void> {
    this.#ended = true;
    this.wake();
    // Feeds leave when they are next looked at; the subscription need not wait for that.
    const subscription = this.#subscription;
    this.#subscription = null;
    known.delete(this.#number);
    await this.#letting;
    if (subscription === null) return;
    const handle = await subscription.catch(() => null);
    if (handle !== null) await this.#core.free(simple.subscriptionFree, handle);
  }
}
