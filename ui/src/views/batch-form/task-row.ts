import type { RequestProblem } from '../../bindings/protocol';
import type { TaskDraft } from '../../state/task-draft.svelte';

/** What a task of the form is given, open or closed. */
export interface TaskRowProps {
  task: TaskDraft;
  /** From 0. */
  index: number;
  count: number;
  problems: RequestProblem[];
  onmove: (by: -1 | 1) => void;
  onduplicate: () => void;
  onremove: () => void;
}
