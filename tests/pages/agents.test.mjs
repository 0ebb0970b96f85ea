// The agents of this computer: how each stands, installing, keys, one of the person's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

/** The sizes at which axe looks; the pictures show the others. */
const AXED = new Set(['1440', '360', '200-percent']);
const row = (page, name) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: new RegExp(`^${name}`) }) });

test('the agents, light and dark, wide and narrow', async () => {
  for (const theme of ['light', 'dark']) {
    for (const [name, size] of [['1440', {}], ...SMALLER]) {
      const page = await open({ scene: 'home', path: 'agents', theme, ...size, height: 1100 });
      await row(page, 'Claude Code').getByText('Ready').waitFor();
      await fits(page, `the page at ${name}`);
      if (AXED.has(name)) await accessible(page, `agents, ${theme}, ${name}`);
      await shoot(page, `agents-${theme}-${name}`);
      await page.context().close();
    }
  }
});

test('an agent is installed only after the person said so, and says how far it is', async () => {
  const page = await open({ scene: 'home', path: 'settings' });
  await page.getByText('Ready: Claude Code, opencode.').waitFor();
  await page.getByRole('button', { name: 'Show agents' }).click();
  await row(page, 'Copilot CLI')
    .getByRole('button', { name: /^Install/ })
    .click();
  const dialog = page.getByRole('dialog', { name: 'Install what Copilot CLI needs?' });
  await dialog.getByText('Regatta gets @github/copilot from the npm registry.').waitFor();
  await accessible(page, 'the question before an install');
  await shoot(page, 'agent-install-light');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await row(page, 'Copilot CLI').getByText('Not installed').waitFor();
  await row(page, 'Copilot CLI')
    .getByRole('button', { name: /^Install/ })
    .click();
  await dialog.getByRole('button', { name: 'Install 1 package' }).click();
  await row(page, 'Copilot CLI')
    .getByText(/Downloading|Unpacking|Asking it/)
    .waitFor();
  await accessible(page, 'an install that goes on');
  await row(page, 'Copilot CLI').getByText('Ready', { exact: true }).waitFor();
});

test('a key is entered, never shown, and removed after a question', async () => {
  const page = await open({ scene: 'home', path: 'agents', theme: 'dark', height: 1100 });
  const codex = row(page, 'Codex');
  await codex.getByText('codex login').waitFor();
  await codex.getByRole('button', { name: /^Enter key/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Key for Codex' });
  await dialog.getByLabel('Key').fill('sk canary');
  await dialog.getByRole('button', { name: 'Save key' }).click();
  await dialog.getByText('A key has no spaces.').waitFor();
  await dialog.getByLabel('Key').fill('sk-canary-7');
  await dialog.getByRole('button', { name: 'Save key' }).click();
  await codex.getByText('Key is kept in your computer’s key store').waitFor();
  await codex.getByText('Ready', { exact: true }).waitFor();
  const kept = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage }));
  assert.ok(!kept.includes('sk-canary-7'));
  await page.getByRole('button', { name: 'More for Codex' }).click();
  await page.getByRole('menuitem', { name: 'Remove key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove key' }).click();
  await codex.getByText('Signed out').waitFor();
});

test('an agent of one’s own is added with its environment, removed and brought back', async () => {
  const page = await open({ scene: 'home', path: 'agents', height: 1200 });
  await page.getByRole('button', { name: 'Add an agent' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an agent of your own' });
  await dialog.getByLabel('Program', { exact: true }).fill('kiro-cli');
  await dialog.getByLabel('Arguments').fill('acp');
  await dialog.getByLabel('Environment').fill('PROFILE=work\nnonsense');
  await dialog.getByText('“nonsense” is not a name and a value').waitFor();
  await eventually(async () => assert.ok(await dialog.getByRole('button', { name: 'Add agent' }).isDisabled()));
  await dialog.getByLabel('Environment').fill('PROFILE=work');
  await accessible(page, 'the dialog for an agent');
  await shoot(page, 'agent-own-light');
  await dialog.getByRole('button', { name: 'Add agent' }).click();
  await row(page, 'kiro-cli').waitFor();
  await page.getByRole('button', { name: 'More for kiro-cli' }).click();
  await page.getByRole('menuitem', { name: 'Remove agent' }).click();
  await page.getByText('kiro-cli was removed.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await row(page, 'kiro-cli').waitFor();
});

test('details say what each safety level really means', async () => {
  const page = await open({ scene: 'home', path: 'agents', height: 1200 });
  await row(page, 'Claude Code').getByText('Show details').click();
  await page.getByText('Default (recommended), Opus, Haiku').waitFor();
  await row(page, 'aider').getByText('Show details').click();
  await row(page, 'aider').getByText('Not all of what this level promises is kept.').first().waitFor();
  await accessible(page, 'details of agents');
  await shoot(page, 'agents-details-light');
});

test('the batch form of a found agent, light and dark, wide and narrow', async () => {
  for (const theme of ['light', 'dark']) {
    for (const [name, size] of [['1440', {}], ...SMALLER]) {
      const page = await open({ scene: 'agents', path: 'new', theme, ...size });
      await page.getByRole('button', { name: 'Start 12 tasks' }).waitFor();
      await page.getByRole('radio', { name: /^Balanced/ }).waitFor();
      await fits(page, `the batch form at ${name}`);
      if (AXED.has(name)) await accessible(page, `the batch form of an agent, ${theme}, ${name}`);
      await shoot(page, `batch-form-agent-${theme}-${name}`);
      await page.context().close();
    }
  }
});

test('model and safety are chosen, and the facts say what is in force', async () => {
  const page = await open({ scene: 'agents', path: 'new', height: 1200 });
  const facts = page.getByRole('complementary', { name: 'Ready to start' });
  await facts.getByText('Codex: signed out').waitFor();
  await page.getByRole('combobox', { name: /^Model/ }).click();
  await page.getByRole('option', { name: /^Opus/ }).click();
  await page.getByRole('radio', { name: /^Careful/ }).check();
  await facts.getByText('Careful, in separate copies').waitFor();
  assert.equal(await page.getByText('Not all of this level is kept.').count(), 0);
  await page.getByRole('combobox', { name: /^Mode / }).click();
  await page.getByRole('option', { name: /^Bypass/ }).click();
  await facts.getByText('In the mode “Bypass permissions” it decides by itself what it asks.').waitFor();
  await accessible(page, 'a mode that keeps to no level');
  await shoot(page, 'batch-form-mode-light');
  await page.getByRole('combobox', { name: /^Agent Claude Code/ }).click();
  await accessible(page, 'the list of agents', { popup: true });
  await shoot(page, 'batch-form-agents-light');
  await page.getByRole('option', { name: /^aider/ }).click();
  await page.getByText('Not all of this level is kept.').first().waitFor();
  await eventually(async () => assert.equal(await page.getByRole('combobox', { name: /^Model/ }).count(), 0));
  await accessible(page, 'a level that is not kept');
});

test('a task is done by several agents, several times, within limits', async () => {
  const page = await open({ scene: 'agents', path: 'new', height: 1100 });
  await page.getByRole('button', { name: /^Task 1: Show the delivery date/ }).click();
  await page.getByText('Agents and limits').click();
  const who = page.getByRole('group', { name: 'Who does task 1' });
  await who.getByRole('button', { name: 'Also by…' }).click();
  await page.getByRole('menuitem', { name: 'opencode' }).click();
  await who.getByRole('button', { name: 'Also by…' }).click();
  await page.getByRole('menuitem', { name: /^Claude Code With another model/ }).click();
  await who.getByText('Claude Code (Opus)').waitFor();
  const how = page.getByRole('group', { name: 'How opencode does task 1' });
  await how.getByRole('combobox', { name: /^Model/ }).click();
  await page.getByRole('option', { name: /^Kimi K2/ }).click();
  await who.getByRole('button', { name: 'Once more' }).click();
  await page.getByText('Becomes 6 tasks').waitFor();
  await page.getByLabel('Minutes at most').fill('45');
  await page.getByLabel('Turns at most').fill('30');
  await page.getByLabel('US dollars at most').fill('1.5');
  await accessible(page, 'agents and limits of a task');
  await shoot(page, 'batch-form-task-options-light');
  await page.getByRole('button', { name: 'Start 17 tasks' }).waitFor();
  await page.keyboard.press('Escape');
  await page
    .getByText(
      'By Claude Code, opencode (Kimi K2) and Claude Code (Opus), 2 times each; at most 45 minutes, 30 turns, $1.50',
    )
    .waitFor();
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/#\/batch\//);
  const asked = await page.evaluate(() => [...window.fake.world.batches.values()].at(-1).request);
  assert.deepEqual(
    [
      asked.agent.id,
      asked.safety,
      asked.parallel_tasks[0].times,
      asked.parallel_tasks[0].time_limit_s,
      asked.parallel_tasks[0].cost_limit_cents,
    ],
    ['claude-code', 'balanced', 2, 2700, 150],
  );
  assert.deepEqual(
    asked.parallel_tasks[0].agents.map(({ agent, options }) => [agent.id, options.model]),
    [
      ['claude-code', ''],
      ['opencode', 'kimi'],
      ['claude-code', 'opus'],
    ],
  );
});

test('at the first run the agents that were found are told, and what to do without one', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open({ scene: 'first', path: 'home', theme });
    await page.getByRole('region', { name: 'On this computer' }).getByText('Claude Code').waitFor();
    await accessible(page, `the first run, ${theme}`);
    await shoot(page, `first-agents-${theme}`);
    await page.context().close();
  }
  const page = await open({ scene: 'no-agents', path: 'home', width: 360, height: 1000 });
  await page.getByText('No coding agent was found here yet.').waitFor();
  await accessible(page, 'the first run without agents');
  await shoot(page, 'first-no-agents-360');
  await page.getByRole('button', { name: 'Get an agent' }).click();
  await page.getByRole('button', { name: 'Look for agents' }).waitFor();
});
