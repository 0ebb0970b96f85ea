import type { BatchView, PlaceView, TaskView } from '../../bindings/protocol';
import { agentName } from '../../lib/agents';
import { findHold, formatHold } from '../../lib/holds';
import { can } from '../../lib/place';
import { formatOrdinal } from '../../lib/time';

/** A task's position in the queue, from 1; `null` if it has left the queue and its agent is being started. */
export function queuePosition(task: TaskView, batch: BatchView): number | null {
  return batch.queue.find((entry) => entry.task === task.id)?.place ?? null;
}

/** Why a task waits, and for what. */
export function formatWaiting(task: TaskView, batch: BatchView, place: PlaceView, now: number): string {
  if (!can(batch, 'queue')) return `Sent to ${batch.place.label}. When it begins is decided there.`;
  const hold = findHold(task, batch, place);
  if (hold) return `${agentName(hold.agent)}: ${formatHold(hold, now)}.`;
  const turn = queuePosition(task, batch);
  if (turn === null) return 'Starting. A separate copy of your project is made first.';
  const line = ` (${formatOrdinal(turn)} in line)`;
  if (place.paused) return `${place.paused.what} This task starts after that${line}.`;
  const ofBatch = batch.max_parallel < place.limit;
  const most = ofBatch ? batch.max_parallel : place.limit;
  return `Waiting for a free place${line}. Up to ${most} run at once ${ofBatch ? 'in this batch' : 'on this computer'}.`;
}
