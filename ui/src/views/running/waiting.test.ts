import { expect, it } from 'vitest';
import { aBatch, aTask } from '../../lib/testing';
import { formatWaiting } from './waiting';

const PLACE = { busy: 3, limit: 3, waiting: 2, paused: null, holds: [] };
const queued = { queue: [{ task: 'task-1', place: 2 }] };

it('says the turn and how many run at once', () => {
  expect(formatWaiting(aTask(), aBatch(queued), PLACE, 0)).toBe(
    'Waiting for a free place (2nd in line). Up to 3 run at once on this computer.',
  );
});

it('says when it is the batch that holds it back', () => {
  expect(formatWaiting(aTask(), aBatch({ ...queued, max_parallel: 1 }), PLACE, 0)).toBe(
    'Waiting for a free place (2nd in line). Up to 1 run at once in this batch.',
  );
});

it('says that a task which left the line is being started', () => {
  expect(formatWaiting(aTask(), aBatch(), PLACE, 0)).toBe('Starting. A separate copy of your project is made first.');
});

it('says that it is decided elsewhere when a task begins that was sent there', () => {
  const endpoint = { id: 'e', name: 'Work', address: 'https://api.cloudcoding.example' };
  expect(formatWaiting(aTask(), aBatch({ endpoint }), PLACE, 0)).toBe('Sent to Work. When it begins is decided there.');
});

it('says what holds its agent back', () => {
  const notice = { code: 'usage_limit' as const, what: '', safe: '', next: '' };
  const hold = { agent: { kind: 'known' as const, id: 'codex' as const }, notice, until: null, tasks: 1 };
  const held = { ...PLACE, holds: [hold] };
  expect(formatWaiting(aTask({ agent: 'Codex' }), aBatch(queued), held, 0)).toBe('Codex: Sign in again.');
});

it('says why nothing starts', () => {
  const paused = { code: 'disk_full' as const, what: 'The disk is nearly full.', safe: '', next: '' };
  expect(formatWaiting(aTask(), aBatch(queued), { ...PLACE, paused }, 0)).toBe(
    'The disk is nearly full. This task starts after that (2nd in line).',
  );
});
