import { expect, it } from 'vitest';
import type { AgentPause, PlaceView } from '../bindings/protocol';
import { findHold, formatHold, formatHoldShort, countSignIns } from './holds';
import { aBatch, aTask } from './testing';

const notice = { code: 'usage_limit' as const, what: 'Used up.', safe: '', next: '' };
const NOW = new Date('2026-11-24T13:40:00').getTime();
const limit: AgentPause = { agent: { kind: 'known', id: 'claude-code' }, notice, until: NOW + 25 * 60_000, tasks: 3 };
const signIn: AgentPause = { ...limit, agent: { kind: 'known', id: 'codex' }, until: null };
const place: PlaceView = { busy: 0, limit: 3, waiting: 3, paused: null, holds: [limit, signIn] };

it('says when it goes on, or what a person has to do', () => {
  expect(formatHold(limit, NOW)).toBe('Usage limit reached, continues at 14:05');
  expect(formatHold({ ...limit, until: NOW + 20 * 3_600_000 }, NOW)).toBe(
    'Usage limit reached, continues tomorrow 09:40',
  );
  expect(formatHold(signIn, NOW)).toBe('Sign in again');
  expect(formatHoldShort({ ...limit, until: NOW + 20 * 3_600_000 }, NOW)).toBe('Continues tomorrow 09:40');
  expect(formatHoldShort(signIn, NOW)).toBe('Sign in again');
  expect(countSignIns(place)).toBe(1);
});

it('holds the waiting tasks of its agent and no others', () => {
  const of = (changes: Parameters<typeof aTask>[0]) => findHold(aTask(changes), aBatch(), place);
  expect(of({ agent: 'Claude Code' })).toBe(limit);
  expect(of({ agent: 'Codex', status: 'paused' })).toBe(signIn);
  expect(of({ agent: 'Claude Code', status: 'working' })).toBeUndefined();
  expect(of({ agent: 'Practice agent' })).toBeUndefined();
  const one = { ...place, holds: [{ ...limit, task: 'a' }] };
  expect(findHold(aTask({ id: 'a', agent: 'Claude Code' }), aBatch(), one)?.task).toBe('a');
  expect(findHold(aTask({ id: 'b', agent: 'Claude Code' }), aBatch(), one)).toBeUndefined();
  const endpoint = { id: 'e', name: 'Work', address: 'https://api.cloudcoding.example' };
  expect(findHold(aTask({ agent: 'Claude Code' }), aBatch({ endpoint }), place)).toBeUndefined();
});
