import { createContext } from 'svelte';
import type { Template } from '../bindings/protocol';
import type { App } from './app.svelte';

/** The saved templates. */
export class Templates {
  all: Template[] = $state.raw([]);
  ready = $state(false);
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async load(): Promise<void> {
    const all = await this.#app.attempt(() => this.#app.backend.templates());
    if (all) this.all = all;
    this.ready = true;
  }

  /** Saves tasks, and who does them how, under a name; a template of the same name is replaced. */
  async save({ name, ...kept }: Omit<Template, 'id'>): Promise<boolean> {
    const known = this.all.find((template) => template.name === name);
    return this.#keep({ id: known?.id ?? newId(), name, ...kept });
  }

  /** Removes a template; calling what is given back brings it back. */
  async remove(template: Template): Promise<(() => void) | undefined> {
    const done = await this.#app.attempt(async () => {
      await this.#app.backend.removeTemplate(template.id);
      return true;
    });
    if (!done) return undefined;
    await this.load();
    return () => void this.#keep(template);
  }

  async #keep(template: Template): Promise<boolean> {
    const done = await this.#app.attempt(async () => {
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
