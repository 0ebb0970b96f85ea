/** Agents: the ones we know how to start, and values that name one. */

import type { AgentChoice } from '../bindings/protocol';
import { joinWords } from './argv';

/** Programs that speak ACP, as their makers say to start them. Whether one is installed is checked when it is chosen. */
export const KNOWN_AGENTS: readonly { name: string; line: string }[] = [
  { name: 'Claude Code', line: 'claude-agent-acp' },
  { name: 'Codex', line: 'codex-acp' },
  { name: 'Copilot CLI', line: 'copilot --acp' },
  { name: 'Gemini CLI', line: 'gemini --acp' },
  { name: 'opencode', line: 'opencode acp' },
  { name: 'Qwen Code', line: 'qwen --acp' },
];

/** A value that is the same for the same agent. */
export function agentKey(agent: AgentChoice): string {
  return agent.kind === 'practice' ? 'practice' : `${agent.kind} ${joinWords(agent.command)}`;
}

/** What people call an agent: the practice agent, its product's name, or its program's. */
export function agentName(agent: AgentChoice): string {
  if (agent.kind === 'practice') return 'Practice agent';
  const line = joinWords(agent.command);
  const known = agent.kind === 'acp' ? KNOWN_AGENTS.find((one) => one.line === line) : undefined;
  return known?.name ?? (agent.command[0]?.split(/[/\\]/).at(-1) || 'A program');
}

/** How an agent is started, in one line. */
export function agentLine(agent: AgentChoice): string {
  return agent.kind === 'practice' ? 'Built in: no network, no cost' : joinWords(agent.command);
}

/** `agents` with `used` in front, each once, at most ten. */
export function withLatest(agents: AgentChoice[], used: AgentChoice): AgentChoice[] {
  const others = agents.filter((agent) => agentKey(agent) !== agentKey(used));
  return [used, ...others].slice(0, 10);
}
