// Makes the pictures of docs/EXPLORER.md: the page over the demo's people.
'use strict';

const path = require('node:path');
const { chromium } = require('playwright-core');
const { serve, temporaryFolder } = require('../clients/node/process');
const { BROWSER, run, search } = require('./support');

const DOCS = path.join(__dirname, '../../docs');
const FILTER = 'emails[type eq "work" and value ew "@corp.example.com"] and not (title sw "Vice")';
// What is asked before the picture is taken: indexes are open then, as they are when somebody works with the page.
const BEFORE = [
  'userName sw "a"',
  'displayName co "son"',
  'title pr',
  'emails.value ew "@example.com"',
  'active eq false',
];

async function main() {
  const cleanups = [];
  const task = { after: (cleanup) => cleanups.unshift(cleanup) };
  const folder = temporaryFolder(task);
  const store = ['--store', path.join(folder, 'store')];
  try {
    await run('demo', '--users', '20000', ...store);
    for (const tenant of ['acme', 'contoso']) await run('tenant', 'create', tenant, ...store);
    const server = await serve(task, folder, '--development');
    const browser = await chromium.launch(BROWSER);
    cleanups.unshift(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1480, height: 900 }, deviceScaleFactor: 2 });
    await page.goto(`${server.scheme}://${server.address}/#columns=userName,displayName,title,active`);
    await page.locator('#results tbody tr').first().waitFor();
    for (const filter of [...BEFORE, ...BEFORE, FILTER]) await search(page, filter);
    await page.keyboard.press('Alt+e');
    // Typing keeps the browser busy, and other work the machine; the page shows how long searches take without either.
    for (let at = 0; at < 60; at += 1) {
      const explained = page.waitForResponse(/explain.*\.search$/);
      await page.click('#run');
      await explained;
      await page.waitForTimeout(150);
      const [, millis] = /([\d.]+) ms round trip/.exec(await page.locator('#found').textContent()) ?? [];
      if (at >= 12 && Number(millis) < 8) break;
    }
    await page.locator('.state.ready').waitFor();
    await page.locator('#steps tfoot').waitFor();
    await page.locator('#results tbody tr').nth(2).click();
    await page.locator('#drawer pre .key').first().waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(DOCS, 'explorer.png') });

    await page.emulateMedia({ colorScheme: 'dark' });
    await page.keyboard.press('Escape');
    await page.click('#explain');
    await page.setViewportSize({ width: 1480, height: 600 });
    await search(page, 'active eq true and titel sw "Senior"');
    await page.locator('#problem .caret').waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(DOCS, 'explorer-error.png') });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

main();
