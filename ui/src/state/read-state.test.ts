import { expect, it } from 'vitest';
import { aTask } from '../lib/testing';
import { isEndUnread, markRead, track, countUnreadSteps } from './read-state.svelte';

it('counts the steps since a task was looked at', () => {
  const task = aTask({ id: 'seen-1', status: 'working', steps: 4 });
  expect(countUnreadSteps(task)).toBe(0);
  markRead(task);
  expect(countUnreadSteps({ ...task, steps: 7 })).toBe(3);
  markRead({ ...task, steps: 7 });
  expect(countUnreadSteps({ ...task, steps: 7 })).toBe(0);
});

it('marks an end that nobody has seen', () => {
  const task = aTask({ id: 'seen-2', status: 'working' });
  track([task]);
  const ended = { ...task, status: 'failed' as const };
  expect(isEndUnread(ended)).toBe(true);
  markRead(ended);
  expect(isEndUnread(ended)).toBe(false);
});

it('a task that had ended before it was met is not news', () => {
  const task = aTask({ id: 'seen-3', status: 'finished', steps: 9 });
  track([task]);
  expect(isEndUnread(task)).toBe(false);
  expect(countUnreadSteps(task)).toBe(0);
});
