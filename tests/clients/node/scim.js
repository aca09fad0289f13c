// A client for the tests: calls as promises, and refusals taken apart.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const ROOT = path.resolve(__dirname, '../../..');
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

// There are no generated sources: proto-loader makes the client from the protos when the program starts.
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const FILES = ['resource_service', 'schema_service', 'admin_service'].map((name) => `scimdb/v1/${name}.proto`);
const { v1 } = grpc.loadPackageDefinition(
  loader.loadSync(FILES, { ...OPTIONS, includeDirs: [path.join(ROOT, 'proto')] }),
).scimdb;

const details = protobuf.loadSync(path.join(__dirname, 'error_details.proto'));
const [Status, ErrorInfo, BadRequest, RequestInfo] = ['Status', 'ErrorInfo', 'BadRequest', 'RequestInfo'].map((name) =>
  details.lookupType(`google.rpc.${name}`),
);

// A User as a document.
function user(userName, attributes = {}) {
  return { schemas: [USER], userName, ...attributes };
}

// A unary call as a promise.
function unary(stub, method, request, metadata, options = {}) {
  return new Promise((resolve, reject) => {
    stub[method](request, metadata, options, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

class Scim {
  constructor(address, { tenant = '', token, credentials = grpc.credentials.createInsecure() } = {}) {
    this.address = address;
    this.tenant = tenant;
    this.credentials = credentials;
    this.metadata = new grpc.Metadata();
    if (token !== undefined) this.metadata.set('authorization', `Bearer ${token}`);
    this.resources = new v1.ResourceService(address, credentials);
    this.schemas = new v1.SchemaService(address, credentials);
    this.administration = new v1.AdminService(address, credentials);
  }

  close() {
    for (const stub of [this.resources, this.schemas, this.administration]) stub.close();
  }

  // A call of ResourceService about this client's tenant.
  call(method, fields, options) {
    return unary(this.resources, method, { tenant: this.tenant, ...fields }, this.metadata, options);
  }

  // A call of SchemaService about this client's tenant.
  schema(method, fields = {}) {
    return unary(this.schemas, method, { tenant: this.tenant, ...fields }, this.metadata);
  }

  // A call of AdminService.
  admin(method, fields = {}) {
    return unary(this.administration, method, fields, this.metadata);
  }

  async create(body, fields = {}) {
    const request = { resource_type: 'User', json: JSON.stringify(body), ...fields };
    return (await this.call('Create', request)).resource;
  }

  async get(id, fields = {}) {
    return (await this.call('Get', { resource_type: 'User', id, ...fields })).resource;
  }

  replace(id, body, fields = {}) {
    return this.call('Replace', { resource_type: 'User', id, json: JSON.stringify(body), ...fields });
  }

  patch(id, operations, fields = {}) {
    const json = JSON.stringify({ schemas: [PATCH], Operations: operations });
    return this.call('Patch', { resource_type: 'User', id, json, ...fields });
  }

  delete(id, fields = {}) {
    return this.call('Delete', { resource_type: 'User', id, ...fields });
  }

  search(filter = '', fields = {}) {
    return this.call('List', { resource_type: 'User', filter, ...fields });
  }

  async names(filter, fields) {
    return (await this.search(filter, fields)).resources.map((found) => JSON.parse(found.json).userName);
  }

  streamList(fields = {}) {
    const request = { tenant: this.tenant, resource_type: 'User', ...fields };
    return new Reading(this.resources.StreamList(request, this.metadata));
  }

  watch(fields = {}, options = {}) {
    return new Reading(this.resources.Watch({ tenant: this.tenant, ...fields }, this.metadata, options));
  }

  async bulk(operations, fields = {}) {
    const json = JSON.stringify({ schemas: [BULK], Operations: operations, ...fields });
    return JSON.parse((await this.call('Bulk', { json })).json);
  }

  // Imports chunks; gives the rejected rows and the report.
  async import(chunks, settings = {}) {
    const stream = this.resources.Import(this.metadata);
    stream.write({ settings: { tenant: this.tenant, ...settings } });
    for (const chunk of chunks) stream.write({ chunk });
    stream.end();
    const rejected = [];
    let report;
    for await (const event of stream) {
      if (event.row_error) rejected.push(event.row_error);
      report = event.report;
    }
    return { rejected, report };
  }
}

// A stream that is read message by message, as far as a test wants.
class Reading {
  constructor(stream) {
    this.stream = stream;
    this.messages = stream[Symbol.asyncIterator]();
  }

  // The next message.
  async next() {
    const { value, done } = await this.messages.next();
    assert.ok(!done, 'the stream ended');
    return value;
  }

  // Reads changes until there are so many.
  async changes(count) {
    const told = [];
    while (told.length < count) told.push(...(await this.next()).changes);
    return told;
  }

  // Reads to the end.
  async rest() {
    const told = [];
    for await (const message of this.messages) told.push(message);
    return told;
  }

  // Cancels the call; that the stream ends so is no error.
  leave() {
    this.stream.on('error', () => {});
    this.stream.cancel();
  }
}

// Takes the status of a failed call apart.
function refusal(error) {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  assert.ok(bytes, `no details: ${error.stack}`);
  // grpc-js leaves parts of its own text percent-encoded; the Status has it as the server wrote it.
  const status = Status.decode(bytes);
  const found = { code: error.code, detail: status.message, fields: [] };
  for (const { type_url: url, value } of status.details) {
    const name = url.split('/').pop();
    if (name === 'google.rpc.ErrorInfo') {
      const { reason, domain, metadata } = ErrorInfo.toObject(ErrorInfo.decode(value));
      Object.assign(found, { reason, domain, metadata });
    } else if (name === 'google.rpc.BadRequest') {
      found.fields = BadRequest.decode(value).fieldViolations.map((violation) => violation.field);
    } else if (name === 'google.rpc.RequestInfo') {
      found.requestId = RequestInfo.decode(value).requestId;
    }
  }
  return found;
}

// Awaits a call that must fail, and takes its status apart.
async function refused(promise) {
  const error = await promise.then(
    () => assert.fail('the call succeeded'),
    (error) => error,
  );
  return refusal(error);
}

// What a refusal's code and reason are.
async function assertRefused(promise, code, reason) {
  const refusal = await refused(promise);
  assert.deepEqual([grpc.status[refusal.code], refusal.reason], [code, reason]);
  return refusal;
}

module.exports = { BULK, GROUP, OPTIONS, ROOT, Reading, Scim, USER, assertRefused, refusal, refused, unary, user };
