/**
 * The part of a transcript that is on screen. Pages are pulled when they come into view
 * and let go when they are far from it, so a million lines cost as much as a hundred.
 */

import type { TranscriptLine, LinePage } from '../bindings/protocol';

/** Lines of one page. */
export const PAGE_SIZE = 200;
/** Pages that are kept: 8,000 lines. */
export const MAX_PAGES = 40;
/** Pages that are asked for at the same time. */
const MAX_CONCURRENT_READS = 2;

/** Reads at most `max` lines from line `from`. */
export type ReadLines = (from: number, max: number) => Promise<LinePage>;

/** What a window tells its owner. */
export interface LineWindowEvents {
  /** A line came, or the count grew. */
  onChange: () => void;
  /** A page could not be read; it is asked for again with the next `setVisibleLines` or `setTotal`. */
  onError: (reason: unknown) => void;
}

/** A window on one task's transcript. */
export class LineWindow {
  #read: ReadLines;
  #events: LineWindowEvents;
  #pages = new Map<number, TranscriptLine[]>();
  #pagesInFlight = new Set<number>();
  #first = 0;
  #last = -1;
  #total = 0;
  /** What `setTotal` was last given. A page may know of more lines than that. */
  #reportedTotal = 0;
  #stalled = false;
  #closed = false;
  /** Grows when everything was let go, so that an answer from before is not taken. */
  #epoch = 0;

  constructor(read: ReadLines, events: LineWindowEvents) {
    this.#read = read;
    this.#events = events;
  }

  /** How many lines there are. */
  get total(): number {
    return this.#total;
  }

  /** Whether a page could not be read, so that nothing is asked for until `setVisibleLines` or `setTotal`. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** How many pages are held now. */
  get pageCount(): number {
    return this.#pages.size;
  }

  /** TranscriptLine `number`, when it is here. */
  line(number: number): TranscriptLine | undefined {
    return this.#pages.get(Math.floor(number / PAGE_SIZE))?.[number % PAGE_SIZE];
  }

  /** The transcript has `total` lines now. Fewer than before: it is another transcript. */
  setTotal(total: number): void {
    if (total === this.#reportedTotal) return;
    if (total < this.#reportedTotal) {
      this.#pages.clear();
      this.#pagesInFlight.clear();
      this.#epoch += 1;
      this.#total = 0;
    }
    this.#reportedTotal = total;
    this.#total = Math.max(this.#total, total);
    this.#stalled = false;
    this.#events.onChange();
    this.#readMissingPages();
  }

  /** Lines `first` to `last` are in view. */
  setVisibleLines(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    this.#stalled = false;
    this.#readMissingPages();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#closed = true;
    this.#pages.clear();
  }

  #readMissingPages(): void {
    for (const page of this.#wantedPages()) {
      if (this.#stalled || this.#closed || this.#pagesInFlight.size >= MAX_CONCURRENT_READS) return;
      if (!this.#pagesInFlight.has(page) && this.#countMissing(page) > 0) void this.#readPage(page);
    }
  }

  /** The pages in view, then the one before and the one after. */
  #wantedPages(): number[] {
    const end = Math.ceil(this.#total / PAGE_SIZE) - 1;
    const from = Math.max(0, Math.floor(this.#first / PAGE_SIZE));
    const to = Math.min(end, Math.floor(this.#last / PAGE_SIZE));
    const pages: number[] = [];
    for (let page = from; page <= to; page += 1) pages.push(page);
    if (pages.length > 0 && to < end) pages.push(to + 1);
    if (pages.length > 0 && from > 0) pages.push(from - 1);
    return pages;
  }

  #countMissing(page: number): number {
    const whole = Math.min(PAGE_SIZE, this.#total - page * PAGE_SIZE);
    return whole - (this.#pages.get(page)?.length ?? 0);
  }

  async #readPage(page: number): Promise<void> {
    const epoch = this.#epoch;
    const have = this.#pages.get(page)?.length ?? 0;
    this.#pagesInFlight.add(page);
    try {
      const answer = await this.#read(page * PAGE_SIZE + have, PAGE_SIZE - have);
      if (this.#closed || epoch !== this.#epoch) return;
      this.#storePage(page, have, answer);
    } catch (reason) {
      if (this.#closed || epoch !== this.#epoch) return;
      this.#stalled = true;
      this.#events.onError(reason);
    } finally {
      if (epoch === this.#epoch) this.#pagesInFlight.delete(page);
      this.#readMissingPages();
    }
  }

  #storePage(page: number, have: number, answer: LinePage): void {
    // A page that comes back empty would be asked for without end.
    if (answer.lines.length === 0) this.#stalled = true;
    const lines = [...(this.#pages.get(page) ?? []).slice(0, have), ...answer.lines];
    this.#pages.delete(page);
    this.#pages.set(page, lines.slice(0, PAGE_SIZE));
    this.#total = Math.max(this.#total, answer.total);
    this.#evict();
    this.#events.onChange();
  }

  /** Lets go of the pages that are farthest from the view. */
  #evict(): void {
    if (this.#pages.size <= MAX_PAGES) return;
    const middle = (this.#first + this.#last) / 2 / PAGE_SIZE;
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const page of far.slice(0, this.#pages.size - MAX_PAGES)) this.#pages.delete(page);
  }
}
