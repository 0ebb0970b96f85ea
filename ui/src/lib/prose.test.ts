import { expect, it } from 'vitest';
import { parseProse } from './prose';

it('finds paragraphs and spans of code', () => {
  expect(parseProse('The form shows `E_CARD_04`.\nMore.\n\nThen tests.')).toEqual([
    {
      code: false,
      parts: [
        { text: 'The form shows ', code: false },
        { text: 'E_CARD_04', code: true },
        { text: '.\nMore.', code: false },
      ],
    },
    { code: false, parts: [{ text: 'Then tests.', code: false }] },
  ]);
});

it('finds blocks of code, also one that never ends', () => {
  expect(parseProse('Run:\n```sh\nnpm test\n\nls\n```\nDone')).toEqual([
    { code: false, parts: [{ text: 'Run:', code: false }] },
    { code: true, text: 'npm test\n\nls' },
    { code: false, parts: [{ text: 'Done', code: false }] },
  ]);
  expect(parseProse('```\nopen')).toEqual([{ code: true, text: 'open' }]);
});

it('leaves markup and a lone backtick as text', () => {
  expect(parseProse('<b>`x</b>')).toEqual([{ code: false, parts: [{ text: '<b>`x</b>', code: false }] }]);
});

it('drops escapes, and says nothing for nothing', () => {
  expect(parseProse('\u001b[31mred\u001b[0m\u0007')).toEqual([{ code: false, parts: [{ text: 'red', code: false }] }]);
  expect(parseProse(' \n\n ')).toEqual([]);
});
