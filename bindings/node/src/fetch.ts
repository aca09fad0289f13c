// The SCIM endpoint for frameworks that speak `Request` and `Response`.

import { contextOf, type EndpointOptions, MOST_BODY, targetBehind, trimmed } from './endpoint';
import type { ScimRequest, ScimResponse } from './types';

/** How an endpoint is mounted in such a framework. */
export type FetchOptions = EndpointOptions<Request>;
/** What such a framework calls. */
export type FetchHandler = (request: Request) => Promise<Response>;

interface Endpoint {
  handle(request: ScimRequest): Promise<ScimResponse>;
}

/** Makes a handler. What fails on our side rejects. */
export function fetchHandler(tenant: Endpoint, options: FetchOptions): FetchHandler {
  return async (request) => {
    const path = options.path ?? '';
    const { origin } = new URL(request.url);
    const target = targetBehind(path, request.url.slice(origin.length));
    if (target === null) return new Response(null, { status: 404 });
    const body = await read(request, options.maxBodyBytes ?? MOST_BODY);
    const context = await contextOf(options, request, origin + trimmed(path));
    const { method, headers } = request;
    const answer = await tenant.handle({ method, target, headers, body, context });
    // Answers that have no body must not have an empty one either.
    return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers: answer.headers });
  };
}

/** Reads a body, or as much of it as shows that it is too large: the store answers that. */
async function read(request: Request, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > limit) break;
  }
  return Buffer.concat(chunks);
}
