/** Plain values for tests: a view with nothing in it, changed where a test says so. */

import type { BatchView, Endpoint, Place, Question, TaskView } from '../bindings/protocol';

/** A waiting task, with `changes`. */
export function aTask(changes: Partial<TaskView> = {}): TaskView {
  return {
    id: 'task-1',
    batch: 'batch-1',
    whole_batch: false,
    name: 'Clear error messages',
    position: 0,
    revision: 1,
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
    created_at: 0,
    started_at: null,
    ended_at: null,
    last_event_at: 0,
    saved_at: null,
    usage: null,
    questions: [],
    outcome: null,
    branch: null,
    can_continue: false,
    agent: 'Practice agent',
    row: 0,
    session: null,
    ...changes,
  };
}

/** The place where a batch runs that names this endpoint, or none; as the engine says what can be done there. */
export function placeAt(endpoint?: Endpoint): Place {
  if (endpoint) {
    return { id: endpoint.id, kind: 'cloud', label: endpoint.name, capabilities: ['detach', 'batch_call', 'key'] };
  }
  return {
    id: 'local',
    kind: 'local',
    label: 'This computer',
    capabilities: [
      'local_folder',
      'local_copies',
      'agents',
      'queue',
      'diff',
      'publish',
      'continue',
      'message',
      'allow_for_batch',
    ],
  };
}

/** A batch without tasks, with `changes`. */
export function aBatch(changes: Partial<BatchView> = {}): BatchView {
  return {
    id: 'batch-1',
    name: 'Checkout clean-up',
    project_path: '/home/me/acme-shop',
    project_name: 'acme-shop',
    place: placeAt(changes.endpoint),
    start_from: 'main',
    start_commit: '0123456789012345678901234567890123456789',
    agent: { kind: 'practice' },
    max_parallel: 3,
    created_at: 0,
    ended_at: null,
    revision: 1,
    last_seq: 1,
    counts: {
      waiting: 0,
      working: 0,
      needs_you: 0,
      paused: 0,
      finished: 0,
      failed: 0,
      stopped: 0,
      interrupted: 0,
      unknown: 0,
    },
    queue: [],
    ...changes,
  };
}

/** A permission to do something harmless, asked for once, with `changes`. */
export function aQuestion(changes: Partial<Question> = {}): Question {
  return {
    id: 'q1',
    title: 'Run: npm install',
    detail: 'npm install',
    options: [
      { id: 'yes', label: 'Yes', kind: 'allow_once' },
      { id: 'no', label: 'No', kind: 'reject_once' },
    ],
    kind: 'permission',
    risk: 'medium',
    risk_words: '',
    key: 'run:npm install',
    ...changes,
  };
}
