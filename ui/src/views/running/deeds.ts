/** What a person can do to a batch and its tasks from its page. */

import type { BatchView, TaskId, TaskView } from '../../bindings/protocol';
import { isActive, wentWrong } from '../../lib/status';
import { count } from '../../lib/time';
import type { App } from '../../state/app.svelte';
import type { Sheet } from '../../state/sheet.svelte';
import { again } from './again.svelte';

/** Tasks that can be stopped. */
export const stoppable = (tasks: TaskView[]) =>
  tasks.filter(({ status }) => isActive(status) || status === 'waiting');

/** Tasks that ended without a result that can be trusted. */
export const failed = (tasks: TaskView[]) => tasks.filter(({ status }) => wentWrong(status));

/** Whether there is a result that the project does not have yet. */
export const isAddable = (task: TaskView) => task.outcome?.commit !== undefined && task.branch === null;

/** Finished tasks whose result the project does not have yet. */
export const addable = (tasks: TaskView[]) =>
  tasks.filter((task) => task.status === 'finished' && isAddable(task));

/** Stops every task of a batch that waits or works. */
export async function stopAll(app: App, batch: BatchView, tasks: number): Promise<void> {
  await app.attempt(async () => {
    await app.backend.stopBatch(batch.id);
    const safe = batch.endpoint ? 'What was received is saved.' : 'What they had done is saved.';
    app.toasts.say(`Stopped ${count(tasks, 'task')}. ${safe}`);
  });
}

/** Tries tasks again from their start. At an endpoint that is new work, so the person is asked first. */
export async function retry(app: App, batch: BatchView, tasks: TaskView[]): Promise<void> {
  if (batch.endpoint) again.asked = { endpoint: batch.endpoint, tasks };
  else await app.attempt(() => app.backend.retryTasks(tasks.map(({ id }) => id)));
}

/** Brings results into the project, each as a branch of its own. */
export async function add(app: App, tasks: TaskId[]): Promise<void> {
  const results = await app.attempt(() => app.backend.addToProject(tasks));
  if (!results) return;
  const branches = results.flatMap(({ branch }) => branch ?? []);
  const [only] = branches;
  if (branches.length === 1) app.toasts.say(`Added to your project as the branch ${only}.`);
  if (branches.length > 1) app.toasts.say(`Added ${branches.length} results to your project, each as a branch.`);
  for (const { notice } of results) if (notice) app.toasts.tell(notice);
}

/** Takes the tasks of a batch into the sheet; what was written there can be had back. */
export async function useAgain(app: App, sheet: Sheet, batch: BatchView): Promise<void> {
  const request = await app.attempt(() => app.backend.batchRequest(batch.id));
  if (!request) return;
  const written = sheet.written().length > 0;
  const undo = await sheet.fill(request);
  if (written) app.toasts.say('Your draft was replaced.', { label: 'Undo', run: undo });
  app.router.go({ page: 'new' });
}

/** Stops one task. */
export async function stop(app: App, task: TaskView): Promise<void> {
  await app.attempt(() => app.backend.stopTask(task.id));
}

/** Goes on from the last save point. */
export async function goOn(app: App, task: TaskId): Promise<void> {
  await app.attempt(() => app.backend.continueTask(task));
}
