import { describe, expect, it } from 'vitest';
import {
  formatTimeAgo,
  formatTime,
  formatCount,
  formatDay,
  formatDuration,
  formatMoment,
  formatOrdinal,
  formatRoughDuration,
  formatStopwatch,
} from './time';

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe('lengths of time', () => {
  it.each([
    [-5, '0 s'],
    [18 * S, '18 s'],
    [4 * MIN + 12 * S, '4 min 12 s'],
    [6 * MIN, '6 min'],
    [H + 5 * MIN + 40 * S, '1 h 5 min'],
    [2 * D + 3 * H, '2 d 3 h'],
  ])('%d is %s', (ms, words) => expect(formatDuration(ms)).toBe(words));

  it.each([
    [56 * S, '0:56'],
    [4 * MIN + 12 * S, '4:12'],
    [H + 2 * MIN + 33 * S, '1:02:33'],
    [30 * H, '30:00:00'],
  ])('a running %d is %s', (ms, words) => expect(formatStopwatch(ms)).toBe(words));

  it.each([
    [42 * S, '42 s'],
    [6 * MIN + 10 * S, '6 min'],
    [3 * H, '3 h'],
    [2 * D, '2 d'],
  ])('a rough %d is %s', (ms, words) => expect(formatRoughDuration(ms)).toBe(words));
});

it.each([
  [-8 * S, 'just now'],
  [1_999, 'just now'],
  [12 * S, '12 s ago'],
  [MIN, '1 minute ago'],
  [3 * MIN + 59 * S, '3 minutes ago'],
  [2 * H, '2 hours ago'],
  [3 * D, '3 days ago'],
])('%d before now is %s', (ms, words) => expect(formatTimeAgo(1e9 - ms, 1e9)).toBe(words));

describe('moments', () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at('2026-11-24T15:00:00');

  it('today is a clock time', () => {
    expect(formatMoment(at('2026-11-24T00:05:00'), now)).toBe('00:05');
    expect(formatTime(at('2026-11-24T14:02:59'))).toBe('14:02');
  });

  it('yesterday and before name the day', () => {
    expect(formatMoment(at('2026-11-23T23:59:00'), now)).toBe('yesterday 23:59');
    expect(formatMoment(at('2026-11-22T14:02:00'), now)).toBe('22 Nov 14:02');
    expect(formatDay(at('2025-11-22T14:02:00'), now)).toBe('22 Nov 2025');
  });
});

it('numbers in words', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(formatOrdinal)).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '102nd',
    '111th',
  ]);
  expect(formatCount(1, 'file')).toBe('1 file');
  expect(formatCount(1_204, 'earlier line')).toBe('1,204 earlier lines');
});
