import { render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { STATUSES, statusLabel } from '../lib/status';
import { aBatch } from '../lib/testing';
import ProgressBar from './ProgressBar.svelte';
import StatusChip from './StatusChip.svelte';
import StatusCounts from './StatusCounts.svelte';
import StatusIcon from './StatusIcon.svelte';

describe('a status', () => {
  it('has a drawing of its own', () => {
    const drawn = STATUSES.map((status) => render(StatusIcon, { status }).container.querySelector('svg')?.innerHTML);
    expect(new Set(drawn).size).toBe(STATUSES.length);
  });

  it('is said by its word, and the drawing is left out of that', () => {
    for (const status of STATUSES) {
      const { container, unmount } = render(StatusChip, { status });
      expect(container.textContent.trim()).toBe(statusLabel(status));
      expect(container.querySelector('svg')?.getAttribute('aria-hidden')).toBe('true');
      unmount();
    }
  });
});

it('progress has one segment a task, in the order of the counts, and says it in words', () => {
  const segments = [
    { id: 'a', status: 'waiting' as const },
    { id: 'b', status: 'finished' as const },
    { id: 'c', status: 'working' as const },
  ];
  render(ProgressBar, { segments, label: '1 finished, 1 working, 1 waiting' });
  const bar = screen.getByRole('img', { name: '1 finished, 1 working, 1 waiting' });
  expect([...bar.children].map((one) => /green|blue|waiting/.exec(one.className)?.[0])).toEqual([
    'green',
    'blue',
    'waiting',
  ]);
});

it('counts only what is there', () => {
  const counts = { ...aBatch().counts, finished: 3, needs_you: 1 };
  render(StatusCounts, { counts });
  expect(screen.getAllByRole('listitem').map((item) => item.textContent.trim().replace(/\s+/g, ' '))).toEqual([
    '3 finished',
    '1 needs you',
  ]);
});
