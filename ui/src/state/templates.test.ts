import { expect, it } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { App } from './app.svelte';
import { Templates } from './templates.svelte';

const tasks = (...names: string[]) => names.map((name) => ({ task_name: name, prompt: name }));

it('are saved, replaced by name, removed, and brought back', async () => {
  const templates = new Templates(new App(new FakeBackend()));
  await templates.load();
  expect([templates.ready, templates.all]).toEqual([true, []]);
  await templates.save({ name: 'Autumn', tasks: tasks('a') });
  await templates.save({ name: 'Winter', tasks: tasks('b') });
  await templates.save({ name: 'Autumn', tasks: tasks('c', 'd') });
  expect(templates.all.map(({ name, tasks: kept }) => [name, kept.length])).toEqual([
    ['Winter', 1],
    ['Autumn', 2],
  ]);

  const [winter] = templates.all;
  if (!winter) throw new Error('no template');
  const undo = await templates.remove(winter);
  expect(templates.all).toHaveLength(1);
  undo?.();
  await Promise.resolve();
  await expect.poll(() => templates.all.length).toBe(2);
});
