/**
 * Terminal text to spans with colours, and nothing else: what an agent prints is hostile,
 * so every escape but colour, weight and line is dropped, and no character can move,
 * clear, retitle or ring anything.
 */

/** A colour: one of the sixteen of the palette by number, or red, green and blue. */
export type Colour = number | readonly [number, number, number];

/** How a piece of a line looks. */
export interface Look {
  fg: Colour | null;
  bg: Colour | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

/** A piece of a line that looks the same all through. */
export interface Span {
  text: string;
  look: Look;
}

const PLAIN: Look = Object.freeze({
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
});

/**
 * One token of a line, at `lastIndex`: a control sequence (1: its parameters, 2: its end),
 * a string sequence such as a title or a link, another escape, a run of text (3), or one
 * control character (4). Every branch moves on, so a line is read once.
 */
const TOKEN =
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\|$)?|\x1b[ -/]*[0-~]?|([^\x00-\x08\x0a-\x1f\x7f-\x9f]+)|([\x00-\x1f\x7f-\x9f])/gy;

/** Characters that turn the direction of what follows; in output they are only a trap. */
const TURNS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;

/**
 * The spans of one line. A carriage return starts the line over, as a progress bar means
 * it, so the text after the last one stays.
 */
export function parseAnsi(line: string): Span[] {
  let spans: Span[] = [];
  let look = PLAIN;
  let overwrite = false;
  for (const [, parameters, end, text, control] of line.matchAll(TOKEN)) {
    if (text !== undefined) {
      if (overwrite) spans = [];
      overwrite = false;
      append(spans, text.replace(TURNS, ''), look);
    } else if (control === '\r' || (end === 'G' && Number(parameters) <= 1)) {
      overwrite = true;
    } else if (end === 'm' && parameters !== undefined) {
      look = restyle(look, parameters);
    }
  }
  return spans;
}

/** The text of one line without its colours. */
export function plainText(line: string): string {
  return parseAnsi(line)
    .map((span) => span.text)
    .join('');
}

/** A text of several lines without colours and control characters; its lines are kept. */
export function plainLines(text: string): string {
  return text.split('\n').map(plainText).join('\n');
}

function append(spans: Span[], text: string, look: Look): void {
  if (text === '') return;
  const last = spans.at(-1);
  if (last?.look === look) last.text += text;
  else spans.push({ text, look });
}

/** `look` after one `ESC [ … m`. Unknown numbers are passed over. */
function restyle(look: Look, parameters: string): Look {
  const next = { ...look };
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(next, PLAIN);
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes, at + 1);
      if (colour !== null) next[code === 38 ? 'fg' : 'bg'] = colour;
      at += used;
    } else basic(next, code);
  }
  return next;
}

function basic(look: Look, code: number): void {
  if (code === 1) look.bold = true;
  else if (code === 2) look.dim = true;
  else if (code === 3) look.italic = true;
  else if (code === 4 || code === 21) look.underline = true;
  else if (code === 7) look.inverse = true;
  else if (code === 9) look.strike = true;
  else if (code === 22) look.bold = look.dim = false;
  else if (code === 23) look.italic = false;
  else if (code === 24) look.underline = false;
  else if (code === 27) look.inverse = false;
  else if (code === 29) look.strike = false;
  else if (code >= 30 && code <= 37) look.fg = code - 30;
  else if (code === 39) look.fg = null;
  else if (code >= 40 && code <= 47) look.bg = code - 40;
  else if (code === 49) look.bg = null;
  else if (code >= 90 && code <= 97) look.fg = code - 82;
  else if (code >= 100 && code <= 107) look.bg = code - 92;
}

/** `5;N` or `2;R;G;B` at `at`, and how many numbers it took. */
function extended(codes: number[], at: number): { colour: Colour | null; used: number } {
  if (codes[at] === 5) return { colour: indexed(codes[at + 1] ?? 0), used: 2 };
  if (codes[at] !== 2) return { colour: null, used: 0 };
  const byte = (n: number | undefined) => Math.min(255, Math.max(0, n || 0));
  const colour = [byte(codes[at + 1]), byte(codes[at + 2]), byte(codes[at + 3])] as const;
  return { colour, used: 4 };
}

/** A colour of the 256: sixteen of the palette, a cube of 6 × 6 × 6, 24 greys. */
function indexed(n: number): Colour | null {
  if (!(n >= 0 && n <= 255)) return null;
  if (n < 16) return n;
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = n - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** A colour as CSS: a token of the palette, or numbers that we formatted ourselves. */
export function cssColour(colour: Colour): string {
  if (typeof colour !== 'number') return `rgb(${colour.join(' ')})`;
  const bright = colour >= 8 ? 'bright-' : '';
  return `var(--ansi-${bright}${NAMES[colour % 8] ?? 'white'})`;
}

/** A piece of a line, and whether a search found it. */
export interface Piece extends Span {
  found: boolean;
}

/** The spans cut where `query` (in any case) begins and ends. */
export function markFound(spans: Span[], query: string): Piece[] {
  const whole = spans.map((span) => span.text).join('');
  const ranges = rangesOf(whole, query);
  const pieces: Piece[] = [];
  let start = 0;
  for (const { text, look } of spans) {
    const end = start + text.length;
    let from = start;
    for (const [a, b] of ranges) {
      if (b <= from || a >= end) continue;
      if (a > from) pieces.push({ text: whole.slice(from, a), look, found: false });
      const to = Math.min(b, end);
      pieces.push({ text: whole.slice(Math.max(a, from), to), look, found: true });
      from = to;
    }
    if (from < end) pieces.push({ text: whole.slice(from, end), look, found: false });
    start = end;
  }
  return pieces;
}

function rangesOf(text: string, query: string): [number, number][] {
  const ranges: [number, number][] = [];
  if (query === '') return ranges;
  const pattern = new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
  for (const match of text.matchAll(pattern)) {
    ranges.push([match.index, match.index + match[0].length]);
  }
  return ranges;
}
