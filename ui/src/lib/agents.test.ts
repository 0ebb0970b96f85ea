import { expect, it } from 'vitest';
import type { AgentChoice } from '../bindings/protocol';
import { agentKey, agentLine, agentName } from './agents';

const acp = (...command: string[]): AgentChoice => ({ kind: 'acp', command });

it('an agent is called by its product, else by its program', () => {
  expect(agentName({ kind: 'practice' })).toBe('Practice agent');
  expect(agentName({ kind: 'known', id: 'copilot' })).toBe('Copilot CLI');
  expect(agentName(acp('/opt/bin/copilot'))).toBe('copilot');
  expect(agentName({ kind: 'command', command: ['C:\\x\\run.exe', '{prompt}'] })).toBe('run.exe');
  expect(agentName(acp())).toBe('A program');
});

it('the line that starts it can be read', () => {
  expect(agentLine({ kind: 'command', command: ['a b', '{prompt}'] })).toBe('"a b" {prompt}');
});

it('the same program with another environment is another agent', () => {
  const env = [{ name: 'PROFILE', value: 'work' }];
  expect(agentKey({ kind: 'acp', command: ['kiro'], env })).not.toBe(agentKey(acp('kiro')));
  expect(agentKey({ kind: 'known', id: 'codex' })).not.toBe(agentKey(acp('codex')));
});
