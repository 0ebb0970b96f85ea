/** The three safety levels, in words that hold whatever the agent. */

import type { AgentSelection, AgentView, EffectiveSafety, OptionValue, Safety } from '../bindings/protocol';

/** The levels in their order. */
export const SAFETY_LEVELS: readonly Safety[] = ['careful', 'balanced', 'hands_off'];

/** Their names and what each is meant to do. */
export const SAFETY_TEXTS: Record<Safety, { label: string; description: string }> = {
  careful: { label: 'Careful', description: 'Asks before every command and every edit.' },
  balanced: {
    label: 'Balanced',
    description: 'Edits its copy freely. Asks before it installs, deletes or reaches outside.',
  },
  hands_off: { label: 'Hands-off', description: 'Asks only before what is never safe.' },
};

/** Returns what a level really means for an agent; `undefined` if it never said, or can do no harm. */
export function findEffectiveSafety(view: AgentView | undefined, level: Safety): EffectiveSafety | undefined {
  return view?.in_force.find((one) => one.level === level);
}

/** Returns the mode of a pick in which the agent decides by itself what it asks, so that no level holds; `undefined` if it has none. */
export function findAutonomousMode(view: AgentView | undefined, { options }: AgentSelection): OptionValue | undefined {
  const { asks_in: askingModes = [], offers } = view ?? {};
  if (options.mode === '' || askingModes.length === 0 || askingModes.includes(options.mode)) return undefined;
  return offers?.modes.find(({ id }) => id === options.mode) ?? { id: options.mode, name: options.mode, about: '' };
}
