import { expect, it } from 'vitest';
import { agentName, NO_OPTIONS } from './agents';
import { rowWords, type Wanted } from './row';

const pick = (id: 'codex' | 'opencode') => ({ agent: { kind: 'known', id } as const, options: NO_OPTIONS });
const words = (changes: Partial<Wanted>) => {
  const row = { own: true, others: [], times: 1, seconds: null, turns: null, cents: null, ...changes };
  return rowWords(row, [...(row.own ? ['Claude Code'] : []), ...row.others.map(({ agent }) => agentName(agent))]);
};

it('a row that asks for nothing else says nothing', () => {
  expect(words({})).toBe('');
});

it('says who does it and how often', () => {
  expect(words({ times: 3 })).toBe('3 times');
  expect(words({ others: [pick('codex')] })).toBe('By Claude Code and Codex');
  expect(words({ others: [pick('codex'), pick('opencode')], times: 2 })).toBe('By Claude Code, Codex and opencode, 2 times each');
  expect(words({ own: false, others: [pick('codex')], times: 2 })).toBe('By Codex, 2 times');
});

it('says the most that it may take', () => {
  expect(words({ seconds: 1800 })).toBe('At most 30 minutes');
  expect(words({ times: 2, seconds: 60, turns: 20, cents: 250 })).toBe('2 times; at most 1 minute, 20 turns, $2.50');
});
