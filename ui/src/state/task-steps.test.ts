import { expect, it, vi } from 'vitest';
import type { Step } from '../bindings/protocol';
import { aTask } from '../lib/testing';
import { TaskSteps, firstTailLine } from './task-steps.svelte';
import { aLine, anApp, aStep } from './testing';

function open(steps: Step[], lines = 0) {
  const readSteps = vi.fn((_: string, from: number, max: number) => Promise.resolve(steps.slice(from, from + max)));
  const readLines = vi.fn((_: string, from: number, max: number) =>
    Promise.resolve({
      lines: Array.from({ length: Math.min(max, lines - from) }, (_, n) => aLine(from + n)),
      total: lines,
    }),
  );
  const view = () => aTask({ status: 'working', steps: steps.length, lines, revision: steps.length });
  return { shown: new TaskSteps(anApp({ readSteps, readLines }), view()), view, readSteps, readLines };
}

const range = (count: number) => Array.from({ length: count }, (_, n) => aStep(n));

it('reads the newest steps, and older ones when asked', async () => {
  const { shown, view } = open(range(450));
  shown.update(view());
  await vi.waitFor(() => expect(shown.loaded.from).toBe(250));
  expect(shown.loaded.steps.at(-1)?.title).toBe('Step 449');
  await shown.loadEarlier();
  expect(shown.loaded.from).toBe(50);
  expect(shown.loaded.steps).toHaveLength(400);
});

it('takes new and changed steps', async () => {
  const steps = [aStep(0), aStep(1, { state: 'working' })];
  const { shown, view } = open(steps);
  shown.update(view());
  await vi.waitFor(() => expect(shown.loaded.steps).toHaveLength(2));
  steps[1] = aStep(1);
  steps.push(aStep(2));
  shown.update(view());
  await vi.waitFor(() => expect(shown.loaded.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done']));
});

it('shows the newest lines of the step under way', async () => {
  const { shown, view } = open([aStep(0, { state: 'working', line: 3 })], 40);
  shown.update(view());
  await vi.waitFor(() =>
    expect(shown.tail.map(({ number }) => number)).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39]),
  );
});

it('reads nothing once it has ended', async () => {
  const { shown, view, readSteps } = open(range(3));
  shown.close();
  shown.update(view());
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  expect(readSteps).not.toHaveBeenCalled();
});

it('knows which lines are a step’s own', () => {
  expect(firstTailLine(undefined, 10)).toBeNull();
  expect(firstTailLine(aStep(0, { line: 5 }), 6)).toBeNull();
  expect(firstTailLine(aStep(0, { line: 5 }), 8)).toBe(6);
  expect(firstTailLine(aStep(0, { line: 5 }), 100)).toBe(90);
  expect(firstTailLine(aStep(0, { kind: 'said', line: 5 }), 100)).toBeNull();
});
