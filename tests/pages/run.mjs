// Runs every page test with node's own runner: the built UI and its simulation in Chromium.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

if (!existsSync(new URL('../../ui/dist/index.html', import.meta.url))) {
  console.error('The UI is not built yet. Build it first: npm run build (in ui/).');
  process.exit(1);
}

const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => here + name);
// Its failures stand at the end of this report, where a log is read first.
const how = ['--test', '--test-concurrency=1', '--test-reporter=spec'];
const ran = spawnSync(process.execPath, [...how, ...files], { stdio: 'inherit' });
process.exit(ran.status ?? 1);
