import { SvelteMap } from 'svelte/reactivity';
import type { Changes, FileChange, FilePatch, TaskId, TaskView } from '../bindings/protocol';
import type { App } from './app.svelte';
import { perFrame, type Pull } from './pull';

/** What one task changed: the files, and the text of the ones that are open. */
export class TaskChanges {
  /** None while it was not read yet. */
  all: Changes | null = $state.raw(null);
  /** The text of the open files by path. */
  readonly patches = new SvelteMap<string, FilePatch>();
  #app: App;
  #task: TaskId;
  #pull: Pull;
  #told = '';
  /** Which state of a file its text was read for. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody is shown this
  #readAs = new Map<string, string>();

  constructor(app: App, task: TaskId) {
    this.#app = app;
    this.#task = task;
    this.#pull = perFrame(() => this.#refresh());
  }

  /** The task stands like this now; reads again when what it changed has changed. */
  follow({ totals, saved_at, outcome, attempt }: TaskView): void {
    const told = JSON.stringify([totals, saved_at, outcome?.commit, attempt]);
    if (told === this.#told) return;
    this.#told = told;
    this.#pull.ask();
  }

  /** Reads the text of a file's change, unless it is here already. */
  async open(file: FileChange): Promise<void> {
    const state = stateOf(file);
    if (this.#readAs.get(file.path) === state) return;
    this.#readAs.set(file.path, state);
    const patch = await this.#app.attempt(() => this.#app.backend.readPatch(this.#task, file.path));
    if (patch) this.patches.set(file.path, patch);
    else this.#readAs.delete(file.path);
  }

  /** The file's text is not shown any more. */
  close(path: string): void {
    this.#readAs.delete(path);
    this.patches.delete(path);
  }

  end(): void {
    this.#pull.end();
  }

  async #refresh(): Promise<void> {
    const all = await this.#app.attempt(() => this.#app.backend.readChanges(this.#task));
    if (!all) return;
    this.all = all;
    const open = all.files.filter(({ path }) => this.#readAs.has(path));
    await Promise.all(open.map((file) => this.open(file)));
  }
}

const stateOf = (file: FileChange) => [file.kind, file.old_path, file.added, file.removed].join('\n');
