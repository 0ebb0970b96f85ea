import { beforeEach, expect, it } from 'vitest';
import type { BatchRequest, TaskView } from '../bindings/protocol';
import { NO_OPTIONS } from '../lib/agents';
import { FakeBackend } from './fake';

let now = 0;
let backend: FakeBackend;

const request = (prompts: string[], max_parallel = 3): BatchRequest => ({
  name: 'Some',
  repo_url: '/home/sam/Projects/acme-shop',
  branch: '',
  agent: { kind: 'practice' },
  options: NO_OPTIONS,
  safety: 'balanced',
  haiku: false,
  thread_id: '',
  max_parallel,
  parallel_tasks: prompts.map((prompt, n) => ({ task_name: `task ${n + 1}`, prompt })),
});

function pass(ms: number) {
  now += ms;
  backend.tick();
}

beforeEach(() => {
  now = 1_000_000;
  backend = new FakeBackend({ scene: 'blank', now: () => now });
});

it('the same times make the same run', async () => {
  const run = async () => {
    now = 1_000_000;
    backend = new FakeBackend({ scene: 'blank', now: () => now });
    const { batch } = await backend.startBatch(
      request(['', 'print 40 lines', 'write a.md: x'].map((p) => p || 'Read it.')),
    );
    for (let n = 0; n < 50; n += 1) pass(333);
    return backend.batch(batch.id);
  };
  expect(await run()).toEqual(await run());
});

it('no more than the limit work, the others wait in line', async () => {
  const { batch } = await backend.startBatch(request(Array(5).fill('wait 10'), 4));
  pass(1);
  expect((await backend.batch(batch.id)).batch.counts).toMatchObject({ working: 3, waiting: 2 });
  expect((await backend.batch(batch.id)).batch.queue.map((entry) => entry.place)).toEqual([1, 2]);
  await backend.setLimit(5);
  expect((await backend.batch(batch.id)).batch.counts).toMatchObject({ working: 4, waiting: 1 });
});

it('a question waits for its answer, for as long as it takes', async () => {
  const { tasks } = await backend.startBatch(request(['ask May I? | Yes | No\nwrite a.md: x']));
  const id = tasks[0]?.id ?? '';
  pass(3_600_000);
  const [waiting] = await backend.needsYou();
  expect(waiting?.questions[0]?.options.map((option) => option.label)).toEqual(['Yes', 'No']);
  await expect(backend.answerQuestion(id, 'another', 'o0', false)).rejects.toMatchObject({ code: 'wrong_state' });
  await backend.answerQuestion(id, waiting?.questions[0]?.id ?? '', 'o0', false);
  pass(60_000);
  expect(await backend.task(id)).toMatchObject({ status: 'finished', totals: { files: 1 } });
});

it('a failure says what is safe, and another try is another attempt', async () => {
  const { tasks } = await backend.startBatch(request(['fail no reason']));
  const id = tasks[0]?.id ?? '';
  pass(60_000);
  const failed = await backend.task(id);
  expect(failed).toMatchObject({ status: 'failed', can_continue: true });
  expect(failed.notice?.safe).toBe('What it had done is saved.');
  await backend.retryTasks([id]);
  pass(60_000);
  expect(await backend.task(id)).toMatchObject({ status: 'finished', attempt: 2 });
});

it('tells every change once, with a higher revision each time', async () => {
  const { tasks } = await backend.startBatch(request(['print 10 lines']));
  const views: TaskView[] = [];
  const subscription = backend.onTask(tasks[0]?.id ?? '', (view) => views.push(view));
  for (let n = 0; n < 20; n += 1) pass(500);
  const revisions = views.map((view) => view.revision);
  expect(revisions.length).toBeGreaterThan(3);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect(views.at(-1)?.status).toBe('finished');
  subscription.unsubscribe();
  const before = views.length;
  await backend.retryTasks([tasks[0]?.id ?? '']);
  expect(views.length).toBe(before);
});

it('a long transcript is read page by page', async () => {
  backend = new FakeBackend({ scene: 'long', now: () => now });
  const [batch] = (await backend.home()).running;
  const [task] = (await backend.batch(batch?.id ?? '')).tasks;
  const page = await backend.readLines(task?.id ?? '', 99_990, 5_000);
  expect(page.total).toBeGreaterThan(100_000);
  expect(page.lines[0]?.number).toBe(99_990);
  const found = await backend.searchLines(task?.id ?? '', 'LINE 99999 ');
  expect(found).toEqual({ lines: [found.lines[0]], more: false });
});

it('a batch at an endpoint needs no free place here, and ends as branches', async () => {
  backend = new FakeBackend({ scene: 'cloud', now: () => now });
  const endpoint = backend.endpoints[0];
  const { batch } = await backend.startBatch({
    ...request(['Read it.', 'lose', 'fail'], 1),
    repo_url: 'https://github.com/acme/shop.git',
    endpoint,
  });
  const busy = (await backend.home()).place.busy;
  pass(1);
  expect((await backend.batch(batch.id)).batch.counts.working).toBe(3);
  expect((await backend.home()).place.busy).toBe(busy);
  pass(60_000);
  const { tasks } = await backend.batch(batch.id);
  expect(tasks.map((task) => [task.status, task.branch])).toEqual([
    ['finished', 'regatta/some/task-1'],
    ['unknown', null],
    ['failed', null],
  ]);
  expect(await backend.lookUpBranch(tasks[1]?.id ?? '')).toEqual({
    branch: 'regatta/some/task-2',
    commit: null,
    commits: null,
  });
  await backend.continueTaskWithMessage(tasks[0]?.id ?? '', 'And more.');
  expect(await backend.task(tasks[0]?.id ?? '')).toMatchObject({ attempt: 2, status: 'working' });
});
