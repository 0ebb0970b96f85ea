// Every other page: how it looks and reads, the first run, questions, history, settings, quitting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, enlarge, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const VIEWS = [
  { name: 'first-run', scene: 'first', path: 'home', shows: 'Try the demo' },
  { name: 'home', scene: 'running', path: 'home', shows: 'Running now' },
  { name: 'needs-you', scene: 'asking', path: 'needs-you', shows: 'Run: npm install' },
  { name: 'nobody-needs-you', scene: 'home', path: 'needs-you', shows: 'Nobody needs you.' },
  { name: 'history', scene: 'running', path: 'history', shows: 'Use again' },
  { name: 'templates-none', scene: 'home', path: 'templates', shows: 'A template keeps the tasks' },
  { name: 'settings', scene: 'home', path: 'settings', shows: 'Tasks at the same time' },
  { name: 'batch-form-blank', scene: 'blank', path: 'new', shows: 'No tasks yet. Write' },
  {
    name: 'batch-form-unsaved',
    scene: 'unsaved',
    path: 'new',
    shows: 'Project has unsaved work',
    folded: '1 thing to look at',
  },
];

for (const { name, scene, path, shows } of VIEWS) {
  test(`${name} has no fault that axe finds, light and dark`, async () => {
    for (const theme of ['light', 'dark']) {
      const page = await open({ scene, path, theme });
      await page.locator('main').getByText(shows).first().waitFor();
      await accessible(page, `${name}, ${theme}`);
      await shoot(page, `${name}-${theme}`);
      await page.context().close();
    }
  });
}

test('the demo: a finished task, a question, a failure, on nobody’s project', async () => {
  const page = await open({ scene: 'first', path: 'home' });
  await page.getByRole('button', { name: 'Try the demo' }).click();
  await page.waitForURL(/#\/batch\//);
  await eventually(async () =>
    assert.equal(
      await page
        .locator('[role=tablist] [role=tab]')
        .filter({ hasText: /Describe|Write a welcome|Check the links/ })
        .count(),
      3,
    ),
  );
  const needs = page.getByRole('link', { name: /^Needs you/ });
  await needs.filter({ hasText: '1' }).waitFor({ timeout: 20_000 });
  await needs.click();
  await page.getByText('May I write WELCOME.md?').waitFor();
  await page.getByRole('button', { name: 'Yes, write it' }).click();
  await page.getByText('Nobody needs you.').waitFor();
});

test('a folder without a history is offered one', async () => {
  const page = await open({ scene: 'first', path: 'home' });
  await page.getByRole('button', { name: 'Choose my project' }).click();
  const dialog = page.getByRole('dialog', { name: 'This folder has no history yet.' });
  await dialog.waitFor();
  await dialog.getByRole('button', { name: 'What is this?' }).click();
  await dialog.getByText('A history remembers').waitFor();
  await accessible(page, 'the offer of a history');
  await shoot(page, 'set-up-light');
  await dialog.getByRole('button', { name: 'Set up for me' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page
    .getByRole('button', { name: /^notes/ })
    .first()
    .waitFor();
});

test('history is searched, and a batch is used again', async () => {
  const page = await open({ scene: 'running', path: 'history' });
  await page.getByLabel('Search batches and tasks').fill('hats');
  await page.getByText('Spelling on product pages').locator('visible=true').last().waitFor();
  await page.waitForFunction(() => document.querySelectorAll('main li').length === 1);
  await page.getByRole('button', { name: 'Use again Spelling on product pages' }).click();
  await page.getByRole('button', { name: 'Start 4 tasks' }).waitFor();
  await eventually(async () =>
    assert.equal(await page.getByLabel('Title of the batch').inputValue(), 'Spelling on product pages'),
  );
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByLabel('Search batches and tasks').fill('nothing has this name');
  await page.getByText('No batch or task has').waitFor();
});

test('theme, text size and limit are set at once', async () => {
  const page = await open({ scene: 'running', path: 'settings' });
  await page.getByText('Dark', { exact: true }).click();
  await eventually(async () => assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark'));
  await page.getByRole('radio', { name: '200 %' }).focus();
  await page.keyboard.press('Space');
  await eventually(async () =>
    assert.equal(await page.evaluate('getComputedStyle(document.documentElement).fontSize'), '32px'),
  );
  await page.getByRole('button', { name: 'One more' }).click();
  await page.waitForFunction(() => document.querySelector('output')?.textContent === '4 tasks');
  await accessible(page, 'settings at 200 %');
});

test('at 1024, 720 and 200 % everything stays reachable', async () => {
  for (const [name, size] of [...SMALLER, ['1024-200-percent', { width: 1024, height: 768, text: 2 }]]) {
    const page = await open({ scene: 'draft', path: 'new', ...size });
    await page.getByRole('button', { name: 'Start 7 tasks' }).click({ trial: true });
    await page.getByRole('link', { name: 'Settings' }).scrollIntoViewIfNeeded();
    await fits(page, `the batch form at ${name}`);
    await page.getByRole('button', { name: 'Ready to start' }).click();
    await page.getByRole('dialog').getByText('All 7 tasks are complete').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await accessible(page, `the batch form at ${name}`);
    await shoot(page, `batch-form-${name}`);
    await page.context().close();
  }
});

test('no page is wider than a small window, or than one with large text', async () => {
  for (const { name, scene, path, shows, folded } of VIEWS) {
    for (const { width, size } of [
      { width: 720, size: 1 },
      { width: 480, size: 1 },
      { width: 1024, size: 2 },
    ]) {
      const page = await open({ scene, path, width, height: 700 });
      await page
        .locator('main')
        .getByText(folded ?? shows)
        .first()
        .waitFor();
      await enlarge(page, size);
      const wide = await page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('main, main *')]
          .filter((element) => element.scrollWidth > element.clientWidth + 1)
          .filter(
            (element) =>
              /^(HTML|MAIN)$/.test(element.tagName) || /auto|scroll/.test(getComputedStyle(element).overflowX),
          )
          .map((element) => `${element.localName}.${element.className}`),
      );
      assert.deepEqual(wide, [], `${name} at ${width}, ${size * 100} %`);
      if (width === 480) await shoot(page, `${name}-480`);
      if (size === 2) await shoot(page, `${name}-1024-200-percent`);
      await page.context().close();
    }
  }
});

test('quitting while tasks work asks first', async () => {
  const page = await open({ scene: 'running', path: 'home' });
  await page.evaluate('window.fake.askToQuit()');
  const dialog = page.getByRole('dialog', { name: /tasks are not done yet/ });
  await dialog.waitFor();
  await accessible(page, 'the question before quitting');
  await shoot(page, 'quit-light');
  await dialog.getByRole('button', { name: 'Keep working' }).click();
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate('window.fake.ended'), false);
  await page.evaluate('window.fake.askToQuit()');
  await dialog.getByRole('button', { name: 'Stop and quit' }).click();
  await page.waitForFunction(() => window.fake.ended);
});

test('quitting says what is kept for the next start', async () => {
  for (const [scene, kept] of [
    ['held', 'Tasks that wait for their agent go on by themselves then.'],
    ['asking', 'Questions are kept: you can answer them after the next start.'],
  ]) {
    const page = await open({ scene, path: 'home' });
    await page.evaluate('window.fake.askToQuit()');
    await page.getByRole('dialog').getByText(kept).waitFor();
    await shoot(page, `quit-${scene}-light`);
    await page.context().close();
  }
});

test('an error says what happened, what is safe, and what to do', async () => {
  const page = await open({ scene: 'home', path: 'home' });
  await page.evaluate(() => {
    window.fake.practiceProject = async () => {
      throw {
        code: 'data_read_only',
        what: 'The practice project could not be made.',
        safe: 'Your projects are as they were.',
        next: 'Make the data folder writable.',
        details: 'mkdir: read-only file system',
      };
    };
  });
  await page
    .getByRole('button', { name: /^acme-shop/ })
    .first()
    .click();
  await page.getByRole('menuitem', { name: 'Practice project' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('The practice project could not be made.').waitFor();
  await alert.getByText('Show details').click();
  await alert.getByText('mkdir: read-only file system').waitFor();
  await accessible(page, 'an error');
  await shoot(page, 'error-light');
  await alert.getByRole('button', { name: 'Close message' }).click();
  await alert.waitFor({ state: 'hidden' });
});
