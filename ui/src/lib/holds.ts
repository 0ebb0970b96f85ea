/** Agents whose tasks are held: why, until when, and which tasks that are. */

import type { AgentPause, BatchView, PlaceView, TaskView } from '../bindings/protocol';
import { agentKey, agentName } from './agents';
import { can } from './place';
import { formatFutureTime } from './time';

/** "Usage limit reached, continues at 14:05", "Sign in again". */
export function formatHold(hold: AgentPause, now: number): string {
  return hold.until === null
    ? 'Sign in again'
    : `Usage limit reached, continues ${prefixTime(formatFutureTime(hold.until, now))}`;
}

/** The same for a narrow place, where the time must not be cut off: why stands elsewhere. */
export function formatHoldShort(hold: AgentPause, now: number): string {
  return hold.until === null ? 'Sign in again' : `Continues ${prefixTime(formatFutureTime(hold.until, now))}`;
}

const prefixTime = (when: string) => (/^\d/.test(when) && when.length === 5 ? `at ${when}` : when);

/** What holds a task back, if it waits for its agent and not for a free place. */
export function findHold(task: TaskView, batch: BatchView, place: PlaceView): AgentPause | undefined {
  if (!can(batch, 'queue') || (task.status !== 'waiting' && task.status !== 'paused')) return undefined;
  const isOfAgent = ({ agent }: AgentPause) =>
    task.agent ? task.agent === agentName(agent) : agentKey(batch.agent) === agentKey(agent);
  return place.holds.find((hold) => isOfAgent(hold) && (hold.task === undefined || hold.task === task.id));
}

/** How many holds end only when a person says so. */
export function countSignIns(place: PlaceView): number {
  return place.holds.filter(({ until }) => until === null).length;
}
