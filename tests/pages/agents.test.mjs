// The agents of this computer: how each stands, installing, keys, one of the person's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, pages, shoot } from './tools.mjs';

const { open } = pages();

const row = (page, name) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: new RegExp(`^${name}`) }) });

test('the agents, light and dark, wide and narrow', async () => {
  for (const theme of ['light', 'dark']) {
    for (const width of [1440, 1024, 720, 360]) {
      const page = await open({ scene: 'home', path: 'agents', theme, width, height: 1100 });
      await row(page, 'Claude Code').getByText('Ready').waitFor();
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      assert.equal(wide, 0, `the page is ${wide} px wider than the window of ${width}`);
      if (width === 1440 || width === 360) await accessible(page, `agents, ${theme}, ${width}`);
      await shoot(page, `agents-${theme}-${width}`);
      await page.context().close();
    }
  }
});

test('an agent is installed only after the person said so, and says how far it is', async () => {
  const page = await open({ scene: 'home', path: 'settings' });
  await page.getByText('Ready: Claude Code, opencode.').waitFor();
  await page.getByRole('button', { name: 'Show agents' }).click();
  await row(page, 'Copilot CLI').getByRole('button', { name: /^Install/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Install what Copilot CLI needs?' });
  await dialog.getByText('Regatta gets @github/copilot from the npm registry.').waitFor();
  await accessible(page, 'the question before an install');
  await shoot(page, 'agent-install-light');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await row(page, 'Copilot CLI').getByText('Not installed').waitFor();
  await row(page, 'Copilot CLI').getByRole('button', { name: /^Install/ }).click();
  await dialog.getByRole('button', { name: 'Install 1 package' }).click();
  await row(page, 'Copilot CLI').getByText(/Downloading|Unpacking|Asking it/).waitFor();
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
  assert.ok(await dialog.getByRole('button', { name: 'Add agent' }).isDisabled());
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
