/** A program and its arguments as one line, as people write them, and back. Nothing is run. */

/** The words of `line`; quotes keep words together, a backslash keeps the next character. */
export function splitArgs(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let n = 0; n < line.length; n += 1) {
    const char = line.charAt(n);
    const next = line.charAt(n + 1);
    if (char === '\\' && quote !== "'" && (quote === '' ? /[\s"'\\]/ : /["\\]/).test(next)) {
      word = (word ?? '') + next;
      n += 1;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** `words` as one line that `splitWords` takes apart again. */
export function joinArgs(words: string[]): string {
  return words.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, '\\$&')}"`)).join(' ');
}
