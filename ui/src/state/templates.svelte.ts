import { createContext } from 'svelte';
import type { Recipe } from '../bindings/protocol';
import type { App } from './app.svelte';

/** The saved templates. */
export class Templates {
  all: Recipe[] = $state.raw([]);
  ready = $state(false);
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async load(): Promise<void> {
    const all = await this.#app.withErrorToast(() => this.#app.backend.templates());
    if (all) this.all = all;
    this.ready = true;
  }

  /** Saves tasks, and who does them how, under a name; a template of the same name is replaced. */
  async save({ name, ...kept }: Omit<Recipe, 'id'>): Promise<boolean> {
    const known = this.all.find((template) => template.name === name);
    return this.#store({ id: known?.id ?? newId(), name, ...kept });
  }

  /** Removes a template. Returns a function that undoes it, or `undefined` on an error. */
  async remove(template: Recipe): Promise<(() => void) | undefined> {
    const done = await this.#app.withErrorToast(async () => {
      await this.#app.backend.removeTemplate(template.id);
      return true;
    });
    if (!done) return undefined;
    await this.load();
    return () => void this.#store(template);
  }

  async #store(template: Recipe): Promise<boolean> {
    const done = await this.#app.withErrorToast(async () => {
      await this.#app.backend.saveTemplate(template);
      return true;
    });
    await this.load();
    return done === true;
  }
}

function newId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return [...parts].map((part) => part.toString(16).padStart(8, '0')).join('-');
}

export const [getTemplates, setTemplates] = createContext<Templates>();
