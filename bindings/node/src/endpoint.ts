// The SCIM endpoint without a socket: what web frameworks of all kinds share.

import { callSync } from './call';
import type { Core } from './core';
import { native, type RawAnswer } from './native';
import { ABSENT, bytes, options, type Text, text } from './text';
import type { Context, HeadersInput, ScimRequest, ScimResponse } from './types';

/** Bytes of a request's body at most, unless it is said otherwise. */
export const MOST_BODY = 1 << 20;

/** Who calls an endpoint, and what they may do. */
export type Caller = Pick<Context, 'actor' | 'subject' | 'scope' | 'permissions'>;

/** How an endpoint is mounted. */
export interface EndpointOptions<Request> extends Omit<Context, keyof Caller> {
  /**
   * Whether callers need a bearer token of the tenant. Default true. If it is false, the host has found out before who
   * calls, and tells by `caller`.
   */
  authenticate?: boolean;
  /** Where the endpoint is mounted, if the framework does not tell: `/scim/v2`. */
  path?: string;
  /** Who calls, where the host authenticates: for the change log, for `/Me`, and what they may do. */
  caller?: (request: Request) => Caller | Promise<Caller>;
}

/** What a request is answered with. @internal */
export async function contextOf<Request>(
  mounted: EndpointOptions<Request>,
  request: Request,
  base: string,
): Promise<Context> {
  const { path: _, caller, ...context } = mounted;
  return { authenticate: true, base, ...context, ...(await caller?.(request)) };
}

/** A path without slashes at its end. */
export function trimmed(path: string): string {
  return path.replace(/\/+$/, '');
}

/** What stands behind the path that an endpoint is mounted at; null if it is elsewhere. */
export function targetBehind(path: string, target: string): string | null {
  const mounted = trimmed(path);
  if (!target.startsWith(mounted)) return null;
  const rest = target.slice(mounted.length);
  return rest === '' || rest.startsWith('/') ? rest || '/' : rest.startsWith('?') ? `/${rest}` : null;
}

function pairs(headers: HeadersInput | undefined): (readonly [string, string])[] {
  if (headers === undefined) return [];
  if (Symbol.iterator in headers) return [...(headers as Iterable<readonly [string, string]>)];
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : (typeof value === 'string' ? [value] : value).map((one) => [name, one] as const),
  );
}

function inputs(tenant: Text, request: ScimRequest): unknown[] {
  return [
    ...tenant,
    ...text(request.method, 'method'),
    ...text(request.target, 'target'),
    ...text(JSON.stringify(pairs(request.headers)), 'headers'),
    ...(request.body === undefined ? ABSENT : bytes(request.body)),
    ...options(request.context),
  ];
}

function parsed(answer: RawAnswer): ScimResponse {
  return { ...answer, headers: JSON.parse(answer.headers) as Record<string, string> };
}

/** Answers a request off the event loop. @internal */
export async function answer(core: Core, tenant: Text, request: ScimRequest): Promise<ScimResponse> {
  return parsed(await core.async(native.handle, inputs(tenant, request)));
}

/** Answers a request on this thread. @internal */
export function answerSync(core: Core, tenant: Text, request: ScimRequest): ScimResponse {
  if (!/^(GET|HEAD|OPTIONS)$/.test(request.method)) core.mayBlock();
  return parsed(callSync(native.handle, [core.db, ...inputs(tenant, request)]));
}
