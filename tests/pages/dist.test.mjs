// The app's build holds no simulation of the shell.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

/** A folder that only the simulation knows. */
const MARKER = '/home/sam/Projects/acme-shop';

/** The files of a build that hold `MARKER`. */
async function filesWithMarker(build) {
  const folder = new URL(`../../ui/${build}/assets/`, import.meta.url);
  const scripts = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(scripts.map((name) => readFile(new URL(name, folder), 'utf8')));
  return scripts.filter((_, at) => texts[at].includes(MARKER));
}

test('the simulation is in the build of these tests, and not in the app', async () => {
  assert.equal((await filesWithMarker('dist-pages')).length, 1);
  assert.deepEqual(await filesWithMarker('dist'), []);
});
