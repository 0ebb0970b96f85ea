import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import ChangeSquares from './ChangeSquares.svelte';
import FileChips from './FileChips.svelte';
import PlusMinus from './PlusMinus.svelte';
import Prose from './Prose.svelte';

it('the squares say in words what their colours mean', () => {
  render(ChangeSquares, { added: 41, removed: 12 });
  const squares = screen.getByRole('img', { name: '41 lines added, 12 lines removed' });
  expect([...squares.children].filter((one) => one.className.includes('added'))).toHaveLength(4);
});

it('counts are read as words, not as signs', () => {
  const { container } = render(PlusMinus, { added: 1_204, removed: 0 });
  const read = [...container.querySelectorAll('.counts > :not([aria-hidden])')].map((one) => one.textContent);
  expect(read).toEqual(['1,204 lines added, 0 lines removed']);
});

it('a file is named by its last part and opens by its path', async () => {
  const onopen = vi.fn();
  render(FileChips, { paths: ['checkout/errors.ts'], onopen });
  await fireEvent.click(screen.getByRole('button', { name: 'errors.ts' }));
  expect(onopen).toHaveBeenCalledWith('checkout/errors.ts');
});

it('what is said has code as elements and nothing else', () => {
  const { container } = render(Prose, { text: 'Use `E_CARD_04` and <b>this</b>.\n\n```\nnpm test\n```' });
  expect(container.querySelector('code')?.textContent).toBe('E_CARD_04');
  expect(container.querySelector('pre')?.textContent).toBe('npm test');
  expect(container.querySelector('b')).toBeNull();
  expect(container.querySelector('p')?.textContent).toBe('Use E_CARD_04 and <b>this</b>.');
});

it('a list has its boxes in words, and a link its host', () => {
  render(Prose, { text: '## Next\n- [x] write\n- [ ] [read](https://a.example/x)', level: 3 });
  expect(screen.getByRole('heading', { level: 3 }).textContent).toBe('Next');
  const items = screen.getAllByRole('listitem').map((one) => one.textContent?.replaceAll(/\s+/g, ' ').trim());
  expect(items).toEqual(['Done: write', 'To do: read (a.example)']);
  expect(screen.getByRole('link').getAttribute('href')).toBe('https://a.example/x');
});
