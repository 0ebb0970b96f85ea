import type { BatchRequest, TaskRequest } from '../../bindings/protocol';
import { fileChangeAct, type Script } from './script';

type MakeBatch = (name: string, tasks: TaskRequest[], max: number) => BatchRequest;

const SECOND = 1000;
const at = (seconds: number, act: Script[number]['do']): Script[number] => ({ after: seconds * SECOND, do: act });
const line = (text: string): Script[number] => at(0, { act: 'print', kind: 'out', text });

const copy: Script = [
  at(0, {
    act: 'step',
    id: 'copy',
    kind: 'copy',
    state: 'done',
    title: 'Made a separate copy of your project',
    detail: 'Started from main',
  }),
  at(1, { act: 'step', id: 'start', kind: 'start', title: 'Started the agent', state: 'done' }),
];

const files = (...entries: [string, number, number][]) =>
  entries.map(([path, added, removed]) => ({ path, added, removed }));

function edits(id: string, seconds: number, ...entries: [string, number, number][]): Script {
  const title =
    entries.length === 1 ? `Edited ${entries[0]?.[0].split('/').at(-1) ?? ''}` : `Edited ${entries.length} files`;
  return [
    at(seconds, { act: 'step', id, kind: 'edit', title, state: 'done', files: files(...entries) }),
    ...entries.map(([path, added, removed]) =>
      line(`${path.padEnd(28)} \x1b[32m+${added}\x1b[0m \x1b[31m-${removed}\x1b[0m`),
    ),
    ...entries.map(([path, added, removed]) => at(0, fileChangeAct(path, added, removed))),
    at(1, { act: 'save', reason: 'turn_ended' }),
  ];
}

const tests = (...results: [string, number, number, boolean][]): Script => [
  line('$ npm test'),
  ...results.flatMap(([name, count, ms, ok]) => [
    at(1, {
      act: 'print',
      kind: 'out' as const,
      text: ok
        ? `\x1b[32m✓\x1b[0m ${name} \x1b[2m(${count} tests)\x1b[0m \x1b[33m${ms}ms\x1b[0m`
        : `\x1b[31m✗\x1b[0m ${name} \x1b[2m(${count} tests | \x1b[22;31m2 failed\x1b[39;2m)\x1b[0m \x1b[33m${ms}ms\x1b[0m`,
    }),
  ]),
];

const PLAN = [
  'Find every error code',
  'Write a sentence for each',
  'Show it next to the field',
  'Add tests',
  'Run all tests',
  'Summarise what changed',
];

function plan(done: number): Script[number] {
  return at(0, {
    act: 'plan',
    entries: PLAN.map((text, n) => [text, n < done ? 'done' : n === done ? 'working' : 'open']),
  });
}

/** A task that reads, edits, tests, and goes on testing for a long time. */
const clearErrors: Script = [
  ...copy,
  plan(0),
  at(20, {
    act: 'step',
    id: 'read',
    kind: 'read',
    state: 'done',
    title: 'Read 12 files',
    detail: 'checkout/form.ts, checkout/errors.ts and 10 more',
  }),
  ...Array.from({ length: 1190 }, (_, n) => line(`\x1b[2mfetched package ${n + 1} of 1190\x1b[0m`)),
  plan(1),
  at(25, {
    act: 'step',
    id: 'said',
    kind: 'said',
    state: 'done',
    title:
      'The form shows codes such as `E_CARD_04`. I’ll replace each with a sentence that says what happened and what to do next, then check them with tests.',
  }),
  at(0, {
    act: 'print',
    kind: 'said',
    text: 'The form shows codes such as `E_CARD_04`. I’ll replace each with a sentence that says what happened and what to do next, then check them with tests.',
  }),
  plan(3),
  ...edits(
    'edit1',
    40,
    ['checkout/errors.ts', 41, 12],
    ['checkout/form.ts', 22, 14],
    ['checkout/card-field.svelte', 15, 3],
    ['checkout/en.json', 8, 2],
  ),
  plan(4),
  at(30, {
    act: 'step',
    id: 'test1',
    kind: 'run',
    state: 'failed',
    title: 'Ran the tests',
    detail: '2 of 43 did not pass',
  }),
  ...tests(
    ['checkout/form.test.ts', 18, 398, true],
    ['checkout/card-field.test.ts', 9, 131, true],
    ['checkout/errors.test.ts', 14, 102, false],
  ),
  line('  \x1b[31m✗ a declined card says what to do next\x1b[0m'),
  line('    \x1b[31mExpected\x1b[0m \x1b[32m"Your card was declined. Try another card."\x1b[0m'),
  line('    \x1b[31mReceived "E_CARD_04"\x1b[0m'),
  line('  \x1b[31m✗ no message shows a code\x1b[0m'),
  ...edits(
    'edit2',
    45,
    ['checkout/errors.ts', 60, 18],
    ['checkout/errors.test.ts', 18, 0],
    ['checkout/messages.ts', 8, 0],
  ),
  line('\x1b[32m+  E_CARD_04: "Your card was declined. Try another card or ask your bank.",\x1b[0m'),
  line('\x1b[31m-  E_CARD_04: "E_CARD_04",\x1b[0m'),
  at(1, { act: 'use', tokens: 48_200 }),
  at(30, {
    act: 'step',
    id: 'test2',
    kind: 'run',
    state: 'working',
    title: 'Running the tests again',
    detail: 'npm test',
  }),
  ...tests(
    ['checkout/form.test.ts', 18, 412, true],
    ['checkout/card-field.test.ts', 9, 128, true],
    ['checkout/errors.test.ts', 14, 96, true],
    ['checkout/address.test.ts', 11, 240, true],
  ),
  line('\x1b[36m❯\x1b[0m checkout/summary.test.ts \x1b[2m(2 tests)\x1b[0m'),
  ...Array.from({ length: 400 }, (_, n) =>
    at(12, { act: 'print', kind: 'out', text: ` ${52 + n} of 460 passed  \x1b[34mrunning…\x1b[0m` }),
  ),
  at(1, { act: 'step', id: 'test2', kind: 'run', state: 'done', title: 'Ran the tests again', detail: 'npm test' }),
  plan(6),
  at(1, { act: 'save', reason: 'result' }),
  at(1, { act: 'end', status: 'finished', words: 'Every error is a sentence now, and the tests pass.' }),
];

function finished(seconds: number, words: string, ...entries: [string, number, number][]): Script {
  return [
    ...copy,
    ...edits('edit', seconds, ...entries),
    at(2, { act: 'save', reason: 'result' }),
    at(1, { act: 'use', tokens: 21_400 }),
    at(1, { act: 'end', status: 'finished', words }),
  ];
}

function working(kind: 'edit' | 'read', title: string, begins: number): Script {
  return [
    ...copy,
    at(begins, { act: 'step', id: 'now', kind, state: 'working', title }),
    ...Array.from({ length: 600 }, (_, n) => at(2, { act: 'print', kind: 'out', text: `looked at entry ${n + 1}` })),
    at(1, {
      act: 'end',
      status: 'failed',
      words: '',
      code: 'agent_died',
      what: 'The agent ended before it said that it was done.',
    }),
  ];
}

const questionScript: Script = [
  ...copy,
  at(20, { act: 'step', id: 'read', kind: 'read', state: 'done', title: 'Read package.json' }),
  at(5, {
    act: 'ask',
    questions: [
      {
        id: 'q1',
        title: 'Run: npm install payments@4 payments-react@4',
        detail: 'npm install payments@4 payments-react@4 --save-exact',
        options: [
          { id: 'yes', label: 'Yes, this time', kind: 'allow_once' },
          { id: 'always', label: 'Yes, always in this task', kind: 'allow_always' },
          { id: 'no', label: 'No', kind: 'reject_once' },
        ],
        kind: 'permission',
        risk: 'medium',
        risk_words: 'adds packages to this project',
        key: 'run:npm install',
      },
    ],
  }),
  ...finished(30, 'The payment library is current.', ['package.json', 4, 4]),
];

const TASKS: [string, string, Script][] = [
  [
    'Rename basket to bag',
    'Everywhere people can read it.',
    finished(
      60,
      'Everything says bag now.',
      ...Array.from({ length: 14 }, (_, n): [string, number, number] => [`shop/page-${n + 1}.svelte`, 3 + n, 2]),
    ),
  ],
  ['Clear error messages', 'Replace each code by a sentence.', clearErrors],
  ['Faster address lookup', 'Look up addresses while typing.', working('edit', 'Editing lookup.ts', 100)],
  ['Update payment library', 'Bring it to version 4.', questionScript],
  [
    'Remove old coupon code',
    'Nothing uses it any more.',
    finished(
      50,
      'The old coupon code is gone.',
      ['coupons/old.ts', 0, 214],
      ['coupons/index.ts', 2, 9],
      ['cart/total.ts', 4, 11],
      ['cart/total.test.ts', 1, 30],
      ['README.md', 0, 6],
    ),
  ],
  ['Postcodes for Ireland', 'Accept Eircodes.', working('read', 'Reading the project', 20)],
  [
    'Fix total on small screens',
    'It is cut off below 360 pixels.',
    finished(40, 'The total fits from 320 pixels.', ['cart/total.css', 12, 5], ['cart/total.svelte', 3, 3]),
  ],
  ['Write the checkout guide', 'For people new to the project.', working('read', 'Reading the project', 20)],
];

/** A batch of eight tasks: some finished, some at work, one that asks, one that waits. */
export function checkoutBatch(make: MakeBatch): { request: BatchRequest; scripts: Script[] } {
  const tasks = TASKS.map(([task_name, prompt]) => ({ task_name, prompt }));
  return { request: make('Checkout clean-up', tasks, 4), scripts: TASKS.map(([, , script]) => script) };
}

/** A task with `count` lines at once, then one more each half second. */
export function longOutputScript(count: number): Script {
  return [
    at(0, { act: 'step', id: 'run', kind: 'run', state: 'working', title: 'Running a long program' }),
    at(0, {
      act: 'print',
      kind: 'out',
      text: Array.from({ length: count }, (_, n) => `line ${n + 1} of a long output`).join('\n'),
    }),
    ...Array.from({ length: 2000 }, (_, n) =>
      at(0.5, { act: 'print', kind: 'out' as const, text: `later line ${n + 1}` }),
    ),
    at(1, { act: 'end', status: 'finished', words: 'Done.' }),
  ];
}
