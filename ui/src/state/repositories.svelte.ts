import { asNotice } from '../backend';
import type { Notice, Repository } from '../bindings/protocol';
import type { App } from './app.svelte';

/** The person's list of repositories, as far as it was read. */
export class Repositories {
  all: Repository[] = $state.raw([]);
  /** What keeps the list from being read, or is to be known before anything starts. */
  notice: Notice | null = $state.raw(null);
  reading = $state(false);
  #next: number | null = $state(1);
  #reads = 0;
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** Whether there are more than were read. */
  get more(): boolean {
    return this.#next !== null;
  }

  /** Those whose name holds `query`. */
  named(query: string): Repository[] {
    const words = query.trim().toLowerCase().split(/\s+/);
    return this.all.filter(({ full_name }) => words.every((word) => full_name.toLowerCase().includes(word)));
  }

  /** Reads from the beginning: the token is another one. */
  async again(): Promise<void> {
    this.#reads += 1;
    this.all = [];
    this.notice = null;
    this.reading = false;
    this.#next = 1;
    await this.next();
  }

  /** Reads the next page, if there is one. */
  async next(): Promise<void> {
    if (this.reading || this.#next === null) return;
    const number = this.#reads;
    this.reading = true;
    try {
      const page = await this.#app.backend.repositories(this.#next);
      if (number !== this.#reads) return;
      // One that moved between two readings is on both pages.
      const isNew = ({ address }: Repository) => !this.all.some((known) => known.address === address);
      this.all = [...this.all, ...page.repositories.filter(isNew)];
      this.notice = page.notice;
      this.#next = page.next;
    } catch (error) {
      if (number === this.#reads) this.notice = asNotice(error);
    } finally {
      if (number === this.#reads) this.reading = false;
    }
  }
}
