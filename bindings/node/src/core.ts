// What a store and its tenants share: the handle, and the rules of when a call may block the event loop.

import { callAsync, callSync, letGo, nextAsync, nextSync } from './call';
import { failed, misuse } from './error';
import { Wakeups } from './wakeups';
import { type Fallible, native, simple } from './native';

/** A call that has to be over before the store can be closed on this thread. */
export class Core {
  /** The store's handle. It is a number that the library looks up: once closed, every call with it is refused. */
  readonly db: bigint;
  readonly wakeups: Wakeups;
  /** The number that hooks are known by, if there are any. */
  hooks: number | null = null;
  /** Servers that run, and imports and iterators that are under way, do not count: they are closed with the store. */
  #running = 0;
  servers = 0;
  #closed: Promise<void> | null = null;

  constructor(db: bigint) {
    this.db = db;
    this.wakeups = new Wakeups(this);
  }

  /** Whether the store was closed, or is being closed. */
  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Reads on this thread. */
  readSync<Out>(called: Fallible<Out>, inputs: readonly unknown[]): Out {
    return callSync(called, [this.db, ...inputs]);
  }

  /**
   * Writes on this thread.
   *
   * While there are hooks it must not: writes are one behind the other, the one before may be waiting for its hook, which
   * runs on this thread, and this thread would be waiting for that write.
   */
  writeSync<Out>(called: Fallible<Out>, inputs: readonly unknown[]): Out {
    this.mayBlock();
    return this.readSync(called, inputs);
  }

  /** Refuses what would wait for the event loop on the event loop. */
  mayBlock(): void {
    if (this.hooks !== null) {
      throw misuse('while hooks are set, a write that blocks the event loop could wait for itself: use the form with await');
    }
  }

  /** Calls off the event loop. */
  async<Out>(called: Fallible<Out>, inputs: readonly unknown[], signal?: AbortSignal): Promise<Out> {
    return this.track(callAsync(called, [this.db, ...inputs], signal));
  }

  /** The next row of an iterator. */
  next(iterator: bigint): Promise<string | undefined> {
    return this.track(nextAsync(native.iterNext, [iterator]));
  }

  /** The next row of an iterator, on this thread. */
  nextSync(iterator: bigint): string | undefined {
    return nextSync(native.iterNext, [iterator]);
  }

  /** Counts a call until it is over. */
  async track<Out>(call: Promise<Out>): Promise<Out> {
    this.#running += 1;
    try {
      return await call;
    } finally {
      this.#running -= 1;
    }
  }

  /** Lets go of something that was opened from the store, off the event loop. */
  free(free: { async: (...values: unknown[]) => void }, handle: bigint): Promise<void> {
    return this.track(letGo(free, handle));
  }

  /** Ends what runs. */
  interrupt(): void {
    const code = simple.interrupt(this.db) as number;
    if (code !== 0) throw failed(code);
    this.wakeups.interrupt();
  }

  /** Closes the store once; later calls wait for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.wakeups.end();
    await letGo(simple.close, this.db);
  }

  /** Closes the store on this thread. */
  closeSync(): void {
    if (this.#closed !== null) return;
    if (this.#running > 0 || this.servers > 0 || this.wakeups.open) {
      throw misuse('calls, change feeds or servers are under way, which may need the event loop to end: await close()');
    }
    const code = simple.close(this.db) as number;
    if (code !== 0) throw failed(code);
    this.#closed = Promise.resolve();
  }
}
