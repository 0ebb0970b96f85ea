import { expect, it } from 'vitest';
import type { Counts, Status } from '../bindings/protocol';
import { summariseStatus, countEndedTasks, countTasks } from './batch';
import { aBatch } from './testing';

const none = aBatch().counts;
const batch = (counts: Partial<Counts>, over = false) =>
  aBatch({ counts: { ...none, ...counts }, ended_at: over ? 1 : null });

it('counts all tasks, and those that ended', () => {
  const counts = { ...none, waiting: 1, working: 2, finished: 3, stopped: 4, unknown: 5 };
  expect([countTasks(counts), countEndedTasks(counts)]).toEqual([15, 12]);
});

it.each<[Partial<Counts>, boolean, Status]>([
  [{ waiting: 2 }, false, 'waiting'],
  [{ working: 1, waiting: 2 }, false, 'working'],
  [{ working: 1, needs_you: 1 }, false, 'needs_you'],
  [{ paused: 1, waiting: 1 }, false, 'paused'],
  [{ finished: 1, waiting: 1 }, false, 'working'],
  [{ finished: 3 }, true, 'finished'],
  [{ finished: 3, stopped: 1 }, true, 'stopped'],
  [{ finished: 3, stopped: 1, failed: 1 }, true, 'failed'],
  [{ interrupted: 1, stopped: 1 }, true, 'interrupted'],
])('%j (over: %s) is %s', (counts, over, status) => expect(summariseStatus(batch(counts, over))).toBe(status));
