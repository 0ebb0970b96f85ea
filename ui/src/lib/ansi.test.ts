import { describe, expect, it } from 'vitest';
import { toCssColour, highlightMatches, parseAnsi, stripAnsiLines, stripAnsi, type TextStyle } from './ansi';

const ESC = '\u001b';

function looks(line: string): [string, Partial<TextStyle>][] {
  return parseAnsi(line).map(({ text, style }) => {
    const set = Object.entries(style).filter(([, value]) => value !== null && value !== false);
    return [text, Object.fromEntries(set)];
  });
}

describe('colours', () => {
  it('reads the sixteen of the palette, for text and ground', () => {
    expect(looks(`${ESC}[31mred${ESC}[0m plain ${ESC}[92;44mboth`)).toEqual([
      ['red', { fg: 1 }],
      [' plain ', {}],
      ['both', { fg: 10, bg: 4 }],
    ]);
  });

  it('reads 256 colours: palette, cube and greys', () => {
    expect(looks(`${ESC}[38;5;9ma${ESC}[38;5;196mb${ESC}[48;5;244mc`)).toEqual([
      ['a', { fg: 9 }],
      ['b', { fg: [255, 0, 0] }],
      ['c', { fg: [255, 0, 0], bg: [128, 128, 128] }],
    ]);
  });

  it('reads any colour, with numbers kept in range, and goes on after it', () => {
    expect(looks(`${ESC}[38;2;1;2;999;1mx`)).toEqual([['x', { fg: [1, 2, 255], bold: true }]]);
  });

  it('passes over a colour out of range', () => {
    expect(looks(`${ESC}[38;5;300;4mx`)).toEqual([['x', { underline: true }]]);
  });

  it('becomes a token of ours or numbers we formatted', () => {
    expect(toCssColour(1)).toBe('var(--ansi-red)');
    expect(toCssColour(15)).toBe('var(--ansi-bright-white)');
    expect(toCssColour([1, 2, 3])).toBe('rgb(1 2 3)');
  });
});

describe('weight and line', () => {
  it('turns each on and off', () => {
    expect(looks(`${ESC}[1;2;3;4;7;9mx${ESC}[22;23;24;27;29my`)).toEqual([
      ['x', { bold: true, dim: true, italic: true, underline: true, inverse: true, strike: true }],
      ['y', {}],
    ]);
  });

  it('an empty sequence resets', () => {
    expect(looks(`${ESC}[1mx${ESC}[my`)).toEqual([
      ['x', { bold: true }],
      ['y', {}],
    ]);
  });
});

describe('everything else is dropped', () => {
  it.each([
    ['a cursor move', `a${ESC}[2;5Hb`],
    ['a clear', `a${ESC}[2Jb`],
    ['a private mode', `a${ESC}[?25lb`],
    ['a title ended by a bell', `a${ESC}]0;owned\u0007b`],
    ['a title ended by its terminator', `a${ESC}]0;owned${ESC}\\b`],
    ['an escape with an intermediate', `a${ESC}(Bb`],
    ['a one-byte control sequence', 'a\u009b31Kb'],
    ['a device string', `a${ESC}Pq#0${ESC}\\b`],
    ['a bell and a backspace', 'a\u0007\b\u0000b'],
    ['a turn of direction', 'a\u202eb\u2066'],
  ])('%s', (_, line) => {
    expect(stripAnsi(line)).toBe('ab');
  });

  it('a sequence that never ends takes nothing with it but itself', () => {
    expect(stripAnsi(`a${ESC}[31`)).toBe('a');
    expect(stripAnsi(`a${ESC}]0;title`)).toBe('a');
    expect(stripAnsi(`a${ESC}`)).toBe('a');
  });

  it('keeps the text of a link and drops its address', () => {
    expect(stripAnsi(`${ESC}]8;;https://evil.example\u0007read me${ESC}]8;;\u0007`)).toBe('read me');
  });

  it('keeps tabs, accents and emoji', () => {
    expect(stripAnsi('\té 🎉 日本')).toBe('\té 🎉 日本');
  });

  it('keeps markup as text', () => {
    expect(stripAnsi('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  });
});

describe('carriage returns', () => {
  it('keep what follows the last one', () => {
    expect(stripAnsi('10 %\r50 %\r100 %')).toBe('100 %');
  });

  it('at the end change nothing', () => {
    expect(stripAnsi('done\r')).toBe('done');
    expect(stripAnsi(`done\r${ESC}[K`)).toBe('done');
  });

  it('keep the colour that was set before', () => {
    expect(looks(`${ESC}[32m10 %\r100 %`)).toEqual([['100 %', { fg: 2 }]]);
  });

  it('have a twin in the move to the first column', () => {
    expect(stripAnsi(`10 %${ESC}[2K${ESC}[1G20 %`)).toBe('20 %');
  });
});

it('reads a long hostile line once', () => {
  const started = performance.now();
  stripAnsi(`${ESC}[`.repeat(200_000));
  stripAnsi(`${ESC}]`.repeat(200_000));
  stripAnsi('\r'.repeat(200_000));
  expect(performance.now() - started).toBeLessThan(2_000);
});

it('several lines keep their breaks', () => {
  expect(stripAnsiLines(`${ESC}[1ma${ESC}[0m\nb\u0007\n`)).toBe('a\nb\n');
});

describe('found text', () => {
  const pieces = (line: string, query: string) =>
    highlightMatches(parseAnsi(line), query).map(({ text, isMatch }) => (isMatch ? `[${text}]` : text));

  it('is cut out of its span, in any case', () => {
    expect(pieces('a Declined card, declined', 'declined')).toEqual(['a ', '[Declined]', ' card, ', '[declined]']);
  });

  it('may run over a change of colour', () => {
    expect(pieces(`de${ESC}[31mcli${ESC}[0mned!`, 'declined')).toEqual(['[de]', '[cli]', '[ned]', '!']);
  });

  it('takes the words as they are', () => {
    expect(pieces('a.b axb (c', '.b')).toEqual(['a', '[.b]', ' axb (c']);
    expect(pieces('f(', '(')).toEqual(['f', '[(]']);
  });

  it('is nothing for an empty query', () => {
    expect(pieces('abc', '')).toEqual(['abc']);
  });
});
