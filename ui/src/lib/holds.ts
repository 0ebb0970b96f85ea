/** Agents whose tasks are held: why, until when, and which tasks that are. */

import type { AgentHold, BatchView, PlaceView, TaskView } from '../bindings/protocol';
import { agentKey, agentName } from './agents';
import { later } from './time';

/** "Usage limit reached, continues at 14:05", "Sign in again". */
export function holdSentence(hold: AgentHold, now: number): string {
  return hold.until === null ? 'Sign in again' : `Usage limit reached, continues ${at(later(hold.until, now))}`;
}

/** The same for a narrow place, where the time must not be cut off: why stands elsewhere. */
export function holdWords(hold: AgentHold, now: number): string {
  return hold.until === null ? 'Sign in again' : `Continues ${at(later(hold.until, now))}`;
}

const at = (when: string) => (/^\d/.test(when) && when.length === 5 ? `at ${when}` : when);

/** What holds a task back, if it waits for its agent and not for a free place. */
export function holdOf(task: TaskView, batch: BatchView, place: PlaceView): AgentHold | undefined {
  if (batch.endpoint || (task.status !== 'waiting' && task.status !== 'paused')) return undefined;
  return place.holds.find(({ agent }) => (task.agent ? task.agent === agentName(agent) : agentKey(batch.agent) === agentKey(agent)));
}

/** How many holds end only when a person says so. */
export function signIns(place: PlaceView): number {
  return place.holds.filter(({ until }) => until === null).length;
}
