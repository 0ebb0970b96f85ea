import { render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import { aBatch } from '../lib/testing';
import BatchRow from './BatchRow.svelte';

const now = new Date('2026-11-24T15:00:00').getTime();
const created_at = new Date('2026-11-24T14:02:00').getTime();
const { counts } = aBatch();

it('says where, when and how its tasks stand', () => {
  const batch = aBatch({ created_at, counts: { ...counts, finished: 3, working: 2, needs_you: 1 } });
  render(BatchRow, { batch, now, href: '#/batch/b', onopen: () => {} });
  const text = screen.getByRole('link').textContent.replaceAll(/\s+/g, ' ');
  expect(text).toContain('acme-shop • started 14:02 • 3 finished, 2 working, 1 needs you');
  expect(screen.getByRole('img', { name: '3 of 6 done' })).toBeTruthy();
});

it('an ended batch of one kind is one phrase, without a bar, and opens', () => {
  const onopen = vi.fn();
  const batch = aBatch({ created_at, ended_at: now, counts: { ...counts, finished: 3 } });
  render(BatchRow, { batch, now, href: '#/batch/b', onopen });
  expect(screen.getByRole('link').textContent).toContain('3 tasks finished');
  expect(screen.queryByRole('img')).toBeNull();
  screen.getByRole('link').click();
  expect(onopen).toHaveBeenCalledTimes(1);
});
