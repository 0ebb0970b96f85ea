/** What a task changed, as the page shows it. */

import type { FileChange, FilePatch, PatchLineKind } from '../bindings/protocol';
import { formatCount } from './time';

/** One of the five squares beside a file. */
export type Square = 'added' | 'removed' | 'none';

/** Five squares: how much was added and removed, each with at least one when there is any. */
export function changeSquares(added: number, removed: number): Square[] {
  const all = added + removed;
  const filled = Math.min(5, all);
  let green = all === 0 ? 0 : Math.round((added / all) * filled);
  if (added > 0) green = Math.max(1, green);
  if (removed > 0 && filled > 1) green = Math.min(filled - 1, green);
  return Array.from({ length: 5 }, (_, at) => {
    if (at < green) return 'added';
    return at < filled ? 'removed' : 'none';
  });
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What stands before the last part, with its `/`; empty at the top. */
export function folderName(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** What happened to a file, in a word or two; empty for an ordinary change. */
export function changeKindLabel(change: FileChange): string {
  switch (change.kind) {
    case 'added':
      return 'New';
    case 'removed':
      return 'Removed';
    case 'moved':
      return `Moved from ${change.old_path ?? 'elsewhere'}`;
    case 'modified':
      return '';
  }
}

/** "3 added, 1 removed", for people who don't see the colours. */
export function formatLineCounts(change: { added: number; removed: number }): string {
  return `${formatCount(change.added, 'line')} added, ${formatCount(change.removed, 'line')} removed`;
}

/** One row of a file's change. */
export interface PatchRow {
  kind: PatchLineKind;
  /** `+`, `−` or a space. */
  mark: string;
  old: string;
  new: string;
  text: string;
}

const MARKS: Record<PatchLineKind, string> = { same: ' ', added: '+', removed: '−', gap: '' };

/** The rows of a file's change, with the lines between its parts counted. */
export function patchRows(patch: FilePatch): PatchRow[] {
  return patch.lines.map((line, at) => ({
    kind: line.kind,
    mark: MARKS[line.kind],
    old: line.old?.toString() ?? '',
    new: line.new?.toString() ?? '',
    text: line.kind === 'gap' ? formatGap(patch, at) : escapeInvisible(line.text),
  }));
}

function formatGap(patch: FilePatch, at: number): string {
  const before = patch.lines.slice(0, at).findLast((line) => line.new !== null)?.new ?? 0;
  const after = patch.lines.slice(at + 1).find((line) => line.new !== null)?.new;
  if (typeof after !== 'number' || after <= before + 1) return 'Lines in between are the same';
  const same = after - before - 1;
  return `${formatCount(same, 'line')} in between ${same === 1 ? 'is' : 'are'} the same`;
}

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const HIDDEN = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A line of a file with every character that can't be seen made visible, so that a change
 * can't read as something it is not. A carriage return at the end is a kind of line end.
 */
export function escapeInvisible(text: string): string {
  return text.replace(/\r$/, '').replace(HIDDEN, (hidden) => {
    const code = hidden.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return `⟨${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
