import { SvelteMap } from 'svelte/reactivity';
import type { RemoteBranch, TaskView } from '../bindings/protocol';
import type { App } from './app.svelte';

/** What was found of each attempt's branch; `null` while a request is under way. */
const remoteBranches = new SvelteMap<string, RemoteBranch | null>();

const attemptKey = (task: TaskView) => `${task.id}/${task.attempt}`;

/** Returns what was found of the branch of a task's attempt; `null` during a request, `undefined` before the first. */
export function getRemoteBranch(task: TaskView): RemoteBranch | null | undefined {
  return remoteBranches.get(attemptKey(task));
}

/** Looks for the task's branch at the repository's host. */
export async function fetchRemoteBranch(app: App, task: TaskView): Promise<void> {
  remoteBranches.set(attemptKey(task), null);
  const remoteBranch = await app.withErrorToast(() => app.backend.lookUpBranch(task.id));
  if (remoteBranch) remoteBranches.set(attemptKey(task), remoteBranch);
  else remoteBranches.delete(attemptKey(task));
}
