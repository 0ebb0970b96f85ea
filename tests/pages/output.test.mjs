// Live output: colours, search, following, and very long transcripts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, enlarge, eventually, pages, shoot } from './tools.mjs';

const { open } = pages();

const lines = (page) => page.getByRole('list', { name: 'Live output' });
const find = (page) => page.getByRole('textbox', { name: 'Find in the output' });
const pill = (page) => page.getByRole('button', { name: /^(Following the newest output|Jump to latest)$/ });
const shownNumbers = (page) =>
  lines(page)
    .getByRole('listitem')
    .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('aria-posinset'))));

/** Opens the live output of a scene's first batch. */
async function openOutput(options, batch, task) {
  const page = await open(options);
  await page.evaluate((name) => {
    const { view } = [...window.fake.world.batches.values()].find((one) => one.view.name === name);
    location.hash = `#/batch/${view.id}`;
    dispatchEvent(new PopStateEvent('popstate'));
  }, batch);
  await page.getByRole('tab', { name: task }).click();
  const began = performance.now();
  await page.getByRole('tab', { name: 'Live output' }).click();
  await lines(page).getByRole('listitem').last().getByText(/\w/).first().waitFor();
  return { page, opened: performance.now() - began };
}

const pictures = (options) =>
  openOutput({ scene: 'running', time: '2026-11-24T14:06:12Z', ...options }, 'Checkout clean-up', /^Clear error/);
const long = (scene) => openOutput({ scene }, 'A long one', /^Long output/);

test('the live output of the pictures, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const { page } = await pictures({ theme, scale: 2 });
    await find(page).fill('declined');
    await page.getByText('1 of 3', { exact: true }).waitFor();
    await find(page).press('Enter');
    await find(page).press('Enter');
    await page.getByText('3 of 3', { exact: true }).waitFor();
    await lines(page).getByText('declined').last().waitFor();
    await accessible(page, `live output, ${theme}`);
    await shoot(page, `output-${theme}`);
    await page.context().close();
  }
});

test('steps are headings, and colours are colours', async () => {
  const { page } = await pictures();
  await lines(page).getByRole('heading', { name: 'Running the tests again' }).waitFor();
  const colours = await lines(page)
    .getByText('✓')
    .evaluateAll((marks) => [...new Set(marks.map((mark) => getComputedStyle(mark).color))]);
  const plain = await lines(page).evaluate((list) => getComputedStyle(list).color);
  assert.equal(colours.length, 1);
  assert.notEqual(colours[0], plain);
  assert.equal(await lines(page).getByText('\u001b').count(), 0);
});

test('100,000 lines open at once, and few of them are in the page', async () => {
  const { page, opened } = await long('long');
  assert.ok(opened < 3_000, `it took ${opened} ms`);
  await pill(page).getByText('Following the newest output').waitFor();
  await eventually(async () => assert.ok((await shownNumbers(page)).at(-1) > 100_000));
  assert.ok((await shownNumbers(page)).length < 100);
  assert.ok((await page.locator('*').count()) < 1_500);
  await accessible(page, 'long output');
});

test('it follows the newest line until it is scrolled, and again after a jump', async () => {
  const { page } = await long('long');
  await pill(page).getByText('Following the newest output').waitFor();
  const before = (await shownNumbers(page)).at(-1);
  await page.waitForFunction((last) => {
    const rows = document.querySelectorAll('[aria-label="Live output"] [role="listitem"]');
    return Number(rows[rows.length - 1].getAttribute('aria-posinset')) > last;
  }, before);

  await lines(page).hover();
  await page.mouse.wheel(0, -4_000);
  await pill(page).getByText('Jump to latest').waitFor();
  const place = () => lines(page).evaluate((list) => list.scrollTop);
  const stays = await place();
  await page.waitForFunction((total) => window.fake.world.tasks.values().next().value.view.lines > total + 3, before);
  assert.equal(await place(), stays);

  await pill(page).focus();
  await page.keyboard.press('Enter');
  await pill(page).getByText('Following the newest output').waitFor();
  await eventually(async () =>
    assert.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'Following the newest output'),
  );
});

test('the keyboard scrolls it', async () => {
  const { page } = await long('long');
  await pill(page).getByText('Following the newest output').waitFor();
  await lines(page).focus();
  await page.keyboard.press('Home');
  await lines(page).getByText('line 1 of a long output', { exact: true }).waitFor();
  await pill(page).getByText('Jump to latest').waitFor();
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => document.querySelector('[aria-label="Live output"]').scrollTop > 100);
  await page.keyboard.press('End');
  await pill(page).getByText('Following the newest output').waitFor();
});

test('search goes through a long output in both directions', async () => {
  const { page } = await long('long');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('line 5000');
  // 5000, and 50000 to 50009.
  await page.getByText('11 of 11', { exact: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('1 of 11', { exact: true }).waitFor();
  await lines(page).getByText('line 4999 of a long output', { exact: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 11', { exact: true }).waitFor();
  await eventually(async () => assert.ok((await shownNumbers(page)).includes(50_001)));
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.press('Shift+Enter');
  await page.getByText('11 of 11', { exact: true }).waitFor();
  await find(page).fill('is nowhere');
  await page.getByText('Not found').waitFor();
  await eventually(async () => assert.ok(await page.getByRole('button', { name: 'Next match' }).isDisabled()));
});

test('scrolling through 100,000 lines keeps the page small', async () => {
  const { page } = await long('long');
  const most = await page.evaluate(async () => {
    const list = document.querySelector('[aria-label="Live output"]');
    let elements = 0;
    for (let part = 0; part < 80; part += 1) {
      list.scrollTop = (list.scrollHeight * part) / 80;
      await new Promise(requestAnimationFrame);
      elements = Math.max(elements, document.querySelectorAll('*').length);
    }
    list.scrollTop = list.scrollHeight / 2;
    return elements;
  });
  assert.ok(most < 1_500, `${most} elements`);
  await lines(page)
    .getByText(/line 50\d{3} of/)
    .first()
    .waitFor();
});

test('a million lines open at once', async () => {
  const { page, opened } = await long('million');
  assert.ok(opened < 5_000, `it took ${opened} ms`);
  await eventually(async () => assert.ok((await shownNumbers(page)).at(-1) > 1_000_000));
  await eventually(async () => assert.equal(await page.getByRole('button', { name: /earlier lines$/ }).count(), 0));
  await find(page).fill('line 1 of');
  await page.getByText('1 of 1', { exact: true }).waitFor();
  await find(page).press('Enter');
  await lines(page)
    .getByText(/^line 1 of$/)
    .waitFor();
  await lines(page).focus();
  await page.keyboard.press('End');
  await pill(page).getByText('Following the newest output').waitFor();
});

test('larger text holds a part of a million lines, and the rest is one press away', async () => {
  const { page } = await long('million');
  await enlarge(page, 2);
  await page.getByRole('button', { name: /earlier lines$/ }).click();
  await page.getByRole('button', { name: /later lines$/ }).waitFor();
  await find(page).fill('line 3 of');
  await page.getByText('1 of 1', { exact: true }).waitFor();
  await find(page).press('Enter');
  await lines(page)
    .getByText(/^line 3 of$/)
    .waitFor();
  await pill(page).click();
  await pill(page).getByText('Following the newest output').waitFor();
  await eventually(async () => assert.ok((await shownNumbers(page)).at(-1) > 1_000_000));
});

test('long lines are wrapped and times are shown when asked for', async () => {
  const { page } = await pictures();
  await page.getByRole('button', { name: 'Times' }).click();
  await lines(page).getByText('14:06:').first().waitFor();
  await page.evaluate(() => {
    const { world } = window.fake;
    const task = [...world.tasks.values()].find(({ view }) => view.name === 'Clear error messages');
    task.transcript.push('out', Date.now(), `long ${'word '.repeat(200)}end`);
    world.changed(task);
  });
  const row = lines(page).getByText(/^long word/);
  await row.waitFor();
  const height = async () => (await row.boundingBox()).height;
  const flat = await height();
  await page.getByRole('button', { name: 'Wrap' }).click();
  await page.waitForFunction((was) => {
    const rows = [...document.querySelectorAll('[aria-label="Live output"] .text')];
    return rows.some((one) => one.textContent.startsWith('long word') && one.clientHeight > was * 3);
  }, flat);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved as Clear error messages.txt.').waitFor();
});
