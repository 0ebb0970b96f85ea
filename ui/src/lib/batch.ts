/** A whole batch in words and numbers. */

import type { BatchView, Counts, Status } from '../bindings/protocol';
import { STATUSES } from './status';

/** All tasks of a batch. */
export function countTasks(counts: Counts): number {
  return STATUSES.reduce((sum, status) => sum + counts[status], 0);
}

/** The tasks that ended. */
export function countEndedTasks(counts: Counts): number {
  return counts.finished + counts.failed + counts.stopped + counts.interrupted + counts.unknown;
}

/** The status that stands for a whole batch: the one a person would want to know first. */
export function summariseStatus(batch: BatchView): Status {
  const { counts } = batch;
  if (counts.needs_you > 0) return 'needs_you';
  if (batch.ended_at === null) {
    if (counts.working > 0) return 'working';
    if (counts.paused > 0) return 'paused';
    return countEndedTasks(counts) > 0 ? 'working' : 'waiting';
  }
  const worst = (['failed', 'interrupted', 'unknown', 'stopped'] as const).find((s) => counts[s] > 0);
  return worst ?? 'finished';
}
