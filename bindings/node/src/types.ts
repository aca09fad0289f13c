// What goes into the store and what comes out of it.

/** How the answers of a tenant come: as values, or as the JSON text that the store wrote. */
export type Form = 'value' | 'text';
/** An answer in that form. */
export type Answer<F extends Form, Value> = F extends 'text' ? string : Value;
/** A SCIM message, as a value, as JSON text, or as the bytes of one. */
export type Message<Value = object> = Value | string | Uint8Array;

/** A resource (RFC 7643 section 3). */
export interface Resource {
  schemas: string[];
  id: string;
  externalId?: string;
  meta: Meta;
  [attribute: string]: unknown;
}

/** What the store knows of a resource (RFC 7643 section 3.1). */
export interface Meta {
  resourceType: string;
  created: string;
  lastModified: string;
  version: string;
  location: string;
}

/** A search (RFC 7644 section 3.4.3). Its `schemas` may be left out. */
export interface SearchRequest {
  schemas?: string[];
  attributes?: string[];
  excludedAttributes?: string[];
  filter?: string;
  sortBy?: string;
  sortOrder?: 'ascending' | 'descending';
  startIndex?: number;
  count?: number;
  cursor?: string;
  /** Whether the repositories of the host are searched, too: `Store.setRepositories`. */
  searchRepositories?: boolean;
}

/** A page of results (RFC 7644 section 3.4.2). */
export interface ListResponse<R = Resource> {
  schemas: string[];
  totalResults: number;
  itemsPerPage?: number;
  startIndex?: number;
  nextCursor?: string;
  previousCursor?: string;
  Resources?: R[];
}

/** A PATCH (RFC 7644 section 3.5.2). */
export interface PatchRequest {
  schemas: string[];
  Operations: { op: string; path?: string; value?: unknown }[];
}

/** A bulk request (RFC 7644 section 3.7). */
export interface BulkRequest {
  schemas: string[];
  failOnErrors?: number;
  Operations: { method: string; path: string; bulkId?: string; version?: string; data?: object }[];
}

/** What became of a bulk request (RFC 7644 section 3.7). */
export interface BulkResponse {
  schemas: string[];
  Operations: { method: string; location?: string; bulkId?: string; version?: string; status: string; response?: object }[];
}

/** A call that can be given up. What has begun in the store goes on; only its answer is not waited for. */
export interface Abortable {
  signal?: AbortSignal;
}

/** Which attributes are told (RFC 7644 section 3.9), and what locations begin with. */
export interface Projection {
  attributes?: string[];
  excludedAttributes?: string[];
  /** What `meta.location` and `$ref` begin with: `https://example.com/scim/v2`. Without it they are relative. */
  base?: string;
}

/** Options of a read. */
export interface ReadOptions extends Projection {
  /** A version: NOT_MODIFIED if the resource still has it. */
  ifNoneMatch?: string;
  /** The version of the API that the request is of, where the tenant's profile has versions. */
  apiVersion?: number;
}

/** Options of a write of a resource that is there. */
export interface WriteOptions extends Projection {
  /** A version: VERSION_MISMATCH unless the resource has it (RFC 7644 section 3.14). */
  ifMatch?: string;
  ifNoneMatch?: string;
  /** Who writes, for the change log. */
  actor?: string;
  /** The version of the API that the request is of, where the tenant's profile has versions. */
  apiVersion?: number;
}

/** Options of a deletion. */
export interface DeleteOptions extends WriteOptions {
  /** Deletes what others name, too, where the tenant's profile asks for that. Default false. */
  force?: boolean;
}

/** Options of an erasure. */
export interface ForgetOptions {
  /** Who asks for it. */
  actor?: string;
}

/** Options of a creation. */
export interface CreateOptions extends WriteOptions {
  /** The id that the resource gets; otherwise the store makes one. */
  id?: string;
}

/** Options of a bulk request. */
export interface BulkOptions {
  actor?: string;
  base?: string;
  /** The version of the API that all operations are of, where the tenant's profile has versions. */
  apiVersion?: number;
}

/** Options of an import. */
export interface ImportOptions {
  /** The resource type of rows that do not tell theirs. */
  resourceType?: string;
  /** What becomes of a row whose id or unique value is there. Default `fail`: the row is rejected. */
  onConflict?: 'fail' | 'skip' | 'replace';
  /** Keeps `meta` and readOnly attributes: reads what an export wrote. */
  restore?: boolean;
  actor?: string;
}

/** What became of an import. */
export interface ImportReport {
  read: number;
  created: number;
  replaced: number;
  skipped: number;
  rejected: number;
  /** The rows that were rejected: which one, why (an Error message of SCIM), and the row itself. */
  rejects: { row: number; error: object; input: string }[];
}

/** What rows are imported from: NDJSON, cut anywhere, or rows as objects. */
export type ImportSource =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array | object>
  | AsyncIterable<string | Uint8Array | object>;

/** Options of an import that is queued. */
export interface QueueOptions {
  /** The resource type of all users of the import. Default `User`. */
  resourceType?: string;
  actor?: string;
}

/** What an import that is queued consists of. */
export interface ImportBody {
  users: object[];
  /** The id of a group that they become members of. */
  group: { value: string };
  /** Where the tenant's profile has authenticators. */
  authenticatorPolicy?: { value: string };
}

/** The same, as a value, as JSON text, or as JSON text that is cut anywhere. */
export type ImportBodySource = ImportBody | string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** How far an import is that was queued. */
export interface Job {
  correlationId: string;
  status: 'importing' | 'done' | 'failed';
  resourceType: string;
  importSize: number;
  processed: number;
  imported: number;
  alreadyExisted: number;
  failed: number;
  /** The id of the group. */
  group: string;
  actor: string | null;
  created: string;
  /** When it ended; null while it goes on. */
  finished: string | null;
  /** Why it failed as a whole. */
  reason: string | null;
  /** The users that were not imported; not all, if there are many. */
  failures: { row: number; externalId: string | null; detail: string }[];
}

/** Which resources a profile would refuse if they were written as they are. */
export interface ProfileReport {
  profile: string;
  resources: number;
  refused: number;
  counts: { resourceType: string; attribute: string | null; rule: string; count: number }[];
  /** A hundred at most. */
  findings: { resourceType: string; id: string; attribute: string | null; rule: string; detail: string }[];
}

/** What a search asks the repositories of the host. */
export interface RepositoryQuery {
  tenant: string;
  resourceType: string;
  /** The filter as it was sent. */
  filter: string | null;
  /** Resources of the page at most. */
  count: number;
}

/** What was done to a resource. */
export type Operation = 'create' | 'modify' | 'delete';

/** An entry of the change log: no values, only the names of what changed. */
export interface Change {
  /** Its number in the log, and the resource's version. Exact up to 2^53. */
  sequence: number;
  time: string;
  actor: string | null;
  /** That of the queued import that it is a part of. */
  correlationId: string | null;
  operation: Operation;
  resourceType: string;
  id: string;
  attributes: string[];
}

/** Changes, and the number to go on from. */
export interface Changes {
  changes: Change[];
  last: number;
}

/** A write that is about to happen. */
export interface Write {
  operation: Operation;
  tenant: string;
  resourceType: string;
  id: string;
  actor: string | null;
  before: Resource | null;
  after: Resource | null;
}

/** A write that has happened. */
export interface CommittedWrite extends Write {
  sequence: number;
  version: string;
}

/** Schemas and resource types of a tenant (RFC 7643 sections 6 and 7). */
export interface Schemas {
  schemas: object[];
  resourceTypes: object[];
}

/** What a bearer of a token may do. */
export type Scope = 'read' | 'write' | 'admin';

/** Options of a new token. */
export interface TokenOptions {
  /** Default `write`. */
  scope?: Scope;
  /** Default: it never expires. */
  lifetimeSeconds?: number;
  /** The id of the resource that `/Me` is for its bearers. */
  subject?: string;
  /** The permissions of the tenant's profile that its bearers are limited to. None, or an empty array: all that the scope allows. */
  permissions?: string[];
}

/** A new token. The secret is told once. */
export interface NewToken {
  name: string;
  secret: string;
}

/** A token, without its secret. */
export interface Token {
  name: string;
  scope: Scope;
  created: string;
  expires: string | null;
  subject: string | null;
  /** The permissions that it is limited to, if it is. */
  permissions?: string[];
}

/** Whose token it is. */
export interface Principal {
  tenant: string;
  name: string;
  scope: Scope;
  subject: string | null;
  /** The permissions that it is limited to, if it is. */
  permissions?: string[];
}

/** Options of a tenant. */
export interface TenantOptions {
  /** A profile by its name (`strict`, `entra`, `okta`, `activid`, `absorb`, `activtrak`) or a profile document. Default `strict`. */
  profile?: string | object;
}

/** A tenant, by its name, and its profile's name. */
export interface TenantInfo {
  name: string;
  profile: string;
}

/** A key that values are encrypted by. */
export interface ValueKey {
  /** Its name, which is stored beside what it encrypts. */
  id: string;
  /** 32 random bytes, such as `crypto.randomBytes(32)` makes; or base64 of them. */
  key: Uint8Array | string;
}

/** Options of a store. */
export interface StoreOptions {
  /** Bytes of pages kept in memory. Default 64 MiB. */
  cacheBytes?: number;
  /** Whether the store is made where there is none. Default true. */
  create?: boolean;
  /** Resources of a page when a search names no count. Default 100. */
  defaultPage?: number;
  /** Resources of a page at most. Default 1,000. */
  maxPage?: number;
  /** How long a cursor (RFC 9865) is valid. Default 10 minutes. */
  cursorTtlSeconds?: number;
  /** Operations of a bulk request at most. Default 1,000. */
  maxBulkOperations?: number;
  /** Changes kept in the change log of each tenant. Default: all. */
  keepChanges?: number;
  /** Who holds the store, for the error that a second process gets. */
  holder?: string;
  /** Bytes that password hashing may use at one time. Default 76 MiB. */
  hashMemoryBytes?: number;
  /** When and how resources are indexed: docs/INDEX.md. */
  index?: {
    /** Whether there is an index at all. Default true. */
    enabled?: boolean;
    /** Resources of a type in a tenant from which on it has an index. Default 2,000. */
    from?: number;
    recent?: number;
    durableFrom?: number;
    maxRecent?: number;
    mergeAbove?: number;
    maxOpen?: number;
    maxMemory?: number;
    idleSeconds?: number;
  };
  /** Whether several processes may open it: one holds it, the others' calls go to that one. Default false. */
  share?: boolean;
  /**
   * The keys of values that a profile encrypts, the current one first. Keep them apart from the store, and as safely as it:
   * without its key an encrypted value is lost, in backups too.
   */
  valueKeys?: readonly ValueKey[];
  /** The path of a file that has them, as `scimdb keys` makes it; instead of `valueKeys`. */
  valueKeysFile?: string;
}

/** Counts of a store. */
export interface Stats {
  fileBytes: number;
  sequence: number;
  tenants: {
    name: string;
    profile: string;
    resources: Record<string, number>;
    memberships: number;
    changes: number;
    indexes: Record<string, object>;
  }[];
}

/** What a check found; no problems: the store is sound. */
export interface CheckReport {
  resources: number;
  entries: number;
  problems: string[];
}

/** How a server is started: the settings of docs/OPERATIONS.md, in camelCase. */
export interface ServeConfig {
  /** Address and port. Default `127.0.0.1:0`: port 0 takes a free one. */
  address?: string;
  /** Whether callers need a token. */
  requireTokens?: boolean;
  [setting: string]: unknown;
}

/** What is told about a request and its caller, besides the tenant. */
export interface Context {
  /** The URL that targets are relative to, without a slash at the end. */
  base?: string;
  /** Who calls, for the change log. */
  actor?: string;
  /** The id of the resource that `/Me` is (RFC 7644 section 3.11). */
  subject?: string;
  /** What the caller may do. Default `write`. */
  scope?: Scope;
  /** The permissions of the tenant's profile that the caller is limited to. None, or an empty array: all that the scope allows. */
  permissions?: string[];
  /** Whether the store looks at the Authorization header, and answers 401 and 403. */
  authenticate?: boolean;
  /** Bytes of a body at most. Default 1 MiB. */
  maxBodyBytes?: number;
  /** How callers are authenticated, told by the ServiceProviderConfig (RFC 7643 section 5). */
  authenticationSchemes?: object[];
  /** Where people find help, told by the ServiceProviderConfig. */
  documentationUri?: string;
}

/** Headers: an object, pairs, or `Headers`. */
export type HeadersInput =
  | Iterable<readonly [string, string]>
  | Record<string, string | readonly string[] | undefined>;

/** A request of SCIM's protocol. */
export interface ScimRequest {
  method: string;
  /** What stands behind the base, with the query, as it was sent: `/Users?filter=…`. */
  target: string;
  headers?: HeadersInput;
  body?: string | Uint8Array;
  context?: Context;
}

/** An answer of SCIM's protocol. Names of headers are in lower case. */
export interface ScimResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}
