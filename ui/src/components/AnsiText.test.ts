import { render } from '@testing-library/svelte';
import { expect, it } from 'vitest';
import AnsiText from './AnsiText.svelte';

const ESC = '\u001b';

function show(text: string, query = '', current = false) {
  return render(AnsiText, { text, query, current }).container;
}

it('shows colours as classes and values of ours', () => {
  const red = show(`${ESC}[1;31mred${ESC}[0m plain`).querySelector('span');
  expect(red?.textContent).toBe('red');
  expect(red?.className).toMatch(/\bfg\b.*\bbold\b/);
  expect(red?.getAttribute('style')).toBe('--fg: var(--ansi-red);');
});

it('shows markup and escapes as nothing but text', () => {
  const shown = show(`<img src=x onerror=alert(1)>${ESC}]0;title\u0007<b>`);
  expect(shown.textContent).toBe('<img src=x onerror=alert(1)><b>');
  expect(shown.querySelector('img, b')).toBeNull();
});

it('a colour can bring no other style with it', () => {
  const span = show(`${ESC}[38;2;1;;99999mtext`).querySelector('span');
  expect(span?.getAttribute('style')).toBe('--fg: rgb(1 0 255);');
  expect(show(`${ESC}[38;2;1;2;3;url(x)mtext`).querySelector('span')).toBeNull();
});

it('marks what was found, and the current one more', () => {
  const marks = [...show('a declined card', 'DECLINED', true).querySelectorAll('.found')];
  expect(marks.map((mark) => mark.textContent)).toEqual(['declined']);
  expect(marks[0]?.className).toMatch(/\bcurrent\b/);
});
