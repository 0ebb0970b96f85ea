import { expect, it } from 'vitest';
import { joinArgs, splitArgs } from './argv';

it.each<[string, string[]]>([
  ['', []],
  ['  codex-acp  ', ['codex-acp']],
  ['claude -p {prompt}', ['claude', '-p', '{prompt}']],
  ['a "b c" \'d "e"\'', ['a', 'b c', 'd "e"']],
  ['a "" b', ['a', '', 'b']],
  ['a\\ b c\\"d', ['a b', 'c"d']],
  ['C:\\Tools\\agent.exe --acp', ['C:\\Tools\\agent.exe', '--acp']],
  ['"C:\\Program Files\\a.exe"', ['C:\\Program Files\\a.exe']],
  ['x "never closed', ['x', 'never closed']],
  ["say it's", ['say', 'its']],
])('%j is %j', (line, words) => expect(splitArgs(line)).toEqual(words));

it.each([[['a', 'b c', '', 'd"e', "f'g", 'h\\i', '\n', '{prompt}']]])('%j survives a line', (words) => {
  expect(splitArgs(joinArgs(words))).toEqual(words);
});
