import { SvelteSet } from 'svelte/reactivity';
import type { TaskId, TaskView } from '../bindings/protocol';
import { hasPendingQuestion } from '../lib/questions';
import type { App } from './app.svelte';

/**
 * The tasks whose questions a person can answer, over all batches. They are read again
 * whenever a count says that one may have come or gone, and followed while they ask.
 */
export class PendingQuestions {
  /** Tasks that asked when it was last read. */
  readonly taskIds = new SvelteSet<TaskId>();
  /** Whether the first reading came back. */
  isLoaded = $state(false);
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** The tasks that ask now, those that have worked longest first. */
  readonly tasks: TaskView[] = $derived.by(() => {
    const found = [...this.taskIds].flatMap((id) => this.#app.tasks.get(id) ?? []).filter(hasPendingQuestion);
    return found.sort((a, b) => a.created_at - b.created_at || a.position - b.position);
  });

  /** How many questions wait for an answer. */
  readonly count = $derived.by(() => this.tasks.reduce((sum, task) => sum + task.questions.length, 0));

  /** Changes when a task may have begun or ceased to ask. */
  readonly changeKey = $derived.by(() =>
    [...this.#app.batches.values()]
      .filter(({ counts }) => counts.needs_you + counts.interrupted > 0)
      .map(({ id, counts }) => `${id} ${counts.needs_you} ${counts.interrupted}`)
      .join(),
  );

  /** Reads them again. */
  async refresh(): Promise<void> {
    const views = await this.#app.withErrorToast(() => this.#app.backend.needsYou());
    if (!views) return;
    for (const view of views) {
      this.#app.mergeTask(view);
      this.taskIds.add(view.id);
    }
    const now = views.map(({ id }) => id);
    for (const id of this.taskIds) if (!now.includes(id)) this.taskIds.delete(id);
    this.isLoaded = true;
    await Promise.all(views.map(({ id }) => this.#app.subscribeToTask(id)));
  }
}
