/** What a row asks for beside its text, in a few words. */

import type { AgentPick } from '../bindings/protocol';
import { count } from './time';

/** What a row asks for beside its text. */
export interface Wanted {
  /** Whether the batch's agent does it. */
  own: boolean;
  others: AgentPick[];
  times: number;
  seconds: number | null;
  turns: number | null;
  cents: number | null;
}

/**
 * "By Claude Code and Codex, 3 times each; at most 30 minutes"; empty: nothing beside its text.
 * `names` are those of all who do it, the batch's agent among them.
 */
export function rowWords(row: Wanted, names: string[]): string {
  const several = names.length > 1 || !row.own;
  const by = several ? `By ${listed(names)}` : '';
  const times = row.times === 1 ? '' : `${row.times} times${several && names.length > 1 ? ' each' : ''}`;
  const most = limits(row);
  const who = [by, times].filter(Boolean).join(', ');
  const within = most && `${who ? 'at' : 'At'} most ${most}`;
  return [who, within].filter(Boolean).join('; ');
}

function limits({ seconds, turns, cents }: Wanted): string {
  const all = [
    seconds === null ? '' : count(Math.round(seconds / 60), 'minute'),
    turns === null ? '' : count(turns, 'turn'),
    cents === null ? '' : `$${(cents / 100).toFixed(2)}`,
  ];
  return all.filter(Boolean).join(', ');
}

/** "a", "a and b", "a, b and c". */
function listed(names: string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
