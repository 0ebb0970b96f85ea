import { expect, it } from 'vitest';
import { currentLine, found, NO_SEARCH, position, refreshed, ticks, turned } from './lines-search';

const MATCHES = { lines: [5, 90, 300], more: false };

it('begins at what is in view, or at the last before it', () => {
  expect(currentLine(found('x', MATCHES, 6))).toBe(90);
  expect(currentLine(found('x', MATCHES, 301))).toBe(300);
  expect(currentLine(found('x', { lines: [], more: false }, 0))).toBeNull();
});

it('goes round in both directions', () => {
  const at = found('x', MATCHES, 300);
  expect(currentLine(turned(at, 1))).toBe(5);
  expect(currentLine(turned(turned(at, 1), -1))).toBe(300);
  expect(turned(NO_SEARCH, 1)).toBe(NO_SEARCH);
});

it('keeps its place when more was printed', () => {
  const at = found('x', MATCHES, 90);
  expect(currentLine(refreshed(at, { lines: [5, 90, 300, 400], more: false }))).toBe(90);
  const none = found('x', { lines: [], more: false }, 0);
  expect(currentLine(refreshed(none, MATCHES))).toBe(5);
});

it('says where it is', () => {
  expect(position(NO_SEARCH)).toBe('');
  expect(position(found('x', MATCHES, 90))).toBe('2 of 3');
  expect(position(found('x', { lines: [], more: false }, 0))).toBe('Not found');
  const many = { lines: Array.from({ length: 10_000 }, (_, i) => i), more: true };
  expect(position(found('x', many, 2))).toBe('3 of more than 10,000');
});

it('marks the scroll bar with a bounded number of ticks', () => {
  expect(ticks(found('x', { lines: [0, 50], more: false }, 0), 100)).toEqual([0, 0.5]);
  const many = { lines: Array.from({ length: 10_000 }, (_, i) => i * 7), more: true };
  expect(ticks(found('x', many, 0), 70_000).length).toBeLessThanOrEqual(120);
});
