/** The three safety levels, in words that hold whatever the agent. */

import type { AgentPick, AgentView, InForce, Offer, Safety } from '../bindings/protocol';

/** The levels in their order. */
export const LEVELS: readonly Safety[] = ['careful', 'balanced', 'hands_off'];

/** Their names and what each is meant to do. */
export const SAFETY: Record<Safety, { label: string; means: string }> = {
  careful: { label: 'Careful', means: 'Asks before every command and every edit.' },
  balanced: { label: 'Balanced', means: 'Edits its copy freely. Asks before it installs, deletes or reaches outside.' },
  hands_off: { label: 'Hands-off', means: 'Asks only before what is never safe.' },
};

/** What a level really means for an agent; undefined: it never said, or can do no harm. */
export function inForce(view: AgentView | undefined, level: Safety): InForce | undefined {
  return view?.in_force.find((one) => one.level === level);
}

/** The mode of a pick in which the agent decides by itself what it asks, so that no level holds; undefined: it has none. */
export function unboundMode(view: AgentView | undefined, { options }: AgentPick): Offer | undefined {
  const { asks_in: asking = [], offers } = view ?? {};
  if (options.mode === '' || asking.length === 0 || asking.includes(options.mode)) return undefined;
  return offers?.modes.find(({ id }) => id === options.mode) ?? { id: options.mode, name: options.mode, about: '' };
}
