/** Tasks out of pasted text: lines, bullets, numbers, or a table of names and prompts. */

/** A task as it was found in a pasted text. */
export interface PastedTask {
  name: string;
  prompt: string;
}

const MAX_NAME = 60;
const BULLET = /^(\s*)(?:[-*+•‣◦–—]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?:\[[ xX]\]\s+)?(.*)$/;
const NAME_HEADS = ['name', 'task', 'title', 'tasks'];
const PROMPT_HEADS = ['prompt', 'description', 'text', 'what', 'what to do', 'details'];

/** Returns the tasks in `text`, in order; `[]` if it holds none. */
export function parsePastedList(text: string): PastedTask[] {
  const clean = text.replaceAll(/\r\n?/g, '\n').replaceAll('\u00a0', ' ');
  const tasks = parseTabTable(clean) ?? parsePipeTable(clean) ?? parseLines(clean);
  return numberDuplicates(tasks);
}

/** Whether `text` is more than one line: worth a look before it becomes tasks. */
export function isList(text: string): boolean {
  return parsePastedList(text).length > 1;
}

/** A name for a task that was written as one text: its beginning. */
export function deriveName(text: string): string {
  const line = stripMarkdown(text.trim().split('\n')[0] ?? '');
  const head = /^(.{2,60}?):\s+\S/.exec(line)?.[1];
  const name = (head ?? line).replace(/[.;,:]+$/, '');
  return shorten(name, MAX_NAME);
}

/** Without the marks that make words bold or code in pasted text. */
function stripMarkdown(line: string): string {
  return line.replaceAll(/(\*\*|__|`)(.+?)\1/g, '$2').trim();
}

function shorten(text: string, max: number): string {
  const letters = [...text];
  if (letters.length <= max) return text;
  const cut = letters.slice(0, max - 1).join('');
  const word = cut.lastIndexOf(' ');
  return `${(word > max / 2 ? cut.slice(0, word) : cut).trimEnd()}…`;
}

function parseLines(text: string): PastedTask[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => BULLET.test(line));
  if (first < 0) return lines.map((line) => parseTask(line)).filter((found) => found !== null);
  const before = lines.slice(0, first).filter((line) => !isIntroduction(line));
  return [...before.map((line) => parseTask(line)), ...parseItems(lines.slice(first))].filter(
    (found) => found !== null,
  );
}

/** A line above a list that says what the list is: "Tasks:", "# To do". */
function isIntroduction(line: string): boolean {
  return line.trim() === '' || line.trim().endsWith(':') || /^\s*#/.test(line);
}

/** Items of a bulleted or numbered list; deeper and unmarked lines belong to the item above. */
function parseItems(lines: string[]): (PastedTask | null)[] {
  const depth = indentWidth(lines[0] ?? '');
  const found: string[][] = [];
  for (const line of lines) {
    const bullet = BULLET.exec(line);
    if (bullet && indentWidth(line) <= depth) found.push([bullet[2] ?? '']);
    else found.at(-1)?.push(line);
  }
  return found.map((item) => parseTask(dedent(item)));
}

function indentWidth(line: string): number {
  return (/^\s*/.exec(line)?.[0] ?? '').replaceAll('\t', '    ').length;
}

/** An item's lines as one text, without the indentation that made them part of it. */
function dedent([first = '', ...rest]: string[]): string {
  const depths = rest.filter((line) => line.trim() !== '').map(indentWidth);
  const least = Math.min(...depths);
  const inner = rest.map((line) => line.replaceAll('\t', '    ').slice(Math.min(least, indentWidth(line))));
  return [first, ...inner].join('\n');
}

function parseTask(text: string): PastedTask | null {
  const prompt = text.trim();
  return prompt === '' ? null : { name: deriveName(prompt), prompt };
}

/** Cells copied from a spreadsheet: each row has a tab. */
function parseTabTable(text: string): PastedTask[] | null {
  if (!text.includes('\t')) return null;
  const rows = parseTabRows(text).filter((row) => row.some((cell) => cell.trim() !== ''));
  const isTable = rows.length > 0 && rows.every((row) => row.length >= 2 && row[0]?.trim() !== '');
  return isTable ? parseTable(rows) : null;
}

/** Rows of cells; a cell in quotes may hold line ends, and `""` for a quote. */
function parseTabRows(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n)/y;
  const ended = text.endsWith('\n') ? text : `${text}\n`;
  while (cell.lastIndex < ended.length) {
    const match = cell.exec(ended);
    // A quote that isn't closed, or text after the closing one: no spreadsheet wrote this.
    if (!match) return [];
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\n') rows.push([]);
  }
  return rows;
}

/** A table with `|` between its cells, as Markdown has them or without the frame. */
function parsePipeTable(text: string): PastedTask[] | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 && !/^\s*\|.*\|.*\|\s*$/.test(text)) return null;
  const rows = lines.map(parsePipeCells);
  if (rows.length === 0 || rows.some((row) => row.length < 2)) return null;
  const rule = rows.findIndex((row) => row.every((cell) => /^:?-{2,}:?$/.test(cell)));
  const body = rule === 1 ? rows.slice(2) : rows.filter((_, n) => n !== rule);
  return parseTable(body);
}

function parsePipeCells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function parseTable(rows: string[][]): PastedTask[] {
  const [head = [], ...rest] = rows;
  const word = (cell = '') => stripMarkdown(cell).toLowerCase();
  const isHead = NAME_HEADS.includes(word(head[0])) && PROMPT_HEADS.includes(word(head[1]));
  return (isHead ? rest : rows)
    .map(([name = '', ...others]) => {
      const prompt = others
        .map((cell) => cell.trim())
        .filter(Boolean)
        .join('\n');
      return { name: shorten(stripMarkdown(name.replaceAll('\n', ' ')), 200), prompt: prompt || name.trim() };
    })
    .filter(({ name }) => name !== '');
}

/**
 * Different prompts under one name (because it was cut, or was the same heading) get
 * numbers. The same task twice stays as it is: it is said at that task.
 */
function numberDuplicates(tasks: PastedTask[]): PastedTask[] {
  const seen = new Map<string, string[]>();
  return tasks.map((found) => {
    const prompts = seen.get(found.name) ?? [];
    seen.set(found.name, [...prompts, found.prompt]);
    if (prompts.length === 0 || prompts.includes(found.prompt)) return found;
    return { ...found, name: `${found.name} ${prompts.length + 1}` };
  });
}

/** The name of a copy: "Footer" becomes "Footer 2", or the first number that is not in `taken`. */
export function nextName(name: string, taken: string[]): string {
  const base = name.trim().replace(/ \d+$/, '');
  if (base === '') return '';
  let number = 2;
  while (taken.includes(`${base} ${number}`)) number += 1;
  return `${base} ${number}`;
}
