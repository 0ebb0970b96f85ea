import type { TranscriptLine, UserMessage, TaskView } from '../bindings/protocol';
import { asNotice } from '../backend';
import { LineWindow } from '../lib/line-window';
import { startSearch, NO_SEARCH, refreshSearch, moveToMatch, type LineSearch } from '../lib/line-search';
import { growRange, rangeContaining, latestRange, type LineRange } from '../lib/line-range';
import type { App } from './app.svelte';

/** How long to wait after a key before searching, and between searches of growing output. */
const SEARCH_DELAY_MS = 150;
const SEARCH_REPEAT_MS = 1_500;

/** The transcript of one task as the page shows it. Nothing is read but what is in view. */
export class TaskOutput {
  range: LineRange = $state.raw({ base: 0, rows: 0 });
  /** Whether the newest line is kept in view. */
  isFollowing = $state(true);
  search: LineSearch = $state.raw(NO_SEARCH);
  /** Grows when the person wants to see the current found line. More output is no wish. */
  scrollRequests = $state(0);
  notice: UserMessage | null = $state.raw(null);
  /** Whether lines were read that only came through, and aren't shown in full unless asked for. */
  hasDetails = $state(false);
  /** How many lines the list may hold. */
  #maxLines = Infinity;
  #lineWindow: LineWindow;
  #version = $state(0);
  #app: App;
  #task: string;
  #query = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #searchedTotal = 0;
  #firstVisible = 0;

  constructor(app: App, task: TaskView) {
    this.#app = app;
    this.#task = task.id;
    const read = async (from: number, max: number) => {
      const page = await app.backend.readLines(task.id, from, max);
      this.hasDetails ||= page.lines.some(({ kind }) => kind === 'raw');
      return page;
    };
    this.#lineWindow = new LineWindow(read, {
      onChange: () => {
        if (!this.#lineWindow.stalled) this.notice = null;
        this.#version += 1;
        this.range = growRange(this.range, this.#lineWindow.total, this.#maxLines, this.isFollowing);
      },
      onError: (reason) => (this.notice = asNotice(reason)),
    });
  }

  /** How many lines there are. */
  get total(): number {
    void this.#version;
    return this.#lineWindow.total;
  }

  /** Line `number`, when it was read. */
  line(number: number): TranscriptLine | undefined {
    void this.#version;
    return this.#lineWindow.line(number);
  }

  /** The task has printed `lines` lines. */
  setLineCount(lines: number): void {
    this.#lineWindow.setTotal(lines);
    if (this.#query !== '' && lines !== this.#searchedTotal) this.#scheduleSearch(SEARCH_REPEAT_MS);
  }

  /** Lines `first` to `last` are in view. */
  setVisibleLines(first: number, last: number): void {
    this.#firstVisible = first;
    this.#lineWindow.setVisibleLines(first, last);
  }

  /** Moves to the newest line and stays there. */
  followNewest(): void {
    this.isFollowing = true;
    this.range = latestRange(this.#lineWindow.total, this.#maxLines);
  }

  /** The list may hold `most` lines from now on; what is in view stays. */
  setMaxLines(most: number): void {
    if (most === this.#maxLines) return;
    this.#maxLines = most;
    const { total } = this.#lineWindow;
    const { base } = this.range;
    if (this.isFollowing) this.range = latestRange(total, most);
    else this.range = rangeContaining({ base, rows: Math.min(most, total - base) }, this.#firstVisible, total, most);
  }

  /** Makes the list hold `line`. */
  includeLine(line: number): void {
    this.range = rangeContaining(this.range, line, this.#lineWindow.total, this.#maxLines);
  }

  /** Looks for `query` once the person stops typing. */
  setQuery(query: string): void {
    this.#query = query;
    if (query === '') {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.search = NO_SEARCH;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scheduleSearch(SEARCH_DELAY_MS);
  }

  /** Goes to the next found line, or the one before. */
  moveToMatch(by: 1 | -1): void {
    this.search = moveToMatch(this.search, by);
    this.scrollRequests += 1;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#lineWindow.close();
  }

  #scheduleSearch(after: number): void {
    this.#timer ??= setTimeout(() => void this.#runSearch(), after);
  }

  async #runSearch(): Promise<void> {
    const query = this.#query;
    this.#timer = undefined;
    this.#searchedTotal = this.#lineWindow.total;
    const matches = await this.#app.withErrorToast(() => this.#app.backend.searchLines(this.#task, query));
    if (!matches || query !== this.#query) return;
    if (this.search.query === query) {
      this.search = refreshSearch(this.search, matches);
    } else {
      this.search = startSearch(query, matches, this.#firstVisible);
      this.scrollRequests += 1;
    }
  }
}
