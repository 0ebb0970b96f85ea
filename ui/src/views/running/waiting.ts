import type { BatchView, PlaceView, TaskView } from '../../bindings/protocol';
import { ordinal } from '../../lib/time';

/** Why a task waits, and for what. */
export function waitingSentence(task: TaskView, batch: BatchView, place: PlaceView): string {
  const turn = batch.queue.find((entry) => entry.task === task.id)?.place;
  const line = turn === undefined ? '' : ` (${ordinal(turn)} in line)`;
  if (place.paused) return `${place.paused.what} This task starts after that${line}.`;
  const ofBatch = batch.max_parallel < place.limit;
  const most = ofBatch ? batch.max_parallel : place.limit;
  return `Waiting for a free place${line}. Up to ${most} run at once ${ofBatch ? 'in this batch' : 'on this computer'}.`;
}
