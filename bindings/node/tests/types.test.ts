// Everything that the package exports, as `tsc --strict` sees it. It is compiled, and not run.
import { createServer } from 'node:http';
import {
  abiVersion,
  type Change,
  type Hooks,
  type Job,
  type ListResponse,
  type LogLevel,
  type ProfileReport,
  Refusal,
  type Repositories,
  type Resource,
  ScimdbError,
  type Server,
  setLog,
  Store,
  type Tenant,
  version,
} from 'scimdb';

interface User extends Resource {
  userName: string;
}

export async function everything(): Promise<void> {
  const versions: [string, number] = [version, abiVersion];
  await setLog((level: LogLevel, text: string) => console.log(level, text, ...versions), 'debug');
  await setLog(null);
  await using store = await Store.open('people', { create: true, share: false, index: { from: 10 } });
  using other: Store = Store.openSync(':memory:', { valueKeys: [{ id: 'k1', key: new Uint8Array(32) }] });
  other.interrupt();
  const hooks: Hooks = {
    beforeWrite({ operation, after }) {
      if (operation === 'create' && !after?.id) throw new Refusal('no id', { status: 409, scimType: 'uniqueness' });
      return { userType: 'Employee' };
    },
    afterCommit: ({ sequence, version: tag }) => console.log(sequence, tag),
    onError: (error) => console.error(error),
  };
  store.setHooks(hooks);
  store.setHooks(null);
  const repositories: Repositories = { search: ({ filter }) => (filter === null ? [] : [{ userName: filter }, '{}']) };
  store.setRepositories(repositories);
  store.setRepositories(null);
  const rewritten: number = await store.rotateValueKeys();

  const tenant: Tenant = await store.createTenant('acme', { profile: 'entra' });
  const ann = await tenant.create<User>('User', { schemas: [], userName: 'ann' }, { actor: 'x', id: 'a' });
  const name: string = ann.userName;
  const plain: Resource = await tenant.get('User', name, { attributes: ['userName'], signal: AbortSignal.timeout(1) });
  const text: string = await tenant.text.get('User', plain.id);
  const page: ListResponse<User> = tenant.searchSync<User>('User', { filter: 'userName pr', sortOrder: 'descending' });
  const raw: string = tenant.text.searchSync(null);
  for await (const user of tenant.iterate<User>('User')) console.log(user.userName);
  for (const user of tenant.text.iterateSync('User')) console.log(user.length);
  await tenant.patch('User', 'a', { schemas: [], Operations: [{ op: 'remove', path: 'title' }] }, { ifMatch: 'W/"1"' });
  await tenant.replace('User', 'a', text);
  await tenant.delete('User', 'a', { force: true, apiVersion: 2 });
  const matches: boolean = await tenant.verifyPassword('User', 'a', raw);
  await tenant.bulk({ schemas: [], Operations: [{ method: 'DELETE', path: '/Users/a' }] }, { apiVersion: 2 });
  const { rejects } = await tenant.import([{ userName: 'x' }], { onConflict: 'replace' });
  console.log(rejects[0]?.input, matches, page.totalResults);
  const job: Job = await tenant.queueImport({ users: [{ userName: 'x' }], group: { value: 'g' } }, { actor: 'hr' });
  const { finished }: Job = await tenant.job(job.correlationId, { waitMs: 10 });
  const again: string = tenant.text.queueImportSync(['{"users":', '[]}']);
  console.log(rewritten, finished, again, (await tenant.jobs()).length, await tenant.forget('User', 'x', { actor: 'hr' }));
  const report: ProfileReport = await tenant.checkProfile('entra');
  const renewed: string = (await tenant.regenerateToken('t')).secret;
  console.log(report.findings[0]?.rule, renewed);
  for await (const change of tenant.changes({ since: 3n })) {
    const { sequence }: Change = change;
    console.log(sequence);
    break;
  }
  const { last } = await tenant.changesSince(0, { max: 1, waitMs: 10 });
  await tenant.putSchemas([{}]);
  await tenant.removeSchema('x');
  const { resourceTypes } = tenant.schemasSync();
  const { secret } = await tenant.createToken('t', { scope: 'read', permissions: ['search'] });
  const { scope, permissions } = await store.authenticate(secret);
  await tenant.revokeToken('t');
  const answer = await tenant.handle({ method: 'GET', target: '/Users', headers: { a: ['b', 'c'] }, context: { scope, permissions: permissions ?? [] } });
  console.log(answer.headers['etag'], last, resourceTypes.length, (await tenant.tokens())[0]?.expires);

  createServer(tenant.express({ path: '/scim/v2', caller: (request) => ({ actor: request.url ?? '' }) }));
  const mounted: (request: Request) => Promise<Response> = tenant.fetch({ authenticate: false });
  console.log(mounted);

  const server: Server = await store.serve({ address: '127.0.0.1:0' });
  console.log(server.url);
  await server.stop(1);
  console.log((await store.tenants())[0]?.profile, (await store.stats()).sequence, (await store.check()).problems);
  await store.configureTenant('acme', { profile: {} });
  await store.backup('copy');
  await store.compact();
  await store.dropTenant('acme');

  // @ts-expect-error an id is text
  await tenant.get('User', 7).catch((error: unknown) => {
    if (error instanceof ScimdbError) console.log(error.code, error.errno, error.offset, error.attribute, error.json);
  });
  // @ts-expect-error text has no attributes
  console.log((await tenant.text.get('User', 'a')).userName);
}
