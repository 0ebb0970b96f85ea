/** What an agent says, as paragraphs, blocks and spans of code. Text stays text: nothing is ever markup. */

import { stripAnsiLines } from './ansi';

/** A piece of a paragraph. */
export interface ProsePart {
  text: string;
  code: boolean;
}

/** A paragraph, or a block of code. */
export type ProseBlock = { code: false; parts: ProsePart[] } | { code: true; text: string };

/** The blocks of `text`: paragraphs apart by an empty line, code between fences. */
export function parseProse(text: string): ProseBlock[] {
  const blocks: ProseBlock[] = [];
  const pieces = stripAnsiLines(text).split(/^ {0,3}```.*$/m);
  pieces.forEach((piece, at) => {
    if (at % 2 === 1) {
      blocks.push({ code: true, text: piece.replace(/^\n|\n$/g, '') });
      return;
    }
    for (const paragraph of piece.split(/\n\s*\n/)) {
      if (paragraph.trim() !== '') blocks.push({ code: false, parts: parseSpans(paragraph.trim()) });
    }
  });
  return blocks;
}

function parseSpans(paragraph: string): ProsePart[] {
  return paragraph
    .split(/(`[^`\n]+`)/)
    .filter((part) => part !== '')
    .map((part) => (/^`[^`\n]+`$/.test(part) ? { text: part.slice(1, -1), code: true } : { text: part, code: false }));
}
