import { expect, it } from 'vitest';
import { aTask } from '../lib/testing';
import { endedUnread, look, meet, unreadSteps } from './seen.svelte';

it('counts the steps since a task was looked at', () => {
  const task = aTask({ id: 'seen-1', status: 'working', steps: 4 });
  expect(unreadSteps(task)).toBe(0);
  look(task);
  expect(unreadSteps({ ...task, steps: 7 })).toBe(3);
  look({ ...task, steps: 7 });
  expect(unreadSteps({ ...task, steps: 7 })).toBe(0);
});

it('marks an end that nobody has seen', () => {
  const task = aTask({ id: 'seen-2', status: 'working' });
  meet([task]);
  const ended = { ...task, status: 'failed' as const };
  expect(endedUnread(ended)).toBe(true);
  look(ended);
  expect(endedUnread(ended)).toBe(false);
});

it('a task that had ended before it was met is not news', () => {
  const task = aTask({ id: 'seen-3', status: 'finished', steps: 9 });
  meet([task]);
  expect(endedUnread(task)).toBe(false);
  expect(unreadSteps(task)).toBe(0);
});
