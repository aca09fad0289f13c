// A server of the library's own, in this process.

import { callAsync } from './call';
import type { Core } from './core';
import { native } from './native';
import { whole } from './text';

/** How long requests may take that run when a server is stopped. */
const DRAIN = 10_000;

/** A server that `Store.serve` started. Stop it before the store is closed. */
export class Server {
  /** Where it is reached: `http://127.0.0.1:7644`. */
  readonly url: string;
  readonly #core: Core;
  readonly #server: bigint;
  #stopped: Promise<void> | null = null;

  private constructor(core: Core, server: bigint, url: string) {
    this.#core = core;
    this.#server = server;
    this.url = url;
  }

  /** @internal */
  static async started(core: Core, server: bigint): Promise<Server> {
    core.servers += 1;
    return new Server(core, server, await core.track(callAsync(native.serveUrl, [server])));
  }

  /** Stops it: takes no more requests, and waits so many milliseconds for those that run; 10 seconds, unless it is said. */
  stop(drainMs: number = DRAIN): Promise<void> {
    this.#stopped ??= this.#stop(drainMs);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<void> {
    try {
      await this.#core.track(callAsync(native.serveStop, [this.#server, whole(drainMs, 32, 'drainMs')]));
    } finally {
      this.#core.servers -= 1;
    }
  }

  /** Stops it at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
