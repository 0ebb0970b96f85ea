import { expect, it, vi } from 'vitest';
import { Toasts } from './toasts.svelte';

it('a message goes by itself, an error stays until it is closed', () => {
  vi.useFakeTimers();
  const toasts = new Toasts();
  toasts.show('Saved.');
  toasts.showError({ code: 'internal', what: 'No.', safe: '', next: '' });
  vi.advanceTimersByTime(60_000);
  expect(toasts.visible.map((toast) => toast.text)).toEqual(['No.']);
  toasts.close(toasts.visible[0]?.id ?? 0);
  expect(toasts.visible).toEqual([]);
  vi.useRealTimers();
});
