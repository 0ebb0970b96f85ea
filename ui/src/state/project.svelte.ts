import { createContext } from 'svelte';
import type { ProjectView } from '../bindings/protocol';
import type { App } from './app.svelte';

/** The project that new batches work on. */
export class Project {
  current: ProjectView | null = $state.raw(null);
  /** A folder that was chosen and has no history yet: the offer to set it up is open. */
  setUpCandidate: ProjectView | null = $state.raw(null);
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** Takes the folder at `path`; true when tasks can start from it. */
  async choose(path: string): Promise<boolean> {
    return this.#accept(await this.#app.withErrorToast(() => this.#app.backend.checkProject(path)));
  }

  /** Asks for a folder by the system's dialog. */
  async chooseFolder(): Promise<boolean> {
    return this.#accept(await this.#app.withErrorToast(() => this.#app.backend.chooseProject()));
  }

  async choosePracticeProject(): Promise<boolean> {
    return this.#accept(await this.#app.withErrorToast(() => this.#app.backend.practiceProject()));
  }

  /** Accepts the offer: adds a history to the folder. */
  async setUp(): Promise<boolean> {
    const offered = this.setUpCandidate;
    if (!offered) return false;
    const ready = await this.#app.withErrorToast(() => this.#app.backend.setUpProject(offered.path));
    if (ready) this.setUpCandidate = null;
    return this.#accept(ready);
  }

  /** Looks at the folder again: unsaved work and branches change outside of this window. */
  async refresh(): Promise<void> {
    const path = this.current?.path;
    if (!path) return;
    const view = await this.#app.withErrorToast(() => this.#app.backend.checkProject(path));
    if (view && this.current?.path === path) this.current = view;
  }

  #accept(view: ProjectView | null | undefined): boolean {
    if (!view) return false;
    if (view.state === 'ready') {
      this.current = view;
      return true;
    }
    if (view.state === 'missing') {
      if (view.notice) this.#app.toasts.showError(view.notice);
      return false;
    }
    this.setUpCandidate = view;
    return false;
  }
}

export const [getProject, setProject] = createContext<Project>();
