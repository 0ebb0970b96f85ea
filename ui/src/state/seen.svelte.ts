import { SvelteMap } from 'svelte/reactivity';
import type { TaskId, TaskView } from '../bindings/protocol';
import { isActive, isOver } from '../lib/status';

/** What was looked at of a task: how many steps, and whether its end. */
interface Looked {
  steps: number;
  ended: boolean;
}

const looked = new SvelteMap<TaskId, Looked>();

/** The task is in view as it stands now. */
export function look(task: TaskView): void {
  const now = { steps: task.steps, ended: isOver(task.status) };
  const before = looked.get(task.id);
  if (before?.steps !== now.steps || before.ended !== now.ended) looked.set(task.id, now);
}

/** How many steps nobody has looked at. A task that was never seen has none: it is new as a whole. */
export function unreadSteps(task: TaskView): number {
  const before = looked.get(task.id);
  return before === undefined ? 0 : Math.max(0, task.steps - before.steps);
}

/** Whether it ended since it was last looked at, while this window was open. */
export function endedUnread(task: TaskView): boolean {
  return isOver(task.status) && looked.get(task.id)?.ended === false;
}

/** Begins to count for tasks that were never looked at. */
export function meet(tasks: TaskView[]): void {
  for (const task of tasks) {
    if (!looked.has(task.id)) looked.set(task.id, { steps: task.steps, ended: !isActive(task.status) && task.status !== 'waiting' });
  }
}
