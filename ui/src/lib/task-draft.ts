/** What a task asks for beside its text, in a few words. */

import type { AgentSelection } from '../bindings/protocol';
import { formatCount } from './time';

/** What a task asks for beside its text. */
export interface TaskExtras {
  /** Whether the batch's agent does it. */
  usesBatchAgent: boolean;
  otherPicks: AgentSelection[];
  times: number;
  timeLimitSeconds: number | null;
  turnLimit: number | null;
  costLimitCents: number | null;
}

/**
 * Returns "By Claude Code and Codex, 3 times each; at most 30 minutes"; `''` if there are no extras.
 * `names` are those of all who do it, the batch's agent among them.
 */
export function formatTaskExtras(task: TaskExtras, names: string[]): string {
  const several = names.length > 1 || !task.usesBatchAgent;
  const by = several ? `By ${joinNames(names)}` : '';
  const times = task.times === 1 ? '' : `${task.times} times${several && names.length > 1 ? ' each' : ''}`;
  const most = formatLimits(task);
  const who = [by, times].filter(Boolean).join(', ');
  const within = most && `${who ? 'at' : 'At'} most ${most}`;
  return [who, within].filter(Boolean).join('; ');
}

function formatLimits({ timeLimitSeconds, turnLimit, costLimitCents }: TaskExtras): string {
  const all = [
    timeLimitSeconds === null ? '' : formatCount(Math.round(timeLimitSeconds / 60), 'minute'),
    turnLimit === null ? '' : formatCount(turnLimit, 'turn'),
    costLimitCents === null ? '' : `$${(costLimitCents / 100).toFixed(2)}`,
  ];
  return all.filter(Boolean).join(', ');
}

/** "a", "a and b", "a, b and c". */
function joinNames(names: string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
