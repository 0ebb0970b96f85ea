// A running batch: its tasks as tabs, activity, what changed, result, questions, every width.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const AT = '2026-11-24T14:06:12Z';

const tab = (page, name) => page.getByRole('tab', { name });
/** The names that tabs begin with. */
const namesOf = async (tabs) => (await tabs.allTextContents()).map((text) => text.trim().split(/\s*,/)[0]);
const focused = (page) => page.evaluate('document.activeElement.textContent.trim()');

/** The batch of the pictures with the task of the pictures open. */
async function openRunning(options = {}) {
  const page = await open({ scene: 'running', time: AT, ...options });
  const id = await page.evaluate(
    () => [...window.fake.world.batches.values()].find(({ view }) => view.name === 'Checkout clean-up').view.id,
  );
  await go(page, id);
  await tab(page, /^Clear error messages/).click();
  await page.getByRole('heading', { name: 'Clear error messages' }).waitFor();
  return page;
}

/** Starts a batch in the simulation and opens its page. */
async function openBatch(tasks) {
  const page = await open({ scene: 'home' });
  const id = await page.evaluate(async (prompts) => {
    const { fake } = window;
    fake.world.limit = 20;
    const parallel_tasks = prompts.map(([task_name, prompt]) => ({ task_name, prompt }));
    const asked = { name: 'Made here', branch: 'main', agent: { kind: 'practice' }, max_parallel: 20, parallel_tasks };
    return (await fake.startBatch({ ...asked, repo_url: '/home/sam/Projects/acme-shop' })).batch.id;
  }, tasks);
  await go(page, id);
  return page;
}

async function go(page, id) {
  await page.evaluate((batch) => {
    location.hash = `#/batch/${batch}`;
    dispatchEvent(new PopStateEvent('popstate'));
  }, id);
  await page.getByRole('tablist', { name: /^Tasks of/ }).waitFor();
}

test('the running batch of the pictures, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await openRunning({ theme, scale: 2 });
    await page.getByText('checkout/summary.test.ts').waitFor();
    await accessible(page, `a running batch, ${theme}`);
    await shoot(page, `running-${theme}`);
    await page.context().close();
  }
});

test('every part of a task has nothing against it', async () => {
  const page = await openRunning({ theme: 'dark' });
  await tab(page, 'What changed').click();
  await page.getByRole('button', { name: /errors\.test\.ts/ }).click();
  await page.getByRole('region', { name: /^Change of/ }).waitFor();
  await accessible(page, 'what changed');
  await shoot(page, 'running-changes-dark');

  await tab(page, /^Rename basket to bag/).click();
  await tab(page, 'Result').click();
  await page.getByText('Everything says bag now.').waitFor();
  await accessible(page, 'a result');
  await shoot(page, 'running-result-dark');

  await tab(page, /^Update payment library/).click();
  await page.getByRole('heading', { name: 'Run: npm install payments@4' }).waitFor();
  await accessible(page, 'a question');
  await shoot(page, 'running-question-dark');

  await tab(page, /^Write the checkout guide/).click();
  await tab(page, 'Activity').click();
  await page.getByText(/Waiting for a free place \(1st in line\)\. Up to 4 run at once/).waitFor();
  await accessible(page, 'a waiting task');
});

test('tasks are a list of tabs for the keyboard, opened by hand', async () => {
  const page = await openRunning();
  const list = page.getByRole('tablist', { name: /^Tasks of/ });
  assert.equal(await list.getAttribute('aria-orientation'), 'vertical');

  await page.keyboard.press('ArrowDown');
  await eventually(async () => assert.match(await focused(page), /^Faster address lookup/));
  await page.getByRole('heading', { name: 'Clear error messages' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Faster address lookup' }).waitFor();
  await eventually(async () =>
    assert.equal(await tab(page, /^Faster address lookup/).getAttribute('aria-selected'), 'true'),
  );

  await page.keyboard.press('End');
  await eventually(async () => assert.match(await focused(page), /^Write the checkout guide/));
  await page.keyboard.press('Home');
  await eventually(async () => assert.match(await focused(page), /^Rename basket to bag/));
  await page.keyboard.press('Space');
  await page.getByRole('heading', { name: 'Rename basket to bag' }).waitFor();

  // The parts of the task are tabs of their own, along the other direction.
  await tab(page, 'Activity').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await eventually(async () => assert.match(await focused(page), /^What changed/));
  await page.keyboard.press('Enter');
  await page.getByText('14 files changed').last().waitFor();
});

test('a tab says its status, what it does, and what nobody has seen yet', async () => {
  const page = await openRunning();
  await tab(page, /^Clear error messages\s*, Working,\s+\d+:\d\d\s+Running the tests again$/).waitFor();
  await tab(page, /^Update payment library\s*, Needs you,/).waitFor();
  await page.evaluate(() => {
    const { world } = window.fake;
    const task = [...world.tasks.values()].find(({ view }) => view.name === 'Postcodes for Ireland');
    task.view = { ...task.view, steps: task.view.steps + 2 };
    world.changed(task);
  });
  await tab(page, /^Postcodes for Ireland\s*, Working, 2 new steps,/).waitFor();
});

test('the list is filtered by status and searched by name', async () => {
  const page = await openRunning();
  await page.getByRole('button', { name: 'Show only some tasks' }).click();
  await page.getByRole('menuitem', { name: /Finished/ }).click();
  const tabs = page.getByRole('tablist', { name: /^Tasks of/ }).getByRole('tab');
  // The three finished ones, and the open one, which always stays.
  await eventually(async () => assert.equal(await tabs.count(), 4));
  await page.getByRole('button', { name: 'Show only some tasks' }).click();
  await page.getByRole('menuitem', { name: 'All tasks' }).click();
  await page.getByRole('button', { name: 'Find a task' }).click();
  await page.keyboard.type('POSTCODE');
  await eventually(async () =>
    assert.deepEqual(await namesOf(tabs), ['Clear error messages', 'Postcodes for Ireland']),
  );
  await page.keyboard.press('Escape');
  await eventually(async () => assert.equal(await tabs.count(), 8));
});

test('batches run side by side, each with its own page', async () => {
  const page = await openRunning();
  await page.getByRole('button', { name: 'Find a task' }).click();
  await page.keyboard.type('POSTCODE');
  const other = page.getByRole('navigation').getByText('Help page texts');
  await other.click();
  await page.getByRole('heading', { name: 'Help page texts' }).waitFor();
  const tabs = page.getByRole('tablist', { name: /^Tasks of/ }).getByRole('tab');
  await eventually(async () => assert.deepEqual(await namesOf(tabs), ['Returns', 'Delivery', 'Sizes']));
  await page.getByRole('navigation').getByText('Checkout clean-up').click();
  await page.getByRole('heading', { name: 'Checkout clean-up' }).waitFor();
  await eventually(async () => assert.equal(await tabs.count(), 8));
});

test('a question is answered where it is asked', async () => {
  const page = await openRunning();
  await tab(page, /^Update payment library/).click();
  await page.getByText('Some risk').waitFor();
  await page.getByText('Details', { exact: true }).click();
  await page.getByText('npm install payments@4 payments-react@4 --save-exact').waitFor();
  await page.getByRole('button', { name: 'Allow once' }).click();
  await page.getByRole('heading', { name: 'Run: npm install' }).waitFor({ state: 'detached' });
  await tab(page, /^Update payment library\s*, Working,/).waitFor();
});

test('the text of a change is one key away', async () => {
  const page = await openRunning();
  await tab(page, 'What changed').click();
  const file = page.getByRole('button', { name: /^checkout\/form\.ts/ });
  await file.focus();
  await page.keyboard.press('Enter');
  const change = page.getByRole('region', { name: 'Change of checkout/form.ts' });
  await change.getByText('old line 1', { exact: true }).waitFor();
  await eventually(async () => assert.equal(await file.getAttribute('aria-expanded'), 'true'));
  await page.keyboard.press('Enter');
  await change.waitFor({ state: 'detached' });
});

test('a result is added to the project as a branch', async () => {
  const page = await openRunning();
  await tab(page, /^Rename basket to bag/).click();
  await tab(page, 'Result').click();
  await page.getByRole('button', { name: 'Add to my project' }).click();
  const branch = 'regatta/checkout-clean-up/rename-basket-to-bag';
  await page.getByLabel('Result').getByText(branch).waitFor();
  await eventually(async () => assert.equal(await page.getByRole('button', { name: 'Add to my project' }).count(), 0));

  await page.getByRole('button', { name: 'More for this batch' }).click();
  await page.getByRole('menuitem', { name: 'Add 2 results to my project' }).click();
  await page.getByText('Added 2 results to your project').waitFor();
});

test('every end says what happened, and offers what to do', async () => {
  const page = await openBatch([
    ['It fails', 'write a.md: text\nfail the tests need a database'],
    ['It only talks', 'say It is right as it is.'],
    ['It is stopped', 'wait 600'],
  ]);
  await tab(page, /^It fails\s*, Failed,/).click();
  const message = page.getByRole('region', { name: 'What happened' });
  await message.getByText('the tests need a database').waitFor();
  await accessible(page, 'a failed task');
  await shoot(page, 'running-failed-light');
  await message.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('attempt 2').waitFor();
  await page.getByRole('heading', { name: 'Attempt 2' }).waitFor();

  await tab(page, /^It only talks\s*, Finished,/).click();
  await tab(page, 'Result').click();
  await page.getByText('Finished, but nothing was changed. The explanation is below.').waitFor();
  await accessible(page, 'a task that changed nothing');

  await tab(page, /^It is stopped/).click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await message.getByText('You stopped this task.').waitFor();
});

test('a long silence is said, and is no end', async () => {
  const page = await openBatch([['Quiet', 'wait 600']]);
  await tab(page, /Waiting 600 s$/).waitFor();
  await page.evaluate(() => {
    const { world } = window.fake;
    const task = [...world.tasks.values()].find(({ view }) => view.name === 'Quiet');
    task.view = { ...task.view, last_event_at: Date.now() - 190_000 };
    world.changed(task);
  });
  await page.getByText('Still working. Last sign of life 3 minutes ago; long thinking is normal.').waitFor();
  await tab(page, /^Quiet\s*, Working,/).waitFor();
});

test('what an agent says is never markup', async () => {
  const bad = '<img src="/nowhere" onerror="document.title = 1"><script>document.title = 2</script>';
  const page = await openBatch([[`Named ${bad}`, `say ${bad}\nask ${bad} | ${bad} | No`]]);
  await page.getByRole('button', { name: bad }).waitFor();
  await tab(page, 'Live output').click();
  await page.getByRole('list', { name: 'Live output' }).getByText(bad).waitFor();
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.equal(await page.title(), 'Regatta');
});

test('a batch is stopped as a whole, tried again, and used again', async () => {
  const page = await openRunning();
  await page.getByRole('button', { name: 'Stop all 5' }).click();
  await page.getByText('Stopped 5 tasks. What they had done is saved.').waitFor();
  await page.getByRole('button', { name: 'Stop all' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'More for this batch' }).click();
  await page.getByRole('menuitem', { name: 'Try 5 again' }).click();
  await page.getByRole('button', { name: 'Stop all 5' }).waitFor();
  await page.getByRole('button', { name: 'More for this batch' }).click();
  await page.getByRole('menuitem', { name: 'Use again' }).click();
  await page.getByRole('button', { name: 'Start 8 tasks' }).waitFor();
});

for (const [name, size] of SMALLER) {
  test(`everything is reachable at ${name}`, async () => {
    const page = await openRunning({ ...size, theme: name === '720' ? 'dark' : 'light' });
    await page.getByRole('button', { name: 'Plan, changes and facts' }).click();
    await page.getByRole('dialog').getByText('Run all tests').waitFor();
    await accessible(page, `the facts at ${name}`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    const list = page.getByRole('tablist', { name: /^Tasks of/ });
    await eventually(async () =>
      assert.equal(await list.getAttribute('aria-orientation'), name === '1024' ? 'vertical' : 'horizontal'),
    );
    await tab(page, /^Clear error messages/).focus();
    await page.keyboard.press('End');
    await eventually(async () => assert.match(await focused(page), /^Write the checkout guide/));

    for (const part of ['Live output', 'What changed', 'Result', 'Activity']) {
      await tab(page, part).click();
      await fits(page, `${part} at ${name}`);
    }
    await page.getByText('npm test').first().scrollIntoViewIfNeeded();
    await accessible(page, `a running batch at ${name}`);
    await shoot(page, `running-${name}`);
  });
}
