import { describe, expect, it } from 'vitest';
import type { FileChange, PatchLine } from '../bindings/protocol';
import {
  changeKindLabel,
  formatLineCounts,
  fileName,
  folderName,
  patchRows,
  changeSquares,
  escapeInvisible,
} from './patch';

const drawn = (added: number, removed: number) =>
  changeSquares(added, removed)
    .map((square) => ({ added: '+', removed: '-', none: '.' })[square])
    .join('');

describe('the five squares', () => {
  it.each([
    [0, 0, '.....'],
    [1, 0, '+....'],
    [1, 1, '+-...'],
    [41, 12, '++++-'],
    [22, 14, '+++--'],
    [1_000, 1, '++++-'],
    [1, 1_000, '+----'],
    [30, 0, '+++++'],
    [0, 30, '-----'],
  ])('%d added and %d removed are %s', (added, removed, squares) => {
    expect(drawn(added, removed)).toBe(squares);
  });
});

it('splits a path', () => {
  expect([folderName('a/b/c.ts'), fileName('a/b/c.ts')]).toEqual(['a/b/', 'c.ts']);
  expect([folderName('c.ts'), fileName('c.ts')]).toEqual(['', 'c.ts']);
});

it('says what happened to a file', () => {
  const change: FileChange = { path: 'b', old_path: 'a', kind: 'moved', binary: false, added: 1, removed: 2 };
  expect(changeKindLabel(change)).toBe('Moved from a');
  expect((['added', 'modified', 'removed'] as const).map((kind) => changeKindLabel({ ...change, kind }))).toEqual([
    'New',
    '',
    'Removed',
  ]);
  expect(formatLineCounts(change)).toBe('1 line added, 2 lines removed');
});

describe('the rows of a change', () => {
  const line = (kind: PatchLine['kind'], old: number | null, now: number | null, text = 'x'): PatchLine => ({
    kind,
    old,
    new: now,
    text,
  });

  it('have marks and numbers', () => {
    const rows = patchRows({
      lines: [line('same', 1, 1), line('removed', 2, null), line('added', null, 2)],
      more: false,
    });
    expect(rows.map((row) => [row.mark, row.old, row.new])).toEqual([
      [' ', '1', '1'],
      ['−', '2', ''],
      ['+', '', '2'],
    ]);
  });

  it('count what lies between', () => {
    const rows = patchRows({
      lines: [line('same', 1, 1), line('gap', null, null), line('removed', 30, null), line('added', null, 31)],
      more: false,
    });
    expect(rows[1]?.text).toBe('29 lines in between are the same');
    expect(patchRows({ lines: [line('gap', null, null)], more: false })[0]?.text).toBe('Lines in between are the same');
  });
});

it('makes characters visible that hide or turn text', () => {
  expect(escapeInvisible('if (a\u202e b\u2066)\u0000\u001b[31m')).toBe('if (a⟨202E⟩ b⟨2066⟩)␀␛[31m');
  expect(escapeInvisible('\tplain é\r')).toBe('\tplain é');
  expect(escapeInvisible('a\rb')).toBe('a␍b');
});
