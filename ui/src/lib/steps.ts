/** The newest steps of a task, kept current by reading only what can have changed. */

import type { Step } from '../bindings/protocol';

/** Steps that are read at once. */
export const STEPS_PAGE_SIZE = 200;
/** Finished steps are read again this far back, as an agent may still add files to one. */
const REREAD_STEPS = 8;

/** A run of steps: `steps[0]` is step `from` of the task. */
export interface StepRange {
  from: number;
  steps: Step[];
}

/** Nothing is read yet. */
export const NO_STEPS: StepRange = { from: 0, steps: [] };

/** From which step on to read, when the task has `total` steps. */
export function firstStaleStep(run: StepRange, total: number): number {
  const end = run.from + run.steps.length;
  // Nothing is here, or so much is new that what is here would not join it.
  if (run.steps.length === 0 || total - end > STEPS_PAGE_SIZE) return Math.max(0, total - STEPS_PAGE_SIZE);
  const working = run.steps.findIndex((step) => step.state === 'working');
  const moving = working === -1 ? end : run.from + working;
  return Math.max(run.from, total - STEPS_PAGE_SIZE, Math.min(moving, end - REREAD_STEPS));
}

/** `run` with the steps that were read from `from` on. */
export function mergeSteps(run: StepRange, from: number, steps: Step[]): StepRange {
  const joins = from >= run.from && from <= run.from + run.steps.length;
  if (!joins) return { from, steps };
  const kept = run.steps.slice(0, from - run.from);
  const rest = run.steps.slice(from - run.from + steps.length);
  return { from: run.from, steps: [...kept, ...steps, ...rest] };
}

/** Whether a new attempt begins with step `at` of `steps`, so that a heading stands there. */
export function isFirstOfAttempt(steps: Step[], at: number): boolean {
  const step = steps[at];
  if (step === undefined) return false;
  const before = steps[at - 1];
  return before === undefined ? step.attempt > 1 : before.attempt !== step.attempt;
}

/** The sums over a step's files. */
export function sumStepTotals(step: Step): { added: number; removed: number } {
  return step.files.reduce((sums, file) => ({ added: sums.added + file.added, removed: sums.removed + file.removed }), {
    added: 0,
    removed: 0,
  });
}
