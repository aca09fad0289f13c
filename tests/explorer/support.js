// A started server with resources, and a browser that looks at it.
'use strict';

const { after, before } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { run, serve, temporaryFolder } = require('../clients/node/process');

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATIENCE = 30_000;

// The sandbox of Chromium wants another user than root.
const BROWSER = {
  executablePath: process.env.CHROMIUM,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
};

// Makes a resource, as any client does.
async function create(server, target, resource, token) {
  const headers = { 'content-type': 'application/scim+json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(`${server.url}${target}`, { method: 'POST', headers, body: JSON.stringify(resource) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

function user(userName, more) {
  return { schemas: [USER], userName, ...more };
}

// Starts a server and a browser before the tests of a file; `prepare` is given the flags that name the store before the
// server has it, `fill` makes resources. Gives the server, and what opens the page for a test: the test fails if the page
// complains, asks anybody else, or does more than read.
function withPage({ flags = [], prepare = async () => {}, fill = async () => {} }) {
  const server = {};
  let browser;
  const cleanups = [];
  const file = { after: (cleanup) => cleanups.unshift(cleanup) };
  before(async () => {
    const folder = temporaryFolder(file);
    await prepare(['--store', path.join(folder, 'store')]);
    Object.assign(server, await serve(file, folder, '--development', ...flags));
    server.url = `${server.scheme}://${server.address}`;
    await fill();
    browser = await chromium.launch(BROWSER);
  });
  after(async () => {
    await browser?.close();
    const exit = await server.stop?.();
    for (const cleanup of cleanups) await cleanup();
    assert.equal(exit, 0);
  });
  const visit = async (test, { at = '/', allows, ...options } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const mistakes = [];
    page.on('pageerror', (error) => mistakes.push(error.message));
    page.on('console', (message) => {
      // The browser itself notes answers that refuse something.
      const isAllowed = ['Failed to load resource', allows].some((text) => text && message.text().startsWith(text));
      if (message.type() === 'error' && !isAllowed) mistakes.push(message.text());
    });
    page.on('request', (request) => {
      const { origin, pathname } = new URL(request.url());
      const reads = request.method() === 'GET' || (request.method() === 'POST' && pathname.endsWith('/.search'));
      if (!reads || (origin !== server.url && !request.url().startsWith('data:'))) {
        mistakes.push(`${request.method()} ${request.url()}`);
      }
    });
    test.after(async () => {
      await context.close();
      assert.deepEqual(mistakes, []);
    });
    await page.goto(server.url + at);
    return page;
  };
  return { server, visit };
}

// Types a filter and searches; gives the number of results once they are there.
async function search(page, filter) {
  await page.fill('#filter', '');
  await page.locator('#filter').pressSequentially(filter);
  await page.keyboard.press('Escape');
  const answered = page.waitForResponse((answer) => {
    const asked = answer.url().endsWith('/.search') && !answer.url().includes('/explorer/');
    return asked && JSON.parse(answer.request().postData()).filter === filter;
  });
  await page.keyboard.press('Enter');
  await answered;
}

// Waits until a locator's texts are these.
async function shows(locator, texts) {
  await until(async () => assert.deepEqual(await locator.allTextContents(), texts));
}

// Asks again until a check holds, or patience ends.
async function until(check) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

module.exports = { BROWSER, ENTERPRISE, GROUP, USER, create, run, search, shows, until, user, withPage };
