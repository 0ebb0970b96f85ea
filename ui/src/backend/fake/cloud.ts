import type { BatchRequest, Endpoint, TaskRequest } from '../../bindings/protocol';
import { NO_OPTIONS } from '../../lib/agents';
import { randomNumbers, type Script } from './script';

/** Endpoints of the scenes. */
export const WORK: Endpoint = { id: 'e-1', name: 'Work', address: 'https://api.cloudcoding.example' };
export const HOME_SERVER: Endpoint = { id: 'e-2', name: 'Home server', address: 'http://127.0.0.1:8787' };

const at = (after: number, act: Script[number]['do']): Script[number] => ({ after, do: act });
const out = (text: string, after = 0): Script[number] => at(after, { act: 'print', kind: 'out', text });
const raw = (text: string, after = 0): Script[number] => at(after, { act: 'print', kind: 'raw', text });

function messageSteps(id: string, after: number, text: string): Script {
  return [
    at(after, { act: 'step', id, kind: 'said', state: 'done', title: text }),
    at(0, { act: 'print', kind: 'said', text }),
  ];
}

function edited(id: string, after: number, ...files: [string, number, number][]): Script {
  const named = files.map(([path, added, removed]) => ({ path, added, removed }));
  const title = files.length === 1 ? `Edited ${files[0]?.[0].split('/').at(-1) ?? ''}` : `Edited ${files.length} files`;
  return [
    at(after, { act: 'step', id, kind: 'edit', title, state: 'done', files: named }),
    // A place reports counts; the text of a change it keeps.
    ...named.map((file) =>
      at(0, { act: 'change', file: { ...file, old_path: null, kind: 'modified', binary: false } }),
    ),
  ];
}

const begin = (after: number): Script => [
  at(after, { act: 'step', id: 'start', kind: 'start', title: 'Started at the service', state: 'done' }),
  raw('{"event":"metadata","data":{"run_id":"1f0c8a52"}}'),
];

const end = (after: number, words: string): Script => [
  at(after, { act: 'use', tokens: 18_300 }),
  at(200, { act: 'end', status: 'finished', words, branch: true }),
];

/** The connection is lost: what happened is not known. */
const lose = (after: number): Script[number] =>
  at(after, {
    act: 'end',
    status: 'unknown',
    words: '',
    code: 'connection_lost',
    what: 'The connection to Work was lost, so it isn’t known how this task ended.',
    safe: 'Everything that was received is saved.',
    next: 'Check whether its branch is there before you start it again.',
  });

/** What a task at an endpoint does by its prompt: `lose`, `fail` and `ask` happen, else it works out. */
export function cloudScript(prompt: string, seed: number): Script {
  const random = randomNumbers(seed);
  const pause = () => 300 + Math.floor(random() * 900);
  const script: Script = [
    ...begin(pause()),
    ...messageSteps('s1', pause(), 'I look at the code first.'),
    out('$ npm test', pause()),
    out('42 tests passed'),
  ];
  if (/^lose\b/m.test(prompt)) return [...script, lose(pause())];
  if (/^fail\b/m.test(prompt)) {
    const what = 'The service says that this task failed: its tests did not pass.';
    return [...script, at(pause(), { act: 'end', status: 'failed', words: '', code: 'agent_failed', what })];
  }
  return [...script, ...edited('e1', pause(), ['src/app.ts', 14, 3]), ...end(pause(), 'Done. The tests pass.')];
}

const long = (count: number): Script =>
  Array.from({ length: count }, (_, n) => out(`checked page ${n + 1} of ${count}`, 2_000));

const TASKS: [string, string, Script][] = [
  [
    'Sharper error pages',
    'Say what happened and what to do on every error page.',
    [
      ...begin(2_000),
      at(500, { act: 'say', kind: 'out', text: 'Cloned acme/shop at main' }),
      at(200, { act: 'say', kind: 'raw', text: '{"auth":{"user":"sam"},"setup":{"image":"node-22"}}' }),
      at(0, {
        act: 'say',
        kind: 'raw',
        text: '{"executor":["sharper-error-pages","quicker-search","sign-in-by-link","dark-emails"]}',
      }),
      ...messageSteps(
        's1',
        9_000,
        'There are six error pages. I give each a sentence that says what happened, and a way on.',
      ),
      ...edited('e1', 30_000, ['pages/404.svelte', 18, 6], ['pages/500.svelte', 21, 9], ['lib/errors.ts', 40, 12]),
      out('$ npm test', 5_000),
      out('\x1b[32m✓\x1b[0m pages/errors.test.ts \x1b[2m(12 tests)\x1b[0m', 2_000),
      ...end(4_000, 'All six error pages say what happened and what to do next. The tests pass.'),
    ],
  ],
  [
    'Quicker search',
    'Search as one types must answer in under 100 ms.',
    [
      ...begin(3_000),
      ...messageSteps('s1', 12_000, 'The index is built anew for each search. I keep it between searches.'),
      ...edited('e1', 25_000, ['search/index.ts', 52, 31], ['search/index.test.ts', 24, 0]),
      raw('{"event":"updates|tools","data":{"checkpoint":"c-17"}}', 3_000),
      raw('{"event":"values","data":{"remaining_steps":21}}'),
      at(2_000, {
        act: 'step',
        id: 'run',
        kind: 'run',
        state: 'working',
        title: 'Running the tests',
        detail: 'npm test',
      }),
      ...long(300),
      ...end(1_000, 'Search answers in 40 ms.'),
    ],
  ],
  [
    'Sign in by link',
    'A link by email instead of a password.',
    [
      ...begin(4_000),
      ...messageSteps('s1', 10_000, 'I add a page that asks for the address, and one that takes the link.'),
      ...edited('e1', 20_000, ['auth/link.ts', 88, 0]),
      out('sending a test email…', 6_000),
      lose(9_000),
    ],
  ],
  [
    'Dark emails',
    'Emails must be readable in dark mode.',
    [...begin(6_000), ...messageSteps('s1', 14_000, 'I read the email templates.'), ...long(300)],
  ],
];

/** A batch of four tasks at an endpoint: one finished, two at work, one whose connection was lost. */
export function cloudBatch(): { request: BatchRequest; scripts: Script[] } {
  const parallel_tasks: TaskRequest[] = TASKS.map(([task_name, prompt]) => ({ task_name, prompt }));
  const request: BatchRequest = {
    name: 'Before the holidays',
    repo_url: 'https://github.com/acme/shop.git',
    branch: 'main',
    agent: { kind: 'practice' },
    options: NO_OPTIONS,
    safety: 'balanced',
    haiku: false,
    thread_id: '',
    endpoint: WORK,
    parallel_tasks,
  };
  return { request, scripts: TASKS.map(([, , script]) => script) };
}
