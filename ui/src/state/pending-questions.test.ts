import { expect, it } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { App } from './app.svelte';

/** The app of the scene in which several tasks ask. */
async function open() {
  const backend = new FakeBackend({ scene: 'asking', now: () => 1_000_000 });
  const app = new App(backend);
  await app.open();
  await app.pendingQuestions.refresh();
  return { app, backend };
}

const asked = (app: App) => app.pendingQuestions.tasks.flatMap(({ questions }) => questions.map(({ title }) => title));

it('knows every question of every task, also of one that was cut off', async () => {
  const { app } = await open();
  expect(app.pendingQuestions.tasks.length).toBeGreaterThan(3);
  expect(app.pendingQuestions.count).toBe(asked(app).length);
  expect(app.pendingQuestions.count).toBeGreaterThan(app.pendingQuestions.tasks.length);
  expect(app.pendingQuestions.tasks.map(({ status }) => status)).toContain('interrupted');
});

it('an answer reaches exactly its question, and is told at once', async () => {
  const { app, backend } = await open();
  const task = app.pendingQuestions.tasks.find(({ questions }) => questions.length > 1);
  const [first, second] = task?.questions ?? [];
  const before = app.pendingQuestions.count;
  await backend.answerQuestion(task?.id ?? '', second?.id ?? '', second?.options[0]?.id ?? '', false);
  expect(app.pendingQuestions.count).toBe(before - 1);
  expect(app.tasks.get(task?.id ?? '')?.questions.map(({ id }) => id)).toContain(first?.id);
  expect(app.tasks.get(task?.id ?? '')?.status).toBe('needs_you');
});

it('what is allowed for the batch is not asked again by any of its tasks', async () => {
  const { app, backend } = await open();
  const same = () =>
    app.pendingQuestions.tasks.filter(({ questions }) => questions.some(({ key }) => key === 'run:npm install'));
  expect(same().length).toBe(2);
  const [task] = same();
  const question = task?.questions.find(({ key }) => key === 'run:npm install');
  await backend.answerQuestion(task?.id ?? '', question?.id ?? '', question?.options[0]?.id ?? '', true);
  expect(same()).toEqual([]);
});

it('a task that asks stays followed when its batch is closed', async () => {
  const { app, backend } = await open();
  const [task] = app.pendingQuestions.tasks;
  await app.openBatch(task?.batch ?? '');
  app.closeBatch(task?.batch ?? '');
  const [question] = task?.questions ?? [];
  await backend.answerQuestion(task?.id ?? '', question?.id ?? '', question?.options[0]?.id ?? '', false);
  expect(app.tasks.get(task?.id ?? '')?.questions).not.toContainEqual(question);
});

it('a cut off task goes on with its answer', async () => {
  const { app, backend } = await open();
  const cut = app.pendingQuestions.tasks.find(({ status }) => status === 'interrupted');
  const [question] = cut?.questions ?? [];
  await backend.answerQuestion(cut?.id ?? '', question?.id ?? '', question?.options[0]?.id ?? '', false);
  expect(app.tasks.get(cut?.id ?? '')).toMatchObject({ attempt: 2, questions: [] });
  expect(app.pendingQuestions.taskIds.has(cut?.id ?? '')).toBe(true);
  await app.pendingQuestions.refresh();
  expect(app.pendingQuestions.taskIds.has(cut?.id ?? '')).toBe(false);
});
