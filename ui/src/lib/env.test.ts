import { expect, it } from 'vitest';
import { parseEnv } from './env';

it('variables stand one a line; a value may hold anything', () => {
  expect(parseEnv('PROFILE=work\n\n  URL=http://a?b=c ')).toEqual({
    env: [
      { name: 'PROFILE', value: 'work' },
      { name: 'URL', value: 'http://a?b=c' },
    ],
    invalidLine: null,
  });
  expect(parseEnv('EMPTY=').env).toEqual([{ name: 'EMPTY', value: '' }]);
});

it.each(['no equals', '=value', '1A=x', 'A B=x'])('%s is none', (line) => {
  expect(parseEnv(`A=1\n${line}`)).toEqual({ env: [{ name: 'A', value: '1' }], invalidLine: line });
});
