/** What a person can do to a batch and its tasks from its page. */

import type { BatchView, TaskId, TaskView } from '../../bindings/protocol';
import { can } from '../../lib/place';
import { isActive, isUnsuccessful } from '../../lib/status';
import { formatCount } from '../../lib/time';
import type { App } from '../../state/app.svelte';
import type { BatchForm } from '../../state/batch-form.svelte';
import { retryDialog } from './retry-dialog.svelte';

/** Tasks that can be stopped. */
export const filterStoppable = (tasks: TaskView[]) =>
  tasks.filter(({ status }) => isActive(status) || status === 'waiting');

/** Tasks that ended without a result that can be trusted. */
export const filterUnsuccessful = (tasks: TaskView[]) => tasks.filter(({ status }) => isUnsuccessful(status));

/** Whether there is a result that the project does not have yet. */
export const isPublishable = (task: TaskView) => task.outcome?.commit !== undefined && task.branch === null;

/** Finished tasks whose result the project does not have yet. */
export const filterPublishable = (tasks: TaskView[]) =>
  tasks.filter((task) => task.status === 'finished' && isPublishable(task));

/** Stops every task of a batch that waits or works. */
export async function stopBatch(app: App, batch: BatchView, tasks: number): Promise<void> {
  await app.withErrorToast(async () => {
    await app.backend.stopBatch(batch.id);
    const safe = can(batch, 'local_copies') ? 'What they had done is saved.' : 'What was received is saved.';
    app.toasts.show(`Stopped ${formatCount(tasks, 'task')}. ${safe}`);
  });
}

/**
 * Tries tasks again from their start. Where the first try may still be at work, and the second may cost, the person is
 * asked first.
 */
export async function retryTasks(app: App, batch: BatchView, tasks: TaskView[]): Promise<void> {
  if (can(batch, 'detach')) retryDialog.request = { place: batch.place, tasks };
  else await app.withErrorToast(() => app.backend.retryTasks(tasks.map(({ id }) => id)));
}

/** Brings results into the project, each as a branch of its own. */
export async function publishResults(app: App, tasks: TaskId[]): Promise<void> {
  const results = await app.withErrorToast(() => app.backend.publishResults(tasks));
  if (!results) return;
  const branches = results.flatMap(({ branch }) => branch ?? []);
  const [only] = branches;
  if (branches.length === 1) app.toasts.show(`Added to your project as the branch ${only}.`);
  if (branches.length > 1) app.toasts.show(`Added ${branches.length} results to your project, each as a branch.`);
  for (const { notice } of results) if (notice) app.toasts.showError(notice);
}

/** Takes the tasks of a batch into the form; what was written there can be had back. */
export async function reuseBatch(app: App, form: BatchForm, batch: BatchView): Promise<void> {
  const request = await app.withErrorToast(() => app.backend.batchRequest(batch.id));
  if (!request) return;
  const written = form.nonEmptyTasks().length > 0;
  const undo = await form.fillFrom(request);
  if (written) app.toasts.show('Your draft was replaced.', { label: 'Undo', run: undo });
  app.router.go({ page: 'new' });
}

/** Stops one task. */
export async function stopTask(app: App, task: TaskView): Promise<void> {
  await app.withErrorToast(() => app.backend.stopTask(task.id));
}

/** Goes on from the last save point. */
export async function continueTask(app: App, task: TaskId): Promise<void> {
  await app.withErrorToast(() => app.backend.continueTask(task));
}
