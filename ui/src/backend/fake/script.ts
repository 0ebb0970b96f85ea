import type {
  ErrorCode,
  FileChange,
  LineKind,
  PatchLine,
  PlanState,
  Question,
  SaveReason,
  Status,
  Step,
  TestRun,
} from '../../bindings/protocol';

/** One thing that a simulated task does. */
export type Act =
  | ({ act: 'step' } & Pick<Step, 'id' | 'kind' | 'title' | 'state'> & Partial<Step>)
  | { act: 'print'; kind: LineKind; text: string }
  | { act: 'plan'; entries: [string, PlanState][] }
  | { act: 'change'; file: FileChange; patch?: PatchLine[] }
  | { act: 'save'; reason: SaveReason }
  | { act: 'use'; tokens: number; cost_usd?: number }
  | { act: 'ask'; questions: Question[] }
  /** Its place says something that belongs to no task. */
  | { act: 'say'; kind: LineKind; text: string }
  | {
      act: 'end';
      status: Status;
      words: string;
      code?: ErrorCode;
      what?: string;
      safe?: string;
      next?: string;
      /** A branch holds the result. */
      branch?: boolean;
      tests?: TestRun[];
      /** What can still be answered. */
      questions?: Question[];
    };

/** An act and how long after the one before it happens, in milliseconds. */
export type Script = { after: number; do: Act }[];

/** Pseudo-random numbers from 0 to 1 that are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A change of `path` by `added` and `removed` lines, with a text that fits the counts. */
export function fileChangeAct(path: string, added: number, removed: number): Act {
  const patch: PatchLine[] = [{ kind: 'same', old: 1, new: 1, text: `// ${path}` }];
  for (let n = 0; n < removed; n += 1) {
    patch.push({ kind: 'removed', old: n + 2, new: null, text: `  old line ${n + 1}` });
  }
  for (let n = 0; n < added; n += 1) {
    patch.push({ kind: 'added', old: null, new: n + 2, text: `  new line ${n + 1}` });
  }
  patch.push({ kind: 'gap', old: null, new: null, text: '' });
  patch.push({ kind: 'same', old: removed + 40, new: added + 40, text: '}' });
  const kind = removed === 0 ? 'added' : 'modified';
  return {
    act: 'change',
    file: { path, old_path: null, kind, binary: false, added, removed },
    patch,
  };
}

/** A step that begins and, `takes` later, is done; `inside` happens in between. */
function step(id: string, kind: Step['kind'], title: string, takes: number, inside: Script = [], detail = ''): Script {
  const head = { act: 'step' as const, id, kind, title, detail };
  return [
    { after: 300, do: { ...head, state: 'working' } },
    ...inside,
    { after: takes, do: { ...head, state: 'done' } },
  ];
}

const print = (after: number, text: string, kind: LineKind = 'out') =>
  ({ after, do: { act: 'print', kind, text } }) satisfies Script[number];

/** How every task begins. */
function begin(): Script {
  return [
    ...step('copy', 'copy', 'Made a separate copy of your project', 400),
    ...step('start', 'start', 'Started the agent', 300),
  ];
}

const DIRECTIVE = /^(write|append|remove|run|say|think|plan|print|wait|ask|fail|exit)\b\s*(.*)$/;

/** What a task with this prompt does: its directives, as the practice agent knows them. */
export function parseScript(prompt: string, seed: number): Script {
  const random = randomNumbers(seed);
  const pause = () => 400 + Math.floor(random() * 1200);
  const found = prompt
    .split('\n')
    .map((line) => DIRECTIVE.exec(line.trim()))
    .filter((match) => match !== null);
  const script = begin();
  if (found.length === 0) script.push(...readingScript(pause));
  for (const [n, match] of found.entries()) {
    script.push(...directive(match[1] ?? '', match[2] ?? '', `s${n}`, pause));
    if (script.at(-1)?.do.act === 'end') return script;
  }
  script.push({ after: 300, do: { act: 'save', reason: 'result' } });
  script.push({ after: 200, do: { act: 'use', tokens: 1200 + Math.floor(random() * 4000) } });
  const words = found.length === 0 ? 'I read the project and wrote PRACTICE.md about it.' : 'Done.';
  script.push({ after: 200, do: { act: 'end', status: 'finished', words } });
  return script;
}

/** What the practice agent does when the prompt tells it nothing. */
function readingScript(pause: () => number): Script {
  const plan = (a: PlanState, b: PlanState, c: PlanState): Script[number] => ({
    after: 200,
    do: {
      act: 'plan',
      entries: [
        ['Look at the project', a],
        ['Read its main files', b],
        ['Write PRACTICE.md', c],
      ],
    },
  });
  return [
    plan('working', 'open', 'open'),
    ...step('look', 'search', 'Looked at the project', pause(), [print(300, '12 files, 3 folders')]),
    plan('done', 'working', 'open'),
    ...step('read', 'read', 'Read 3 files', pause(), [], 'README.md, package.json and 1 more'),
    plan('done', 'done', 'working'),
    ...step('write', 'edit', 'Wrote PRACTICE.md', pause(), [{ after: 200, do: fileChangeAct('PRACTICE.md', 14, 0) }]),
    plan('done', 'done', 'done'),
    print(200, 'I read the project and wrote PRACTICE.md about it.', 'said'),
  ];
}

function directive(word: string, rest: string, id: string, pause: () => number): Script {
  const path = rest.split(':')[0]?.trim() ?? rest;
  switch (word) {
    case 'write':
    case 'append':
      return step(id, 'edit', `Wrote ${path}`, pause(), [
        { after: 200, do: fileChangeAct(path, 3, word === 'write' ? 0 : 1) },
      ]);
    case 'remove':
      return step(id, 'remove', `Removed ${rest}`, pause());
    case 'run':
      return step(id, 'run', `Ran ${rest}`, pause(), [print(300, `$ ${rest}`)], rest);
    case 'say':
    case 'think':
      return [
        {
          after: pause(),
          do: { act: 'step', id, kind: word === 'say' ? 'said' : 'thought', title: rest, state: 'done' },
        },
        print(0, rest, word === 'say' ? 'said' : 'thought'),
      ];
    case 'plan': {
      const entries = rest.split(';').map((text) => [text.trim(), 'open'] as [string, PlanState]);
      return [{ after: 200, do: { act: 'plan', entries } }];
    }
    case 'print': {
      const count = Math.min(Number.parseInt(rest, 10) || 1, 100_000);
      return Array.from({ length: count }, (_, n) => print(n % 50 === 0 ? 20 : 0, `line ${n + 1}`));
    }
    case 'wait':
      return step(id, 'other', `Waiting ${rest} s`, (Number.parseFloat(rest) || 1) * 1000);
    case 'ask':
      return [{ after: pause(), do: { act: 'ask', questions: [question(id, rest)] } }];
    default:
      return [
        { after: pause(), do: { act: 'save', reason: 'rescued' } },
        {
          after: 200,
          do: {
            act: 'end',
            status: 'failed',
            words: '',
            code: 'agent_failed',
            what: `The agent gave up: ${rest || 'no reason given'}`,
          },
        },
      ];
  }
}

function question(id: string, text: string): Question {
  const [title = '', ...labels] = text.split('|').map((part) => part.trim());
  const options = (labels.length > 0 ? labels : ['Yes', 'No']).map((label, n) => ({
    id: `o${n}`,
    label,
    kind: n === 0 ? ('allow_once' as const) : ('reject_once' as const),
  }));
  return { id, title, detail: '', options, kind: 'choice', risk: 'low', risk_words: '', key: '' };
}
