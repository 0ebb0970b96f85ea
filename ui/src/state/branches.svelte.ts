import { SvelteMap } from 'svelte/reactivity';
import type { BranchLook, TaskView } from '../bindings/protocol';
import type { App } from './app.svelte';

/** What the looks at branches found, by attempt; null while one goes on. */
const looks = new SvelteMap<string, BranchLook | null>();

const key = (task: TaskView) => `${task.id}/${task.attempt}`;

/** The last look at the branch of a task's attempt; null while it goes on, undefined: none yet. */
export function lookOf(task: TaskView): BranchLook | null | undefined {
  return looks.get(key(task));
}

/** Looks for the task's branch at the repository's host. */
export async function lookUp(app: App, task: TaskView): Promise<void> {
  looks.set(key(task), null);
  const look = await app.attempt(() => app.backend.lookUpBranch(task.id));
  if (look) looks.set(key(task), look);
  else looks.delete(key(task));
}
