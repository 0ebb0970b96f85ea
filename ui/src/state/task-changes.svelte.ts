import { SvelteMap } from 'svelte/reactivity';
import type { Changes, FileChange, FilePatch, TaskId, TaskView } from '../bindings/protocol';
import type { App } from './app.svelte';
import { oncePerFrame, type FrameScheduler } from './once-per-frame';

/** What one task changed: the files, and the text of the ones that are open. */
export class TaskChanges {
  /** None while it was not read yet. */
  changes: Changes | null = $state.raw(null);
  /** The text of the open files by path. */
  readonly patches = new SvelteMap<string, FilePatch>();
  #app: App;
  #task: TaskId;
  #scheduler: FrameScheduler;
  #seenKey = '';
  /** Which state of a file its text was read for. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody is shown this
  #loadedVersions = new Map<string, string>();

  constructor(app: App, task: TaskId) {
    this.#app = app;
    this.#task = task;
    this.#scheduler = oncePerFrame(() => this.#refresh());
  }

  /** The task stands like this now; reads again when what it changed has changed. */
  update({ totals, saved_at, outcome, attempt }: TaskView): void {
    const key = JSON.stringify([totals, saved_at, outcome?.commit, attempt]);
    if (key === this.#seenKey) return;
    this.#seenKey = key;
    this.#scheduler.request();
  }

  /** Reads the text of a file's change, unless it is here already. */
  async openFile(file: FileChange): Promise<void> {
    const state = versionKey(file);
    if (this.#loadedVersions.get(file.path) === state) return;
    this.#loadedVersions.set(file.path, state);
    const patch = await this.#app.withErrorToast(() => this.#app.backend.readPatch(this.#task, file.path));
    if (patch) this.patches.set(file.path, patch);
    else this.#loadedVersions.delete(file.path);
  }

  /** The file's text is not shown any more. */
  closeFile(path: string): void {
    this.#loadedVersions.delete(path);
    this.patches.delete(path);
  }

  close(): void {
    this.#scheduler.stop();
  }

  async #refresh(): Promise<void> {
    const all = await this.#app.withErrorToast(() => this.#app.backend.readChanges(this.#task));
    if (!all) return;
    this.changes = all;
    const open = all.files.filter(({ path }) => this.#loadedVersions.has(path));
    await Promise.all(open.map((file) => this.openFile(file)));
  }
}

const versionKey = (file: FileChange) => [file.kind, file.old_path, file.added, file.removed].join('\n');
