// Repositories of the host, which searches ask: on the event loop, within the search.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Refusal } from 'scimdb';
import { failure, memory, until } from './support.mjs';

const FILTER = 'groups.value eq USG_FTEMP and usertype eq LDAP';
const SEARCH = { filter: FILTER, count: 7, searchRepositories: true };

/** A user of a directory elsewhere. */
const known = (name) => ({ externalId: name, userName: name, userType: 'LDAP', groups: [{ value: 'USG_FTEMP' }] });

/** A tenant whose profile has repositories. */
async function acme(store) {
  const tenant = await store.createTenant('acme', { profile: 'activid' });
  await tenant.create('Group', { id: 'USG_FTEMP', displayName: 'Full Time Employees' });
  return tenant;
}

test('what repositories have is found', async (t) => {
  const store = await memory(t);
  const tenant = await acme(store);
  const asked = [];
  store.setRepositories({
    *search(query) {
      asked.push(query);
      yield known('ann');
      // The store can be read meanwhile; and more than was asked for does no harm.
      assert.equal(tenant.searchSync('Group').totalResults, 1);
      yield JSON.stringify({ ...known('bob'), groups: [] });
    },
  });
  const names = ({ Resources }) => Resources.map(({ externalId }) => externalId);
  assert.deepEqual(names(await tenant.search('User', SEARCH)), ['ann']);
  assert.deepEqual(names(tenant.searchSync('User', SEARCH)), ['ann']);
  const query = { tenant: 'acme', resourceType: 'User', filter: FILTER, count: 7 };
  assert.deepEqual(asked, [query, query]);
  const body = JSON.stringify({ filter: FILTER, searchRepositories: true });
  const answer = await tenant.handle({ method: 'POST', target: '/Users/.search', body });
  assert.equal(JSON.parse(answer.body).totalResults, 1);
  // They are not asked for what does not mean them.
  await tenant.search('User');
  assert.equal(asked.length, 3);
  const searches = Array.from({ length: 100 }, () => tenant.search('User', SEARCH));
  assert.ok((await Promise.all(searches)).every(({ totalResults }) => totalResults === 1));
  store.setRepositories(null);
  assert.equal((await tenant.search('User', SEARCH)).totalResults, 0);
});

test('repositories refuse a search, and fail it', async (t) => {
  const store = await memory(t);
  const tenant = await acme(store);
  store.setRepositories({
    search() {
      throw new Refusal('the directory is being moved 鈴木', { status: 503 });
    },
  });
  const moved = failure('UNAVAILABLE', { status: 503, detail: 'the directory is being moved 鈴木' });
  await assert.rejects(tenant.search('User', SEARCH), moved);
  assert.throws(() => tenant.searchSync('User', SEARCH), moved);

  const errors = [];
  const onError = (error) => errors.push(error);
  const bug = new TypeError('secret detail');
  const searches = [
    function* () {
      yield known('ann');
      throw bug;
    },
    async () => [known('ann')],
    () => 7,
    () => [7],
    () => ['no resource'],
    () => [{ active: 'maybe' }],
  ];
  for (const search of searches) {
    store.setRepositories({ search, onError });
    await assert.rejects(tenant.search('User', SEARCH), (error) => error.status === 500 && !error.detail.includes('secret'));
    const body = JSON.stringify(SEARCH);
    assert.equal((await tenant.handle({ method: 'POST', target: '/Users/.search', body })).status, 500);
  }
  // What only the library finds wrong, only the error tells.
  assert.equal(errors.length, 8);
  assert.ok(errors[0] === bug && errors.every((error) => error instanceof TypeError));
});

test('repositories that were replaced are let go of', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const store = await memory(t);
  const former = (() => {
    const repositories = { search: () => [] };
    store.setRepositories(repositories);
    return new WeakRef(repositories);
  })();
  store.setRepositories({ search: () => [known('ann')] });
  await until(() => {
    collect();
    return former.deref() === undefined;
  });
});
