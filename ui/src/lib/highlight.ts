/** Colours for code, as tokens: the highlighter is loaded with the first block that needs it. */

import type { RootContent } from 'hast';

/** What a piece of code is, by the colour it has. */
export type TokenKind = 'comment' | 'keyword' | 'name' | 'number' | 'string' | 'type' | 'added' | 'removed';

/** A piece of code; `null` has the colour of text. */
export interface CodeToken {
  text: string;
  kind: TokenKind | null;
}

/** The tokens of `code`; a language that isn't known has one. */
export type Highlight = (code: string, language: string) => CodeToken[];

/** Longer code stays without colours: some grammars take more than a moment for it. */
const MAX_LENGTH = 20_000;

/** https://highlightjs.readthedocs.io/en/stable/css-classes-reference.html */
const KINDS: Record<string, TokenKind> = {
  comment: 'comment',
  doctag: 'comment',
  quote: 'comment',
  keyword: 'keyword',
  'selector-tag': 'keyword',
  section: 'keyword',
  meta: 'keyword',
  title: 'name',
  function: 'name',
  name: 'name',
  attr: 'name',
  attribute: 'name',
  property: 'name',
  number: 'number',
  literal: 'number',
  symbol: 'number',
  string: 'string',
  regexp: 'string',
  'template-variable': 'string',
  type: 'type',
  built_in: 'type',
  class: 'type',
  'selector-class': 'type',
  addition: 'added',
  deletion: 'removed',
};

export async function loadHighlight(): Promise<Highlight> {
  const { common, createLowlight } = await import('lowlight');
  const lowlight = createLowlight(common);
  return (code, language) => {
    const name = language.toLowerCase();
    if (code.length > MAX_LENGTH || !lowlight.registered(name)) return [{ text: code, kind: null }];
    return listTokens(lowlight.highlight(name, code).children, null);
  };
}

function listTokens(nodes: RootContent[], kind: TokenKind | null): CodeToken[] {
  return nodes.flatMap((node) => {
    if (node.type === 'text') return [{ text: node.value, kind }];
    if (node.type !== 'element') return [];
    const [name] = Array.isArray(node.properties.className) ? node.properties.className : [];
    return listTokens(node.children, KINDS[String(name).replace('hljs-', '')] ?? kind);
  });
}
