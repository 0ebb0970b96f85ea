// A batch at an endpoint: its place, its branches, what belongs to no task, and lost connections.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, eventually, fits, pages, shoot, SMALLER } from './tools.mjs';

const { open } = pages();

const AT = '2026-11-24T14:06:12Z';
const tab = (page, name) => page.getByRole('tab', { name });
const lines = (page) => page.getByRole('list', { name: 'Live output' });

async function openCloud(options = {}) {
  const page = await open({ scene: 'cloud', time: AT, ...options });
  await page.evaluate(() => {
    const { view } = [...window.fake.world.batches.values()].find((one) => one.view.endpoint);
    location.hash = `#/batch/${view.id}`;
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await page.getByRole('tablist', { name: /^Tasks of/ }).waitFor();
  return page;
}

const attempts = (page, name) =>
  page.evaluate(
    (wanted) => [...window.fake.world.tasks.values()].find(({ view }) => view.name === wanted).view.attempt,
    name,
  );

test('a lost connection says what happened, what is safe, and what can be done, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await openCloud({ theme, scale: 2 });
    await tab(page, /^Sign in by link\s*, Connection lost, outcome unknown,/).click();
    const message = page.getByRole('region', { name: 'What happened' });
    await message.getByText('it isn’t known how this task ended').waitFor();
    await message.getByText('Everything that was received is saved.').waitFor();
    await message.getByRole('button', { name: 'Check the branch' }).click();
    await message.getByText('The branch is there, 3 commits.').waitFor();
    await accessible(page, `a lost connection, ${theme}`);
    await shoot(page, `cloud-lost-${theme}`);
    await page.context().close();
  }
});

test('starting again says first that it is new work, and nothing is sent before that', async () => {
  const page = await openCloud();
  await tab(page, /^Sign in by link/).click();
  await page.getByRole('button', { name: 'Start again' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Start “Sign in by link” again?' });
  await dialog.getByText('as new work. It may cost money again.').waitFor();
  await dialog.getByText('may still be going on there').waitFor();
  await accessible(page, 'the question before starting again');
  await shoot(page, 'cloud-again-light');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await attempts(page, 'Sign in by link'), 1);
  await page.getByRole('button', { name: 'Start again' }).click();
  await dialog.getByRole('button', { name: 'Start 1 task again' }).click();
  await page.getByText('attempt 2').waitFor();
});

test('trying the failed ones again asks too', async () => {
  const page = await openCloud();
  await page.getByRole('button', { name: 'Stop all 2' }).click();
  await page.getByText('Stopped 2 tasks. What was received is saved.').waitFor();
  await page.getByRole('button', { name: 'More for this batch' }).click();
  assert.equal(await page.getByRole('menuitem', { name: /to my project|project folder/ }).count(), 0);
  await page.getByRole('menuitem', { name: 'Try 3 again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Start 3 tasks again?' });
  await dialog.getByText('Only these 3 tasks are sent to Work again').waitFor();
  await dialog.getByText('One of them may still be going on there').waitFor();
  await dialog.getByRole('button', { name: 'Start 3 tasks again' }).click();
  await page.getByRole('button', { name: 'Stop all 3' }).waitFor();
});

test('the place is named, with its address in a tooltip', async () => {
  const page = await openCloud();
  await tab(page, /^Quicker search/).click();
  const named = page.getByTitle('https://api.cloudcoding.example');
  await eventually(async () => assert.deepEqual(await named.allTextContents(), ['Work (cloud)', 'Work (cloud)']));
  await page.getByRole('complementary').getByText('acme/shop').waitFor();
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByText('acme/shop').first().waitFor();
  await accessible(page, 'home with a batch at an endpoint');
  await shoot(page, 'cloud-home-light');
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByText('acme/shop').first().waitFor();
});

test('a result is a branch already, to be checked and copied', async () => {
  const page = await openCloud({ theme: 'dark' });
  await tab(page, /^Sharper error pages/).click();
  await tab(page, 'Result').click();
  const result = page.getByRole('region', { name: 'Result' });
  await result.getByText('regatta/before-the-holidays/sharper-error-pages').waitFor();
  await result.getByText('It is already a branch of the repository, so nothing has to be added.').waitFor();
  await result.getByRole('button', { name: 'Copy the branch' }).waitFor();
  await eventually(async () => assert.equal(await page.getByRole('button', { name: 'Add to my project' }).count(), 0));
  await result.getByRole('button', { name: 'Check the branch' }).click();
  await result.getByText('The branch is there, 3 commits.').waitFor();
  await accessible(page, 'a result at an endpoint');
  await shoot(page, 'cloud-result-dark');
  await tab(page, 'What changed').click();
  await page.getByText('As Work reported it. The text of the changes is on the branch.').waitFor();
  await page.getByText('errors.ts').last().waitFor();
  await accessible(page, 'changes at an endpoint');
  await shoot(page, 'cloud-changes-dark');
});

test('a finished task goes on with what it is told', async () => {
  const page = await openCloud();
  await tab(page, /^Sharper error pages/).click();
  await page.getByRole('button', { name: 'More for this task' }).click();
  await page.getByRole('menuitem', { name: /^Continue…/ }).click();
  await page.waitForFunction(() => document.activeElement.localName === 'textarea');
  await page.keyboard.type('Also the page for when it is closed.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('attempt 2').waitFor();
  await tab(page, /^Sharper error pages\s*, (Waiting|Working),/).waitFor();
});

test('what belongs to no task has a place of its own, and is counted nowhere', async () => {
  const page = await openCloud({ theme: 'dark' });
  await page.getByText('4 tasks', { exact: true }).waitFor();
  await tab(page, /^Dark emails/).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The whole batch' }).waitFor();
  await lines(page).getByText('Cloned acme/shop at main').waitFor();
  await accessible(page, 'the whole batch');
  await shoot(page, 'cloud-whole-dark');
  assert.equal(await tab(page, /^Activity|^Result/).count(), 0);
  await page.evaluate(() => {
    const { world } = window.fake;
    world.say(
      [...world.batches.values()].find((one) => one.view.endpoint),
      'out',
      'Later words',
    );
  });
  await lines(page).getByText('Later words').waitFor();
});

test('it is found when its place speaks only later', async () => {
  const page = await open({ scene: 'cloud-draft', path: 'new' });
  await page.getByRole('button', { name: 'Start 7 tasks on Work' }).click();
  await page.waitForURL(/#\/batch\//);
  await tab(page, /^Show the delivery date/).waitFor();
  await eventually(async () => assert.equal(await tab(page, /^The whole batch/).count(), 0));
  await page.evaluate(() => {
    const { world } = window.fake;
    world.say([...world.batches.values()].at(-1), 'out', 'Hello to all');
  });
  await tab(page, /^The whole batch/).click();
  await lines(page).getByText('Hello to all').waitFor();
});

test('what was not understood is folded under Details', async () => {
  const page = await openCloud();
  await tab(page, /^The whole batch/).click();
  const long = lines(page).getByText('"dark-emails"]}');
  await lines(page).getByRole('button', { name: 'Show details' }).waitFor();
  const width = () => long.evaluate((element) => [element.clientWidth, element.scrollWidth]);
  await eventually(async () => {
    const [seen, whole] = await width();
    assert.ok(seen < whole, 'it is cut');
  });
  await page.getByRole('button', { name: 'Details', exact: true }).focus();
  await page.keyboard.press('Enter');
  await lines(page).getByRole('button', { name: 'Hide details' }).waitFor();
  await eventually(async () => {
    const [seen, whole] = await width();
    assert.ok(seen >= whole, 'it is whole');
  });
  await accessible(page, 'details');
  await shoot(page, 'cloud-details-light');
});

for (const [name, size] of SMALLER) {
  test(`a batch at an endpoint is whole at ${name}`, async () => {
    const page = await openCloud(size);
    for (const [task, part] of [
      [/^Sign in by link/, 'Activity'],
      [/^Sharper error pages/, 'Result'],
      [/^Sharper error pages/, 'What changed'],
    ]) {
      await tab(page, task).click();
      await tab(page, part).click();
      await fits(page, `${part} at ${name}`);
      await accessible(page, `${part} at an endpoint at ${name}`);
    }
    await tab(page, /^Sign in by link/).click();
    await page.getByRole('button', { name: 'Check the branch' }).first().click();
    await page.getByText('The branch is there, 3 commits.').first().scrollIntoViewIfNeeded();
    await shoot(page, `cloud-lost-${name}`);
    await tab(page, /^The whole batch/).click();
    await lines(page).getByText('Cloned acme/shop at main').waitFor();
    await shoot(page, `cloud-whole-${name}`);
  });
}
