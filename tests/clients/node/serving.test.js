// Tokens, health, reflection, deadlines, TLS, and how a server stops.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { protoPath: healthProto } = require('grpc-health-check');
const descriptor = require('protobufjs/ext/descriptor');
const { run, serve, temporaryFolder } = require('./process');
const { BULK, OPTIONS, ROOT, Reading, Scim, USER, assertRefused, unary, user } = require('./scim');
const { withServer } = require('./support');

const client = withServer();
const FILES = {
  'scimdb.v1.ResourceService': 'resource_service.proto',
  'scimdb.v1.SchemaService': 'schema_service.proto',
  'scimdb.v1.AdminService': 'admin_service.proto',
  'scimdb.v1.ProtocolService': 'protocol_service.proto',
};
const SERVICES = Object.keys(FILES);
const INSECURE = grpc.credentials.createInsecure();

// A stub of a service that is not of scimdb, closed after the test.
function stub(test, file, name, address) {
  const services = grpc.loadPackageDefinition(loader.loadSync(file, OPTIONS));
  const Service = name.split('.').reduce((found, part) => found[part], services);
  const made = new Service(address, INSECURE);
  test.after(() => made.close());
  return made;
}

// The descriptors of a symbol's file and of all that it imports, asked for one by one, as one FileDescriptorSet.
async function describe(call, answers, symbol) {
  const files = new Map();
  const waiting = [{ file_containing_symbol: symbol }];
  while (waiting.length > 0) {
    const request = waiting.pop();
    if (files.has(request.file_by_filename)) continue;
    call.write(request);
    const { file_descriptor_response: described, error_response: error } = await answers.next();
    assert.ok(described, error?.error_message);
    for (const bytes of described.file_descriptor_proto) {
      const file = descriptor.FileDescriptorProto.decode(bytes);
      files.set(file.name, file);
      waiting.push(...file.dependency.map((name) => ({ file_by_filename: name })));
    }
  }
  return Buffer.from(descriptor.FileDescriptorSet.encode({ file: [...files.values()] }).finish());
}

function connect(test, address, options) {
  const scim = new Scim(address, options);
  test.after(() => scim.close());
  return scim;
}

test('tokens let in whom they name, and no further', async (t) => {
  const folder = temporaryFolder(t);
  const store = ['--store', path.join(folder, 'store')];
  const secret = async (...args) => (await run('token', 'create', ...args, ...store)).trim();
  const [read, write, admin] = [
    await secret('reader', '--scope', 'read'),
    await secret('writer', '--scope', 'write'),
    await secret('operator', '--scope', 'admin'),
  ];
  await run('tenant', 'create', 'other', ...store);
  const elsewhere = await secret('stranger', '--scope', 'write', '--tenant', 'other');
  const server = await serve(t, folder, '--require-tokens');
  const as = (token, tenant) => connect(t, server.address, { token, tenant });

  for (const token of [undefined, '', 'nonsense', `${admin}x`]) {
    await assertRefused(as(token).search(), 'UNAUTHENTICATED', 'UNAUTHENTICATED');
    await assertRefused(as(token).watch().next(), 'UNAUTHENTICATED', 'UNAUTHENTICATED');
  }
  const ann = await as(write).create(user('ann'));
  assert.deepEqual(await as(read).get(ann.id), ann);
  await assertRefused(as(read).create(user('bob')), 'PERMISSION_DENIED', 'FORBIDDEN');
  await assertRefused(as(read).import([]), 'PERMISSION_DENIED', 'FORBIDDEN');
  await assertRefused(as(write).admin('Stats'), 'PERMISSION_DENIED', 'FORBIDDEN');
  await assertRefused(as(elsewhere).search(), 'PERMISSION_DENIED', 'FORBIDDEN');
  await assertRefused(as(write, 'other').search(), 'PERMISSION_DENIED', 'FORBIDDEN');
  assert.equal((await as(elsewhere, 'other').search()).total_results, '0');

  const watch = as(read).watch({ since: 0 });
  assert.equal((await watch.next()).changes[0].actor, 'writer');
  watch.leave();

  const operator = as(admin);
  const { secret: made } = await operator.admin('CreateToken', {
    name: 'guest', scope: 'SCOPE_READ', lifetime: { seconds: 3600 },
  });
  assert.equal((await as(made).search()).total_results, '1');
  const { tokens } = await operator.admin('ListTokens');
  assert.deepEqual(tokens.map((token) => token.name).sort(), ['guest', 'operator', 'reader', 'writer']);
  await operator.admin('RevokeToken', { name: 'guest' });
  await assertRefused(as(made).search(), 'UNAUTHENTICATED', 'UNAUTHENTICATED');
});

test('TLS', async (t) => {
  const folder = temporaryFolder(t);
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => path.join(folder, name));
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=scimdb test', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', key, '-out', certificate,
  ], { stdio: 'pipe' });
  const server = await serve(t, folder, '--tls-certificate', certificate, '--tls-key', key);
  assert.equal(server.scheme, 'https');
  const address = `localhost:${server.address.split(':').pop()}`;
  const trusting = connect(t, address, { credentials: grpc.credentials.createSsl(fs.readFileSync(certificate)) });
  const ann = await trusting.create(user('ann'));
  const watch = trusting.watch({ since: 0 });
  assert.equal((await watch.next()).changes[0].id, ann.id);
  watch.leave();
  for (const credentials of [INSECURE, grpc.credentials.createSsl()]) {
    await assert.rejects(connect(t, address, { credentials }).search(), { code: grpc.status.UNAVAILABLE });
  }
  assert.equal(await server.stop(), 0);
});

test('a server that stops', async (t) => {
  const folder = temporaryFolder(t);
  const server = await serve(t, folder);
  const scim = connect(t, server.address);
  await scim.create(user('ann'));
  const health = stub(t, healthProto, 'grpc.health.v1.Health', server.address);
  const state = new Reading(health.Watch({ service: 'scimdb.v1.ResourceService' }));
  assert.equal((await state.next()).status, 'SERVING');
  const watch = scim.watch();
  const { sequence } = await watch.next();
  const stream = scim.resources.Import(scim.metadata);
  const events = new Reading(stream);
  stream.write({ settings: {} });
  stream.write({ chunk: Buffer.from(`this is no row\n{"schemas": ["${USER}"], "user`) });
  assert.equal((await events.next()).row_error.row, '1', 'the import is under way');

  server.terminate();
  assert.equal((await state.next()).status, 'NOT_SERVING');
  const { detail } = await assertRefused(watch.next(), 'UNAVAILABLE', 'UNAVAILABLE');
  assert.equal(detail, `the server is stopping: watch again, since ${sequence}`);
  stream.write({ chunk: Buffer.from('Name": "bob"}') });
  stream.end();
  const { report } = (await events.rest()).at(-1);
  assert.deepEqual([report.read, report.created, report.rejected], ['2', '1', '1']);
  assert.equal(await server.exited, 0);

  const again = await serve(t, folder);
  assert.deepEqual(await connect(t, again.address).names('', { sort_by: 'userName' }), ['ann', 'bob']);
  assert.equal(await again.stop(), 0);
});

test('every service is healthy', async (t) => {
  const { address } = await client(t);
  const health = stub(t, healthProto, 'grpc.health.v1.Health', address);
  const check = (service) => unary(health, 'Check', { service }, new grpc.Metadata());
  for (const service of ['', ...SERVICES]) {
    assert.equal((await check(service)).status, 'SERVING', service);
  }
  await assert.rejects(check('scimdb.v1.Nothing'), { code: grpc.status.NOT_FOUND });
});

test('reflection describes every service', async (t) => {
  const { address } = await client(t);
  const reflection = path.dirname(require.resolve('@grpc/reflection/package.json'));
  const file = path.join(reflection, 'build/proto/grpc/reflection/v1/reflection.proto');
  const call = stub(t, file, 'grpc.reflection.v1.ServerReflection', address).ServerReflectionInfo();
  const answers = new Reading(call);
  call.write({ list_services: '' });
  const { list_services_response: listed } = await answers.next();
  const names = listed.service.map((service) => service.name);
  assert.deepEqual(SERVICES.filter((service) => !names.includes(service)), []);
  for (const symbol of SERVICES) {
    const set = await describe(call, answers, symbol);
    const services = loader.loadFileDescriptorSetFromBuffer(set, OPTIONS);
    const includeDirs = [path.join(ROOT, 'proto')];
    const known = loader.loadSync(`scimdb/v1/${FILES[symbol]}`, { ...OPTIONS, includeDirs });
    assert.deepEqual(Object.keys(services[symbol]), Object.keys(known[symbol]));
  }
  call.end();
});

test('a call ends at its deadline', async (t) => {
  const scim = await client(t);
  // Hashing so many passwords takes longer than the client waits.
  const operations = Array.from({ length: 30 }, (_, number) => ({
    method: 'POST', path: '/Users', bulkId: `${number}`, data: user(`user-${number}`, { password: 'correct horse' }),
  }));
  const json = JSON.stringify({ schemas: [BULK], Operations: operations });
  await assert.rejects(scim.call('Bulk', { json }, { deadline: Date.now() + 100 }), {
    code: grpc.status.DEADLINE_EXCEEDED,
  });
  assert.deepEqual(await scim.names('userName eq "nobody"'), []);
});

test('messages have a limit', async (t) => {
  const server = await serve(t, temporaryFolder(t), '--max-message-bytes', '4096');
  const scim = connect(t, server.address);
  await assert.rejects(scim.create(user('ann', { displayName: 'x'.repeat(5000) })), { code: grpc.status.OUT_OF_RANGE });
  for (const name of ['ann', 'bob']) await scim.create(user(name, { displayName: 'x'.repeat(2500) }));
  await assertRefused(scim.search(), 'INVALID_ARGUMENT', 'TOO_MANY');
  assert.deepEqual((await scim.streamList().rest()).map((message) => message.resources.length), [1, 1]);
});
