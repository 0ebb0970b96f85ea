// Endpoints, keys and repositories: in Settings, and in the batch form.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const focused = (page) =>
  page.evaluate(
    'document.activeElement.textContent.trim() || document.activeElement.getAttribute("aria-label") || document.activeElement.labels?.[0]?.textContent',
  );
const panel = (page, name) => page.getByRole('region', { name });

/** No key may be anywhere in the page, nor in what it keeps. */
async function nowhere(page, secret) {
  const found = await page.evaluate((text) => {
    const values = [...document.querySelectorAll('input, textarea')].map((field) => field.value);
    const kept = [
      document.documentElement.outerHTML,
      ...values,
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    ];
    return kept.some((part) => part.includes(text));
  }, secret);
  assert.equal(found, false, 'a secret is in the page');
}

test('endpoints and the token in Settings, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open({ scene: 'cloud', path: 'settings', theme, height: 1300 });
    await panel(page, 'Endpoints').getByText('No key yet').waitFor();
    await page.getByRole('button', { name: 'Test Work' }).click();
    await panel(page, 'Endpoints').getByText('The key works. 2 agents are there.').waitFor();
    await accessible(page, `endpoints, ${theme}`);
    await shoot(page, `endpoints-${theme}`);
    await page.getByRole('button', { name: 'Add an endpoint' }).click();
    await page.getByRole('dialog', { name: 'Add an endpoint' }).waitFor();
    await accessible(page, `the dialog for an endpoint, ${theme}`);
    await shoot(page, `endpoint-dialog-${theme}`);
    await page.context().close();
  }
});

test('an endpoint is added with the keyboard alone, its key tried at once and never shown', async () => {
  const page = await open({ scene: 'home', path: 'settings' });
  await page.getByRole('button', { name: 'Add an endpoint' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Add an endpoint' }).waitFor();
  await eventually(async () => assert.equal(await focused(page), 'Name'));
  await page.keyboard.type('Night shift');
  await page.keyboard.press('Tab');
  await page.keyboard.type('http://cloud.example/');
  await page.keyboard.press('Tab');
  await eventually(async () => assert.equal(await page.evaluate('document.activeElement.type'), 'password'));
  await page.keyboard.type('sk-canary-1');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('This is not an address that a key can be sent to.').waitFor();
  await accessible(page, 'a refused address');
  await page.getByLabel('Address', { exact: true }).fill('https://cloud.example/');
  await page.keyboard.press('Enter');
  await page.getByText('Key is kept in your computer’s key store').waitFor();
  await page.getByText('The key works. 2 agents are there.').waitFor();
  await page.getByText('https://cloud.example', { exact: true }).waitFor();
  await nowhere(page, 'sk-canary-1');
  await page.getByRole('button', { name: 'Change Night shift' }).click();
  await nowhere(page, 'sk-canary-1');
});

test('another address asks for the key again and says why', async () => {
  const page = await open({ scene: 'cloud', path: 'settings' });
  await page.getByRole('button', { name: 'Change Work' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change Work' });
  await eventually(async () => assert.equal(await dialog.getByLabel('Key').count(), 0));
  await dialog.getByLabel('Address').fill('https://elsewhere.example');
  await dialog.getByText('A key belongs to the address that it was entered for').waitFor();
  await eventually(async () => assert.equal(await dialog.getByLabel('Key').inputValue(), ''));
  await accessible(page, 'a changed address');
  await shoot(page, 'endpoint-moved-light');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Enter key for Work' }).waitFor();
});

test('a refused key is said with its next step; a key and an endpoint are removed after a question', async () => {
  const page = await open({ scene: 'cloud', path: 'settings', theme: 'dark', height: 1300 });
  await page.getByRole('button', { name: 'Enter key for Home server' }).click();
  await page.getByRole('dialog').getByLabel('Key').fill('wrong');
  await page.getByRole('button', { name: 'Save key' }).click();
  await panel(page, 'Endpoints').getByText('Home server refused the key.').waitFor();
  await panel(page, 'Endpoints').getByText('Enter it again, or make another one there.').waitFor();
  await accessible(page, 'a refused key');
  await shoot(page, 'endpoint-refused-dark');

  await page.getByRole('button', { name: 'More for Home server' }).click();
  await page.getByRole('menuitem', { name: 'Remove key' }).click();
  await accessible(page, 'the question before a key is removed');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove key' }).click();
  await page.getByRole('button', { name: 'Enter key for Home server' }).waitFor();

  await page.getByRole('button', { name: 'More for Home server' }).click();
  await page.getByRole('menuitem', { name: 'Remove endpoint' }).click();
  await page.getByRole('dialog', { name: 'Remove Home server?' }).getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('http://127.0.0.1:8787').waitFor();
  await page.getByRole('button', { name: 'More for Home server' }).click();
  await page.getByRole('menuitem', { name: 'Remove endpoint' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove endpoint' }).click();
  await page.getByText('http://127.0.0.1:8787').waitFor({ state: 'detached' });
});

test('without a key store that is said, and a secret is there for the session', async () => {
  const page = await open({ scene: 'no-store', path: 'settings', height: 1200 });
  await page.getByText('This computer has no key store that Regatta can use.').waitFor();
  await page.getByRole('button', { name: 'Enter token' }).click();
  await page.getByRole('dialog').getByLabel('Token').fill('ghp-canary');
  await page.getByRole('button', { name: 'Save token' }).click();
  await page.getByText('Token is kept only until you close Regatta').waitFor();
  await page.getByText('The token works. It may read and write repositories.').waitFor();
  await nowhere(page, 'ghp-canary');
  await accessible(page, 'settings without a key store');
  await shoot(page, 'no-key-store-light');

  await page.getByRole('button', { name: 'Change address of the API' }).click();
  await page.getByRole('dialog').getByLabel('Address').fill('https://git.acme.example/api/v3');
  await page.getByRole('button', { name: 'Save address' }).click();
  await page.getByText('Token for git.acme.example').waitFor();
  await page.getByText('No token yet').waitFor();
});

test('the batch form of a batch at an endpoint, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open({ scene: 'cloud-draft', path: 'new', theme, scale: 2 });
    await page.getByText('Key is kept in your computer’s key store').waitFor();
    await page.getByText('These leave this computer and go to Work').waitFor();
    await page.getByText('The work goes on while this computer sleeps. It may cost money there.').waitFor();
    await page.getByRole('button', { name: 'Start 7 tasks on Work' }).waitFor();
    await eventually(async () =>
      assert.equal(await page.getByRole('combobox', { name: /^(Agent|At the same time)/ }).count(), 0),
    );
    await accessible(page, `the batch form at an endpoint, ${theme}`);
    await shoot(page, `batch-form-endpoint-${theme}`);
    await page.context().close();
  }
});

test('without an endpoint there is one way to add one', async () => {
  const page = await open({ scene: 'draft', path: 'new' });
  await page.getByRole('combobox', { name: 'Runs on This computer' }).click();
  await accessible(page, 'the places', { popup: true });
  await page.getByRole('option', { name: /^In the cloud…/ }).click();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.getByRole('button', { name: 'Add an endpoint' }).waitFor();
});

test('a repository is chosen from the list, and the batch starts there, with the keyboard', async () => {
  const page = await open({ scene: 'cloud', path: 'new' });
  await page.getByLabel('Write a task, or paste a list').fill('Fix the footer');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: /^Runs on/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: /^Work/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByText('No repository is chosen yet').waitFor();
  await page.getByRole('button', { name: 'Repository Choose…' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Choose a repository' });
  await dialog.getByText('acme/handbook').waitFor();
  await eventually(async () =>
    assert.match(await dialog.getByRole('button', { name: /^acme\/shop/ }).textContent(), /Private/),
  );
  await dialog.getByText('You can only read it').waitFor();
  await accessible(page, 'the list of repositories');
  await shoot(page, 'repositories-light');
  await dialog.getByLabel('Search by name').focus();
  await page.keyboard.type('GARDEN');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('combobox', { name: 'Start from trunk' }).click();
  await page.getByRole('option', { name: 'winter-sale' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('switch', { name: 'Smaller, quicker model' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Start 1 task on Work' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/#\/batch\//);
  const asked = await page.evaluate(() => [...window.fake.world.batches.values()].at(-1).request);
  assert.deepEqual(
    [asked.repo_url, asked.branch, asked.haiku, asked.endpoint.name],
    ['https://github.com/sam/garden-notes.git', 'trunk', true, 'Work'],
  );
});

test('a long list is read as it is scrolled', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new' });
  await page.getByRole('button', { name: /^Repository/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Choose a repository' });
  await dialog.getByText('30, and there are more').waitFor();
  await dialog.getByLabel('Search by name').fill('tool-70');
  await dialog.getByText(/^(None of the \d+ repositories read so far has this name\.|1 of 75 repositories)$/).waitFor();
  await dialog.getByLabel('Search by name').fill('');
  while ((await dialog.getByRole('button', { name: 'Show more' }).count()) > 0) {
    await dialog.getByRole('listitem').last().scrollIntoViewIfNeeded();
    await dialog
      .getByRole('button', { name: 'Show more' })
      .click({ timeout: 2_000 })
      .catch(() => {});
  }
  await dialog.getByText('75 repositories', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: /^acme\/tool-70/ }).waitFor();
});

test('an address is pasted; one whose branches can’t be read is worth a look', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new' });
  await page.getByRole('button', { name: 'Repository acme/shop' }).click();
  await page.getByRole('dialog').getByLabel('Its address').fill('https://github.com/acme/no-such');
  await page.keyboard.press('Enter');
  await page.getByText('This repository was not found.').waitFor();
  await page.getByRole('combobox', { name: 'Start from Main version' }).waitFor();
  await accessible(page, 'a repository that was not found');
});

test('a branch is named where branches can’t be listed, and a repository that was used is offered', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new' });
  await page.getByRole('button', { name: 'Repository acme/shop' }).click();
  const dialog = page.getByRole('dialog', { name: 'Choose a repository' });
  assert.equal(await dialog.getByRole('group', { name: 'Used before' }).count(), 0);
  await dialog.getByLabel('Its address').fill('https://git.acme.example/web/shop.git');
  await dialog.getByRole('button', { name: 'Use this address' }).click();
  await page.getByRole('combobox', { name: 'Start from Main version' }).click();
  await page.getByRole('option', { name: /^Another branch…/ }).click();
  await page.getByLabel('Name of the branch').fill('spring');
  await accessible(page, 'a branch by its name');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Start from spring' }).waitFor();
  await page.getByRole('button', { name: 'Start 7 tasks on Work' }).click();
  await page.waitForURL(/#\/batch\//);
  await page.getByRole('button', { name: 'New batch' }).click();
  await page.getByRole('button', { name: 'Repository web/shop' }).click();
  await dialog.getByRole('group', { name: 'Used before' }).getByRole('button', { name: 'web/shop' }).waitFor();
  await accessible(page, 'repositories used before');
});

test('a token is entered where the list would be, and a short or refused one is said there', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new', theme: 'dark' });
  await page.evaluate(() => window.fake.removeGithubToken());
  // Looked at anew, as after a start.
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByText('No token yet').waitFor();
  await page.getByRole('button', { name: 'New batch' }).click();
  await page.getByText('No token yet. Without one no branch can be saved there.').waitFor();
  await page.getByRole('button', { name: /^Repository/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Choose a repository' });
  await dialog.getByLabel('Token for github.com').waitFor();
  await accessible(page, 'a token asked for in the dialog');
  await shoot(page, 'repositories-token-dark');
  await dialog.getByLabel('Token for github.com').fill('short');
  await dialog.getByRole('button', { name: 'Save token' }).click();
  await dialog.getByText('This token may not write to repositories.').waitFor();
  await dialog.getByText('scope “repo”').waitFor();
  await dialog.getByText('acme/handbook').waitFor();
  await accessible(page, 'a token that may not do enough');
  await shoot(page, 'repositories-short-dark');

  await dialog.getByRole('button', { name: 'Enter another token' }).click();
  await dialog.getByLabel('Token for github.com').fill('wrong');
  await dialog.getByRole('button', { name: 'Save token' }).click();
  await dialog.getByText('GitHub refused the token.').waitFor();
  await dialog.getByRole('button', { name: 'Enter another token' }).click();
  await dialog.getByLabel('Token for github.com').fill('ghp-good');
  await dialog.getByRole('button', { name: 'Save token' }).click();
  await dialog.getByText('GitHub refused the token.').waitFor({ state: 'detached' });
  await dialog.getByText('acme/handbook').waitFor();
  await nowhere(page, 'ghp-good');
});

test('a token that may not do enough is said before anything starts', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'home', width: 1024 });
  await page.evaluate(() => window.fake.setGithubToken('short'));
  await page.getByRole('navigation').getByRole('button', { name: 'New batch' }).click();
  await page.getByRole('button', { name: '1 thing to look at' }).click();
  const facts = page.getByRole('dialog', { name: 'Before it starts' });
  await facts
    .getByText('This token may not write to repositories. Make one that has the scope “repo” and enter it here.')
    .waitFor();
  await accessible(page, 'a token that may not do enough, before it starts');
  await facts.getByRole('button', { name: 'Enter token' }).click();
  await page.getByRole('dialog', { name: 'Token for github.com' }).getByLabel('Token').fill('ghp-good');
  await page.keyboard.press('Enter');
  await facts.getByText('Token is kept in your computer’s key store').waitFor();
});

test('a key that is missing is entered at the batch form', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new' });
  await page.getByRole('combobox', { name: /^Runs on/ }).click();
  await page.getByRole('option', { name: /^Home server/ }).click();
  await page.getByText('Home server has no key yet').waitFor();
  // Nothing is sent without one: pressing start asks for it.
  await page.keyboard.press('Control+Enter');
  await page.getByRole('dialog', { name: 'Key for Home server' }).getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('A server on this computer gets the texts of your tasks').waitFor();
  await page.getByRole('button', { name: 'Enter key' }).click();
  await page.getByRole('dialog').getByLabel('Key').fill('k');
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Ready to start' }).getByText('Runs on Home server').waitFor();
});

test('a long name has room, or is cut', async () => {
  for (const width of [1440, 360]) {
    const page = await open({ scene: 'cloud', path: 'settings', width });
    await page.getByRole('button', { name: 'Change Work' }).click();
    const name = 'The machines of the whole northern office, second floor, behind the printer';
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `Change ${name}` }).waitFor();
    await page.getByRole('button', { name: 'New batch' }).click();
    await page.getByLabel('Write a task, or paste a list').fill('Fix the footer');
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: /^Runs on/ }).click();
    await page.getByRole('option', { name: /^The machines/ }).click();
    const box = await page.getByRole('button', { name: /^Start 1 task on The machines/ }).boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= width, `the button is in the window of ${width}`);
    await page.context().close();
  }
});

for (const [name, size] of SMALLER) {
  test(`endpoints are reachable at ${name}`, async () => {
    const page = await open({ scene: 'cloud-draft', path: 'new', ...size });
    await page.getByRole('button', { name: 'Start 7 tasks on Work' }).click({ trial: true });
    await fits(page, `the batch form at ${name}`);
    await accessible(page, `the batch form at an endpoint at ${name}`);
    await shoot(page, `batch-form-endpoint-${name}`);
    await page.getByRole('button', { name: /^Repository/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Choose a repository' });
    await dialog.getByText('acme/handbook').scrollIntoViewIfNeeded();
    await dialog.getByRole('button', { name: 'Use this address' }).click({ trial: true });
    await fits(page, `the repositories at ${name}`);
    await accessible(page, `the repositories at ${name}`);
    await shoot(page, `repositories-${name}`);
    await page.keyboard.press('Escape');

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Change Home server' }).scrollIntoViewIfNeeded();
    await fits(page, `settings at ${name}`);
    await accessible(page, `endpoints at ${name}`);
    await shoot(page, `endpoints-${name}`);
    await page.getByRole('button', { name: 'Change Home server' }).click();
    await page.getByRole('button', { name: 'Save changes' }).click({ trial: true });
    await page.context().close();
  });
}
