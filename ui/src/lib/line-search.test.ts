import { expect, it } from 'vitest';
import {
  currentMatchLine,
  startSearch,
  NO_SEARCH,
  formatMatchPosition,
  refreshSearch,
  scrollBarTicks,
  moveToMatch,
} from './line-search';

const MATCHES = { lines: [5, 90, 300], more: false };

it('begins at what is in view, or at the last before it', () => {
  expect(currentMatchLine(startSearch('x', MATCHES, 6))).toBe(90);
  expect(currentMatchLine(startSearch('x', MATCHES, 301))).toBe(300);
  expect(currentMatchLine(startSearch('x', { lines: [], more: false }, 0))).toBeNull();
});

it('goes round in both directions', () => {
  const at = startSearch('x', MATCHES, 300);
  expect(currentMatchLine(moveToMatch(at, 1))).toBe(5);
  expect(currentMatchLine(moveToMatch(moveToMatch(at, 1), -1))).toBe(300);
  expect(moveToMatch(NO_SEARCH, 1)).toBe(NO_SEARCH);
});

it('keeps its place when more was printed', () => {
  const at = startSearch('x', MATCHES, 90);
  expect(currentMatchLine(refreshSearch(at, { lines: [5, 90, 300, 400], more: false }))).toBe(90);
  const none = startSearch('x', { lines: [], more: false }, 0);
  expect(currentMatchLine(refreshSearch(none, MATCHES))).toBe(5);
});

it('says where it is', () => {
  expect(formatMatchPosition(NO_SEARCH)).toBe('');
  expect(formatMatchPosition(startSearch('x', MATCHES, 90))).toBe('2 of 3');
  expect(formatMatchPosition(startSearch('x', { lines: [], more: false }, 0))).toBe('Not found');
  const many = { lines: Array.from({ length: 10_000 }, (_, i) => i), more: true };
  expect(formatMatchPosition(startSearch('x', many, 2))).toBe('3 of more than 10,000');
});

it('marks the scroll bar with a bounded number of ticks', () => {
  expect(scrollBarTicks(startSearch('x', { lines: [0, 50], more: false }, 0), 100)).toEqual([0, 0.5]);
  const many = { lines: Array.from({ length: 10_000 }, (_, i) => i * 7), more: true };
  expect(scrollBarTicks(startSearch('x', many, 0), 70_000).length).toBeLessThanOrEqual(120);
});
