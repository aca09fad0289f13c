// What a store and its tenants share: the handle, and the rules of when a call may block the event loop.

import { callAsync, callSync, letGo, nextAsync, nextSync } from './call';
import { failed, misuse } from './error';
import { hooks } from './hooks';
import { type Fallible, native, simple } from './native';
import { repositories } from './repositories';
import { text } from './text';
import type { Job, TenantInfo } from './types';
import { Wakeups } from './wakeups';

/** Bytes of rows that an iterator gives at a time. */
const PAGE_BYTES = 1 << 18;

/** What a store has of its host. */
const FUNCTIONS = [hooks, repositories];

/** The lines of a page. */
const rows = (page: string | undefined) => page?.slice(0, -1).split('\n');

/** A store's handle, and what is under way with it. */
export class Core {
  /** The store's handle. It is a number that the library looks up: once closed, every call with it is refused. */
  readonly db: bigint;
  readonly wakeups: Wakeups;
  #hooks = false;
  /** Whether there were hooks, which writes that run may have begun with. */
  #hadHooks = false;
  /** Calls off the event loop that have not ended. */
  #running = 0;
  /** Servers that have not been stopped. */
  servers = 0;
  #closed: Promise<void> | null = null;

  /** Whether other processes may be using the store through this one. */
  readonly #shared: boolean;

  constructor(db: bigint, shared: boolean) {
    this.db = db;
    this.#shared = shared;
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

  /** Whether there are hooks from now on. */
  hasHooks(are: boolean): void {
    this.#hadHooks ||= this.#hooks;
    this.#hooks = are;
  }

  /** Whether something runs that may need the event loop to end. */
  get busy(): boolean {
    return this.#running > 0 || this.servers > 0 || this.#shared;
  }

  /** Whether a thread of the library may be writing the users of an import that was queued, and asks hooks about them. */
  get importing(): boolean {
    // Nobody is to look any more.
    if (this.closed) return true;
    try {
      const { tenants } = JSON.parse(this.readSync(native.tenantList, [])) as { tenants: TenantInfo[] };
      return tenants.some(({ name }) => {
        const { jobs } = JSON.parse(this.readSync(native.jobList, text(name, 'tenant').slice())) as { jobs: Job[] };
        return jobs.some(({ finished }) => finished === null);
      });
    } catch {
      // A store that tells nothing may still write.
      return true;
    }
  }

  /** Whether hooks may be called, those that were set before among them. */
  #asksHooks(): boolean {
    this.#hadHooks &&= this.busy || this.importing;
    return this.#hooks || this.#hadHooks;
  }

  /** Refuses what would wait for the event loop on the event loop. */
  mayBlock(): void {
    if (this.#asksHooks()) {
      throw misuse('while hooks are set, a write that blocks the event loop could wait for itself: use the form with await');
    }
  }

  /** Calls off the event loop. */
  async<Out>(called: Fallible<Out>, inputs: readonly unknown[], signal?: AbortSignal): Promise<Out> {
    return this.track(callAsync(called, [this.db, ...inputs], signal));
  }

  /** The next rows of an iterator, so many at most; undefined where there are no more. */
  async next(iterator: bigint, most: number): Promise<string[] | undefined> {
    return rows(await this.track(nextAsync(native.iterNextMany, [iterator, most, PAGE_BYTES])));
  }

  /** As `next`, on this thread. */
  nextSync(iterator: bigint, most: number): string[] | undefined {
    return rows(nextSync(native.iterNextMany, [iterator, most, PAGE_BYTES]));
  }

  /** Counts a call until it is over. */
  async track<Out>(call: Promise<Out>): Promise<Out> {
    this.#running += 1;
    try {
      return await call;
    } finally {
      this.#running -= 1;
      for (const kept of FUNCTIONS) kept.forgetFormer(this);
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
    for (const kept of FUNCTIONS) kept.forget(this);
  }

  /** Closes the store on this thread. */
  closeSync(): void {
    if (this.#closed !== null) return;
    if (this.busy || this.wakeups.open) {
      throw misuse('what is under way (calls, change feeds, servers, other processes) may need the event loop: await close()');
    }
    if (this.#asksHooks() && this.importing) {
      throw misuse('an import that was queued asks hooks, which need the event loop: await close()');
    }
    const code = simple.close(this.db) as number;
    if (code !== 0) throw failed(code);
    this.#closed = Promise.resolve();
    for (const kept of FUNCTIONS) kept.forget(this);
  }
}
