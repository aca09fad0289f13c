// The first program of the README, as a reader would run it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';
import { PATCH, user } from './support.mjs';

const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const README = process.env.SCIMDB_README ?? path.join(import.meta.dirname, '..', 'README.md');

test('the example of the README mounts an endpoint that provisions', async (t) => {
  const [, program] = /```js\n([^]*?)```/.exec(fs.readFileSync(README, 'utf8'));
  assert.ok(program.split('\n').filter((line) => line.trim()).length <= 20);
  // Beside the tests, so that it finds the packages.
  const folder = fs.mkdtempSync(path.join(import.meta.dirname, 'readme-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'app.mjs'), program);
  const child = spawn(process.execPath, ['app.mjs'], {
    cwd: folder,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const told = {};
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const [name, value] = line.split(' ');
    told[name] = value;
    if (name === 'port') break;
  }
  const url = `http://127.0.0.1:${told.port}`;
  const call = (method, target, body) =>
    fetch(`${url}/scim/v2${target}`, {
      method,
      headers: { authorization: `Bearer ${told.token}`, 'content-type': 'application/scim+json' },
      body: body && JSON.stringify(body),
    });
  const ann = await call('POST', '/Users', user('ann@example.com', { active: true }));
  assert.equal(ann.status, 201);
  const refused = await call('POST', '/Users', user('bo@elsewhere.example'));
  assert.deepEqual([refused.status, (await refused.json()).scimType], [400, 'invalidValue']);
  const people = await (await fetch(`${url}/people`)).json();
  assert.deepEqual(people.Resources.map(({ userName }) => userName), ['ann@example.com']);

  // The hook lets everything else be: groups, changes, deletions.
  const staff = await call('POST', '/Groups', { schemas: [GROUP], displayName: 'staff' });
  assert.equal(staff.status, 201);
  for (const [type, made, path, value] of [['Users', ann, 'active', false], ['Groups', staff, 'displayName', 'all']]) {
    const { id } = await made.json();
    const change = { schemas: [PATCH], Operations: [{ op: 'replace', path, value }] };
    assert.ok((await call('PATCH', `/${type}/${id}`, change)).ok);
    assert.equal((await call('DELETE', `/${type}/${id}`)).status, 204);
  }
});
