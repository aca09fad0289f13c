// Who sees what: tokens and tenants; and that the page is for every eye and every screen.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { create, run, shows, until, user, withPage } = require('./support');

const tokens = {};

const { server, visit } = withPage({
  flags: ['--require-tokens'],
  prepare: async (store) => {
    const token = async (...args) => (await run('token', 'create', ...args, ...store)).trim();
    tokens.operator = await token('operator', '--scope', 'admin');
    await run('tenant', 'create', 'acme', ...store);
    await run('tenant', 'create', 'empty', ...store);
    tokens.reader = await token('reader', '--scope', 'read', '--tenant', 'acme');
  },
  fill: async () => {
    await create(server, '/scim/v2/Users', user('ann'), tokens.operator);
    await create(server, '/scim/acme/v2/Users', user('zoe'), tokens.operator);
  },
});

const firstCells = (page) => page.locator('#results tbody tr td:first-child');

async function giveToken(page, token) {
  await page.locator('#token-dialog').waitFor();
  await page.fill('#token-value', token);
  await page.keyboard.press('Enter');
}

test('a server that wants a token is given one, which is kept in memory only', async (t) => {
  const page = await visit(t);
  await giveToken(page, 'nonsense');
  await page.locator('#token-dialog', { hasText: 'does not take this token' }).waitFor();
  await giveToken(page, tokens.operator);
  await shows(firstCells(page), ['ann']);
  await until(async () => assert.equal(await page.locator('#problem').isVisible(), false));
  assert.equal(await page.locator('#token').getAttribute('aria-pressed'), 'true');
  await shows(page.locator('#tenant option'), ['acme', 'default', 'empty']);
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
  );
  assert.equal(kept.includes(tokens.operator), false);
  assert.equal(await page.inputValue('#token-value'), '');
  await page.reload();
  await page.locator('#token-dialog').waitFor();
});

test('tenants are changed, and an empty one says how to begin', async (t) => {
  const page = await visit(t);
  await giveToken(page, tokens.operator);
  await shows(firstCells(page), ['ann']);
  await page.selectOption('#tenant', 'acme');
  await shows(firstCells(page), ['zoe']);
  assert.equal(await page.locator('[data-type="User"] .count').textContent(), '1');
  await page.selectOption('#tenant', 'empty');
  await page.locator('.empty', { hasText: '/scim/empty/v2/Users' }).waitFor();
  assert.match(page.url(), /tenant=empty/);
});

test('the token of one tenant shows that tenant', async (t) => {
  const page = await visit(t, { at: '/#tenant=acme' });
  await giveToken(page, tokens.reader);
  await shows(firstCells(page), ['zoe']);
  assert.equal(await page.locator('#tenant').isVisible(), false);
  assert.equal(await page.inputValue('#tenant-name'), 'acme');
  assert.equal(await page.locator('[data-type="User"] .count').textContent(), '1');
  await page.fill('#tenant-name', 'default');
  await page.keyboard.press('Enter');
  await page.locator('#problem', { hasText: 'another tenant' }).waitFor();
});

// The contrast of a text with what is behind it, as WCAG 2.2 counts it. It runs in the page.
function contrasts(selectors) {
  const parse = (colour) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([red, green, blue]) => {
    const linear = [red, green, blue]
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  return selectors.map((selector) => {
    const element = document.querySelector(selector);
    const [one, other] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    return [selector, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
  });
}

for (const colorScheme of ['light', 'dark']) {
  test(`every text can be read in ${colorScheme} colours`, async (t) => {
    const page = await visit(t, { colorScheme });
    await giveToken(page, tokens.operator);
    await shows(firstCells(page), ['ann']);
    await page.locator('#results tbody tr').first().click();
    await page.locator('#drawer pre .key').first().waitFor();
    const selectors = [
      '.brand span',
      '.tenant',
      '.tag',
      '.pulse',
      '.stats dt',
      '.stats dd',
      '.hints',
      '#run',
      '.types .name',
      '.types .count',
      '.chips > span',
      '.chips .attribute',
      '.chips .operator',
      '.chips .string',
      '.found span',
      '.fast',
      'th button',
      '#results tr td',
      '.time',
      '#range',
      '.drawer header p',
      '.json .key',
      '.json .text',
      '.acts .button',
    ];
    for (const [selector, contrast] of await page.evaluate(contrasts, selectors))
      assert.ok(contrast >= 4.5, `${selector}: ${contrast}`);
    const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.click('#theme');
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), before);
  });
}

test('on a small screen nothing is wider than the screen', async (t) => {
  const page = await visit(t, { viewport: { width: 390, height: 780 } });
  await giveToken(page, tokens.operator);
  await shows(firstCells(page), ['ann']);
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('body > *, .main > *, .tools > *, .top > *, .pages > *')]
      .filter((element) => element.getBoundingClientRect().right > 390.5)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(wide, []);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  assert.equal(await page.locator('[data-type="Group"]').isVisible(), true);
  await page.locator('#results tbody tr').first().click();
  await page.locator('#drawer pre .key').first().waitFor();
  assert.equal(await page.locator('#drawer').evaluate((drawer) => drawer.getBoundingClientRect().width), 390);
});
