import { expect, it } from 'vitest';
import type { Step } from '../bindings/protocol';
import { isFirstOfAttempt, mergeSteps, NO_STEPS, firstStaleStep, STEPS_PAGE_SIZE, sumStepTotals } from './steps';

function step(n: number, changes: Partial<Step> = {}): Step {
  return {
    id: `s${n}`,
    kind: 'other',
    title: `Step ${n}`,
    detail: '',
    files: [],
    state: 'done',
    line: n,
    started_at: n,
    changed_at: n,
    attempt: 1,
    ...changes,
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => step(from + i));

it('begins with the newest page', () => {
  expect(firstStaleStep(NO_STEPS, 5)).toBe(0);
  expect(firstStaleStep(NO_STEPS, 1_000)).toBe(1_000 - STEPS_PAGE_SIZE);
});

it('reads again what still works, and a little before the end', () => {
  const steps = range(0, 50);
  expect(firstStaleStep({ from: 0, steps }, 51)).toBe(42);
  steps[20] = step(20, { state: 'working' });
  expect(firstStaleStep({ from: 0, steps }, 51)).toBe(20);
  expect(firstStaleStep({ from: 45, steps: steps.slice(45) }, 51)).toBe(45);
});

it('reaches the newest step however old one is that still works', () => {
  const steps = range(0, 900);
  steps[3] = step(3, { state: 'working' });
  expect(firstStaleStep({ from: 0, steps }, 950)).toBe(950 - STEPS_PAGE_SIZE);
});

it('skips ahead when too much is new', () => {
  expect(firstStaleStep({ from: 0, steps: range(0, 10) }, 10_000)).toBe(10_000 - STEPS_PAGE_SIZE);
});

it('replaces what was read again and keeps the rest', () => {
  const run = mergeSteps({ from: 10, steps: range(10, 20) }, 18, [step(18, { title: 'new' }), step(19), step(20)]);
  expect(run.from).toBe(10);
  expect(run.steps.map((s) => s.id)).toEqual(range(10, 21).map((s) => s.id));
  expect(run.steps[8]?.title).toBe('new');
});

it('starts over when what was read does not join', () => {
  expect(mergeSteps({ from: 0, steps: range(0, 10) }, 500, [step(500)]).from).toBe(500);
  expect(mergeSteps({ from: 300, steps: range(300, 310) }, 100, range(100, 300)).steps).toHaveLength(200);
});

it('keeps later steps when only a part was read again', () => {
  const run = mergeSteps({ from: 0, steps: range(0, 10) }, 2, [step(2, { title: 'new' })]);
  expect(run.steps).toHaveLength(10);
  expect(run.steps[2]?.title).toBe('new');
});

it('a heading stands where an attempt begins, but not over the first one', () => {
  const steps = [step(0), step(1), step(2, { attempt: 2 }), step(3, { attempt: 2 })];
  expect(steps.map((_, at) => isFirstOfAttempt(steps, at))).toEqual([false, false, true, false]);
  expect(isFirstOfAttempt(steps.slice(2), 0)).toBe(true);
});

it('sums its files', () => {
  const files = [
    { path: 'a', added: 1, removed: 2 },
    { path: 'b', added: 3, removed: 4 },
  ];
  expect(sumStepTotals(step(0, { files }))).toEqual({ added: 4, removed: 6 });
});
