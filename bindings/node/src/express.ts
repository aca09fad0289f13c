// The SCIM endpoint for Express, and for Node's own http server.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { contextOf, type EndpointOptions, MOST_BODY, targetBehind, trimmed } from './endpoint';
import { ScimdbError } from './error';
import type { ScimRequest, ScimResponse } from './types';

/** How an endpoint is mounted in Express. */
export type ExpressOptions = EndpointOptions<IncomingMessage>;
/** What Express and `http.createServer` call. */
export type ExpressHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** What Express adds to a request. */
interface Mounted extends IncomingMessage {
  app?: { get(name: string): unknown };
  baseUrl?: string;
  protocol?: string;
  body?: unknown;
}

interface Endpoint {
  handle(request: ScimRequest): Promise<ScimResponse>;
}

/** Makes a handler. What fails on our side goes to `next`, as in Express; without one it is answered with its status. */
export function expressHandler(tenant: Endpoint, options: ExpressOptions): ExpressHandler {
  return (request, response, next) => {
    respond(tenant, options, request, response).catch((error: unknown) => {
      // Whoever went away gets no answer.
      if (request.destroyed && !request.complete) return;
      if (next) next(error);
      else fail(response, error);
    });
  };
}

async function respond(
  tenant: Endpoint,
  options: ExpressOptions,
  request: Mounted,
  response: ServerResponse,
): Promise<void> {
  const path = options.path ?? '';
  const target = targetBehind(path, request.url ?? '/');
  if (target === null) {
    response.statusCode = 404;
    response.end();
    return;
  }
  const limit = options.maxBodyBytes ?? MOST_BODY;
  const body = await read(request, limit);
  const context = await contextOf(options, request, origin(request) + trimmed((request.baseUrl ?? '') + path));
  const method = request.method ?? 'GET';
  const answer = await tenant.handle({ method, target, headers: raw(request), body, context });
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  // The rest of a body that was too large is not read: the connection is of no more use.
  if (!request.complete) response.setHeader('connection', 'close');
  response.end(answer.body);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = error instanceof ScimdbError && error.status >= 500 ? error.status : 500;
  response.end();
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}

/** The headers as they were sent, all of them. */
function raw({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) pairs.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
  return pairs;
}

/** The scheme and the host that the client asked. Express knows of proxies that are trusted. */
function origin(request: Mounted): string {
  const protocol = request.protocol ?? ((request.socket as TLSSocket).encrypted ? 'https' : 'http');
  const host = forwardedHost(request) ?? request.headers.host;
  return host && /^[\w.:[\]-]+$/.test(host) ? `${protocol}://${host}` : '';
}

/**
 * The host that a trusted proxy was asked for. It is what `request.host` is in Express 5; in Express 4 that has no port, so
 * that the setting is asked here.
 */
function forwardedHost(request: Mounted): string | undefined {
  const trusts = request.app?.get('trust proxy fn') as ((address: string | undefined, hop: number) => boolean) | undefined;
  const forwarded = request.headers['x-forwarded-host'];
  if (typeof forwarded !== 'string' || !trusts?.(request.socket.remoteAddress, 0)) return undefined;
  return forwarded.split(',', 1)[0]!.trim() || undefined;
}

/** Whether a request says that it has a body (RFC 9112 section 6). */
const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Reads a body, or as much of it as shows that it is too large: the store answers that. */
async function read(request: Mounted, limit: number): Promise<Uint8Array | string> {
  if (request.body !== undefined && request.readableDidRead) return parsedBefore(request.body);
  // A stream that was read gives nothing more: it would be waited for until the client gives up.
  if (request.readableDidRead || request.readableEnded || request.destroyed) {
    if (!hasBody(request)) return '';
    throw new Error('the body was read before, and is not in request.body: mount the endpoint before what reads it');
  }
  // What is told to be too large need not be read.
  if (Number(request.headers['content-length'] ?? 0) > limit) return Buffer.alloc(limit + 1);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) end();
    };
    const end = () => {
      request.off('data', take).off('end', end).off('error', reject).off('close', gone);
      request.pause();
      resolve(Buffer.concat(chunks));
    };
    const gone = () => reject(new Error('the client went away'));
    request.on('data', take).on('end', end).on('error', reject).on('close', gone);
  });
}

/** A body that a parser in front of us has read: express.raw, express.text or express.json. */
function parsedBefore(body: unknown): Uint8Array | string {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
}
