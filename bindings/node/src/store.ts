// A store: a directory of tenants, open in this process.

import { callAsync, callSync } from './call';
import { Core } from './core';
import { type Hooks, setHooks } from './hooks';
import { type Fallible, native } from './native';
import { type Repositories, setRepositories } from './repositories';
import { Server } from './server';
import { Tenant } from './tenant';
import { json, options, text } from './text';
import type * as it from './types';

/** The name of the tenant that every store has. */
const DEFAULT = 'default';

/**
 * An open store. Close it when it is needed no more: `await store.close()`, or `await using store = await Store.open(…)`.
 *
 * A store is open in one process at a time, unless all of them open it with `share`; `LOCKED` tells who holds it.
 */
export class Store {
  readonly #core: Core;

  private constructor(db: bigint, opts: it.StoreOptions | undefined) {
    this.#core = new Core(db, opts?.share === true);
  }

  /**
   * Opens the store in a directory, and makes it where there is none. `:memory:` is a store in memory.
   *
   * A store whose tenants have profiles that encrypt values, such as `activid`, needs `valueKeys` or `valueKeysFile`.
   * Without its key such a value cannot be read any more, not from a backup either: keep the keys as long as the store.
   */
  static async open(path: string, opts?: it.StoreOptions): Promise<Store> {
    return new Store(await callAsync(native.open, [...text(path, 'path'), ...options(opened(opts))]), opts);
  }

  /** As `open`. */
  static openSync(path: string, opts?: it.StoreOptions): Store {
    return new Store(callSync(native.open, [...text(path, 'path'), ...options(opened(opts))]), opts);
  }

  async #read<Value>(called: Fallible<string>, ...inputs: unknown[]): Promise<Value> {
    return JSON.parse(await this.#core.async(called, inputs)) as Value;
  }

  #readSync<Value>(called: Fallible<string>, ...inputs: unknown[]): Value {
    return JSON.parse(this.#core.readSync(called, inputs)) as Value;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#core.closed;
  }

  /**
   * Closes the store. Calls that run are waited for, change feeds end, later calls fail with `MISUSE`. Closing it twice is
   * closing it once.
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  /** As `close`; `MISUSE` while calls, change feeds, servers, or with hooks a queued import, are under way, or with `share`. */
  closeSync(): void {
    this.#core.closeSync();
  }

  /** Closes the store at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes the store at the end of a `using`. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** Ends every search, iterator, check and wait that runs, in all tenants: they fail with `CANCELLED`. Writes go on. */
  interrupt(): void {
    this.#core.interrupt();
  }

  /** A tenant by its name. Every store has the tenant `default`. */
  tenant(name: string = DEFAULT): Tenant {
    return new Tenant(this.#core, name, 'value');
  }

  /** Makes a tenant, and gives it. `ALREADY_EXISTS`. */
  async createTenant(name: string, opts?: it.TenantOptions): Promise<Tenant> {
    await this.#core.async(native.tenantCreate, [...text(name, 'name'), ...options(opts)]);
    return this.tenant(name);
  }

  /** As `createTenant`. */
  createTenantSync(name: string, opts?: it.TenantOptions): Tenant {
    this.#core.writeSync(native.tenantCreate, [...text(name, 'name'), ...options(opts)]);
    return this.tenant(name);
  }

  /** Gives a tenant other settings. `Tenant.checkProfile` tells what they would refuse. `UNKNOWN_TENANT`. */
  async configureTenant(name: string, opts: it.TenantOptions): Promise<void> {
    await this.#core.async(native.tenantConfigure, [...text(name, 'name'), ...options(opts)]);
  }

  /** As `configureTenant`. */
  configureTenantSync(name: string, opts: it.TenantOptions): void {
    this.#core.writeSync(native.tenantConfigure, [...text(name, 'name'), ...options(opts)]);
  }

  /** Removes a tenant with all that is in it. `UNKNOWN_TENANT`. */
  async dropTenant(name: string): Promise<void> {
    await this.#core.async(native.tenantDrop, text(name, 'name'));
  }

  /** As `dropTenant`. */
  dropTenantSync(name: string): void {
    this.#core.writeSync(native.tenantDrop, text(name, 'name'));
  }

  /** The tenants. */
  async tenants(): Promise<it.TenantInfo[]> {
    return (await this.#read<{ tenants: it.TenantInfo[] }>(native.tenantList)).tenants;
  }

  /** As `tenants`. */
  tenantsSync(): it.TenantInfo[] {
    return this.#readSync<{ tenants: it.TenantInfo[] }>(native.tenantList).tenants;
  }

  /** Whose token this is, in whichever tenant. `UNAUTHENTICATED` if it is nobody's, or has expired. */
  async authenticate(secret: string): Promise<it.Principal> {
    return this.#read(native.authenticate, ...text(secret, 'the secret'));
  }

  /** As `authenticate`. */
  authenticateSync(secret: string): it.Principal {
    return this.#readSync(native.authenticate, ...text(secret, 'the secret'));
  }

  /** Sets the functions that see every write from now on, in place of those before; null: none. */
  setHooks(hooks: Hooks | null): void {
    setHooks(this.#core, hooks);
  }

  /** Sets what the host knows of users elsewhere, in place of what was set before; null: nothing. */
  setRepositories(repositories: Repositories | null): void {
    setRepositories(this.#core, repositories);
  }

  /** Counts, of all tenants. */
  async stats(): Promise<it.Stats> {
    return this.#read(native.stats);
  }

  /** As `stats`. */
  statsSync(): it.Stats {
    return this.#readSync(native.stats);
  }

  /** Reads everything and compares what must agree. What is wrong is in the report. */
  async check(): Promise<it.CheckReport> {
    return this.#read(native.check);
  }

  /** Writes a copy of the store, from one moment, into a directory that must not exist; writers go on. */
  async backup(path: string): Promise<void> {
    await this.#core.async(native.backup, text(path, 'path'));
  }

  /** Makes the store's file as small as it can be, while writers wait. */
  async compact(): Promise<void> {
    await this.#core.async(native.compact, []);
  }

  /**
   * Reads the keys of encrypted values again, those of `valueKeysFile`, and encrypts by the first of them what another one
   * encrypted; gives how many resources were written anew. Others read and write meanwhile. Afterwards only older backups
   * need the other keys. What an error cuts short goes on by the same call. `INVALID_ARGUMENT` if the store was opened
   * without keys.
   */
  async rotateValueKeys(): Promise<number> {
    return (await this.#read<{ rewritten: number }>(native.valueKeysRotate)).rewritten;
  }

  /**
   * Serves the store over HTTP and gRPC, on threads of the library. `NOT_IMPLEMENTED` if the library was built without
   * the server.
   */
  async serve(config: it.ServeConfig = {}): Promise<Server> {
    const server = await this.#core.async(native.serveStart, json(config, 'config'));
    return Server.started(this.#core, server);
  }
}

/** The options, with keys in base64. */
function opened(opts: it.StoreOptions | undefined): it.StoreOptions | undefined {
  if (!Array.isArray(opts?.valueKeys)) return opts;
  const inBase64 = (key: it.ValueKey['key']) => (key instanceof Uint8Array ? Buffer.from(key).toString('base64') : key);
  return { ...opts, valueKeys: opts.valueKeys.map((given) => ({ ...given, key: inBase64(given.key) })) };
}
