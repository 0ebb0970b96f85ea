import { expect, it } from 'vitest';
import { groupForComparison, taskAgentLabel, testResultLabel } from './compare';
import { aTask } from './testing';

const claude = aTask({ id: 'a', row: 0, name: 'Fix footer · Claude Code', agent: 'Claude Code' });
const codex = aTask({ id: 'b', row: 0, name: 'Fix footer · Codex 2', agent: 'Codex' });
const alone = aTask({ id: 'c', row: 1, name: 'Search · faster', agent: 'Codex' });

it('only what was done more than once stands side by side', () => {
  expect(groupForComparison([claude, codex, alone])).toEqual([
    { id: 'compare-0', name: 'Fix footer', tasks: [claude, codex] },
  ]);
  expect(groupForComparison([alone])).toEqual([]);
});

it('says who did it', () => {
  expect(taskAgentLabel(codex)).toBe('Codex 2');
  expect(taskAgentLabel(aTask({ name: 'Fix', agent: 'aider' }))).toBe('aider');
});

it('a test whose end was not seen did not pass', () => {
  expect([true, false, null].map((passed) => testResultLabel({ command: 'npm test', passed }))).toEqual([
    'passed',
    'did not pass',
    'ran; how it ended wasn’t seen',
  ]);
});
