import type { BatchRequest, BatchView, Counts, TaskView } from '../../bindings/protocol';
import { placeAt } from '../../lib/testing';

/** No task stands anywhere. */
export const NO_COUNTS: Counts = {
  waiting: 0,
  working: 0,
  needs_you: 0,
  paused: 0,
  finished: 0,
  failed: 0,
  stopped: 0,
  interrupted: 0,
  unknown: 0,
};

/** A batch that has just been asked for. */
export function newBatch(id: string, request: BatchRequest, at: number, limit: number): BatchView {
  const path = request.repo_url;
  return {
    id,
    name: request.name.trim() || (request.parallel_tasks[0]?.task_name ?? ''),
    project_path: path,
    project_name: path.split('/').at(-1) ?? path,
    ...(request.endpoint ? { endpoint: request.endpoint } : {}),
    place: placeAt(request.endpoint),
    start_from: request.branch,
    start_commit: request.endpoint ? '' : '4f9c2d17e0ab63158d2c9f40be71a6c35d880e92',
    agent: request.agent,
    max_parallel: request.max_parallel ?? limit,
    created_at: at,
    ended_at: null,
    revision: 0,
    last_seq: 1,
    counts: { ...NO_COUNTS },
    queue: [],
  };
}

/** A task that has just been asked for. */
export function newTask(batch: BatchView, id: string, name: string, position: number): TaskView {
  return {
    id,
    batch: batch.id,
    whole_batch: false,
    name,
    position,
    revision: 0,
    status: 'waiting',
    notice: null,
    attempt: 1,
    step: null,
    steps: 0,
    last_line: '',
    lines: 0,
    plan: [],
    totals: { files: 0, added: 0, removed: 0 },
    files: [],
    save_points: 0,
    created_at: batch.created_at,
    started_at: null,
    ended_at: null,
    last_event_at: batch.created_at,
    saved_at: null,
    usage: null,
    questions: [],
    outcome: null,
    branch: null,
    can_continue: false,
    agent: '',
    row: position,
    session: null,
  };
}
