/** Going through what a search found in a transcript. Values in, values out. */

import type { Matches } from '../bindings/protocol';
import { formatNumber } from './time';

/** A search, what it found, and which of it is the current one. */
export interface LineSearch {
  query: string;
  /** The numbers of the lines that hold it, in order. */
  lines: number[];
  /** Whether there are more than are listed. */
  more: boolean;
  /** The index of the current one; -1 if there is none. */
  at: number;
}

/** Nothing is searched for. */
export const NO_SEARCH: LineSearch = { query: '', lines: [], more: false, at: -1 };

/** What was found, with the first one at or after line `near` as the current one. */
export function startSearch(query: string, matches: Matches, near: number): LineSearch {
  const lines = matches.lines;
  const next = lines.findIndex((line) => line >= near);
  const at = next === -1 ? lines.length - 1 : next;
  return { query, lines, more: matches.more, at };
}

/** The same search over a longer transcript: the current one stays. */
export function refreshSearch(search: LineSearch, matches: Matches): LineSearch {
  const current = search.lines[search.at];
  if (current === undefined) return startSearch(search.query, matches, 0);
  return startSearch(search.query, matches, current);
}

/** The next one (`1`) or the one before (`-1`), round the end. */
export function moveToMatch(search: LineSearch, by: 1 | -1): LineSearch {
  const count = search.lines.length;
  if (count === 0) return search;
  return { ...search, at: (search.at + by + count) % count };
}

/** The line of the current one. */
export function currentMatchLine(search: LineSearch): number | null {
  return search.lines[search.at] ?? null;
}

/** "3 of 12", "3 of more than 10,000", "Not found". */
export function formatMatchPosition(search: LineSearch): string {
  if (search.query === '') return '';
  if (search.lines.length === 0) return 'Not found';
  const of = search.more ? `more than ${formatNumber(search.lines.length)}` : formatNumber(search.lines.length);
  return `${formatNumber(search.at + 1)} of ${of}`;
}

/** Where on the scroll bar the found lines are, as at most `most` parts of the whole. */
export function scrollBarTicks(search: LineSearch, total: number, most = 120): number[] {
  const places = new Set(search.lines.map((line) => Math.floor((line / Math.max(1, total)) * most)));
  return [...places].map((place) => place / most);
}
