import { render, screen } from '@testing-library/svelte';
import { expect, it } from 'vitest';
import NoticeText from './NoticeText.svelte';

it('says what happened, what is safe, what to do, and the rest on demand', () => {
  render(NoticeText, {
    notice: {
      code: 'agent_missing',
      what: 'It is not there.',
      safe: 'Nothing was changed.',
      next: 'Install it.',
      details: '<b>/usr/bin</b>',
    },
  });
  expect(screen.getByText('It is not there.')).toBeTruthy();
  expect(screen.getByText('Nothing was changed. Install it.')).toBeTruthy();
  // Details may hold anything: they are text, never elements.
  expect(screen.getByText('<b>/usr/bin</b>').closest('details')?.open).toBe(false);
});
