/** Agents: the ones we know by name, and values that name one. */

import type {
  AgentChoice,
  AgentOptions,
  AgentSelection,
  AgentState,
  AgentView,
  KnownAgent,
} from '../bindings/protocol';
import { joinArgs } from './argv';

const NAMES: Record<KnownAgent, string> = {
  'claude-code': 'Claude Code',
  codex: 'Codex',
  gemini: 'Gemini CLI',
  opencode: 'opencode',
  copilot: 'Copilot CLI',
  qwen: 'Qwen Code',
  aider: 'aider',
};

/** The agents that Regatta knows, in the order in which they are shown. */
export const KNOWN_AGENTS: readonly AgentChoice[] = (Object.keys(NAMES) as KnownAgent[]).map((id) => ({
  kind: 'known',
  id,
}));

/** Nothing chosen of what an agent offers: it takes what it takes by itself. */
export const NO_OPTIONS: AgentOptions = { model: '', mode: '', effort: '' };

/** A value that is the same for the same agent. */
export function agentKey(agent: AgentChoice): string {
  if (agent.kind === 'practice') return 'practice';
  if (agent.kind === 'known') return `known ${agent.id}`;
  const env = agent.kind === 'acp' ? (agent.env ?? []) : [];
  const added = env.map(({ name, value }) => `${name}=${value}`);
  return `${agent.kind} ${joinArgs([...agent.command, ...added])}`;
}

/** Whether two name the same agent with the same choices. */
export function isSamePick(a: AgentSelection, b: AgentSelection): boolean {
  const { model, mode, effort } = b.options;
  const { options } = a;
  return (
    agentKey(a.agent) === agentKey(b.agent) &&
    options.model === model &&
    options.mode === mode &&
    options.effort === effort
  );
}

/** What people call an agent: the practice agent, its product's name, or its program's. */
export function agentName(agent: AgentChoice): string {
  if (agent.kind === 'practice') return 'Practice agent';
  if (agent.kind === 'known') return NAMES[agent.id];
  return agent.command[0]?.split(/[/\\]/).at(-1) || 'A program';
}

/** An agent with what was chosen of what it offers: "Claude Code (Opus, High)". */
export function formatPick({ agent, options }: AgentSelection, view: Pick<AgentView, 'offers'> | undefined): string {
  const offered = view && [...view.offers.models, ...view.offers.modes, ...view.offers.efforts];
  const chosen = [options.model, options.mode, options.effort].filter(Boolean);
  const words = chosen.map((id) => offered?.find((offer) => offer.id === id)?.name ?? id).join(', ');
  return words ? `${agentName(agent)} (${words})` : agentName(agent);
}

/**
 * The model with which an agent would be another one than each of `picks`: the empty one, its
 * own, where it isn't among them at all; undefined where all that it offers is taken.
 */
export function findUnusedModel(
  { agent, offers }: Pick<AgentView, 'agent' | 'offers'>,
  picks: AgentSelection[],
): string | undefined {
  const same = picks.filter((pick) => agentKey(pick.agent) === agentKey(agent));
  if (same.length === 0) return '';
  const taken = same.map(({ options }) => options.model || offers.current.model);
  return offers.models.find(({ id }) => !taken.includes(id))?.id;
}

/** How an agent is started, in one line; empty where Regatta knows that by itself. */
export function formatAgentCommand(agent: AgentChoice): string {
  if (agent.kind === 'practice') return 'Built in: no network, no cost';
  return agent.kind === 'known' ? '' : joinArgs(agent.command);
}

/** Whether an agent can be given work; what isn't known shows itself when it is. */
export function isUsable(view: AgentView): boolean {
  return view.state === 'ready' || view.state === 'sign_in_unknown' || view.state === 'not_checked';
}

/** How an agent stands, in two or three words. */
export function agentStateLabel(state: AgentState): string {
  switch (state) {
    case 'ready':
      return 'Ready';
    case 'not_installed':
      return 'Not installed';
    case 'adapter_missing':
      return 'Adapter missing';
    case 'not_checked':
      return 'Not asked yet';
    case 'signed_out':
      return 'Signed out';
    case 'sign_in_unknown':
      return 'Sign-in not known';
    case 'broken':
      return 'Doesn’t work';
  }
}
