import { expect, it } from 'vitest';
import { growRange, rangeContaining, latestRange, maxRowsForHeight } from './line-range';

it('a million lines of ordinary height fit whole, at twice the height in parts', () => {
  expect(maxRowsForHeight(19)).toBeGreaterThan(1_000_000);
  expect(maxRowsForHeight(38)).toBeLessThan(1_000_000);
  expect(maxRowsForHeight(0)).toBeGreaterThan(1_000);
});

it('begins with the newest part', () => {
  expect(latestRange(50, 100)).toEqual({ base: 0, rows: 50 });
  expect(latestRange(250, 100)).toEqual({ base: 150, rows: 100 });
});

it('grows until it is full, then moves by halves while it follows', () => {
  expect(growRange({ base: 0, rows: 50 }, 80, 100, true)).toEqual({ base: 0, rows: 80 });
  expect(growRange({ base: 0, rows: 100 }, 101, 100, true)).toEqual({ base: 51, rows: 50 });
  expect(growRange({ base: 51, rows: 50 }, 120, 100, true)).toEqual({ base: 51, rows: 69 });
});

it('stays where it is while it does not follow', () => {
  expect(growRange({ base: 0, rows: 100 }, 500, 100, false)).toEqual({ base: 0, rows: 100 });
});

it('starts over with another, shorter transcript', () => {
  expect(growRange({ base: 400, rows: 100 }, 30, 100, false)).toEqual({ base: 0, rows: 30 });
});

it('moves only when the line is elsewhere', () => {
  const span = { base: 400, rows: 100 };
  expect(rangeContaining(span, 499, 500, 100)).toBe(span);
  expect(rangeContaining(span, 200, 500, 100)).toEqual({ base: 150, rows: 100 });
  expect(rangeContaining(span, 3, 500, 100)).toEqual({ base: 0, rows: 100 });
  expect(rangeContaining({ base: 0, rows: 100 }, 480, 500, 100)).toEqual({ base: 400, rows: 100 });
  expect(rangeContaining({ base: 0, rows: 0 }, 2, 5, 100)).toEqual({ base: 0, rows: 5 });
});
