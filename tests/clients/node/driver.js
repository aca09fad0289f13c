// Runs the corpus by Node's client of gRPC: `cargo test --test drive -- --grpc node tests/clients/node/driver.js`.
//
// One request a line on standard input, one answer a line on standard output: tests/drive says which. The server is at
// SCIMDB_ADDRESS, and wants the token SCIMDB_TOKEN.
'use strict';

const readline = require('node:readline');
const { Scim, refusal } = require('./scim');

const LIST_RESPONSE = '"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]';
const COUNTS = ['read', 'created', 'replaced', 'skipped', 'rejected'];

const scim = new Scim(process.env.SCIMDB_ADDRESS, { token: process.env.SCIMDB_TOKEN });

// What says which resource type of which tenant; an empty text is none.
const named = ({ tenant, type }) => ({ tenant: tenant ?? '', resource_type: type ?? '' });

// What says which attributes the answer shows.
const shown = ({ options }) => ({ attributes: options.attributes, excluded_attributes: options.excludedAttributes });

// What says which versions a write is for.
const versions = ({ options }) => ({ if_match: options.ifMatch, if_none_match: options.ifNoneMatch });

// A SearchRequest message as gRPC takes it.
function listRequest(asked) {
  const search = JSON.parse(asked.request);
  return {
    ...named(asked),
    filter: search.filter,
    sort_by: search.sortBy,
    sort_order: search.sortOrder === 'descending' ? 'SORT_ORDER_DESCENDING' : 'SORT_ORDER_ASCENDING',
    start_index: search.startIndex,
    count: search.count,
    cursor: search.cursor,
    attributes: search.attributes,
    excluded_attributes: search.excludedAttributes,
  };
}

// The one field of a oneof that an optional field is, or null.
const given = (message, field) => (message[`_${field}`] === undefined ? null : message[field]);

// The requests by name: each takes one, and gives what is under "ok" in its answer.
const operations = {
  hello: () => ({ language: 'Node', version: '0.1.0', kind: 'grpc' }),

  open: () => ({}),

  async tenant_create({ name, options }) {
    const { profile = '' } = options;
    const settings = { profile: typeof profile === 'string' ? profile : JSON.stringify(profile) };
    await scim.admin('CreateTenant', { tenant: name, settings });
    return {};
  },

  async tenant_drop({ name }) {
    await scim.admin('DropTenant', { tenant: name });
    return {};
  },

  async schema_put({ tenant, documents }) {
    await scim.schema('PutSchemas', { tenant, json: JSON.stringify(documents) });
    return {};
  },

  async create(asked) {
    const request = { ...named(asked), ...shown(asked), id: asked.options.id, json: asked.json };
    return { json: (await scim.call('Create', request)).resource.json };
  },

  async get(asked) {
    const request = { ...named(asked), ...shown(asked), id: asked.id, if_none_match: asked.options.ifNoneMatch };
    return { json: (await scim.call('Get', request)).resource.json };
  },

  async replace(asked) {
    const request = { ...named(asked), ...shown(asked), ...versions(asked), id: asked.id, json: asked.json };
    return { json: (await scim.call('Replace', request)).resource.json };
  },

  async patch(asked) {
    const request = { ...named(asked), ...shown(asked), ...versions(asked), id: asked.id, json: asked.json };
    return { json: (await scim.call('Patch', request)).resource.json };
  },

  async delete(asked) {
    await scim.call('Delete', { ...named(asked), ...versions(asked), id: asked.id });
    return {};
  },

  async search(asked) {
    const page = await scim.call('List', listRequest(asked));
    const { resources } = page;
    const members = [LIST_RESPONSE, `"totalResults":${page.total_results}`, `"itemsPerPage":${resources.length}`];
    if (page.start_index !== '0') members.push(`"startIndex":${page.start_index}`);
    for (const [name, cursor] of [['previousCursor', page.previous_cursor], ['nextCursor', page.next_cursor]]) {
      if (cursor !== '') members.push(`"${name}":${JSON.stringify(cursor)}`);
    }
    // The resources as they came: a large integer that is read and written again is another one.
    members.push(`"Resources":[${resources.map(({ json }) => json).join(',')}]`);
    return { json: `{${members.join(',')}}` };
  },

  async iterate(asked) {
    const { start_index, count, cursor, ...request } = listRequest(asked);
    const batches = await scim.streamList(request).rest();
    return { json: batches.flatMap(({ resources }) => resources.map(({ json }) => json)) };
  },

  async explain(asked) {
    const told = await scim.call('Explain', { search: listRequest(asked) });
    const count = (text) => (text === null ? null : Number(text));
    const steps = told.steps.map((step) => ({
      depth: step.depth,
      text: step.text,
      method: step.method,
      estimated: count(given(step, 'estimated')),
      actual: count(given(step, 'actual')),
      micros: Number(step.micros),
    }));
    return { json: JSON.stringify({ steps, total: Number(told.total_results), micros: Number(told.micros) }) };
  },

  async bulk({ tenant, request }) {
    return { json: (await scim.call('Bulk', { tenant, json: request })).json };
  },

  async import({ tenant, options, chunks }) {
    const { resourceType: type, onConflict: conflict = 'fail', restore } = options;
    const settings = { tenant, resource_type: type, on_conflict: `ON_CONFLICT_${conflict.toUpperCase()}`, restore };
    const { rejected, report } = await scim.import(chunks.map((chunk) => Buffer.from(chunk)), settings);
    const rejects = rejected.map(({ row, problem }) => ({
      row: Number(row),
      error: { scimType: given(problem, 'scim_type'), detail: problem.detail, status: problem.status },
    }));
    const counts = Object.fromEntries(COUNTS.map((name) => [name, Number(report[name])]));
    return { json: JSON.stringify({ ...counts, rejects }) };
  },

  async changes({ tenant, since, max }) {
    const watch = scim.watch({ tenant, since, heartbeat: { seconds: 1 } });
    // The first message comes at once, with what there is.
    const first = await watch.next();
    watch.leave();
    const changes = first.changes.slice(0, max).map((change) => ({
      sequence: Number(change.sequence),
      time: instant(change.time),
      actor: given(change, 'actor'),
      correlationId: given(change, 'correlation_id'),
      operation: change.operation.replace('CHANGE_OPERATION_', '').toLowerCase(),
      resourceType: change.resource_type,
      id: change.id,
      attributes: change.attributes,
    }));
    const last = changes.at(-1)?.sequence ?? Number(first.sequence);
    return { json: JSON.stringify({ changes, last }) };
  },

  async token_create({ tenant, name, options }) {
    const { scope = 'write', lifetimeSeconds: seconds, subject } = options;
    const lifetime = seconds === undefined ? undefined : { seconds };
    const request = { tenant, name, scope: `SCOPE_${scope.toUpperCase()}`, lifetime, subject };
    const { secret } = await scim.admin('CreateToken', request);
    return { json: JSON.stringify({ name, secret }) };
  },

  async stats() {
    const { tenants } = await scim.admin('Stats');
    return { json: JSON.stringify({ tenants: tenants.map(({ name }) => ({ name })) }) };
  },
};

// A time as RFC 3339 writes it.
function instant({ seconds, nanos }) {
  const fraction = String(nanos).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

// What a status tells of an error.
function told(error) {
  const { reason, detail, metadata } = refusal(error);
  return {
    code: null,
    name: reason,
    status: Number(metadata.status),
    scimType: metadata.scimType ?? null,
    detail,
    attribute: metadata.attribute ?? null,
    offset: metadata.offset === undefined ? null : Number(metadata.offset),
    retriable: null,
  };
}

async function answer(asked) {
  const operation = operations[asked.op];
  if (operation === undefined) return { unsupported: true };
  try {
    return { ok: await operation(asked) };
  } catch (error) {
    if (error.metadata === undefined) throw error;
    return { error: told(error) };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
  scim.close();
}

main();
