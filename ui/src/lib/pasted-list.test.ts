import { describe, expect, it } from 'vitest';
import { isList, deriveName, nextName, parsePastedList } from './pasted-list';

const names = (text: string) => parsePastedList(text).map((task) => task.name);
const same = (...texts: string[]) => texts.map((text) => ({ name: text, prompt: text }));

describe('lines', () => {
  it('each line becomes a task', () => {
    expect(parsePastedList('Fix the footer\nTranslate the help page')).toEqual(
      same('Fix the footer', 'Translate the help page'),
    );
  });

  it.each(['', '  \n \n', '\t\n'])('%j holds nothing', (text) => expect(parsePastedList(text)).toEqual([]));

  it('empty lines and ends of any kind of system are no tasks', () => {
    expect(names('one\r\n\r\n  two  \rthree\n')).toEqual(['one', 'two', 'three']);
  });

  it('a hard space is a space', () => expect(names('a\u00a0b')).toEqual(['a b']));
});

describe('bullets and numbers', () => {
  it.each([
    ['- one\n- two'],
    ['* one\n* two'],
    ['• one\n• two'],
    ['– one\n– two'],
    ['1. one\n2. two'],
    ['1) one\n2) two'],
    ['(1) one\n(2) two'],
    ['a) one\nb) two'],
    ['- [ ] one\n- [x] two'],
    ['  - one\n  - two'],
    ['- one\n\n- two\n'],
  ])('%j', (text) => expect(parsePastedList(text)).toEqual(same('one', 'two')));

  it('a line that begins with a number is still text', () => {
    expect(names('3 smaller images\n404 page')).toEqual(['3 smaller images', '404 page']);
  });

  it('deeper lines belong to the item above', () => {
    const text = '- Fix the footer\n  It is cut off.\n  - on phones\n    - small ones\n- Next';
    expect(parsePastedList(text)).toEqual([
      { name: 'Fix the footer', prompt: 'Fix the footer\nIt is cut off.\n- on phones\n  - small ones' },
      { name: 'Next', prompt: 'Next' },
    ]);
  });

  it('unmarked lines after an item belong to it', () => {
    expect(parsePastedList('1. One\nmore of it\n2. Two')).toEqual([
      { name: 'One', prompt: 'One\nmore of it' },
      { name: 'Two', prompt: 'Two' },
    ]);
  });

  it('what introduces a list is no task; other lines before it are', () => {
    expect(names('# To do\nPlease do these:\n- one\n- two')).toEqual(['one', 'two']);
    expect(names('zero\n- one')).toEqual(['zero', 'one']);
  });
});

describe('tables', () => {
  const two = [
    { name: 'Footer', prompt: 'Make it stick.' },
    { name: 'Prices', prompt: 'Show cents.' },
  ];

  it.each([
    ['cells', 'Footer\tMake it stick.\nPrices\tShow cents.'],
    ['cells under a head', 'Name\tPrompt\nFooter\tMake it stick.\nPrices\tShow cents.\n'],
    ['pipes', 'Footer | Make it stick.\nPrices | Show cents.'],
    ['a framed table', '| Footer | Make it stick. |\n| Prices | Show cents. |'],
    ['Markdown', '| Task | What |\n|:---|---:|\n| **Footer** | Make it stick. |\n| Prices | Show cents. |'],
    ['a head that only Markdown marks', 'Thing | Wish\n--- | ---\nFooter | Make it stick.\nPrices | Show cents.'],
  ])('%s', (_, text) => expect(parsePastedList(text)).toEqual(two));

  it('a quoted cell may hold lines and quotes', () => {
    expect(parsePastedList('A\t"one\ntwo ""x"""\nB\tthree')).toEqual([
      { name: 'A', prompt: 'one\ntwo "x"' },
      { name: 'B', prompt: 'three' },
    ]);
  });

  it('further columns are more of the prompt, an empty one takes the name', () => {
    expect(parsePastedList('A\tone\ttwo\nB\t')).toEqual([
      { name: 'A', prompt: 'one\ntwo' },
      { name: 'B', prompt: 'B' },
    ]);
  });

  it('an escaped pipe is text', () => {
    expect(parsePastedList('A | x \\| y\nB | z')[0]).toEqual({ name: 'A', prompt: 'x | y' });
  });

  it('lines of which only some have a tab or pipe are lines', () => {
    expect(parsePastedList('grep a | sort\nplain line')).toHaveLength(2);
    expect(names('one\ttwo\nthree')).toEqual(['one\ttwo', 'three']);
  });

  it('indented lines are no table', () => expect(names('\tone\n\ttwo')).toEqual(['one', 'two']));

  it('a quote that is never closed is text', () => {
    expect(parsePastedList('"a\tb\nc\td')).toHaveLength(2);
  });
});

describe('names', () => {
  it.each([
    ['Fix the footer.', 'Fix the footer'],
    ['Footer: make it stick', 'Footer'],
    ['**Footer**: make it stick', 'Footer'],
    ['See https://example.org/a for more', 'See https://example.org/a for more'],
    ['Rename `basket` to `bag`', 'Rename basket to bag'],
  ])('%j is named %j', (text, name) => expect(deriveName(text)).toBe(name));

  it('the prompt keeps the whole line', () => {
    expect(parsePastedList('Footer: make it stick')[0]?.prompt).toBe('Footer: make it stick');
  });

  it('a long line is cut between words', () => {
    const name = deriveName('On the bag page show the expected delivery date under each product, please');
    expect(name).toBe('On the bag page show the expected delivery date under each…');
    expect([...name].length).toBeLessThanOrEqual(60);
    expect([...deriveName('🚀'.repeat(100))]).toHaveLength(60);
  });

  it('cut names that became the same are numbered; the same task twice is not', () => {
    const long = 'Translate every text that people can read on the help page into';
    const [french, german] = names(`${long} French\n${long} German`);
    expect(german).toBe(`${french} 2`);
    expect(names('same\nsame')).toEqual(['same', 'same']);
  });
});

it('is a list from two tasks on', () => {
  expect(isList('one')).toBe(false);
  expect(isList('one\n\n')).toBe(false);
  expect(isList('one\ntwo')).toBe(true);
});

it('a copy has the next number that is free', () => {
  expect(nextName('Footer', ['Footer'])).toBe('Footer 2');
  expect(nextName(' Footer 2 ', ['Footer', 'Footer 2', 'Footer 3'])).toBe('Footer 4');
  expect(nextName('Chapter1', ['Chapter1'])).toBe('Chapter1 2');
  expect(nextName('', [''])).toBe('');
});
