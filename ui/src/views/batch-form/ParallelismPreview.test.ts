import { render, screen } from '@testing-library/svelte';
import { expect, it } from 'vitest';
import ParallelismPreview from './ParallelismPreview.svelte';

const lanes = () =>
  [...document.querySelectorAll('.lane')].map((lane) =>
    [...lane.querySelectorAll('.task')].map((task) => Number(task.textContent)),
  );
const sentence = () => document.querySelector('p')?.textContent.replaceAll(/\s+/g, ' ').trim();

it('seven tasks in three lanes', () => {
  render(ParallelismPreview, { tasks: 7, parallel: 3, limit: 3, busy: 0 });
  expect(lanes()).toEqual([
    [1, 4, 7],
    [2, 5],
    [3, 6],
  ]);
  expect(sentence()).toBe('3 at a time, in this order. The next one starts as soon as a place is free.');
  expect(screen.getByRole('img').getAttribute('aria-label')).toBe('7 tasks, 3 at the same time');
});

it.each([
  [{ tasks: 1, parallel: 3, limit: 3, busy: 0 }, 'It starts at once.'],
  [{ tasks: 3, parallel: 8, limit: 3, busy: 0 }, 'All start at once.'],
  [{ tasks: 3, parallel: 3, limit: 3, busy: 3 }, 'All start at once. All places are busy now, so some wait first.'],
  [{ tasks: 0, parallel: 3, limit: 3, busy: 0 }, 'Nothing to run yet.'],
])('%j', (props, text) => {
  render(ParallelismPreview, props);
  expect(sentence()).toBe(text);
});

it('the computer’s limit counts, and what is too much to draw is said', () => {
  render(ParallelismPreview, { tasks: 200, parallel: 64, limit: 10, busy: 0 });
  expect(lanes()).toHaveLength(6);
  expect(sentence()).toMatch(/^and 176 more tasks\. 10 at a time/);
});
