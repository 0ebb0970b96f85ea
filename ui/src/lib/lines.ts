/**
 * The part of a transcript that is on screen. Pages are pulled when they come into view
 * and let go when they are far from it, so a million lines cost as much as a hundred.
 */

import type { Line, LinePage } from '../bindings/protocol';

/** Lines of one page. */
export const PAGE = 200;
/** Pages that are kept: 8,000 lines. */
export const KEPT_PAGES = 40;
/** Pages that are asked for at the same time. */
const AT_ONCE = 2;

/** Reads at most `max` lines from line `from`. */
export type ReadLines = (from: number, max: number) => Promise<LinePage>;

/** What a window tells its owner. */
export interface LineWindowEvents {
  /** A line came, or the count grew. */
  changed: () => void;
  /** A page could not be read; it is asked for again with the next `show` or `grow`. */
  failed: (reason: unknown) => void;
}

/** A window on one task's transcript. */
export class LineWindow {
  #read: ReadLines;
  #events: LineWindowEvents;
  #pages = new Map<number, Line[]>();
  #pulling = new Set<number>();
  #first = 0;
  #last = -1;
  #total = 0;
  /** What `grow` was last told. A page may know of more lines than that. */
  #told = 0;
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

  /** Whether a page could not be read, so that nothing is asked for until `show` or `grow`. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** How many pages are held now. */
  get pages(): number {
    return this.#pages.size;
  }

  /** Line `number`, when it is here. */
  line(number: number): Line | undefined {
    return this.#pages.get(Math.floor(number / PAGE))?.[number % PAGE];
  }

  /** The transcript has `total` lines now. Fewer than before: it is another transcript. */
  grow(total: number): void {
    if (total === this.#told) return;
    if (total < this.#told) {
      this.#pages.clear();
      this.#pulling.clear();
      this.#epoch += 1;
      this.#total = 0;
    }
    this.#told = total;
    this.#total = Math.max(this.#total, total);
    this.#stalled = false;
    this.#events.changed();
    this.#pull();
  }

  /** Lines `first` to `last` are in view. */
  show(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    this.#stalled = false;
    this.#pull();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#closed = true;
    this.#pages.clear();
  }

  #pull(): void {
    for (const page of this.#wanted()) {
      if (this.#stalled || this.#closed || this.#pulling.size >= AT_ONCE) return;
      if (!this.#pulling.has(page) && this.#missing(page) > 0) void this.#pullPage(page);
    }
  }

  /** The pages in view, then the one before and the one after. */
  #wanted(): number[] {
    const end = Math.ceil(this.#total / PAGE) - 1;
    const from = Math.max(0, Math.floor(this.#first / PAGE));
    const to = Math.min(end, Math.floor(this.#last / PAGE));
    const pages: number[] = [];
    for (let page = from; page <= to; page += 1) pages.push(page);
    if (pages.length > 0 && to < end) pages.push(to + 1);
    if (pages.length > 0 && from > 0) pages.push(from - 1);
    return pages;
  }

  #missing(page: number): number {
    const whole = Math.min(PAGE, this.#total - page * PAGE);
    return whole - (this.#pages.get(page)?.length ?? 0);
  }

  async #pullPage(page: number): Promise<void> {
    const epoch = this.#epoch;
    const have = this.#pages.get(page)?.length ?? 0;
    this.#pulling.add(page);
    try {
      const answer = await this.#read(page * PAGE + have, PAGE - have);
      if (this.#closed || epoch !== this.#epoch) return;
      this.#take(page, have, answer);
    } catch (reason) {
      if (this.#closed || epoch !== this.#epoch) return;
      this.#stalled = true;
      this.#events.failed(reason);
    } finally {
      if (epoch === this.#epoch) this.#pulling.delete(page);
      this.#pull();
    }
  }

  #take(page: number, have: number, answer: LinePage): void {
    // A page that comes back empty would be asked for without end.
    if (answer.lines.length === 0) this.#stalled = true;
    const lines = [...(this.#pages.get(page) ?? []).slice(0, have), ...answer.lines];
    this.#pages.delete(page);
    this.#pages.set(page, lines.slice(0, PAGE));
    this.#total = Math.max(this.#total, answer.total);
    this.#evict();
    this.#events.changed();
  }

  /** Lets go of the pages that are farthest from the view. */
  #evict(): void {
    if (this.#pages.size <= KEPT_PAGES) return;
    const middle = (this.#first + this.#last) / 2 / PAGE;
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const page of far.slice(0, this.#pages.size - KEPT_PAGES)) this.#pages.delete(page);
  }
}
