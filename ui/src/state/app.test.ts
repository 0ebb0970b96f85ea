import { expect, it, vi } from 'vitest';
import { FakeBackend } from '../backend/fake';
import type { HomeView, PlaceView } from '../bindings/protocol';
import { NO_OPTIONS } from '../lib/agents';
import { aBatch, aTask } from '../lib/testing';
import { App } from './app.svelte';

const PLACE: PlaceView = { busy: 0, limit: 3, waiting: 0, paused: null, holds: [] };
const HOME: HomeView = { projects: [], running: [], recent: [], place: PLACE, needs_you: [], notices: [] };

it('a view is replaced only by a newer one', () => {
  const app = new App(new FakeBackend());
  app.mergeTask(aTask({ id: 't', revision: 5, status: 'working' }));
  app.mergeTask(aTask({ id: 't', revision: 4, status: 'waiting' }));
  expect(app.tasks.get('t')?.status).toBe('working');
  app.mergeTask(aTask({ id: 't', revision: 6, status: 'finished' }));
  expect(app.tasks.get('t')?.status).toBe('finished');
});

it('listens first, then reads', async () => {
  const backend = new FakeBackend({ scene: 'running' });
  const calls: string[] = [];
  const onBatch = backend.onBatch.bind(backend);
  const home = backend.home.bind(backend);
  vi.spyOn(backend, 'onBatch').mockImplementation((id, listener) => {
    calls.push('listen');
    return onBatch(id, listener);
  });
  vi.spyOn(backend, 'home').mockImplementation(() => {
    calls.push('read');
    return home();
  });
  await new App(backend).open();
  expect(calls.at(0)).toBe('read');
  expect(calls.at(-1)).toBe('read');
  expect(calls.filter((call) => call === 'listen')).toHaveLength(5);
});

it('knows what runs, what is over, and how many need a person', async () => {
  const app = new App(new FakeBackend({ scene: 'running' }));
  await app.open();
  expect(app.running.map((batch) => batch.name)).toEqual(['Help page texts', 'Checkout clean-up']);
  expect(app.recent).toHaveLength(3);
  await app.pendingQuestions.refresh();
  expect(app.pendingQuestions.count).toBe(1);
});

it('follows the tasks of a batch for as long as it is open', async () => {
  let now = 0;
  const backend = new FakeBackend({ scene: 'blank', now: () => now });
  const app = new App(backend);
  await app.open();
  const { batch } = await backend.startBatch({
    name: 'One',
    repo_url: '/home/sam/Projects/acme-shop',
    branch: '',
    agent: { kind: 'practice' },
    options: NO_OPTIONS,
    safety: 'balanced',
    haiku: false,
    thread_id: '',
    parallel_tasks: [{ task_name: 'a', prompt: 'say hello' }],
  });
  await app.openBatch(batch.id);
  const [id = ''] = app.taskIdsByBatch.get(batch.id) ?? [];
  expect(app.tasks.get(id)?.status).toBe('working');
  app.closeBatch(batch.id);
  now = 60_000;
  backend.tick();
  expect(app.tasks.get(id)?.status).toBe('working');
  expect(app.batches.get(batch.id)?.counts.finished).toBe(1);
  await app.openBatch(batch.id);
  expect(app.tasks.get(id)?.status).toBe('finished');
});

it('what belongs to a batch as a whole is no task of it, and is followed once it is there', async () => {
  const now = 0;
  const backend = new FakeBackend({ scene: 'cloud-draft', now: () => now });
  const app = new App(backend);
  await app.open();
  const cloud = app.running.find(({ endpoint }) => endpoint);
  const id = cloud?.id ?? '';
  const fake = backend.world.batches.get(id);
  if (!fake) throw new Error('no batch');
  await app.openBatch(id);
  const whole = app.channelIdByBatch.get(id) ?? '';
  expect(app.taskIdsByBatch.get(id)).not.toContain(whole);
  expect(app.tasks.get(whole)).toMatchObject({ whole_batch: true, name: 'The whole batch' });
  const lines = app.tasks.get(whole)?.lines ?? 0;
  backend.world.say(fake, 'out', 'more');
  backend.tick();
  expect(app.tasks.get(whole)?.lines).toBe(lines + 1);
  app.closeBatch(id);
  backend.world.say(fake, 'out', 'unheard');
  backend.tick();
  expect(app.tasks.get(whole)?.lines).toBe(lines + 1);
});

it('what was told while home was read is newer than what was read', async () => {
  const backend = new FakeBackend();
  let notify: (place: PlaceView) => void = () => {};
  vi.spyOn(backend, 'onPlace').mockImplementation((listener) => {
    notify = listener;
    return { ready: Promise.resolve(), unsubscribe: () => {} };
  });
  vi.spyOn(backend, 'home').mockImplementation(async () => {
    notify({ ...PLACE, busy: 2 });
    return { ...HOME, place: { ...PLACE, busy: 1 } };
  });
  const app = new App(backend);
  await app.open();
  expect(app.place.busy).toBe(2);
});

it('each message is kept until it was read, though it is handed out once', async () => {
  const backend = new FakeBackend();
  const notice = { code: 'settings_corrupt', what: 'A file was set aside.', safe: '', next: '' } as const;
  vi.spyOn(backend, 'home')
    .mockResolvedValueOnce({ ...HOME, notices: [notice] })
    .mockResolvedValue(HOME);
  const app = new App(backend);
  await app.open();
  expect(app.notices).toEqual([notice]);
  const [shown] = app.notices;
  if (shown) app.dismissNotice(shown);
  expect(app.notices).toEqual([]);
});

it('says why nothing can be done at all', async () => {
  const backend = new FakeBackend();
  const notice = { code: 'data_in_use', what: 'Another Regatta is open.', safe: '', next: '' } as const;
  vi.spyOn(backend, 'home').mockRejectedValue(notice);
  const app = new App(backend);
  await app.open();
  expect(app.failure).toEqual(notice);
  expect(app.toasts.visible).toEqual([]);
});

it('tells an error and goes on', async () => {
  const app = new App(new FakeBackend());
  const done = await app.withErrorToast(() => Promise.reject(new TypeError('x is not a function')));
  expect(done).toBeUndefined();
  expect(app.toasts.visible[0]?.notice).toMatchObject({ code: 'internal', what: 'Regatta could not do that.' });
});

it('opens what a notification was about', async () => {
  const backend = new FakeBackend({ scene: 'running' });
  const app = new App(backend);
  await app.open();
  backend.askToOpen('b-4', 'b-4-t4');
  expect(app.router.route).toEqual({ page: 'batch', batch: 'b-4', task: 'b-4-t4' });
  backend.askToOpen(null, null);
  expect(app.router.route).toEqual({ page: 'needs-you' });
});

it('the newest batch is first', () => {
  const app = new App(new FakeBackend());
  const backend = [aBatch({ id: 'old', created_at: 1 }), aBatch({ id: 'new', created_at: 2 })];
  for (const batch of backend) app.mergeBatch({ batch, tasks: [] });
  expect(app.running.map((batch) => batch.id)).toEqual(['new', 'old']);
});

it('the last of several settings wins', async () => {
  const backend = new FakeBackend();
  const saved: number[] = [];
  vi.spyOn(backend, 'setLimit').mockImplementation(async (limit) => {
    await new Promise((done) => setTimeout(done, 10 - limit));
    saved.push(limit);
  });
  const app = new App(backend);
  await Promise.all([4, 5, 6].map((limit) => app.setLimit(limit)));
  expect(saved).toEqual([4, 5, 6]);
  expect(app.settings.limit).toBe(6);
});
