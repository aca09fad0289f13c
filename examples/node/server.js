// A product with people in a table of its own, which identity providers provision by SCIM.
//
//   SCIM_TOKEN=secret node server.js --port 3000 --data data
import { timingSafeEqual } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import express from 'express';
import { Refusal, Store } from 'scimdb';
import { People } from './people.js';

const { values: settings } = parseArgs({
  options: { port: { type: 'string', default: '0' }, data: { type: 'string' }, people: { type: 'string' } },
});
const token = process.env.SCIM_TOKEN;
if (!settings.data || !token) {
  console.error('usage: SCIM_TOKEN=secret node server.js --data DIR [--port PORT] [--people FILE]');
  process.exit(2);
}
await fs.mkdir(settings.data, { recursive: true });
const store = await Store.open(path.join(settings.data, 'scim'));
const tenant = store.tenant();
const people = new People(settings.people ?? path.join(settings.data, 'people.json'));
await people.load();

// Rules of the product, for every write.
store.setHooks({
  beforeWrite({ resourceType, after }) {
    if (resourceType !== 'User' || after === null) return undefined;
    if (!after.userName.endsWith('@example.com')) throw new Refusal('userName must end in @example.com');
    return after.userType === undefined ? { userType: 'Employee' } : undefined;
  },
});

/** What the product wants to know of a user. */
const person = ({ id, userName, displayName = null, active = true }) => ({ id, userName, displayName, active });

/** Brings a user into the table as it is now, or removes it. */
async function refresh(id) {
  try {
    people.put(person(await tenant.get('User', id)));
  } catch (error) {
    if (error.code !== 'NOT_FOUND') throw error;
    people.remove(id);
  }
}

/** Fills the table anew: the change log was trimmed, or an older store was put back. */
async function fill() {
  // Read before the users are: what changes meanwhile is followed once more, which does no harm.
  const { sequence } = await store.stats();
  const all = [];
  for await (const user of tenant.iterate('User')) all.push(person(user));
  people.replace(all);
  await people.save(sequence);
}

/** Follows the store until it is closed. */
async function follow() {
  for (;;) {
    try {
      for await (const { sequence, resourceType, id } of tenant.changes({ since: people.sequence })) {
        if (resourceType === 'User') await refresh(id);
        await people.save(sequence);
      }
      return;
    } catch (error) {
      // What was not followed yet is followed after the next start.
      if (store.closed) return;
      if (error.code !== 'OUT_OF_RANGE') throw error;
      await fill();
    }
  }
}

/** Lets those pass who send the token. */
function authenticate(request, response, next) {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return next();
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error'];
  response.status(401).set('WWW-Authenticate', 'Bearer').type('application/scim+json');
  return response.send(JSON.stringify({ schemas, status: '401', detail: 'a bearer token is needed' }));
}

const app = express();
app.use('/scim/v2', authenticate, tenant.express({ authenticate: false, caller: () => ({ actor: 'identity provider' }) }));
app.get('/people', (_, response) => response.json(people.list()));

const following = follow();
const server = app.listen(Number(settings.port), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(async () => {
    await store.close();
    await following;
  });
  // Whoever keeps a connection busy for longer is cut off.
  setTimeout(() => server.closeAllConnections(), 5_000).unref();
});
