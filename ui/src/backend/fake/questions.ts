import type { BatchRequest, Question, QuestionOption, TaskRequest } from '../../bindings/protocol';
import { fileChangeAct, type Script } from './script';

type MakeBatch = (name: string, tasks: TaskRequest[], max: number) => BatchRequest;

const scriptStep = (after: number, act: Script[number]['do']): Script[number] => ({ after, do: act });

const YES_NO: QuestionOption[] = [
  { id: 'allow', label: 'Allow', kind: 'allow_once' },
  { id: 'always', label: 'Always allow in this session', kind: 'allow_always' },
  { id: 'reject', label: 'Reject', kind: 'reject_once' },
];

/** A permission that an agent asks for. */
function permission(id: string, changes: Partial<Question> & { title: string }): Question {
  return { id, detail: '', options: YES_NO, kind: 'permission', risk: 'medium', risk_words: '', key: '', ...changes };
}

const install = (id: string) =>
  permission(id, {
    title: 'Run: npm install',
    detail: 'npm install --no-fund --no-audit',
    risk_words: 'adds the packages this project lists',
    key: 'run:npm install',
  });

const QUESTIONS = {
  edit: permission('edit', {
    title: 'Change 2 files: cart/total.ts, cart/total.test.ts',
    detail: 'cart/total.ts\ncart/total.test.ts',
    risk: 'low',
    risk_words: 'stays inside its copy',
    key: 'edit',
  }),
  force: permission('force', {
    title: 'Run: git push --force origin main',
    detail: 'cd shop && git push --force origin main',
    risk: 'high',
    risk_words: 'replaces what others have in the repository, and can’t be undone',
  }),
  fetch: permission('fetch', {
    title: 'Fetch: docs.payments.example',
    detail: 'https://docs.payments.example/v4/upgrade',
    risk_words: 'reaches outside its copy of the project',
    key: 'fetch:docs.payments.example',
  }),
  choice: {
    id: 'choice',
    title: 'Which word should the button have?',
    detail: '',
    options: ['Pay now', 'Place order', 'Buy', 'Decide yourself'].map((label, n) => ({
      id: `o${n}`,
      label,
      kind: 'other',
    })),
    kind: 'choice',
    risk: 'low',
    risk_words: '',
    key: '',
  } satisfies Question,
};

const begin: Script = [
  scriptStep(0, {
    act: 'step',
    id: 'copy',
    kind: 'copy',
    state: 'done',
    title: 'Made a separate copy of your project',
    detail: 'Started from main',
  }),
  scriptStep(1_000, { act: 'step', id: 'start', kind: 'start', title: 'Started the agent', state: 'done' }),
  scriptStep(5_000, { act: 'step', id: 'read', kind: 'read', state: 'done', title: 'Read 4 files' }),
];

const rest: Script = [
  scriptStep(8_000, { act: 'step', id: 'edit', kind: 'edit', state: 'done', title: 'Edited 2 files' }),
  scriptStep(0, fileChangeAct('cart/total.ts', 21, 4)),
  scriptStep(2_000, { act: 'save', reason: 'result' }),
  scriptStep(500, { act: 'end', status: 'finished', words: 'Done, and the tests pass.' }),
];

/** Asks these at once, and goes on once all are answered. */
const asks = (...questions: Question[]): Script => [...begin, scriptStep(9_000, { act: 'ask', questions }), ...rest];

/** Is cut off while it asks; its conversation can go on. */
const cutOff = (...questions: Question[]): Script => [
  ...begin,
  scriptStep(500, { act: 'save', reason: 'rescued' }),
  scriptStep(4_000, {
    act: 'end',
    status: 'interrupted',
    words: '',
    code: 'interrupted',
    what: 'Regatta ended while this task worked.',
    next: 'Answer its question, or continue without an answer.',
    questions,
  }),
];

const TASKS: [string, string, Script][] = [
  ['Update payment library', 'Bring it to version 4.', asks(install('q1'), QUESTIONS.fetch)],
  ['Sum up the bag', 'The total must count gift cards.', asks(QUESTIONS.edit)],
  ['Tidy the history', 'One commit for each change.', asks(QUESTIONS.force)],
  ['Clear button texts', 'Say what a button does.', asks(QUESTIONS.choice)],
  ['Postcodes for Ireland', 'Accept Eircodes.', cutOff(install('q2'))],
];

/** A batch whose tasks ask all kinds of questions, several at once, and one that was cut off. */
export function questionsBatch(make: MakeBatch): { request: BatchRequest; scripts: Script[] } {
  const tasks = TASKS.map(([task_name, prompt]) => ({ task_name, prompt }));
  const request = make('Before the sale', tasks, 5);
  return {
    request: { ...request, agent: { kind: 'known', id: 'claude-code' } },
    scripts: TASKS.map(([, , script]) => script),
  };
}
