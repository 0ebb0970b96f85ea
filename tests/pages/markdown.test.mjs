// What an agent writes: Markdown as elements, in every light and width; links go out by a click only.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, fits, pages, shoot } from './tools.mjs';

const { open } = pages();

const MESSAGE = `## What I changed

The form now says **why** a card was refused, *next to the field*, and no longer ~~at the top~~.
Each code has a sentence in \`checkout/errors.ts\`:

| Code | What is said | Tested |
|---|---|---|
| \`E_CARD_04\` | Your bank refused this card. | yes |
| \`E_CARD_11\` | This card has expired. | yes |

\`\`\`ts
// One sentence for each code.
export const SENTENCES: Record<string, string> = {
  E_CARD_04: 'Your bank refused this card.', // 4 of 11
};
\`\`\`

1. Open the checkout
2. Pay with a card that has expired
   - on a phone
   - on a wide screen

- [x] Write the sentences
- [ ] Translate them

> The bank’s own words are never shown.

Read [the bank’s list](https://bank.example/codes) or https://bank.example/help. <b>Not bold</b>, src/*.ts, 2*3*4.

${'verylongword'.repeat(30)}
`;

/** The running batch, where each task's agent has said `MESSAGE` last. */
async function openMessage(options) {
  const page = await open({ scene: 'running', path: 'home', ...options });
  await page.evaluate((title) => {
    const { world } = window.fake;
    const batch = [...world.batches.values()].find(({ view }) => view.name === 'Checkout clean-up');
    for (const task of batch.tasks) {
      const at = world.time;
      const step = { id: 'md', kind: 'said', title, state: 'done', detail: '', files: [], line: 0 };
      task.steps.push({ ...step, started_at: at, changed_at: at, attempt: task.view.attempt });
      task.view.steps = task.steps.length;
      world.changed(task);
    }
    location.hash = `#/batch/${batch.view.id}`;
  }, MESSAGE);
  await page.getByRole('tab', { name: 'Activity' }).click();
  await page.getByRole('heading', { name: 'What I changed' }).first().scrollIntoViewIfNeeded();
  return page;
}

const WINDOWS = [
  ['wide-light', { theme: 'light' }],
  ['wide-dark', { theme: 'dark' }],
  ['720-light', { theme: 'light', width: 720, height: 800 }],
  ['720-dark', { theme: 'dark', width: 720, height: 800 }],
  ['200-percent', { theme: 'light', text: 2 }],
];

for (const [name, options] of WINDOWS) {
  test(`a message is set as Markdown, ${name}`, async () => {
    const page = await openMessage(options);
    const activity = page.getByRole('region', { name: 'Activity' });
    await activity.locator('pre .keyword').first().waitFor();
    assert.equal(await activity.locator('table tbody tr').count(), 2);
    assert.equal(await activity.locator('b').count(), 0);
    await accessible(page, `a message, ${name}`);
    await fits(page, `a message, ${name}`);
    await shoot(page, `markdown-${name}`);
    await page.context().close();
  });
}

test('a link is reached with the keyboard, and opens outside of the window', async () => {
  const page = await openMessage({});
  const address = page.url();
  const link = page.getByRole('link', { name: 'the bank’s list (bank.example)' });
  await link.focus();
  assert.deepEqual(await page.evaluate('window.fake.opened'), []);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.fake.opened.length === 1);
  assert.deepEqual(await page.evaluate('window.fake.opened'), ['https://bank.example/codes']);
  assert.equal(page.url(), address);
});
