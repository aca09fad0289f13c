// The SCIM endpoint in Express, in Node's own server and in a framework that speaks fetch.
import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { Hono } from 'hono';
import { failure, memory, until, user } from './support.mjs';

/** Listens on a free port until the test is over; gives the URL. */
async function listen(test, handler) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** What asks an endpoint. */
const client = (base, secret) => async (method, target, body, headers) => {
  const response = await fetch(base + target, {
    method,
    headers: {
      ...(secret && { authorization: `Bearer ${secret}` }),
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
};

/** What every way of mounting must do. */
async function exercise(scim, base) {
  const made = await scim('POST', '/Users', user('ann'));
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('content-type')?.split(';')[0], 'application/scim+json');
  assert.equal(made.headers.get('location'), `${base}/Users/${made.body.id}`);
  const found = await scim('GET', '/Users?filter=userName%20eq%20%22ann%22');
  assert.equal(found.body.totalResults, 1);
  const head = await scim('HEAD', `/Users/${made.body.id}`);
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.ok(Number(head.headers.get('content-length')) > 0);
  const fresh = await scim('GET', `/Users/${made.body.id}`, undefined, { 'if-none-match': made.headers.get('etag') });
  assert.equal(fresh.status, 304);
  const missing = await scim('GET', '/Users/a%2Fb');
  assert.deepEqual([missing.status, missing.body.status], [404, '404']);
  assert.equal((await scim('POST', '/Users', '{')).body.scimType, 'invalidSyntax');
  const large = await scim('POST', '/Users', user('x', { displayName: 'x'.repeat(3_000) }));
  assert.deepEqual([large.status, large.body.status], [413, '413']);
  assert.equal((await scim('DELETE', `/Users/${made.body.id}`)).status, 204);
  assert.equal((await scim('GET', '')).status, 200);
}

test('Express mounts it, and callers need a token', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { secret } = await tenant.createToken('idp');
  const { secret: reader } = await tenant.createToken('reader', { scope: 'read' });
  const app = express();
  app.use('/scim/v2', tenant.express({ maxBodyBytes: 2_000 }));
  const base = `${await listen(t, app)}/scim/v2`;
  await exercise(client(base, secret), base);
  const unknown = await client(base)('GET', '/Users');
  assert.deepEqual([unknown.status, unknown.body.status], [401, '401']);
  assert.match(unknown.headers.get('www-authenticate'), /Bearer/);
  assert.equal((await client(base, reader)('POST', '/Users', user('x'))).status, 403);
  const { changes } = await tenant.changesSince(0);
  assert.equal(changes[0].actor, 'idp');
});

test('a body that another parser has read is taken from there', async (t) => {
  const tenant = (await memory(t)).tenant();
  const app = express();
  app.use(express.json({ type: ['application/json', 'application/scim+json'] }));
  app.use('/scim/v2', tenant.express({ authenticate: false }));
  const scim = client(`${await listen(t, app)}/scim/v2`);
  assert.equal((await scim('POST', '/Users', user('ann'))).status, 201);
  assert.equal((await scim('GET', '/Users')).body.totalResults, 1);
});

test('a body that was read and thrown away is an error, not a wait', async (t) => {
  const tenant = (await memory(t)).tenant();
  const errors = [];
  const app = express();
  app.use((request, _response, next) => {
    request.resume().on('end', () => setImmediate(next));
  });
  app.use('/scim/v2', tenant.express({ authenticate: false }));
  app.use((error, _request, response, _next) => {
    errors.push(error.message);
    response.status(500).json({});
  });
  const scim = client(`${await listen(t, app)}/scim/v2`);
  assert.equal((await scim('POST', '/Users', user('ann'))).status, 500);
  assert.match(errors[0], /was read before/);
  assert.equal((await scim('GET', '/Users')).status, 200);
});

test('a proxy that Express trusts tells the scheme and the host', async (t) => {
  const tenant = (await memory(t)).tenant();
  const { id } = await tenant.create('User', user('ann'));
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'id.example:8443, inner' };
  for (const trusted of [true, false]) {
    const app = express();
    app.set('trust proxy', trusted);
    app.use('/scim/v2', tenant.express({ authenticate: false }));
    const url = await listen(t, app);
    const { body } = await client(`${url}/scim/v2`)('GET', `/Users/${id}`, undefined, headers);
    assert.equal(body.meta.location, `${trusted ? 'https://id.example:8443' : url}/scim/v2/Users/${id}`);
  }
});

test('the host may authenticate, and say who calls', async (t) => {
  const tenant = (await memory(t)).tenant();
  await tenant.create('User', user('ann'), { id: 'a' });
  const app = express();
  const caller = async (request) => ({ actor: request.headers['x-user'], subject: 'a', scope: 'write' });
  app.use('/scim', tenant.express({ authenticate: false, base: 'https://id.example/scim', caller }));
  const scim = client(`${await listen(t, app)}/scim`);
  const me = await scim('GET', '/Me', undefined, { 'x-user': 'ann' });
  assert.equal(me.body.meta.location, 'https://id.example/scim/Users/a');
  await scim('POST', '/Users', user('bo'), { 'x-user': 'ann' });
  assert.equal((await tenant.changesSince(0)).changes.at(-1).actor, 'ann');
});

test("Node's own server mounts it at a path", async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { secret } = await tenant.createToken('idp');
  const url = await listen(t, tenant.express({ path: '/scim/v2', maxBodyBytes: 2_000 }));
  await exercise(client(`${url}/scim/v2`, secret), `${url}/scim/v2`);
  assert.equal((await fetch(`${url}/scim/v22/Users`)).status, 404);
  assert.equal((await fetch(`${url}/`)).status, 404);
});

test('a framework that speaks fetch mounts it', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { secret } = await tenant.createToken('idp');
  const app = new Hono();
  const handler = tenant.fetch({ path: '/scim/v2', maxBodyBytes: 2_000 });
  app.all('/scim/v2', (c) => handler(c.req.raw));
  app.all('/scim/v2/*', (c) => handler(c.req.raw));
  const base = 'http://app.example/scim/v2';
  const inProcess = async (method, target, body, headers) => {
    const response = await app.request(base + target, {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
  };
  await exercise(inProcess, base);
  assert.equal((await handler(new Request('http://app.example/else'))).status, 404);
});

test('what fails on our side goes to the error handler', async (t) => {
  const store = await memory(t);
  const errors = [];
  const app = express();
  app.use('/scim/v2', store.tenant().express());
  app.use((error, _request, response, _next) => {
    errors.push(error);
    response.status(503).end();
  });
  const base = `${await listen(t, app)}/scim/v2`;
  const warned = [];
  const warn = t.mock.method(process, 'emitWarning', (warning) => warned.push(warning));
  const plain = await listen(t, store.tenant().express());
  await store.close();
  assert.equal((await fetch(`${base}/Users`)).status, 503);
  failure('MISUSE')(errors[0]);
  assert.equal((await fetch(`${plain}/Users`)).status, 500);
  failure('MISUSE')(warned[0]);
  warn.mock.restore();
});

test('clients that go away, and bodies without an end, are no trouble', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const { secret } = await tenant.createToken('idp');
  const errors = [];
  let begun = 0;
  const app = express();
  app.use((_request, _response, next) => {
    begun += 1;
    next();
  });
  app.use('/scim/v2', tenant.express({ maxBodyBytes: 1_000 }));
  app.use((error, _request, _response, _next) => errors.push(error));
  const url = new URL(await listen(t, app));
  const gone = connect(Number(url.port), url.hostname);
  gone.write('POST /scim/v2/Users HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{');
  await until(() => begun === 1);
  gone.destroy();
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' };
  const endless = send(new URL('/scim/v2/Users', url), { method: 'POST', headers });
  endless.on('error', () => {});
  const writing = setInterval(() => endless.write('x'.repeat(100)), 1);
  const [answer] = await once(endless, 'response');
  clearInterval(writing);
  assert.equal(answer.statusCode, 413);
  assert.equal(answer.headers.connection, 'close');
  endless.destroy();
  assert.deepEqual(errors, []);
});
