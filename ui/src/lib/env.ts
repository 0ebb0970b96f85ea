/** Variables of an environment as people write them, and back. */

import type { EnvVar } from '../bindings/protocol';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables of `text`, one a line as `NAME=value`, and the first line that is none. */
export function parseEnv(text: string): { env: EnvVar[]; invalidLine: string | null } {
  const env: EnvVar[] = [];
  let invalidLine: string | null = null;
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    const end = line.indexOf('=');
    const name = line.slice(0, Math.max(0, end)).trim();
    if (NAME.test(name)) env.push({ name, value: line.slice(end + 1) });
    else invalidLine ??= line;
  }
  return { env, invalidLine };
}
