/**
 * What an agent says, as a tree of blocks and words. Markdown by CommonMark and GitHub's
 * tables, task lists, strikethrough and bare addresses (https://spec.commonmark.org/,
 * https://github.github.com/gfm/), with less of it where agents mean the letters themselves:
 * HTML is text, a line of dashes makes no heading of the line above, and a star is a star in
 * `2*3*4` and `src/*.ts`. No letter is lost: what has no form of its own stays as written.
 */

import type { List, Nodes, Parents, PhrasingContent, Root, RootContent, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmAutolinkLiteralFromMarkdown } from 'mdast-util-gfm-autolink-literal';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTaskListItemFromMarkdown } from 'mdast-util-gfm-task-list-item';
import { gfmAutolinkLiteral } from 'micromark-extension-gfm-autolink-literal';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { gfmTable } from 'micromark-extension-gfm-table';
import { gfmTaskListItem } from 'micromark-extension-gfm-task-list-item';
import { stripAnsiLines } from './ansi';

/** A piece of a paragraph. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'emphasis' | 'strike'; children: Inline[] }
  /** `host` is what stands beside the words; `null` if they begin with it. */
  | { kind: 'link'; url: string; host: string | null; children: Inline[] };

/** A block of a message. */
export type Block =
  | { kind: 'paragraph' | 'heading'; children: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'list'; start: number | null; items: ListItem[] }
  | { kind: 'table'; rows: Inline[][][] }
  | { kind: 'rule' };

/** An item of a list; `checked` is `null` if it is no task. */
export interface ListItem {
  checked: boolean | null;
  children: Block[];
}

/** What comes after stays as written: the parser takes 10 ms for a kilobyte of hostile text. */
const MAX_LENGTH = 32_000;
/** Quotes and lists inside of each other; deeper ones stay as written. */
const MAX_DEPTH = 10;
const MAX_COLUMNS = 12;
const MAX_ROWS = 500;

/**
 * What costs the parser more than its length: a line that nests deeply, and a paragraph of
 * brackets or stars by the thousand. Nobody writes it to be read.
 */
const TOO_MUCH = /^[ \t]*(?:[>*+-][ \t]*){40}|(?:\[[^[\n]*){100}|(?:[*_~]+[^*_~\n]*){500}/m;

/** Turn the direction of what follows, so that a name or an address reads as another one. */
const BIDI_OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

const extensions = [
  gfmAutolinkLiteral(),
  gfmStrikethrough({ singleTilde: false }),
  gfmTable(),
  gfmTaskListItem(),
  { disable: { null: ['htmlFlow', 'htmlText', 'setextUnderline', 'definition'] } },
];

const mdastExtensions = [
  gfmAutolinkLiteralFromMarkdown(),
  gfmStrikethroughFromMarkdown(),
  gfmTableFromMarkdown(),
  gfmTaskListItemFromMarkdown(),
];

/** The blocks of `text`. The same for a text that still grows: what isn't closed yet is text. */
export function parseMarkdown(text: string): Block[] {
  const source = stripAnsiLines(text.replace(BIDI_OVERRIDES, nameCharacter));
  if (source.trim() === '') return [];
  if (TOO_MUCH.test(source)) return [plain(source)];
  const end = source.length > MAX_LENGTH ? Math.max(0, source.lastIndexOf('\n\n', MAX_LENGTH)) : source.length;
  const head = source.slice(0, end);
  const blocks = new Tree(head).blocks(fromMarkdown(head, { extensions, mdastExtensions }), 0);
  return end < source.length ? [...blocks, plain(source.slice(end).trim())] : blocks;
}

/** The words of a text of one paragraph, such as an entry of a plan; any other stays as written. */
export function parseInlineMarkdown(text: string): Inline[] {
  const [first, ...more] = parseMarkdown(text);
  if (first?.kind === 'paragraph' && more.length === 0) return first.children;
  return [{ kind: 'text', text: stripAnsiLines(text) }];
}

function nameCharacter(character: string): string {
  return `[U+${character.charCodeAt(0).toString(16).toUpperCase()}]`;
}

function plain(text: string): Block {
  return { kind: 'paragraph', children: [{ kind: 'text', text }] };
}

/** Turns the parser's nodes into ours; it needs what they were written as. */
class Tree {
  #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  blocks(parent: Root | Extract<Parents, { type: 'blockquote' | 'listItem' }>, depth: number): Block[] {
    return parent.children.map((node) => this.#block(node, depth));
  }

  #block(node: RootContent, depth: number): Block {
    switch (node.type) {
      case 'paragraph':
      case 'heading':
        return { kind: node.type, children: this.#inlines(node.children) };
      case 'code':
        return { kind: 'code', language: node.lang ?? '', text: node.value };
      case 'thematicBreak':
        return { kind: 'rule' };
      case 'blockquote':
        if (depth < MAX_DEPTH) return { kind: 'quote', children: this.blocks(node, depth + 1) };
        break;
      case 'list':
        if (depth < MAX_DEPTH && !isYear(node)) return this.#list(node, depth);
        break;
      case 'table':
        if (isTableShown(node)) return this.#table(node);
        break;
    }
    return plain(this.#written(node));
  }

  #list(node: List, depth: number): Block {
    const items = node.children.map((item) => ({
      checked: item.checked ?? null,
      children: this.blocks(item, depth + 1),
    }));
    return { kind: 'list', start: node.ordered ? (node.start ?? 1) : null, items };
  }

  #table(node: Table): Block {
    const rows = node.children.map((row) => row.children.map((cell) => this.#inlines(cell.children)));
    return { kind: 'table', rows };
  }

  #inlines(nodes: PhrasingContent[], depth = 0): Inline[] {
    return joinText(nodes.flatMap((node) => this.#inline(node, depth)));
  }

  #inline(node: PhrasingContent, depth: number): Inline[] {
    if (depth > MAX_DEPTH) return [{ kind: 'text', text: this.#written(node) }];
    switch (node.type) {
      case 'text':
        return [{ kind: 'text', text: node.value }];
      case 'inlineCode':
        return [{ kind: 'code', text: node.value }];
      case 'break':
        return [{ kind: 'text', text: '\n' }];
      case 'strong':
      case 'emphasis': {
        const children = this.#inlines(node.children, depth + 1);
        if (this.#isMeant(node)) return [{ kind: node.type, children }];
        const mark = this.#written(node).slice(0, node.type === 'strong' ? 2 : 1);
        return [{ kind: 'text', text: mark }, ...children, { kind: 'text', text: mark }];
      }
      case 'delete':
        return [{ kind: 'strike', children: this.#inlines(node.children, depth + 1) }];
      case 'link':
        return link(node.url, this.#inlines(node.children, depth + 1));
      case 'image':
        return link(node.url, [{ kind: 'text', text: node.alt || node.url }]);
      default:
        return [{ kind: 'text', text: this.#written(node) }];
    }
  }

  /** Whether stars or underscores stand around words, and not inside of a name, a sum or a pattern. */
  #isMeant(node: Nodes): boolean {
    const written = this.#written(node);
    const before = this.#source[(node.position?.start.offset ?? 0) - 1] ?? ' ';
    const after = this.#source[node.position?.end.offset ?? 0] ?? ' ';
    const words = written.replace(/^[*_]+|[*_]+$/g, '');
    if (/[\w/\\.$=]/.test(before) || /[\w/\\]/.test(after)) return false;
    if (/^[./\\,)]|[/\\(]$/.test(words)) return false;
    // `__init__`, and its file.
    return !(written.startsWith('__') && /^\w+$/.test(words));
  }

  #written(node: Nodes): string {
    return this.#source.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? 0);
  }
}

/** "1986. A great year" is no list that begins at 1986. */
function isYear(list: List): boolean {
  return (list.start ?? 0) > 999;
}

function isTableShown({ children }: Table): boolean {
  return children.length <= MAX_ROWS && children.every((row) => row.children.length <= MAX_COLUMNS);
}

/** A link to the web; of any other only its words and, where it says something else, its address. */
function link(address: string, children: Inline[]): Inline[] {
  const words = toText(children);
  const url = URL.parse(address);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    const isNamed = words.replace(/^https?:\/\//, '').match(/^[^/?#]*/)?.[0] === url.host;
    return [{ kind: 'link', url: url.href, host: isNamed ? null : url.host, children }];
  }
  const isSaid = words === address || `mailto:${words}` === address;
  return isSaid ? children : [...children, { kind: 'text', text: ` (${address})` }];
}

function toText(inlines: Inline[]): string {
  return inlines.map((one) => ('children' in one ? toText(one.children) : one.text)).join('');
}

function joinText(inlines: Inline[]): Inline[] {
  const joined: Inline[] = [];
  for (const one of inlines) {
    const last = joined.at(-1);
    if (one.kind === 'text' && last?.kind === 'text') last.text += one.text;
    else joined.push(one);
  }
  return joined;
}
