// A tenant of a store: its resources, its schemas, its tokens, its SCIM endpoint.

import { unlessAborted } from './call';
import type { Core } from './core';
import { answer, answerSync, type EndpointOptions } from './endpoint';
import { type ExpressHandler, type ExpressOptions, expressHandler } from './express';
import * as feeds from './feeds';
import { type FetchHandler, type FetchOptions, fetchHandler } from './fetch';
import { type Fallible, native } from './native';
import { ABSENT, json, optional, options, sequence, type Text, text, whole } from './text';
import type * as it from './types';

type Answer<F extends it.Form, Value> = it.Answer<F, Value>;

/**
 * A tenant, by its name. That it exists is found out by the first call.
 *
 * Every method has two forms: one that gives a promise and works on another thread, and one with `Sync` that blocks this
 * one, as a read of a few microseconds may; what takes long has the first alone. Resources and requests go in as values or as JSON text. They come out as
 * values; `tenant.text` has the same methods, which give the JSON text as the store wrote it.
 *
 * All methods fail with a `ScimdbError`. While hooks are set, the `Sync` form of what writes fails with `MISUSE`.
 */
export class Tenant<F extends it.Form = 'value'> {
  /** The name. */
  readonly name: string;
  /** How answers come. */
  readonly form: F;
  readonly #core: Core;
  readonly #name: Text;

  /** @internal */
  constructor(core: Core, name: string, form: F) {
    this.name = name;
    this.form = form;
    this.#core = core;
    this.#name = text(name, 'the name of a tenant');
  }

  /** The same tenant, answering with JSON text. */
  get text(): Tenant<'text'> {
    return new Tenant(this.#core, this.name, 'text');
  }

  #formed<Value>(answer: string): Answer<F, Value> {
    return (this.form === 'text' ? answer : JSON.parse(answer)) as Answer<F, Value>;
  }

  async #read<Value>(called: Fallible<string>, inputs: unknown[], signal?: AbortSignal): Promise<Answer<F, Value>> {
    const answer = this.#core.async(called, [...this.#name, ...inputs], signal);
    return this.#formed<Value>(await unlessAborted(answer, signal));
  }

  async #write<Value>(called: Fallible<string>, inputs: unknown[]): Promise<Answer<F, Value>> {
    return this.#formed<Value>(await this.#core.async(called, [...this.#name, ...inputs]));
  }

  #readSync<Value>(called: Fallible<string>, inputs: unknown[]): Answer<F, Value> {
    return this.#formed<Value>(this.#core.readSync(called, [...this.#name, ...inputs]));
  }

  #writeSync<Value>(called: Fallible<string>, inputs: unknown[]): Answer<F, Value> {
    return this.#formed<Value>(this.#core.writeSync(called, [...this.#name, ...inputs]));
  }

  /**
   * Gets a resource (RFC 7644 section 3.4.1). `NOT_FOUND`; `NOT_MODIFIED` if it still has the version of `ifNoneMatch`.
   */
  async get<R = it.Resource>(type: string, id: string, opts?: it.ReadOptions & it.Abortable): Promise<Answer<F, R>> {
    return this.#read(native.get, place(type, id, options(opts)), opts?.signal);
  }

  /** As `get`. */
  getSync<R = it.Resource>(type: string, id: string, opts?: it.ReadOptions): Answer<F, R> {
    return this.#readSync(native.get, place(type, id, options(opts)));
  }

  /** Creates a resource (RFC 7644 section 3.3), and gives it as it was stored. `UNIQUENESS`, `INVALID_VALUE`, … */
  async create<R = it.Resource>(type: string, resource: it.Message, opts?: it.CreateOptions): Promise<Answer<F, R>> {
    return this.#write(native.create, created(type, resource, opts));
  }

  /** As `create`. */
  createSync<R = it.Resource>(type: string, resource: it.Message, opts?: it.CreateOptions): Answer<F, R> {
    return this.#writeSync(native.create, created(type, resource, opts));
  }

  /**
   * Replaces a resource (RFC 7644 section 3.5.1): what is left out is removed, except what clients may not write.
   * `NOT_FOUND`, `VERSION_MISMATCH`, `MUTABILITY`, …
   */
  async replace<R = it.Resource>(
    type: string,
    id: string,
    resource: it.Message,
    opts?: it.WriteOptions,
  ): Promise<Answer<F, R>> {
    return this.#write(native.replace, place(type, id, json(resource, 'the resource'), options(opts)));
  }

  /** As `replace`. */
  replaceSync<R = it.Resource>(type: string, id: string, resource: it.Message, opts?: it.WriteOptions): Answer<F, R> {
    return this.#writeSync(native.replace, place(type, id, json(resource, 'the resource'), options(opts)));
  }

  /**
   * Changes a resource (RFC 7644 section 3.5.2): all of the operations, or none. `NOT_FOUND`, `VERSION_MISMATCH`,
   * `NO_TARGET`, `INVALID_PATH`, …
   */
  async patch<R = it.Resource>(
    type: string,
    id: string,
    request: it.Message<it.PatchRequest>,
    opts?: it.WriteOptions,
  ): Promise<Answer<F, R>> {
    return this.#write(native.patch, place(type, id, json(request, 'the request'), options(opts)));
  }

  /** As `patch`. */
  patchSync<R = it.Resource>(
    type: string,
    id: string,
    request: it.Message<it.PatchRequest>,
    opts?: it.WriteOptions,
  ): Answer<F, R> {
    return this.#writeSync(native.patch, place(type, id, json(request, 'the request'), options(opts)));
  }

  /**
   * Deletes a resource (RFC 7644 section 3.6). `NOT_FOUND`, `VERSION_MISMATCH`; `IN_USE` while others name it, where the
   * tenant's profile asks for that, unless with `force`.
   */
  async delete(type: string, id: string, opts?: it.DeleteOptions): Promise<void> {
    await this.#core.async(native.delete, [...this.#name, ...place(type, id, options(opts))]);
  }

  /** As `delete`. */
  deleteSync(type: string, id: string, opts?: it.DeleteOptions): void {
    this.#core.writeSync(native.delete, [...this.#name, ...place(type, id, options(opts))]);
  }

  /**
   * Erases the deleted resources of a type that had an externalId, from the change log, from indexes and from the file; gives
   * how many they were. The file is written anew, and everybody else waits for the end of that. `IN_USE` while a resource
   * has the externalId: delete it first; `NOT_FOUND` if none that was deleted had it.
   */
  async forget(type: string, externalId: string, opts?: it.ForgetOptions): Promise<number> {
    const inputs = [...text(type, 'the resource type'), ...text(externalId, 'externalId'), ...options(opts)];
    const told = await this.#core.async(native.forget, [...this.#name, ...inputs]);
    return (JSON.parse(told) as { resources: number }).resources;
  }

  /** Whether it is the password of a resource. It takes tens of milliseconds by design. `NOT_FOUND`. */
  async verifyPassword(type: string, id: string, password: string): Promise<boolean> {
    return this.#core.async(native.verifyPassword, [...this.#name, ...place(type, id, text(password, 'password'))]);
  }

  /** As `verifyPassword`. */
  verifyPasswordSync(type: string, id: string, password: string): boolean {
    return this.#core.readSync(native.verifyPassword, [...this.#name, ...place(type, id, text(password, 'password'))]);
  }

  /**
   * Searches (RFC 7644 section 3.4.3) the resources of a type, or of all types if it is null. `INVALID_FILTER` tells by
   * `offset` where in the filter. With `searchRepositories` it looks in those of `Store.setRepositories` as well.
   */
  async search<R = it.Resource>(
    type: string | null,
    request: it.Message<it.SearchRequest> = {},
    opts?: it.Abortable,
  ): Promise<Answer<F, it.ListResponse<R>>> {
    return this.#read(native.search, searched(type, request), opts?.signal);
  }

  /** As `search`. */
  searchSync<R = it.Resource>(
    type: string | null,
    request: it.Message<it.SearchRequest> = {},
  ): Answer<F, it.ListResponse<R>> {
    return this.#readSync(native.search, searched(type, request));
  }

  /** Carries a search out, and tells how it was answered instead of what was found. */
  async explain(
    type: string | null,
    request: it.Message<it.SearchRequest> = {},
    opts?: it.Abortable,
  ): Promise<Answer<F, object>> {
    return this.#read(native.explain, searched(type, request), opts?.signal);
  }

  /** As `explain`. */
  explainSync(type: string | null, request: it.Message<it.SearchRequest> = {}): Answer<F, object> {
    return this.#readSync(native.explain, searched(type, request));
  }

  /**
   * All resources that a search finds, one by one and without pages, as they were when it began:
   * `for await (const user of tenant.iterate('User', { filter }))`. Leaving the loop early lets go of the snapshot.
   */
  async *iterate<R = it.Resource>(
    type: string | null,
    request: it.Message<it.SearchRequest> = {},
    opts?: it.Abortable,
  ): AsyncGenerator<Answer<F, R>, void, void> {
    for await (const row of feeds.iterate(this.#core, [...this.#name, ...searched(type, request)], opts?.signal)) {
      yield this.#formed<R>(row);
    }
  }

  /** As `iterate`. */
  *iterateSync<R = it.Resource>(
    type: string | null,
    request: it.Message<it.SearchRequest> = {},
  ): Generator<Answer<F, R>, void, void> {
    for (const row of feeds.iterateSync(this.#core, [...this.#name, ...searched(type, request)])) {
      yield this.#formed<R>(row);
    }
  }

  /** Carries out a bulk request (RFC 7644 section 3.7). What becomes of each operation is in the answer. */
  async bulk(request: it.Message<it.BulkRequest>, opts?: it.BulkOptions): Promise<Answer<F, it.BulkResponse>> {
    return this.#write(native.bulk, [...json(request, 'the request'), ...options(opts)]);
  }

  /** As `bulk`. */
  bulkSync(request: it.Message<it.BulkRequest>, opts?: it.BulkOptions): Answer<F, it.BulkResponse> {
    return this.#writeSync(native.bulk, [...json(request, 'the request'), ...options(opts)]);
  }

  /**
   * Imports many resources: NDJSON in chunks that may be cut anywhere, a stream of a file say, or rows as objects. Rows
   * that are not taken are told in the report. If the source fails, so does the import; rows that were committed stay.
   */
  async import(source: it.ImportSource, opts?: it.ImportOptions): Promise<Answer<F, it.ImportReport>> {
    return this.#formed<it.ImportReport>(await feeds.importAll(this.#core, this.#name, source, opts));
  }

  /** As `import`. */
  importSync(
    source: string | Uint8Array | Iterable<string | Uint8Array | object>,
    opts?: it.ImportOptions,
  ): Answer<F, it.ImportReport> {
    return this.#formed<it.ImportReport>(feeds.importAllSync(this.#core, this.#name, source, opts));
  }

  /**
   * Queues an import that the store carries out by itself, and gives its job, as `job` does: users, who become members of a
   * group. The body is a value, or JSON text in chunks that may be cut anywhere, a stream of a file say. All of it is
   * durable at the end, or nothing is there. Imports are carried out in the order in which they came, across restarts, and
   * nobody is imported twice.
   */
  async queueImport(body: it.ImportBodySource, opts?: it.QueueOptions): Promise<Answer<F, it.Job>> {
    const source = isSource(body) ? body : [body];
    return this.#formed<it.Job>(await feeds.importAll(this.#core, this.#name, source, { ...opts, queue: true }));
  }

  /** As `queueImport`. */
  queueImportSync(body: Exclude<it.ImportBodySource, AsyncIterable<unknown>>, opts?: it.QueueOptions): Answer<F, it.Job> {
    const source = typeof body === 'string' || Symbol.iterator in body ? body : [body];
    return this.#formed<it.Job>(feeds.importAllSync(this.#core, this.#name, source, { ...opts, queue: true }));
  }

  /**
   * How far an import is that was queued. Waits up to `waitMs` for its end, without holding a thread, and gives it as it
   * stands then. `NOT_FOUND`.
   */
  async job(correlationId: string, opts: { waitMs?: number } & it.Abortable = {}): Promise<Answer<F, it.Job>> {
    return this.#formed<it.Job>(await feeds.job(this.#core, this.#name, text(correlationId, 'correlationId'), opts));
  }

  /** As `job`, without waiting. */
  jobSync(correlationId: string): Answer<F, it.Job> {
    return this.#readSync(native.jobGet, [...text(correlationId, 'correlationId'), ...ABSENT]);
  }

  /** The imports that were queued, in the order in which they came: the last thousand of those that have ended, and all others. */
  async jobs(): Promise<it.Job[]> {
    return (JSON.parse(await this.#core.async(native.jobList, this.#name)) as { jobs: it.Job[] }).jobs;
  }

  /** As `jobs`. */
  jobsSync(): it.Job[] {
    return (JSON.parse(this.#core.readSync(native.jobList, this.#name)) as { jobs: it.Job[] }).jobs;
  }

  /**
   * The changes after `since`, and then every change as it happens: `for await (const change of tenant.changes({ since }))`.
   * It ends when the store is closed or `return()` is called, and fails when the signal is aborted, each at once. Remember the last `sequence` to go on from
   * there; `OUT_OF_RANGE` says that the log does not reach back so far, and that everything is to be read again.
   */
  changes(opts: { since?: number | bigint } & it.Abortable = {}): AsyncGenerator<it.Change, void, void> {
    return feeds.changes(this.#core, this.#name, opts.since ?? 0, opts.signal);
  }

  /** The changes after `since`, `max` at most, once. If there are none, waits up to `waitMs` for the first. */
  async changesSince(
    since: number | bigint,
    opts: { max?: number; waitMs?: number } & it.Abortable = {},
  ): Promise<Answer<F, it.Changes>> {
    return this.#formed<it.Changes>(await feeds.changesSince(this.#core, this.#name, since, opts));
  }

  /** As `changesSince`, without waiting. */
  changesSinceSync(since: number | bigint, opts: { max?: number } = {}): Answer<F, it.Changes> {
    return this.#readSync(native.changes, [sequence(since, 'since'), whole(opts.max ?? 1_000, 32, 'max'), 0]);
  }

  /** Adds or replaces schemas and resource types: a document, or an array of them. `IN_USE` if resources contradict. */
  async putSchemas(documents: it.Message): Promise<void> {
    await this.#core.async(native.schemaPut, [...this.#name, ...json(documents, 'documents')]);
  }

  /** As `putSchemas`. */
  putSchemasSync(documents: it.Message): void {
    this.#core.writeSync(native.schemaPut, [...this.#name, ...json(documents, 'documents')]);
  }

  /** Removes a schema by its URN, or a resource type by its name. `UNKNOWN_TYPE`, `IN_USE`. */
  async removeSchema(name: string): Promise<void> {
    await this.#core.async(native.schemaRemove, [...this.#name, ...text(name, 'name')]);
  }

  /** As `removeSchema`. */
  removeSchemaSync(name: string): void {
    this.#core.writeSync(native.schemaRemove, [...this.#name, ...text(name, 'name')]);
  }

  /** The schemas and resource types. */
  async schemas(): Promise<Answer<F, it.Schemas>> {
    return this.#read(native.schemaList, []);
  }

  /** As `schemas`. */
  schemasSync(): Answer<F, it.Schemas> {
    return this.#readSync(native.schemaList, []);
  }

  /**
   * Which resources a profile would refuse if they were written as they are: a profile's name or document, as of
   * `Store.createTenant`; the tenant's own, if it is left out. Reads everything, and changes nothing.
   */
  async checkProfile(profile?: string | object): Promise<Answer<F, it.ProfileReport>> {
    return this.#read(native.profileCheck, [...(profile === undefined ? ABSENT : json(profile, 'profile'))]);
  }

  /** Makes a bearer token for clients of the SCIM endpoint. Its secret is told here only. `ALREADY_EXISTS`. */
  async createToken(name: string, opts?: it.TokenOptions): Promise<Answer<F, it.NewToken>> {
    return this.#write(native.tokenCreate, [...text(name, 'name'), ...options(opts)]);
  }

  /** As `createToken`. */
  createTokenSync(name: string, opts?: it.TokenOptions): Answer<F, it.NewToken> {
    return this.#writeSync(native.tokenCreate, [...text(name, 'name'), ...options(opts)]);
  }

  /** Gives a token a new secret; the old one is unknown at once. What the token was made with stays. `NOT_FOUND`. */
  async regenerateToken(name: string): Promise<Answer<F, it.NewToken>> {
    return this.#write(native.tokenRegenerate, text(name, 'name').slice());
  }

  /** As `regenerateToken`. */
  regenerateTokenSync(name: string): Answer<F, it.NewToken> {
    return this.#writeSync(native.tokenRegenerate, text(name, 'name').slice());
  }

  /** Revokes a token. `NOT_FOUND`. */
  async revokeToken(name: string): Promise<void> {
    await this.#core.async(native.tokenRevoke, [...this.#name, ...text(name, 'name')]);
  }

  /** As `revokeToken`. */
  revokeTokenSync(name: string): void {
    this.#core.writeSync(native.tokenRevoke, [...this.#name, ...text(name, 'name')]);
  }

  /** The tokens, without their secrets. */
  async tokens(): Promise<it.Token[]> {
    return listed(await this.#core.async(native.tokenList, this.#name));
  }

  /** As `tokens`. */
  tokensSync(): it.Token[] {
    return listed(this.#core.readSync(native.tokenList, this.#name));
  }

  /**
   * Answers a request of SCIM's protocol (RFC 7644), as the endpoint of a web server does. What is wrong with the request
   * is an answer, too: a status of 4xx or 5xx and an Error message.
   */
  async handle(request: it.ScimRequest): Promise<it.ScimResponse> {
    return answer(this.#core, this.#name, request);
  }

  /** As `handle`. While hooks are set, for GET, HEAD and OPTIONS only. */
  handleSync(request: it.ScimRequest): it.ScimResponse {
    return answerSync(this.#core, this.#name, request);
  }

  /**
   * A handler for Express: `app.use('/scim/v2', tenant.express())`, and for `http.createServer`, with the option `path`.
   * Callers need a token of this tenant, unless `authenticate` is false.
   */
  express(opts: ExpressOptions = {}): ExpressHandler {
    return expressHandler(this, opts);
  }

  /**
   * A handler from `Request` to `Response`, for Hono, Next.js and others: `app.all('/scim/v2/*', (c) => scim(c.req.raw))`.
   * `path` is where it is mounted. Callers need a token of this tenant, unless `authenticate` is false.
   */
  fetch(opts: FetchOptions = {}): FetchHandler {
    return fetchHandler(this, opts);
  }
}

export type { EndpointOptions };

/** Whether it is text, whole or in chunks, rather than a value. */
const isSource = (body: it.ImportBodySource): body is Exclude<it.ImportBodySource, it.ImportBody> =>
  typeof body === 'string' || Symbol.iterator in body || Symbol.asyncIterator in body;

const listed = (answer: string) => (JSON.parse(answer) as { tokens: it.Token[] }).tokens;

function place(type: string, id: string, ...rest: Text[]): unknown[] {
  return [...text(type, 'the resource type'), ...text(id, 'id'), ...rest.flat()];
}

function created(type: string, resource: it.Message, opts: it.CreateOptions | undefined): unknown[] {
  return [...text(type, 'the resource type'), ...json(resource, 'the resource'), ...options(opts)];
}

function searched(type: string | null, request: it.Message): unknown[] {
  return [...optional(type, 'the resource type'), ...json(request, 'the request')];
}
