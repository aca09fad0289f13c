// What pages of other servers do in a real browser, to a server that asks for no tokens: nothing.
'use strict';

const http = require('node:http');
const { once } = require('node:events');
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');
const { BROWSER, create, user, withPage } = require('./support');

const { server } = withPage({ fill: () => create(server, '/scim/v2/Users', user('ann')) });

const bulk = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations: [{ method: 'POST', path: '/Users', bulkId: 'a', data: user('eve') }],
};

async function names() {
  const answer = await (await fetch(`${server.url}/scim/v2/Users`)).json();
  return answer.Resources.map((resource) => resource.userName);
}

test('a page of another server writes nothing', async (t) => {
  const other = http.createServer((_, answer) => answer.end('<!doctype html>')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const browser = await chromium.launch(BROWSER);
  t.after(() => browser.close());
  const page = await browser.newPage();
  for (const host of ['127.0.0.1', 'localhost']) {
    await page.goto(`http://${host}:${other.address().port}/`);
    const answered = page.waitForResponse((answer) => answer.url().startsWith(server.url));
    // A body without a type is sent without asking first.
    const asked = [`${server.url}/scim/v2/Bulk`, JSON.stringify(bulk)];
    const sent = page.evaluate(
      ([url, body]) => fetch(url, { method: 'POST', mode: 'no-cors', body: new Blob([body]) }).then(() => true),
      asked,
    );
    assert.equal((await answered).status(), 403, host);
    await sent;
    assert.deepEqual(await names(), ['ann']);
  }
});

test('a name that leads here reads nothing', async (t) => {
  const rules = '--host-resolver-rules=MAP evil.example 127.0.0.1';
  const browser = await chromium.launch({ ...BROWSER, args: [...BROWSER.args, rules] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const { port } = new URL(server.url);
  for (const path of ['/', '/scim/v2/Users', '/explorer/stats', '/metrics']) {
    const answer = await page.goto(`http://evil.example:${port}${path}`);
    assert.equal(answer.status(), 403, path);
    assert.equal((await answer.text()).includes('ann'), false, path);
  }
});
