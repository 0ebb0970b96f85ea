// Agents at work: messages, going on with one, what holds them, and the same work side by side.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const AT = '2026-11-24T13:40:12Z';
const tab = (page, name) => page.getByRole('tab', { name });

/** Opens the page of the batch called `name`. */
async function openBatch(options, name) {
  const page = await open({ time: AT, ...options });
  await page.evaluate((wanted) => {
    const batch = [...window.fake.world.batches.values()].find(({ view }) => view.name === wanted);
    location.hash = `#/batch/${batch.view.id}`;
    dispatchEvent(new PopStateEvent('popstate'));
  }, name);
  await page.getByRole('tablist', { name: /^Tasks of/ }).waitFor();
  return page;
}

test('a working task is told something, after its turn or at once', async () => {
  const page = await openBatch({ scene: 'running' }, 'Checkout clean-up');
  await tab(page, /^Clear error messages/).click();
  const message = page.getByLabel('Message to this task');
  await message.fill('Use short sentences.');
  await accessible(page, 'a message');
  await shoot(page, 'message-light');
  await page.getByRole('button', { name: 'Send when its turn ends' }).click();
  await page.getByRole('status').getByText('The agent reads your message when its turn ends.').waitFor();
  await page.getByText('You: Use short sentences.').first().waitFor();
  await eventually(async () => assert.equal(await message.inputValue(), ''));
  await message.fill('Stop testing.');
  await page.getByRole('button', { name: 'Interrupt now' }).click();
  await page.getByText('You: Stop testing.').first().waitFor();
});

test('a task that is over goes on with a message', async () => {
  const page = await openBatch({ scene: 'running' }, 'Checkout clean-up');
  await tab(page, /^Rename basket to bag/).click();
  await eventually(async () => assert.equal(await page.getByLabel('Message to this task').count(), 0));
  await page.getByRole('button', { name: 'More for this task' }).click();
  await page.getByRole('menuitem', { name: /^Continue with a message…/ }).click();
  await page.getByText('in the same conversation').waitFor();
  await page.keyboard.type('Also in the emails.');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await page.getByText('attempt 2').waitFor();
});

for (const [name, size] of [['1440', {}], ...SMALLER]) {
  test(`the same work stands side by side at ${name}`, async () => {
    for (const theme of ['light', 'dark']) {
      const page = await openBatch({ scene: 'several', theme, ...size }, 'Footer on small screens');
      await tab(page, /^Fix the footer\s*, compare/).click();
      const codex = page.getByRole('article', { name: 'Codex' });
      await codex.getByText('did not pass').first().waitFor();
      await page.getByRole('article', { name: 'Claude Code' }).getByText('$0.31').waitFor();
      await page.getByRole('article', { name: 'Gemini CLI' }).getByText('The agent declined').waitFor();
      await fits(page, `side by side at ${name}`);
      await accessible(page, `side by side at ${name}, ${theme}`);
      await shoot(page, `compare-${name}-${theme}`);
      await codex.getByRole('button', { name: 'Open task Codex' }).click();
      await page.getByRole('heading', { name: 'Fix the footer · Codex' }).waitFor();
      await page.context().close();
    }
  });

  test(`what holds an agent is said at ${name}`, async () => {
    for (const theme of ['light', 'dark']) {
      const page = await openBatch({ scene: 'held', theme, ...size }, 'Winter sale');
      await page.getByRole('heading', { name: 'Claude Code: Usage limit reached, continues at 14:05' }).waitFor();
      await fits(page, `a held task at ${name}`);
      await accessible(page, `a held task at ${name}, ${theme}`);
      await shoot(page, `held-${name}-${theme}`);
      await page.getByRole('link', { name: 'Needs you, 1 sign-in' }).click();
      await page.getByText('3 tasks wait for that.').waitFor();
      await fits(page, `holds at ${name}`);
      await accessible(page, `holds at ${name}, ${theme}`);
      await shoot(page, `holds-${name}-${theme}`);
      await page.getByRole('button', { name: 'I have signed in' }).click();
      await page.getByRole('heading', { name: /^Codex/ }).waitFor({ state: 'detached' });
      await page.context().close();
    }
  });
}

test('our facts stand beside the agent’s words, and its thinking is folded', async () => {
  const page = await openBatch({ scene: 'several' }, 'Footer on small screens');
  await tab(page, /^Fix the footer · Claude Code/).click();
  const thought = page.getByText('The footer is a fixed row.');
  await page.getByText('Thinking', { exact: true }).waitFor();
  assert.equal(await thought.isVisible(), false);
  await page.getByText('Thinking', { exact: true }).click();
  await thought.waitFor();
  await tab(page, 'Result').click();
  await page.getByRole('region', { name: 'What Regatta saw' }).getByText('npm test').waitFor();
  const words = page.getByRole('region', { name: 'What the agent said at the end' });
  await words.getByText('By its own count it used 22,440 tokens, $0.31.').waitFor();
  await accessible(page, 'facts and words');
  await shoot(page, 'facts-light');
});
