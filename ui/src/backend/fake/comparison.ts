import type { AgentChoice, AgentPause, BatchRequest, KnownAgent, TaskRequest, TestRun } from '../../bindings/protocol';
import { NO_OPTIONS } from '../../lib/agents';
import { fileChangeAct, type Script } from './script';

type MakeBatch = (name: string, tasks: TaskRequest[], max: number) => BatchRequest;

const at = (after: number, act: Script[number]['do']): Script[number] => ({ after, do: act });
const known = (id: KnownAgent): AgentChoice => ({ kind: 'known', id });
const pick = (id: KnownAgent) => ({ agent: known(id), options: NO_OPTIONS });

function ends(
  seconds: number,
  words: string,
  tests: TestRun[],
  cost_usd: number | undefined,
  ...files: [string, number, number][]
): Script {
  return [
    at(0, { act: 'step', id: 'copy', kind: 'copy', state: 'done', title: 'Made a separate copy of your project' }),
    at(2_000, {
      act: 'step',
      id: 'think',
      kind: 'thought',
      state: 'done',
      title: 'The footer is a fixed row. It should wrap below 40 rem, and its links need 24 pixels.',
    }),
    at(seconds * 1_000, {
      act: 'step',
      id: 'edit',
      kind: 'edit',
      state: 'done',
      title: `Edited ${files.length} files`,
    }),
    ...files.map(([path, added, removed]) => at(0, fileChangeAct(path, added, removed))),
    at(0, { act: 'use', tokens: 9_000 + seconds * 140, ...(cost_usd === undefined ? {} : { cost_usd }) }),
    at(500, { act: 'save', reason: 'result' }),
    at(500, { act: 'end', status: 'finished', words, tests }),
  ];
}

const SCRIPTS: Script[] = [
  ends(
    96,
    'The footer wraps on small screens, and its links are large enough to touch. I ran all tests, and they pass.',
    [{ command: 'npm test', passed: true }],
    0.31,
    ['shop/footer.svelte', 24, 11],
    ['shop/footer.test.ts', 18, 0],
  ),
  ends(
    58,
    'I changed the footer to a grid. One test did not pass, as it expects the old markup; I left it as it is.',
    [{ command: 'npm test -- footer', passed: false }],
    undefined,
    ['shop/footer.svelte', 41, 30],
  ),
  [
    ...ends(70, '', [], 0.12, ['shop/footer.css', 9, 2]).slice(0, -1),
    at(900, {
      act: 'end',
      status: 'failed',
      words: 'I refuse to change the licence text in the footer.',
      code: 'agent_failed',
      what: 'The agent declined to do this task.',
    }),
  ],
];

/** A batch with one row that three agents do. */
export function comparisonBatch(make: MakeBatch): { request: BatchRequest; scripts: Script[] } {
  const agents = [pick('claude-code'), pick('codex'), pick('gemini')];
  const request = make('Footer on small screens', [{ task_name: 'Fix the footer', prompt: 'It must fit.', agents }], 3);
  return { request, scripts: SCRIPTS };
}

/** A batch whose agent's tasks are held, and one more agent that is. */
export function heldBatches(make: MakeBatch, now: number): { requests: BatchRequest[]; holds: AgentPause[] } {
  const task = (task_name: string): TaskRequest => ({ task_name, prompt: 'wait 600' });
  const of = (id: KnownAgent, name: string, ...tasks: string[]) => ({
    ...make(name, tasks.map(task), 3),
    agent: known(id),
  });
  const requests = [
    of('claude-code', 'Winter sale', 'Banner', 'Prices', 'Emails'),
    of('codex', 'Small repairs', 'Fix the search'),
  ];
  const hold = { tasks: 0 };
  return {
    requests,
    holds: [
      {
        ...hold,
        agent: known('claude-code'),
        until: now + 25 * 60_000,
        notice: {
          code: 'usage_limit',
          what: 'The usage limit of Claude Code is reached.',
          safe: 'What its tasks had done is saved.',
          next: 'Nothing is to be done: it goes on by itself.',
        },
      },
      {
        ...hold,
        agent: known('codex'),
        until: null,
        notice: {
          code: 'sign_in_needed',
          what: 'Codex says that nobody is signed in any more.',
          safe: 'What its tasks had done is saved.',
          next: 'Run “codex login” in a terminal, then say so here.',
        },
      },
    ],
  };
}
