/**
 * Which part of a transcript the list holds. A browser can't make an element higher than
 * some 33 million pixels, so of a very long one the list holds a part at a time.
 */

/** Lines `base` to `base + rows - 1` of the transcript. */
export interface LineRange {
  base: number;
  rows: number;
}

/** The height that a list may have, in pixels. */
const MAX_LIST_HEIGHT_PX = 24_000_000;

/** How many lines the list may hold, for lines that are `height` pixels high. */
export function maxRowsForHeight(height: number): number {
  return Math.max(1_000, Math.floor(MAX_LIST_HEIGHT_PX / Math.max(1, height)));
}

/**
 * The part after the transcript grew to `total`. Following the newest, the part moves by
 * halves, so that it seldom moves.
 */
export function growRange(span: LineRange, total: number, most: number, follows: boolean): LineRange {
  if (total < span.base) return latestRange(total, most);
  if (follows && total - span.base > most) return { base: total - Math.floor(most / 2), rows: Math.floor(most / 2) };
  return { base: span.base, rows: Math.min(most, total - span.base) };
}

/** The part that ends with the newest line. */
export function latestRange(total: number, most: number): LineRange {
  const rows = Math.min(most, total);
  return { base: total - rows, rows };
}

/** A part that holds `line`: this one when it does, else one with it in the middle. */
export function rangeContaining(span: LineRange, line: number, total: number, most: number): LineRange {
  if (line >= span.base && line < span.base + span.rows) return span;
  const base = Math.max(0, Math.min(line - Math.floor(most / 2), total - most));
  return { base, rows: Math.min(most, total - base) };
}
