/**
 * scimdb: the SQLite of identity. An embedded SCIM 2.0 store (RFC 7643, RFC 7644).
 *
 * @packageDocumentation
 */

import { simple } from './native';

export { type ErrorCode, Refusal, ScimdbError } from './error';
export type { EndpointOptions } from './endpoint';
export type { ExpressHandler, ExpressOptions } from './express';
export type { FetchHandler, FetchOptions } from './fetch';
export type { Hooks } from './hooks';
export { type LogLevel, type LogListener, setLog } from './log';
export type { Repositories } from './repositories';
export type { Server } from './server';
export { Store } from './store';
export type { Tenant } from './tenant';
export type * from './types';

/** The version of the library, `0.1.0` say. */
export const version: string = simple.version() as string;

/** The version of the library's C ABI. */
export const abiVersion: number = simple.abiVersion() as number;
