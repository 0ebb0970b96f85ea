import { tick } from 'svelte';
import type { TaskId } from '../../bindings/protocol';

/** The parts of a task's page. */
export type TabName = 'activity' | 'output' | 'changes' | 'result';

/** Which part is shown; it stays when another task is opened. */
export const openTab: { name: TabName } = $state({ name: 'activity' });

/** Opens the place where a task that is over is told what to do next. */
export async function focusContinueForm(task: TaskId): Promise<void> {
  openTab.name = 'result';
  await tick();
  document.getElementById(`continue-${task}`)?.focus();
}
