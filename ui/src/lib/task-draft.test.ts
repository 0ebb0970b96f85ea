import { expect, it } from 'vitest';
import { agentName, NO_OPTIONS } from './agents';
import { formatTaskExtras, type TaskExtras } from './task-draft';

const pick = (id: 'codex' | 'opencode') => ({ agent: { kind: 'known', id } as const, options: NO_OPTIONS });
const words = (changes: Partial<TaskExtras>) => {
  const task = {
    usesBatchAgent: true,
    otherPicks: [],
    times: 1,
    timeLimitSeconds: null,
    turnLimit: null,
    costLimitCents: null,
    ...changes,
  };
  return formatTaskExtras(task, [
    ...(task.usesBatchAgent ? ['Claude Code'] : []),
    ...task.otherPicks.map(({ agent }) => agentName(agent)),
  ]);
};

it('a task that asks for nothing else says nothing', () => {
  expect(words({})).toBe('');
});

it('says who does it and how often', () => {
  expect(words({ times: 3 })).toBe('3 times');
  expect(words({ otherPicks: [pick('codex')] })).toBe('By Claude Code and Codex');
  expect(words({ otherPicks: [pick('codex'), pick('opencode')], times: 2 })).toBe(
    'By Claude Code, Codex and opencode, 2 times each',
  );
  expect(words({ usesBatchAgent: false, otherPicks: [pick('codex')], times: 2 })).toBe('By Codex, 2 times');
});

it('says the most that it may take', () => {
  expect(words({ timeLimitSeconds: 1800 })).toBe('At most 30 minutes');
  expect(words({ times: 2, timeLimitSeconds: 60, turnLimit: 20, costLimitCents: 250 })).toBe(
    '2 times; at most 1 minute, 20 turns, $2.50',
  );
});
