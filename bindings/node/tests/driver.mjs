// The corpus through this package: one JSON request a line on standard input, one answer a line on standard output.
import readline from 'node:readline';
import { ScimdbError, Store, version } from 'scimdb';

let store = null;

/** The tenant of a request, answering with text. */
const tenant = ({ tenant }) => store.tenant(tenant ?? undefined).text;
/** Options, which may be null. */
const options = ({ options }) => options ?? undefined;
const json = async (text) => ({ json: await text });
const nothing = async (call) => {
  await call;
  return {};
};

const operations = {
  hello: async () => ({ language: 'node', version, kind: 'binding' }),
  open: async (it) => {
    await store?.close();
    store = await Store.open(':memory:', options(it));
    return {};
  },
  tenant_create: (it) => nothing(store.createTenant(it.name, options(it))),
  tenant_drop: (it) => nothing(store.dropTenant(it.name)),
  schema_put: (it) => nothing(tenant(it).putSchemas(it.documents)),
  create: (it) => json(tenant(it).create(it.type, it.json, options(it))),
  get: (it) => json(tenant(it).get(it.type, it.id, options(it))),
  replace: (it) => json(tenant(it).replace(it.type, it.id, it.json, options(it))),
  patch: (it) => json(tenant(it).patch(it.type, it.id, it.json, options(it))),
  delete: (it) => nothing(tenant(it).delete(it.type, it.id, options(it))),
  search: (it) => json(tenant(it).search(it.type, it.request)),
  iterate: async (it) => {
    const rows = [];
    for await (const row of tenant(it).iterate(it.type, it.request)) rows.push(row);
    return { json: rows };
  },
  explain: (it) => json(tenant(it).explain(it.type, it.request)),
  bulk: (it) => json(tenant(it).bulk(it.request, options(it))),
  import: (it) => json(tenant(it).import(it.chunks, options(it))),
  changes: (it) => json(tenant(it).changesSince(BigInt(it.since), { max: it.max, waitMs: it.wait_ms ?? 0 })),
  handle: ({ method, target, headers, body, body_base64: encoded, context, ...it }) =>
    tenant(it).handle({
      method,
      target,
      headers: headers ?? [],
      body: encoded === undefined || encoded === null ? (body ?? '') : Buffer.from(encoded, 'base64'),
      context: context ?? {},
    }),
  token_create: (it) => json(tenant(it).createToken(it.name, options(it))),
  authenticate: async (it) => ({ json: JSON.stringify(await store.authenticate(it.secret)) }),
  stats: async () => ({ json: JSON.stringify(await store.stats()) }),
};

async function answer(request) {
  const operation = operations[request.op];
  if (!operation) return { unsupported: true };
  try {
    return { ok: await operation(request) };
  } catch (error) {
    if (!(error instanceof ScimdbError)) throw error;
    const { errno, code, status, scimType, detail, attribute, offset, retriable } = error;
    return { error: { code: errno, name: code, status, scimType, detail, attribute, offset, retriable } };
  }
}

/** Parses a request. Numbers that JavaScript does not hold exactly stay text: no other than sequence numbers are that large. */
const parse = (line) => JSON.parse(line.replace(/("since":)(\d{16,})/, '$1"$2"'));

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(parse(line)))}\n`);
}
await store?.close();
