// Host hooks: on the event loop, within the write.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Refusal } from 'scimdb';
import { BULK, failure, memory, PATCH, until, user } from './support.mjs';

test('a hook refuses, in every way of writing', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  store.setHooks({
    beforeWrite({ after }) {
      if (after?.userName === 'bo') throw new Refusal('no bo here 鈴木');
      if (after?.userName === 'cy') throw new Refusal('cy is late', { status: 409, scimType: 'uniqueness' });
    },
  });
  const refused = failure('INVALID_VALUE', { status: 400, scimType: 'invalidValue', detail: 'no bo here 鈴木' });
  await assert.rejects(tenant.create('User', user('bo')), refused);
  await assert.rejects(tenant.create('User', user('cy')), (error) => error.status === 409 && error.scimType === 'uniqueness');
  const { id } = await tenant.create('User', user('ann'));
  await assert.rejects(tenant.replace('User', id, user('bo')), refused);
  const answer = await tenant.handle({ method: 'POST', target: '/Users', body: JSON.stringify(user('bo')), context: {} });
  assert.deepEqual([answer.status, JSON.parse(answer.body).scimType], [400, 'invalidValue']);
  const operations = [{ method: 'POST', path: '/Users', bulkId: '1', data: user('bo') }];
  assert.equal((await tenant.bulk({ schemas: [BULK], Operations: operations })).Operations[0].status, '400');
  const report = await tenant.import([user('bo'), user('dee')]);
  assert.deepEqual([report.created, report.rejected], [1, 1]);
  assert.equal((await tenant.search('User')).totalResults, 2);
});

test('a hook sees the write, and sets attributes', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const seen = [];
  store.setHooks({
    beforeWrite(write) {
      seen.push(write);
      return write.operation === 'create' ? { userType: 'Employee', title: null } : undefined;
    },
  });
  const ann = await tenant.create('User', user('ann', { title: 'Dr' }), { actor: 'test' });
  assert.deepEqual([ann.userType, ann.title], ['Employee', undefined]);
  await tenant.patch('User', ann.id, { schemas: [PATCH], Operations: [{ op: 'replace', path: 'title', value: 'Dr' }] });
  await tenant.delete('User', ann.id);
  assert.deepEqual(seen.map(({ operation }) => operation), ['create', 'modify', 'delete']);
  const [create, modify, remove] = seen;
  assert.deepEqual([create.tenant, create.resourceType, create.actor, create.before], ['default', 'User', 'test', null]);
  assert.deepEqual([create.after.userName, modify.before.userName, modify.after.title], ['ann', 'ann', 'Dr']);
  assert.deepEqual([remove.id, remove.after], [ann.id, null]);
});

test('a hook reads what was before, and is told of what was committed', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const counts = [];
  const committed = [];
  store.setHooks({
    beforeWrite() {
      counts.push(tenant.searchSync('User', { count: 0 }).totalResults);
    },
    afterCommit(write) {
      committed.push([write.sequence, tenant.getSync('User', write.id).userName]);
    },
  });
  await tenant.create('User', user('ann'));
  await tenant.create('User', user('bo'));
  await until(() => committed.length === 2);
  assert.deepEqual(counts, [0, 1]);
  assert.deepEqual(committed.map(([, name]) => name), ['ann', 'bo']);
  assert.ok(committed[1][0] > committed[0][0]);
});

test('while hooks are set, a write that blocks the event loop is refused at once', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const misuse = failure('MISUSE');
  const within = [];
  store.setHooks({
    beforeWrite() {
      try {
        tenant.createSync('User', user('within'));
      } catch (error) {
        within.push(error);
      }
    },
  });
  const writing = tenant.create('User', user('ann'));
  assert.throws(() => tenant.createSync('User', user('bo')), misuse);
  assert.throws(() => tenant.importSync([user('bo')]), misuse);
  assert.throws(() => tenant.createTokenSync('t'), misuse);
  assert.throws(() => tenant.handleSync({ method: 'POST', target: '/Users', body: '{}' }), misuse);
  assert.equal(tenant.handleSync({ method: 'GET', target: '/Users', context: {} }).status, 200);
  await writing;
  misuse(within[0]);
  // A write that runs may have begun with the hooks.
  const last = tenant.create('User', user('cy'));
  store.setHooks(null);
  assert.throws(() => tenant.createSync('User', user('bo')), misuse);
  await last;
  assert.equal(tenant.createSync('User', user('bo')).userName, 'bo');
});

test('a hook that fails refuses the write, and is told', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  const errors = [];
  const onError = (error) => errors.push(error);
  const fails = (detail) => (error) => error.status === 500 && !error.detail.includes(detail);
  const bug = new TypeError('secret detail');
  store.setHooks({
    beforeWrite() {
      throw bug;
    },
    onError,
  });
  await assert.rejects(tenant.create('User', user('ann')), fails('secret'));
  store.setHooks({ beforeWrite: async () => undefined, onError });
  await assert.rejects(tenant.create('User', user('ann')), fails('promise'));
  store.setHooks({ beforeWrite: () => 7, onError });
  await assert.rejects(tenant.create('User', user('ann')), fails('number'));
  store.setHooks({
    beforeWrite: () => ({ noSuchAttribute: 1 }),
    onError,
  });
  await assert.rejects(tenant.create('User', user('ann')));
  store.setHooks({
    afterCommit() {
      throw bug;
    },
    onError,
  });
  assert.equal((await tenant.create('User', user('ann'))).userName, 'ann');
  await until(() => errors.at(-1) === bug);
  assert.equal(errors[0], bug);
  assert.ok(errors[1] instanceof TypeError && errors[2] instanceof TypeError);
});

test('many writes at once wait for their hooks, and the last hooks count', async (t) => {
  const store = await memory(t);
  const tenant = store.tenant();
  store.setHooks({ beforeWrite: () => ({ title: 'old' }) });
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const made = await Promise.all(numbers.map((number) => tenant.create('User', user(`user-${number}`))));
  assert.ok(made.every(({ title }) => title === 'old'));
  store.setHooks({ beforeWrite: () => ({ title: 'new' }) });
  assert.equal((await tenant.create('User', user('ann'))).title, 'new');
});

test('a process that ends in the middle of hooked writes ends, and tells why', async () => {
  const script = `
    const { Store } = require('scimdb');
    (async () => {
      const store = await Store.open(':memory:');
      let calls = 0;
      const end = () => {
        if (process.argv[1] === 'exit') process.exit(7);
        setImmediate(() => { throw new Error('the end'); });
      };
      store.setHooks({ beforeWrite() { if (++calls === 5) end(); } });
      process.on('exit', (code) => console.log('exit', code));
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
      for (let n = 0; n < 500; n += 1) store.tenant().create('User', { schemas, userName: 'u' + n });
    })();`;
  const run = (how) =>
    promisify(execFile)(process.execPath, ['-e', script, how], { cwd: import.meta.dirname, timeout: 60_000 }).catch((it) => it);
  const exited = await run('exit');
  assert.deepEqual([exited.code, exited.killed, exited.stdout], [7, false, 'exit 7\n']);
  const thrown = await run('throw');
  assert.deepEqual([thrown.code, thrown.killed, thrown.stdout], [1, false, 'exit 1\n']);
  assert.match(thrown.stderr, /Error: the end/);
});

test('hooks that were replaced are let go of', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const store = await memory(t);
  const former = (() => {
    const hooks = { beforeWrite() {} };
    store.setHooks(hooks);
    return new WeakRef(hooks);
  })();
  await store.tenant().create('User', user('ann'));
  store.setHooks({ afterCommit() {} });
  await until(() => {
    collect();
    return former.deref() === undefined;
  });
});
