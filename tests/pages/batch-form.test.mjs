// The batch form: choices, tasks, keys, pasted lists, problems, start.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, pages, shoot } from './tools.mjs';

const { open } = pages();

const names = (page) => page.locator('ol .name').evaluateAll((all) => all.map((one) => one.value ?? one.textContent));

test('the batch form of the pictures, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open({ scene: 'draft', path: 'new', theme, scale: 2 });
    await page.getByRole('button', { name: /^Task 1: Show the delivery date/ }).click();
    await page.getByRole('button', { name: 'Start 7 tasks' }).waitFor();
    await page.getByText('All 7 tasks are complete').waitFor();
    await accessible(page, `the batch form, ${theme}`);
    await shoot(page, `batch-form-${theme}`);
    await page.context().close();
  }
});

test('a batch is written and started with the keyboard alone', async () => {
  const page = await open({ scene: 'blank', path: 'home' });
  await page.keyboard.press('Control+n');
  await page.getByRole('button', { name: 'Write a task' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Fix the footer');
  await page.keyboard.press('Enter');
  await page.keyboard.type('It is cut off on phones.');
  await page.getByLabel('Write a task, or paste a list').focus();
  await page.keyboard.type('Translate the help page');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Smaller images');
  await page.getByRole('button', { name: 'Start 2 tasks' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/#\/batch\//);
  await eventually(async () =>
    assert.equal(
      await page.getByRole('tab', { name: /^(Fix the footer|Translate the help page|Smaller images)/ }).count(),
      3,
    ),
  );
});

test('tasks are opened, moved, duplicated and removed', async () => {
  const page = await open({ scene: 'draft', path: 'new' });
  const second = page.getByRole('button', { name: /^Task 2: Keep the bag/ });
  await second.focus();
  await page.keyboard.press('Alt+ArrowUp');
  await eventually(async () => assert.equal((await names(page))[0], 'Keep the bag after signing in'));
  await eventually(async () =>
    assert.match(await page.evaluate('document.activeElement.textContent'), /^Task 1:\s*Keep the bag/),
  );

  await page.keyboard.press('Enter');
  await eventually(async () =>
    assert.equal(await page.evaluate('document.activeElement.value'), 'Keep the bag after signing in'),
  );
  await page.keyboard.press('Alt+ArrowDown');
  await eventually(async () => assert.equal((await names(page))[1], 'Keep the bag after signing in'));
  await eventually(async () =>
    assert.equal(await page.evaluate('document.activeElement.value'), 'Keep the bag after signing in'),
  );
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'More for task 3' }).click();
  await page.getByRole('menuitem', { name: 'Move down' }).click();
  await eventually(async () => assert.equal((await names(page))[3], 'Smaller images on product pages'));

  await page.getByRole('button', { name: 'More for task 1' }).click();
  await accessible(page, 'a menu', { popup: true });
  await page.getByRole('menuitem', { name: 'Duplicate' }).click();
  await page.getByRole('button', { name: 'Start 8 tasks' }).waitFor();
  await eventually(async () => assert.equal((await names(page))[1], 'Show the delivery date earlier 2'));

  await page.getByRole('button', { name: 'Remove task 2' }).click();
  await page.getByRole('button', { name: 'Start 7 tasks' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await eventually(async () => assert.equal((await names(page))[1], 'Show the delivery date earlier 2'));
});

test('a pasted list is shown, then added', async () => {
  const page = await open({ scene: 'blank', path: 'new' });
  const last = page.getByLabel('Write a task, or paste a list');
  await last.focus();
  await last.evaluate((element) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'Name\tWhat\nFooter\tMake it stick.\nPrices\tShow cents.');
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await page.getByRole('dialog', { name: 'Paste a list' }).waitFor();
  await page.getByText('Becomes 2 tasks').waitFor();
  await accessible(page, 'the dialog for a pasted list');
  await page.getByLabel('Your list').fill('Before:\n1. one\n2. two\n   more of two\n3. three');
  await shoot(page, 'paste-light');
  await page.getByRole('button', { name: 'Add 3 tasks' }).click();
  await eventually(async () => assert.deepEqual(await names(page), ['one', 'two', 'three']));
  await page.getByRole('button', { name: /^Task 2: two/ }).click();
  await eventually(async () =>
    assert.equal(await page.getByLabel('What is to be done in task 2').inputValue(), 'two\nmore of two'),
  );
});

test('what is missing is said at its task, and nothing starts', async () => {
  const page = await open({ scene: 'draft', path: 'new' });
  await page.getByRole('button', { name: /^Task 2: Keep the bag/ }).click();
  await page.getByLabel('Name of task 2').fill('Show the delivery date earlier');
  await page.getByLabel('What is to be done in task 2').fill('');
  await page.getByRole('button', { name: /^Task 3: Smaller images/ }).click();
  await page.getByText('Task 1 already has this name. Give this one another name.').waitFor();
  await page.getByText("This task doesn't say what to do. Write what you want done.").waitFor();
  await page.getByText('1 task isn’t complete').waitFor();
  await accessible(page, 'a batch form with problems');
  await shoot(page, 'problems-light');
  await page.keyboard.press('Control+Enter');
  await page.waitForFunction(() => document.activeElement.ariaLabel === 'Name of task 2');
  await eventually(async () =>
    assert.equal(await page.getByLabel('Name of task 2').getAttribute('aria-invalid'), 'true'),
  );
  assert.match(page.url(), /#\/new$/);
});

test('200 tasks are the most', async () => {
  const page = await open({ scene: 'blank', path: 'new' });
  await page.getByRole('button', { name: 'Paste a list' }).first().click();
  const list = Array.from({ length: 201 }, (_, n) => `Task number ${n + 1}`).join('\n');
  await page.getByLabel('Your list').fill(list);
  await page.getByRole('button', { name: 'Add 201 tasks' }).click();
  await page.getByText('This batch has 201 tasks; 200 is the most.').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Start 201 tasks' }).waitFor();
  assert.match(page.url(), /#\/new$/);
});

test('any program can be the agent', async () => {
  const page = await open({ scene: 'draft', path: 'new', theme: 'dark' });
  await page.getByRole('combobox', { name: 'Agent Practice agent' }).click();
  await accessible(page, 'a list of choices', { popup: true });
  await page.getByRole('option', { name: /Add an agent/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an agent of your own' });
  await dialog.getByText('Any command').click();
  await dialog.getByLabel('Program', { exact: true }).fill('claude');
  await dialog.getByLabel('Arguments').fill('-p --output-format "stream json"');
  await dialog.getByRole('button', { name: 'Add {prompt}' }).click();
  await accessible(page, 'the dialog for a program');
  await shoot(page, 'agent-dark');
  await dialog.getByRole('button', { name: 'Add agent' }).click();
  await page.getByText('claude: sign-in not known').waitFor();
  await page.getByText('claude -p --output-format "stream json" {prompt}').waitFor();

  await page.getByRole('combobox', { name: 'Agent claude' }).click();
  await page.getByRole('option', { name: /Add an agent/ }).click();
  await dialog.getByLabel('Program', { exact: true }).fill('no-such-agent');
  await dialog.getByRole('button', { name: 'Add agent' }).click();
  await page.getByText('The program "no-such-agent" was not found.').waitFor();
});

test('a draft is there again, a template keeps its tasks', async () => {
  const page = await open({ scene: 'blank', path: 'new' });
  await page.getByLabel('Title of the batch').fill('Autumn');
  await page.getByLabel('Write a task, or paste a list').fill('Rake the leaves');
  await page.keyboard.press('Enter');
  await page.getByText('Draft saved').waitFor();
  await page.getByRole('button', { name: 'Save as template' }).click();
  await accessible(page, 'the dialog for a template');
  await page.getByRole('button', { name: 'Save template' }).click();
  await page.getByText('“Autumn” is saved as a template.').waitFor();

  await page.getByRole('link', { name: 'Templates' }).click();
  await page.getByText('1 task: Rake the leaves').waitFor();
  await accessible(page, 'templates');
  await shoot(page, 'templates-light');
  await page.getByRole('button', { name: 'Remove Autumn' }).click();
  await page.getByText('A template keeps the tasks of a batch').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: /^Use 1 task of Autumn/ }).click();
  await page.getByRole('button', { name: 'Start 2 tasks' }).waitFor();
});
