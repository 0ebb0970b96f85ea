import { expect, it } from 'vitest';
import { loadHighlight } from './highlight';

it('code has colours by what its pieces are, and no letter is lost', async () => {
  const highlight = await loadHighlight();
  const code = '// why\nconst a = "b" + 1;';
  const tokens = highlight(code, 'TS');
  expect(tokens.map(({ text }) => text).join('')).toBe(code);
  const kinds = tokens.filter(({ kind }) => kind !== null).map(({ text, kind }) => [text, kind]);
  expect(kinds).toEqual([
    ['// why', 'comment'],
    ['const', 'keyword'],
    ['"b"', 'string'],
    ['1', 'number'],
  ]);
});

it('a language that is not known, and very long code, have no colours', async () => {
  const highlight = await loadHighlight();
  expect(highlight('let a', 'no-such')).toEqual([{ text: 'let a', kind: null }]);
  const long = 'let a;\n'.repeat(10_000);
  expect(highlight(long, 'js')).toEqual([{ text: long, kind: null }]);
});
