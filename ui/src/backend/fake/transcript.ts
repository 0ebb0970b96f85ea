import type { TranscriptLine, LineKind, LinePage, Matches } from '../../bindings/protocol';

const MAX_PAGE = 1000;
const MAX_MATCHES = 10_000;

/** A task's lines, kept as little as a line can be, so that 100,000 of them are no burden. */
export class Transcript {
  #lines: { kind: LineKind; at: number; text: string }[] = [];

  get length(): number {
    return this.#lines.length;
  }

  get last(): string {
    return this.#lines.at(-1)?.text ?? '';
  }

  push(kind: LineKind, at: number, text: string): void {
    for (const line of text.split('\n')) this.#lines.push({ kind, at, text: line });
  }

  read(from: number, max: number): LinePage {
    const to = Math.min(from + Math.min(max, MAX_PAGE), this.#lines.length);
    const lines: TranscriptLine[] = this.#lines
      .slice(from, to)
      .map((line, n) => ({ ...line, number: from + n, cut: false }));
    return { lines, total: this.#lines.length };
  }

  search(query: string): Matches {
    const wanted = query.toLowerCase();
    const lines: number[] = [];
    if (wanted === '') return { lines, more: false };
    for (const [number, line] of this.#lines.entries()) {
      if (!line.text.toLowerCase().includes(wanted)) continue;
      if (lines.length === MAX_MATCHES) return { lines, more: true };
      lines.push(number);
    }
    return { lines, more: false };
  }
}
