// Needs you: every question of every task, its risk, its answers, by mouse and by keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const AT = '2026-11-24T14:06:12Z';

const openQuestions = (options = {}) => open({ scene: 'asking', path: 'needs-you', time: AT, ...options });
const card = (page, title) =>
  page.locator('main .question').filter({ has: page.getByRole('heading', { name: title }) });
const inFocus = (page) => page.evaluate(() => document.activeElement?.querySelector('h3')?.textContent.trim());

test('every question of every task is there, and the sidebar counts them', async () => {
  const page = await openQuestions();
  await page.getByText('6 questions from 5 tasks').waitFor();
  await eventually(async () => assert.equal(await page.locator('main h3').count(), 6));
  await page.getByRole('link', { name: 'Needs you, 6 questions' }).waitFor();
  await page.getByText('Your answer lets it go on where it stopped.').waitFor();
  await page.getByText('Claude Code').first().waitFor();
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('button', { name: /^6 questions need you/ }).waitFor();
});

test('a risk is a word, a colour and a shape; the exact command is under Details', async () => {
  const page = await openQuestions();
  const push = card(page, 'Run: git push --force origin main');
  await push.getByText('High risk').waitFor();
  await push.getByText('replaces what others have in the repository').waitFor();
  await push.getByText('cd shop && git push --force origin main').waitFor();
  await eventually(async () =>
    assert.deepEqual(
      await push
        .getByRole('button')
        .allTextContents()
        .then((all) => all.map((text) => text.trim())),
      ['Allow once', 'Not allowed'],
    ),
  );
  const shapes = await page.evaluate(() =>
    ['low', 'medium', 'high'].map((risk) => {
      const mark = document.querySelector(`main .risk.${risk}`);
      return `${getComputedStyle(mark).color} ${mark.querySelector('svg').innerHTML}`;
    }),
  );
  assert.equal(new Set(shapes).size, 3);
  const install = card(page, 'Run: npm install').first();
  assert.equal(await install.getByText('npm install --no-fund').isVisible(), false);
  await install.getByText('Details', { exact: true }).click();
  await install.getByText('npm install --no-fund').waitFor();
});

test('an answer reaches its question; for the batch, those of other tasks too', async () => {
  const page = await openQuestions();
  await card(page, 'Fetch: docs').getByRole('button', { name: 'Not allowed' }).click();
  await card(page, 'Fetch: docs').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await card(page, 'Run: npm install').count(), 2));
  await card(page, 'Run: npm install').first().getByRole('button', { name: 'Allow for this batch' }).click();
  await card(page, 'Run: npm install').first().waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await card(page, 'Run: npm install').count(), 0));
  await page.getByRole('link', { name: 'Needs you, 3 questions' }).waitFor();
  await card(page, 'Which word').getByRole('button', { name: 'Place order' }).click();
  await page.getByText('2 questions from 2 tasks').waitFor();
});

test('the keyboard goes from question to question, and on after an answer', async () => {
  const page = await openQuestions();
  const first = card(page, 'Run: npm install').first().getByRole('button', { name: 'Allow once' });
  await first.focus();
  await page.keyboard.press('ArrowDown');
  await eventually(async () => assert.match(await inFocus(page), /^Fetch: docs/));
  await page.keyboard.press('ArrowDown');
  await eventually(async () => assert.match(await inFocus(page), /^Change 2 files/));
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await eventually(async () =>
    assert.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'Allow once'),
  );
  await page.keyboard.press('Enter');
  await card(page, 'Fetch: docs').waitFor({ state: 'detached' });
  await eventually(async () => assert.match(await inFocus(page), /^Change 2 files/));
  await page.getByRole('status').getByText('Allow once. 5 questions left.').waitFor();
});

test('several questions stand in the tab of their task', async () => {
  const page = await openQuestions();
  await page.getByRole('button', { name: 'Open task Update payment library' }).click();
  await page.getByText('2 questions wait for you.').waitFor();
  await page.getByRole('tab', { name: /Run: npm install \(and 1 more question\)$/ }).waitFor();
  await accessible(page, 'a task with two questions');
  await shoot(page, 'pending-questions-task-light');
  await page.getByRole('tab', { name: /^Postcodes for Ireland\s*, Interrupted/ }).click();
  await page.getByText('This task was interrupted before you answered.').waitFor();
  await page.getByRole('button', { name: 'Allow once' }).click();
  await page.getByText('attempt 2').waitFor();
});

for (const [name, size] of [['1440', {}], ...SMALLER]) {
  test(`questions at ${name}, light and dark`, async () => {
    for (const theme of ['light', 'dark']) {
      const page = await openQuestions({ ...size, theme });
      await card(page, 'Run: git push').waitFor();
      await fits(page, `questions at ${name}`);
      await accessible(page, `questions at ${name}, ${theme}`);
      await shoot(page, `pending-questions-${name}-${theme}`);
      await page.context().close();
    }
  });
}
