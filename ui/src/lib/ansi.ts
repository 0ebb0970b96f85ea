/**
 * Terminal text to spans with colours, and nothing else: what an agent prints is hostile,
 * so every escape but colour, weight and line is dropped, and no character can move,
 * clear, retitle or ring anything.
 */

/** A colour: one of the sixteen of the palette by number, or red, green and blue. */
export type Colour = number | readonly [number, number, number];

/** How a piece of a line looks. */
export interface TextStyle {
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
export interface StyledSpan {
  text: string;
  style: TextStyle;
}

const DEFAULT_STYLE: TextStyle = Object.freeze({
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
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;

/**
 * The spans of one line. A carriage return starts the line over, as a progress bar means
 * it, so the text after the last one stays.
 */
export function parseAnsi(line: string): StyledSpan[] {
  let spans: StyledSpan[] = [];
  let style = DEFAULT_STYLE;
  let overwrite = false;
  for (const [, parameters, end, text, control] of line.matchAll(TOKEN)) {
    if (text !== undefined) {
      if (overwrite) spans = [];
      overwrite = false;
      appendText(spans, text.replace(BIDI_CONTROLS, ''), style);
    } else if (control === '\r' || (end === 'G' && Number(parameters) <= 1)) {
      overwrite = true;
    } else if (end === 'm' && parameters !== undefined) {
      style = applySgr(style, parameters);
    }
  }
  return spans;
}

/** The text of one line without its colours. */
export function stripAnsi(line: string): string {
  return parseAnsi(line)
    .map((span) => span.text)
    .join('');
}

/** A text of several lines without colours and control characters; its lines are kept. */
export function stripAnsiLines(text: string): string {
  return text.split('\n').map(stripAnsi).join('\n');
}

function appendText(spans: StyledSpan[], text: string, style: TextStyle): void {
  if (text === '') return;
  const last = spans.at(-1);
  if (last?.style === style) last.text += text;
  else spans.push({ text, style });
}

/** `style` after one `ESC [ … m`. Unknown numbers are passed over. */
function applySgr(style: TextStyle, parameters: string): TextStyle {
  const next = { ...style };
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(next, DEFAULT_STYLE);
    else if (code === 38 || code === 48) {
      const { colour, used } = parseExtendedColour(codes, at + 1);
      if (colour !== null) next[code === 38 ? 'fg' : 'bg'] = colour;
      at += used;
    } else applySgrCode(next, code);
  }
  return next;
}

function applySgrCode(style: TextStyle, code: number): void {
  if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4 || code === 21) style.underline = true;
  else if (code === 7) style.inverse = true;
  else if (code === 9) style.strike = true;
  else if (code === 22) style.bold = style.dim = false;
  else if (code === 23) style.italic = false;
  else if (code === 24) style.underline = false;
  else if (code === 27) style.inverse = false;
  else if (code === 29) style.strike = false;
  else if (code >= 30 && code <= 37) style.fg = code - 30;
  else if (code === 39) style.fg = null;
  else if (code >= 40 && code <= 47) style.bg = code - 40;
  else if (code === 49) style.bg = null;
  else if (code >= 90 && code <= 97) style.fg = code - 82;
  else if (code >= 100 && code <= 107) style.bg = code - 92;
}

/** `5;N` or `2;R;G;B` at `at`, and how many numbers it took. */
function parseExtendedColour(codes: number[], at: number): { colour: Colour | null; used: number } {
  if (codes[at] === 5) return { colour: parseIndexedColour(codes[at + 1] ?? 0), used: 2 };
  if (codes[at] !== 2) return { colour: null, used: 0 };
  const byte = (n: number | undefined) => Math.min(255, Math.max(0, n || 0));
  const colour = [byte(codes[at + 1]), byte(codes[at + 2]), byte(codes[at + 3])] as const;
  return { colour, used: 4 };
}

/** A colour of the 256: sixteen of the palette, a cube of 6 × 6 × 6, 24 greys. */
function parseIndexedColour(n: number): Colour | null {
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
export function toCssColour(colour: Colour): string {
  if (typeof colour !== 'number') return `rgb(${colour.join(' ')})`;
  const bright = colour >= 8 ? 'bright-' : '';
  return `var(--ansi-${bright}${NAMES[colour % 8] ?? 'white'})`;
}

/** A piece of a line, and whether a search found it. */
export interface HighlightedSpan extends StyledSpan {
  isMatch: boolean;
}

/** The spans cut where `query` (in any case) begins and ends. */
export function highlightMatches(spans: StyledSpan[], query: string): HighlightedSpan[] {
  const whole = spans.map((span) => span.text).join('');
  const ranges = findRanges(whole, query);
  const pieces: HighlightedSpan[] = [];
  let start = 0;
  for (const { text, style } of spans) {
    const end = start + text.length;
    let from = start;
    for (const [a, b] of ranges) {
      if (b <= from || a >= end) continue;
      if (a > from) pieces.push({ text: whole.slice(from, a), style, isMatch: false });
      const to = Math.min(b, end);
      pieces.push({ text: whole.slice(Math.max(a, from), to), style, isMatch: true });
      from = to;
    }
    if (from < end) pieces.push({ text: whole.slice(from, end), style, isMatch: false });
    start = end;
  }
  return pieces;
}

function findRanges(text: string, query: string): [number, number][] {
  const ranges: [number, number][] = [];
  if (query === '') return ranges;
  const pattern = new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
  for (const match of text.matchAll(pattern)) {
    ranges.push([match.index, match.index + match[0].length]);
  }
  return ranges;
}
