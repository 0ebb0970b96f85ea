import { describe, expect, it } from 'vitest';
import { parseInlineMarkdown, parseMarkdown, type Block, type Inline } from './markdown';

/** A short form of what was found: each form by its name, letters as they are. */
function show(blocks: Block[]): string {
  return blocks.map(showBlock).join(' ¶ ');
}

function showBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return words(block.children);
    case 'heading':
      return `h<${words(block.children)}>`;
    case 'code':
      return `pre:${block.language}<${block.text}>`;
    case 'quote':
      return `quote<${show(block.children)}>`;
    case 'list': {
      const mark = { true: '[x]', false: '[ ]', null: '' };
      const items = block.items.map((item) => mark[`${item.checked}`] + show(item.children));
      return `list:${block.start ?? ''}<${items.join('|')}>`;
    }
    case 'table':
      return `table<${block.rows.map((row) => row.map(words).join('|')).join('/')}>`;
    case 'rule':
      return 'rule';
  }
}

function words(inlines: Inline[]): string {
  return inlines
    .map((one) => {
      if (one.kind === 'text') return one.text;
      if (one.kind === 'code') return `code<${one.text}>`;
      if (one.kind === 'link') return `a:${one.url}:${one.host}<${words(one.children)}>`;
      return `${one.kind}<${words(one.children)}>`;
    })
    .join('');
}

it.each([
  ['The form shows `E_CARD_04`.\nMore.\n\nThen tests.', 'The form shows code<E_CARD_04>.\nMore. ¶ Then tests.'],
  ['Run:\n```sh\nnpm test\n\nls\n```\nDone', 'Run: ¶ pre:sh<npm test\n\nls> ¶ Done'],
  ['# One\n### Three', 'h<One> ¶ h<Three>'],
  ['**bold**, *soft* and ~~gone~~', 'strong<bold>, emphasis<soft> and strike<gone>'],
  ['(*em*) "*q*" **A:** b', '(emphasis<em>) "emphasis<q>" strong<A:> b'],
  ['**`src/a.ts`**: new', 'strong<code<src/a.ts>>: new'],
  ['***both***', 'emphasis<strong<both>>'],
  ['これは**太字**です', 'これはstrong<太字>です'],
  ['- a\n- b\n  - c', 'list:<a|b ¶ list:<c>>'],
  ['3. c\n4. d', 'list:3<c|d>'],
  ['- [ ] to do\n- [x] done', 'list:<[ ]to do|[x]done>'],
  ['> so\n> it was', 'quote<so\nit was>'],
  ['|a|b|\n|-|-|\n|`x`|y|', 'table<a|b/code<x>|y>'],
  ['one\n\n---\n\ntwo', 'one ¶ rule ¶ two'],
  ['see https://a.example/x, ok', 'see a:https://a.example/x:null<https://a.example/x>, ok'],
  ['[docs](https://a.example/x)', 'a:https://a.example/x:a.example<docs>'],
  ['![plan](https://a.example/p.png)', 'a:https://a.example/p.png:a.example<plan>'],
])('finds %j', (text, found) => {
  expect(show(parseMarkdown(text))).toBe(found);
});

it.each([
  '2*3*4 and 5 * 3 * 2',
  '2**3**4',
  'snake_case_name',
  '__init__',
  '__init__.py',
  'src/*.ts and tests/*.ts',
  '*.ts,*.js',
  'src/**/*.ts, tests/**/*.ts',
  'rm -rf *',
  'C:\\path\\to',
  '#123',
  '#!/bin/sh',
  '1986. A great year',
  'a <b>x</b>',
  '<script>alert(1)</script>',
  '<!-- a note -->',
  'Text\n--',
  '`open',
  '**open',
  '[open',
  '[docs]: https',
  'array[0](x',
  '~/one ~/two',
  'a@b.example',
  '-5 degrees',
  'x - y',
  'a | b',
  '100% * 3',
  'f(*args, **kwargs)',
])('leaves %j as it is', (text) => {
  expect(show(parseMarkdown(text))).toBe(text);
});

it('what grows never loses a letter, and a dash below a line makes no heading of it', () => {
  const text = 'First **bold** line\n- item `code`\n\n```js\nlet a = 1;\n```\n\n|a|b|\n|-|-|\n|1|2|\n';
  const letters = (blocks: Block[]) => show(blocks).replaceAll(/\W/g, '');
  for (let end = 1; end <= text.length; end += 1) {
    const found = parseMarkdown(text.slice(0, end));
    for (const word of text.slice(0, end).match(/\w+/g) ?? []) expect(letters(found)).toContain(word);
    expect(found.some(({ kind }) => kind === 'heading')).toBe(false);
  }
});

describe('links', () => {
  it.each([
    ['[a](javascript:alert(1))', 'a (javascript:alert(1))'],
    ['[a](data:text/html,x)', 'a (data:text/html,x)'],
    ['[a](file:///etc/passwd)', 'a (file:///etc/passwd)'],
    ['[a](JaVaScRiPt:x)', 'a (JaVaScRiPt:x)'],
    ['[src/a.ts](src/a.ts)', 'src/a.ts'],
    ['[a.ts](src/a.ts)', 'a.ts (src/a.ts)'],
    ['![x](data:image/png;base64,AA)', 'x (data:image/png;base64,AA)'],
  ])('%j leads nowhere', (text, found) => {
    expect(show(parseMarkdown(text))).toBe(found);
  });

  it.each([
    ['[github.com](https://evil.example/)', 'evil.example'],
    ['[https://github.com](https://github.com.evil.example/)', 'github.com.evil.example'],
    ['https://github.com@evil.example/x', 'evil.example'],
    ['[x](https://аpple.example/)', 'xn--pple-43d.example'],
  ])('%j says its host', (text, host) => {
    const [block] = parseMarkdown(text);
    const found = block?.kind === 'paragraph' ? block.children.find(({ kind }) => kind === 'link') : undefined;
    expect(found).toMatchObject({ kind: 'link', host });
  });
});

it('drops escapes, names what turns the direction, and says nothing for nothing', () => {
  expect(show(parseMarkdown('\u001b[31mred\u001b[0m\u0007'))).toBe('red');
  expect(show(parseMarkdown('\u202egnp.exe'))).toBe('[U+202E]gnp.exe');
  expect(parseMarkdown(' \n\n ')).toEqual([]);
});

it.each([
  ['quotes', '> '.repeat(10_000) + 'x'],
  ['brackets', '['.repeat(10_000)],
  ['images', '![a]('.repeat(10_000)],
  ['stars', '*a **b '.repeat(5_000)],
  ['ticks', Array.from({ length: 300 }, (_, n) => '`'.repeat(n)).join(' ')],
  ['nested lists', Array.from({ length: 200 }, (_, n) => ' '.repeat(n * 2) + '- x').join('\n')],
  ['columns', `|${'a|'.repeat(3_000)}\n|${'-|'.repeat(3_000)}\n`],
  ['a long text', 'A paragraph.\n\n'.repeat(8_000)],
])('hostile %s stay text and take no more than a moment', { timeout: 30_000 }, (_, text) => {
  expect(show(parseMarkdown(text)).length).toBeGreaterThan(100);
});

it('a line is words, anything more stays as written', () => {
  expect(words(parseInlineMarkdown('Read `a.ts` **now**'))).toBe('Read code<a.ts> strong<now>');
  expect(words(parseInlineMarkdown('- a\n- b'))).toBe('- a\n- b');
});
