// The explorer as people use it: filters with completion, errors, results, resources, explanations.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { ENTERPRISE, GROUP, USER, create, search, shows, until, user, withPage } = require('./support');

const NAMES = ['ann', 'bea', 'cem', 'dan', 'eve'];
const HOSTILE = '<script>window.owned=1</script><img src=x onerror="window.owned=2">"\'&lt;b&gt;';
const made = {};

const { server, visit } = withPage({ fill });

async function fill() {
  for (const [at, name] of NAMES.entries()) {
    made[name] = await create(
      server,
      '/scim/v2/Users',
      user(name, {
        schemas: [USER, ENTERPRISE],
        displayName: `${name.toUpperCase()} Example`,
        active: at % 2 === 0,
        emails: [
          { value: `${name}@work.example.com`, type: 'work', primary: true },
          { value: `${name}@home.example.com`, type: 'home' },
        ],
        [ENTERPRISE]: { department: at < 2 ? 'Research' : 'Sales' },
      }),
    );
  }
  const members = [made.ann, made.bea].map(({ id }) => ({ value: id }));
  made.group = await create(server, '/scim/v2/Groups', { schemas: [GROUP], displayName: 'Readers', members });
}

const rows = (page) => page.locator('#results tbody tr');
const firstCells = (page) => page.locator('#results tbody tr td:first-child');
const choices = (page) => page.locator('#choices .label');

test('a filter is completed by keys alone, and finds rows', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  const filter = page.locator('#filter');
  assert.equal(await filter.evaluate((element) => element === document.activeElement), true);
  await page.keyboard.type('userN');
  await shows(choices(page), ['userName']);
  assert.equal(await filter.getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('Tab');
  assert.equal(await filter.inputValue(), 'userName ');
  await page.keyboard.type('s');
  await shows(choices(page), ['sw']);
  await page.keyboard.press('Tab');
  assert.equal(await filter.inputValue(), 'userName sw ""');
  await page.keyboard.type('be');
  await page.keyboard.press('Enter');
  await shows(firstCells(page), ['bea']);
  assert.equal(await page.locator('#total').textContent(), '1');
  assert.equal(await page.title(), 'userName sw "be" · scimdb explorer');
});

test('results follow while a filter is typed', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  await page.keyboard.type('active eq fal');
  await page.keyboard.press('Tab');
  await shows(firstCells(page), ['bea', 'dan']);
});

test('elements, canonical values, extensions and values of the page are completed', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  const filter = page.locator('#filter');
  const take = async (typed, first, left) => {
    await page.keyboard.type(typed);
    await until(async () => assert.equal(await choices(page).first().textContent(), first));
    await page.keyboard.press('Tab');
    assert.equal(await filter.inputValue(), left);
  };
  await take('emai', 'emails[…]', 'emails[]');
  await take('ty', 'type', 'emails[type ]');
  await take('e', 'eq', 'emails[type eq ""]');
  await take('wo', '"work"', 'emails[type eq "work"]');
  await take(' an', 'and', 'emails[type eq "work" and ]');
  await take('va', 'value', 'emails[type eq "work" and value ]');
  await take('sw', 'sw', 'emails[type eq "work" and value sw ""]');
  await page.keyboard.type('cem');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await shows(firstCells(page), ['cem']);
  await page.click('#clear');
  await shows(firstCells(page), NAMES);
  await take('depa', 'department', `${ENTERPRISE}:department `);
  await take('eq', 'eq', `${ENTERPRISE}:department eq ""`);
  await take('Res', '"Research"', `${ENTERPRISE}:department eq "Research" `);
  await page.keyboard.press('Enter');
  await shows(firstCells(page), ['ann', 'bea']);
  await page.keyboard.press('Control+Space');
  await shows(choices(page), ['and', 'or']);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await filter.inputValue(), `${ENTERPRISE}:department eq "Research" or `);
});

test('a caret stands under the byte of an error', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  // Letters of two, three and four bytes stand before it.
  const filter = 'title eq "éà€😀" nad active eq true';
  await search(page, filter);
  const problem = page.locator('#problem');
  await problem.waitFor();
  assert.match(await problem.textContent(), /^invalidFilter/);
  const at = problem.locator('.at');
  const offset = Buffer.byteLength(filter.slice(0, filter.indexOf('nad')));
  assert.equal(await at.getAttribute('data-offset'), String(offset));
  assert.equal(await at.evaluate((element) => element.firstChild.data), 'n');
  const [letter, caret] = [await at.boundingBox(), await problem.locator('.caret').boundingBox()];
  assert.ok(Math.abs(letter.x - caret.x) < 1 && caret.y > letter.y, JSON.stringify([letter, caret]));
  assert.equal(await page.locator('#paint .wrong').textContent(), 'nad');
  assert.equal(await page.locator('#editor.wrong').count(), 1);
  await page.keyboard.press('Backspace');
  await problem.waitFor({ state: 'hidden' });
  // Behind the end there is a place for it too.
  await search(page, 'title eq');
  await problem.locator('.caret').waitFor();
});

test('half a filter is no mistake until its typist pauses', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  await page.keyboard.type('userName eq');
  await page.locator('#problem .caret').waitFor();
  await page.keyboard.type(' "ann"');
  await shows(firstCells(page), ['ann']);
  await page.locator('#problem').waitFor({ state: 'hidden' });
});

test('headings sort, pages turn, and the address remembers', async (t) => {
  const page = await visit(t, { at: '/#count=25' });
  await shows(firstCells(page), NAMES);
  const heading = page.locator('th', { hasText: 'userName' });
  await heading.locator('button').click();
  await until(async () => assert.equal(await heading.getAttribute('aria-sort'), 'ascending'));
  await heading.locator('button').click();
  await shows(firstCells(page), [...NAMES].reverse());
  assert.equal(await heading.getAttribute('aria-sort'), 'descending');
  await page.reload();
  await shows(firstCells(page), [...NAMES].reverse());
  await heading.locator('button').click();
  await shows(firstCells(page), NAMES);
  assert.equal(await heading.getAttribute('aria-sort'), null);
});

test('pages turn by clicks and by keys', async (t) => {
  await create(server, '/scim/v2/Groups', { schemas: [GROUP], displayName: 'Last' });
  for (let at = 0; at < 30; at += 1)
    await create(server, '/scim/v2/Groups', { schemas: [GROUP], displayName: `g${at}` });
  const page = await visit(t, { at: '/#type=Group&count=25' });
  await until(async () => assert.equal(await rows(page).count(), 25));
  assert.equal(await page.locator('#range').textContent(), '1 – 25 of 32');
  assert.equal(await page.locator('#previous').isDisabled(), true);
  await page.click('#next');
  await until(async () => assert.equal(await page.locator('#range').textContent(), '26 – 32 of 32'));
  assert.equal(await page.locator('#next').isDisabled(), true);
  await page.keyboard.press('/');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('PageUp');
  await until(async () => assert.equal(await page.locator('#range').textContent(), '1 – 25 of 32'));
  await page.click('#last');
  await until(async () => assert.equal(await page.locator('#range').textContent(), '26 – 32 of 32'));
});

test('columns are chosen', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  await page.click('#pick');
  await page.keyboard.type('costc');
  await page.locator('#column-list input').check();
  await until(async () => assert.equal(await page.locator('th').last().textContent(), 'costCenter'));
  await page.fill('#column-search', 'emails');
  await page.locator('[data-column="emails"]').uncheck();
  await until(async () => assert.equal(await page.locator('th', { hasText: 'emails' }).count(), 0));
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#columns').isVisible(), false);
  const cell = page.locator('#results tbody tr:first-child td', { hasText: 'Research' });
  assert.equal(await cell.count(), 1);
});

test('a resource is opened by keys, copied and closed', async (t) => {
  const page = await visit(t, { permissions: ['clipboard-read', 'clipboard-write'] });
  await shows(firstCells(page), NAMES);
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  const drawer = page.locator('#drawer');
  await drawer.locator('h2', { hasText: 'CEM Example' }).waitFor();
  const told = JSON.parse(await drawer.locator('pre').textContent());
  assert.deepEqual(told, made.cem);
  await drawer.getByText('Copy JSON').click();
  await drawer.getByText('Copied').waitFor();
  assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), made.cem);
  assert.equal(await page.locator('tr[aria-selected="true"] td').first().textContent(), 'cem');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id), made.cem.id);
});

test('members are shown to who asks, and references lead on', async (t) => {
  const page = await visit(t, { at: '/#type=Group&filter=displayName eq "Readers"' });
  await shows(firstCells(page), ['Readers']);
  await rows(page).first().click();
  const json = page.locator('#drawer pre');
  await json.waitFor();
  assert.equal((await json.textContent()).includes('members'), false);
  await page.click('#members');
  await json.getByText(made.bea.id, { exact: false }).first().waitFor();
  assert.equal(JSON.parse(await json.textContent()).members.length, 2);
  await json.locator('button').first().click();
  await page.locator('#drawer h2', { hasText: 'ANN Example' }).waitFor();
});

test('a search is explained', async (t) => {
  const page = await visit(t);
  await shows(firstCells(page), NAMES);
  await search(page, 'userName sw "a"');
  await page.keyboard.press('Alt+e');
  const steps = page.locator('#steps');
  await steps.locator('tfoot').waitFor();
  assert.equal(await page.locator('#explain').getAttribute('aria-pressed'), 'true');
  assert.match(await steps.locator('tbody').textContent(), /userName sw "a"/);
  assert.equal(await steps.locator('tfoot td').nth(1).textContent(), '1');
  // It follows the filter.
  await search(page, 'active eq false');
  await until(async () => assert.match(await steps.locator('tbody').textContent(), /active eq false/));
  await page.click('#explain');
  await steps.waitFor({ state: 'hidden' });
});

test('everything is searched at once', async (t) => {
  const page = await visit(t);
  await page.click('[data-type=""]');
  await until(async () => assert.ok(new Set(await firstCells(page).allTextContents()).has('Group')));
  await search(page, 'displayName eq "Readers" or userName eq "ann"');
  await shows(firstCells(page), ['User', 'Group']);
  await rows(page).last().click();
  await page.locator('#drawer h2', { hasText: 'Readers' }).waitFor();
});

test('what a resource says stays text', async (t) => {
  const hostile = await create(
    server,
    '/scim/v2/Users',
    user(HOSTILE, { displayName: HOSTILE, emails: [{ value: HOSTILE }] }),
  );
  const page = await visit(t, { allows: 'Executing inline script violates' });
  const cell = page.locator('#results td', { hasText: '<script>' }).first();
  await cell.waitFor();
  assert.equal(await cell.textContent(), HOSTILE);
  await page.keyboard.type('displayName eq "<');
  await choices(page).first().waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await shows(firstCells(page), [HOSTILE]);
  await page.keyboard.press('Alt+e');
  await page.locator('#steps tfoot').waitFor();
  await rows(page).first().click();
  await page.locator('#drawer h2', { hasText: '<script>' }).waitFor();
  assert.equal(JSON.parse(await page.locator('#drawer pre').textContent()).userName, HOSTILE);
  await search(page, `${HOSTILE} eq`);
  await page.locator('#problem .caret').waitFor();
  assert.equal(await page.evaluate(() => window.owned), undefined);
  assert.equal(await page.locator('img, script:not(:last-of-type)').count(), 0);
  // Even what came into the page some other way could not run.
  const policy = await page
    .evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.owned = 3';
          document.body.append(script);
        }),
    )
    .catch(() => null);
  assert.equal(policy, 'script-src-elem');
  assert.equal(await page.evaluate(() => window.owned), undefined);
  await fetch(`${server.url}/scim/v2/Users/${hostile.id}`, { method: 'DELETE' });
});
