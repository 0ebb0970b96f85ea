import { SvelteMap } from 'svelte/reactivity';
import type { TaskId, TaskView } from '../bindings/protocol';
import { isActive, hasEnded } from '../lib/status';

/** What was looked at of a task: how many steps, and whether its end. */
interface ReadState {
  steps: number;
  ended: boolean;
}

const readStates = new SvelteMap<TaskId, ReadState>();

/** The task is in view as it stands now. */
export function markRead(task: TaskView): void {
  const now = { steps: task.steps, ended: hasEnded(task.status) };
  const before = readStates.get(task.id);
  if (before?.steps !== now.steps || before.ended !== now.ended) readStates.set(task.id, now);
}

/** How many steps nobody has looked at. A task that was never seen has none: it is new as a whole. */
export function countUnreadSteps(task: TaskView): number {
  const before = readStates.get(task.id);
  return before === undefined ? 0 : Math.max(0, task.steps - before.steps);
}

/** Whether it ended since it was last looked at, while this window was open. */
export function isEndUnread(task: TaskView): boolean {
  return hasEnded(task.status) && readStates.get(task.id)?.ended === false;
}

/** Begins to count for tasks that were never looked at. */
export function track(tasks: TaskView[]): void {
  for (const task of tasks) {
    if (!readStates.has(task.id))
      readStates.set(task.id, { steps: task.steps, ended: !isActive(task.status) && task.status !== 'waiting' });
  }
}
