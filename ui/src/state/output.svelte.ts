import type { Line, Notice, TaskView } from '../bindings/protocol';
import { asNotice } from '../backend';
import { LineWindow } from '../lib/lines';
import { found, NO_SEARCH, refreshed, turned, type Search } from '../lib/lines-search';
import { grown, holding, latest, type Span } from '../lib/lines-span';
import type { App } from './app.svelte';

/** How long to wait after a key before searching, and between searches of growing output. */
const SEARCH_AFTER = 150;
const SEARCH_AGAIN_AFTER = 1_500;

/** The transcript of one task as the page shows it. Nothing is read but what is in view. */
export class Output {
  span: Span = $state.raw({ base: 0, rows: 0 });
  /** Whether the newest line is kept in view. */
  follows = $state(true);
  search: Search = $state.raw(NO_SEARCH);
  /** Grows when the person wants to see the current found line. More output is no wish. */
  sought = $state(0);
  notice: Notice | null = $state.raw(null);
  /** Whether lines were read that only came through, and aren't shown in full unless asked for. */
  hasDetails = $state(false);
  /** How many lines the list may hold. */
  #most = Infinity;
  #window: LineWindow;
  #version = $state(0);
  #app: App;
  #task: string;
  #wanted = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #searchedTotal = 0;
  #top = 0;

  constructor(app: App, task: TaskView) {
    this.#app = app;
    this.#task = task.id;
    const read = async (from: number, max: number) => {
      const page = await app.backend.readLines(task.id, from, max);
      this.hasDetails ||= page.lines.some(({ kind }) => kind === 'raw');
      return page;
    };
    this.#window = new LineWindow(read, {
      changed: () => {
        if (!this.#window.stalled) this.notice = null;
        this.#version += 1;
        this.span = grown(this.span, this.#window.total, this.#most, this.follows);
      },
      failed: (reason) => (this.notice = asNotice(reason)),
    });
  }

  /** How many lines there are. */
  get total(): number {
    void this.#version;
    return this.#window.total;
  }

  /** Line `number`, when it was read. */
  line(number: number): Line | undefined {
    void this.#version;
    return this.#window.line(number);
  }

  /** The task has printed `lines` lines. */
  grow(lines: number): void {
    this.#window.grow(lines);
    if (this.#wanted !== '' && lines !== this.#searchedTotal) this.#searchLater(SEARCH_AGAIN_AFTER);
  }

  /** Lines `first` to `last` are in view. */
  show(first: number, last: number): void {
    this.#top = first;
    this.#window.show(first, last);
  }

  /** Moves to the newest line and stays there. */
  followNewest(): void {
    this.follows = true;
    this.span = latest(this.#window.total, this.#most);
  }

  /** The list may hold `most` lines from now on; what is in view stays. */
  holdAtMost(most: number): void {
    if (most === this.#most) return;
    this.#most = most;
    const { total } = this.#window;
    const { base } = this.span;
    if (this.follows) this.span = latest(total, most);
    else this.span = holding({ base, rows: Math.min(most, total - base) }, this.#top, total, most);
  }

  /** Makes the list hold `line`. */
  hold(line: number): void {
    this.span = holding(this.span, line, this.#window.total, this.#most);
  }

  /** Looks for `query` once the person stops typing. */
  lookFor(query: string): void {
    this.#wanted = query;
    if (query === '') {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.search = NO_SEARCH;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#searchLater(SEARCH_AFTER);
  }

  /** Goes to the next found line, or the one before. */
  turn(by: 1 | -1): void {
    this.search = turned(this.search, by);
    this.sought += 1;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#window.close();
  }

  #searchLater(after: number): void {
    this.#timer ??= setTimeout(() => void this.#searchNow(), after);
  }

  async #searchNow(): Promise<void> {
    const query = this.#wanted;
    this.#timer = undefined;
    this.#searchedTotal = this.#window.total;
    const matches = await this.#app.attempt(() => this.#app.backend.searchLines(this.#task, query));
    if (!matches || query !== this.#wanted) return;
    if (this.search.query === query) {
      this.search = refreshed(this.search, matches);
    } else {
      this.search = found(query, matches, this.#top);
      this.sought += 1;
    }
  }
}
