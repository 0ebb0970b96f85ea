import type { BatchView, PlaceView, TaskView } from '../../bindings/protocol';
import { agentName } from '../../lib/agents';
import { holdOf, holdSentence } from '../../lib/holds';
import { ordinal } from '../../lib/time';

/** A task's place in line; null: it has left the line, and its agent is being started. */
export function placeInLine(task: TaskView, batch: BatchView): number | null {
  return batch.queue.find((entry) => entry.task === task.id)?.place ?? null;
}

/** Why a task waits, and for what. */
export function waitingSentence(task: TaskView, batch: BatchView, place: PlaceView, now: number): string {
  if (batch.endpoint) return `Sent to ${batch.endpoint.name}. When it begins is decided there.`;
  const hold = holdOf(task, batch, place);
  if (hold) return `${agentName(hold.agent)}: ${holdSentence(hold, now)}.`;
  const turn = placeInLine(task, batch);
  if (turn === null) return 'Starting. A separate copy of your project is made first.';
  const line = ` (${ordinal(turn)} in line)`;
  if (place.paused) return `${place.paused.what} This task starts after that${line}.`;
  const ofBatch = batch.max_parallel < place.limit;
  const most = ofBatch ? batch.max_parallel : place.limit;
  return `Waiting for a free place${line}. Up to ${most} run at once ${ofBatch ? 'in this batch' : 'on this computer'}.`;
}
