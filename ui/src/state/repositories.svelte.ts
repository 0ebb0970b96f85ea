import { asNotice } from '../backend';
import type { UserMessage, Repository } from '../bindings/protocol';
import type { App } from './app.svelte';

/** The person's list of repositories, as far as it was read. */
export class Repositories {
  all: Repository[] = $state.raw([]);
  /** What keeps the list from being read, or is to be known before anything starts. */
  notice: UserMessage | null = $state.raw(null);
  isLoading = $state(false);
  #nextPage: number | null = $state(1);
  #loadCount = 0;
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** Whether there are more than were read. */
  get hasMore(): boolean {
    return this.#nextPage !== null;
  }

  /** Those whose name holds `query`. */
  search(query: string): Repository[] {
    const words = query.trim().toLowerCase().split(/\s+/);
    return this.all.filter(({ full_name }) => words.every((word) => full_name.toLowerCase().includes(word)));
  }

  /** Reads from the beginning: the token is another one. */
  async reload(): Promise<void> {
    this.#loadCount += 1;
    this.all = [];
    this.notice = null;
    this.isLoading = false;
    this.#nextPage = 1;
    await this.loadNextPage();
  }

  /** Reads the next page, if there is one. */
  async loadNextPage(): Promise<void> {
    if (this.isLoading || this.#nextPage === null) return;
    const number = this.#loadCount;
    this.isLoading = true;
    try {
      const page = await this.#app.backend.repositories(this.#nextPage);
      if (number !== this.#loadCount) return;
      // One that moved between two readings is on both pages.
      const isNew = ({ address }: Repository) => !this.all.some((known) => known.address === address);
      this.all = [...this.all, ...page.repositories.filter(isNew)];
      this.notice = page.notice;
      this.#nextPage = page.next;
    } catch (error) {
      if (number === this.#loadCount) this.notice = asNotice(error);
    } finally {
      if (number === this.#loadCount) this.isLoading = false;
    }
  }
}
