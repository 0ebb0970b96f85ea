import { expect, it } from 'vitest';
import type { AgentChoice } from '../bindings/protocol';
import { agentKey, formatAgentCommand, agentName, findUnusedModel, NO_OPTIONS, formatPick } from './agents';

const acp = (...command: string[]): AgentChoice => ({ kind: 'acp', command });

it('an agent is called by its product, else by its program', () => {
  expect(agentName({ kind: 'practice' })).toBe('Practice agent');
  expect(agentName({ kind: 'known', id: 'copilot' })).toBe('Copilot CLI');
  expect(agentName(acp('/opt/bin/copilot'))).toBe('copilot');
  expect(agentName({ kind: 'command', command: ['C:\\x\\run.exe', '{prompt}'] })).toBe('run.exe');
  expect(agentName(acp())).toBe('A program');
});

it('the line that starts it can be read', () => {
  expect(formatAgentCommand({ kind: 'command', command: ['a b', '{prompt}'] })).toBe('"a b" {prompt}');
});

it('the same program with another environment is another agent', () => {
  const env = [{ name: 'PROFILE', value: 'work' }];
  expect(agentKey({ kind: 'acp', command: ['kiro'], env })).not.toBe(agentKey(acp('kiro')));
  expect(agentKey({ kind: 'known', id: 'codex' })).not.toBe(agentKey(acp('codex')));
});

it('an agent is told from itself by what was chosen of what it offers', () => {
  const agent: AgentChoice = { kind: 'known', id: 'claude-code' };
  const offer = (id: string, name: string) => ({ id, name, about: '' });
  const current = { ...NO_OPTIONS, model: 'sonnet' };
  const models = [offer('sonnet', 'Sonnet'), offer('opus', 'Opus')];
  const view = { agent, offers: { models, modes: [], efforts: [offer('high', 'High')], current } };
  const pick = (model: string, effort = '') => ({ agent, options: { ...NO_OPTIONS, model, effort } });
  expect(formatPick(pick('opus', 'high'), view)).toBe('Claude Code (Opus, High)');
  expect(formatPick(pick('gone'), view)).toBe('Claude Code (gone)');
  expect(formatPick(pick(''), undefined)).toBe('Claude Code');
  expect(findUnusedModel(view, [])).toBe('');
  expect(findUnusedModel(view, [pick('')])).toBe('opus');
  expect(findUnusedModel(view, [pick(''), pick('opus')])).toBeUndefined();
});
