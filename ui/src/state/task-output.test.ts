import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aTask } from '../lib/testing';
import { TaskOutput } from './task-output.svelte';
import { aLine, anApp } from './testing';

const readLines = vi.fn((_: string, from: number, max: number) =>
  Promise.resolve({ lines: Array.from({ length: max }, (_, n) => aLine(from + n)), total: 1_000 }),
);
const searchLines = vi.fn((_: string, query: string) =>
  Promise.resolve({ lines: query === 'nowhere' ? [] : [5, 90, 300], more: false }),
);

function open(lines = 1_000) {
  const output = new TaskOutput(anApp({ readLines, searchLines }), aTask());
  output.setLineCount(lines);
  return output;
}

const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  readLines.mockClear();
  searchLines.mockClear();
});
afterEach(() => vi.useRealTimers());

it('reads only what is in view', async () => {
  const output = open();
  await settled();
  expect(readLines).not.toHaveBeenCalled();
  output.setVisibleLines(500, 540);
  await settled();
  expect(output.line(540)?.text).toBe('line 540');
  expect(output.line(0)).toBeUndefined();
  expect(output.range).toEqual({ base: 0, rows: 1_000 });
});

it('grows with the task', () => {
  const output = open(10);
  output.setLineCount(12);
  flushSync();
  expect(output.total).toBe(12);
  expect(output.range.rows).toBe(12);
});

it('holds a part of what is too long, and all of it when it may', async () => {
  const output = open();
  output.setMaxLines(400);
  expect(output.range).toEqual({ base: 600, rows: 400 });
  output.includeLine(10);
  output.setVisibleLines(10, 40);
  expect(output.range).toEqual({ base: 0, rows: 400 });
  output.isFollowing = false;
  output.setMaxLines(100);
  expect(output.range).toEqual({ base: 0, rows: 100 });
  output.setMaxLines(5_000);
  expect(output.range).toEqual({ base: 0, rows: 1_000 });
  await settled();
});

it('searches once the person stops typing, from what is in view', async () => {
  const output = open();
  output.setVisibleLines(80, 120);
  for (const typed of ['l', 'li', 'lin', 'line']) output.setQuery(typed);
  await vi.advanceTimersByTimeAsync(200);
  expect(searchLines.mock.calls).toEqual([['task-1', 'line']]);
  expect(output.search.at).toBe(1);
  expect(output.scrollRequests).toBe(1);
  output.moveToMatch(1);
  expect(output.search.at).toBe(2);
  expect(output.scrollRequests).toBe(2);
});

it('more output is searched too, without moving the person', async () => {
  const output = open();
  output.setQuery('line');
  await vi.advanceTimersByTimeAsync(200);
  const { scrollRequests } = output;
  output.setLineCount(1_001);
  output.setLineCount(1_002);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(searchLines).toHaveBeenCalledTimes(2);
  expect(output.scrollRequests).toBe(scrollRequests);
});

it('an answer to an older query is dropped', async () => {
  let answer: (matches: { lines: number[]; more: boolean }) => void = () => {};
  searchLines.mockImplementationOnce(() => new Promise((done) => (answer = done)));
  const output = open();
  output.setQuery('old');
  await vi.advanceTimersByTimeAsync(200);
  output.setQuery('nowhere');
  await vi.advanceTimersByTimeAsync(200);
  answer({ lines: [1, 2, 3], more: false });
  await settled();
  expect(output.search).toMatchObject({ query: 'nowhere', lines: [] });
});

it('forgets the search when the field is emptied', async () => {
  const output = open();
  output.setQuery('line');
  await vi.advanceTimersByTimeAsync(200);
  output.setQuery('');
  expect(output.search.lines).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(searchLines).toHaveBeenCalledTimes(1);
});

it('says that lines can not be read, until they can', async () => {
  const gone = { code: 'not_found', what: 'This task is not there.', safe: '', next: '' };
  readLines.mockRejectedValueOnce(gone);
  const output = open();
  output.setVisibleLines(0, 40);
  await settled();
  expect(output.notice).toEqual(gone);
  output.setVisibleLines(0, 41);
  await settled();
  expect(output.notice).toBeNull();
});

it('knows whether there are lines that only came through', async () => {
  const output = open();
  output.setVisibleLines(0, 10);
  await settled();
  expect(output.hasDetails).toBe(false);
  readLines.mockResolvedValueOnce({ lines: [aLine(400, { kind: 'raw' })], total: 1_000 });
  output.setVisibleLines(400, 410);
  await settled();
  expect(output.hasDetails).toBe(true);
});
