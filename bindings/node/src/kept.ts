// What the library calls, by the number that it calls with: two callbacks of the process are enough for all stores.

import type { Core } from './core';

let last = 0;

/** Functions of the host, which a store has one set of at a time. */
export class Kept<Functions> {
  readonly #known = new Map<number, Functions>();
  /** The numbers of a store, the last one being what is set: a call that began with another may still ask. */
  readonly #numbers = new WeakMap<Core, number[]>();

  /** What a number stands for. */
  get(number: number): Functions | undefined {
    return this.#known.get(number);
  }

  /** Sets the functions of a store by telling the library their number; null: none. What was set before may still be called. */
  set(core: Core, functions: Functions | null, tell: (number: number) => void): void {
    const number = ++last;
    tell(number);
    if (functions !== null) this.#known.set(number, functions);
    this.#numbers.set(core, [...(this.#numbers.get(core) ?? []), number]);
    this.forgetFormer(core);
  }

  /** Lets go of what was set before, unless a call, or a part of an import that was queued, may have begun with it. */
  forgetFormer(core: Core): void {
    const numbers = this.#numbers.get(core);
    if (numbers === undefined || numbers.length < 2 || core.busy || core.importing) return;
    for (const number of numbers.splice(0, numbers.length - 1)) this.#known.delete(number);
  }

  /** Lets go of what a store had that was closed. */
  forget(core: Core): void {
    for (const number of this.#numbers.get(core) ?? []) this.#known.delete(number);
    this.#numbers.delete(core);
  }
}
