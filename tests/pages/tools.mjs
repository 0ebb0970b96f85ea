// What every page test needs: the built UI on loopback, Chromium, axe, pictures.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const here = fileURLToPath(new URL('.', import.meta.url));
const ui = join(here, '../../ui/');
const need = createRequire(join(ui, 'package.json'));

/** What the window's shell allows, so that a page that breaks it fails here. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** How long the page may take for anything, in milliseconds. */
const PATIENCE = 10_000;

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};

/** What the window may be instead of wide: smaller, or with the largest text. */
export const SMALLER = [
  ['1024', { width: 1024, height: 768 }],
  ['720', { width: 720, height: 800 }],
  ['360', { width: 360, height: 700 }],
  ['200-percent', { text: 2 }],
];

/** Serves `ui/dist-pages` on a free port of loopback. */
async function serve() {
  const dist = join(ui, 'dist-pages');
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    // Browsers ask for it by themselves; the window has none.
    if (path === '/favicon.ico') return response.writeHead(204).end();
    const file = join(dist, path === '/' ? 'index.html' : path);
    try {
      const body = await readFile(file);
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

const CHROMIUM = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A turn of the wheel is one step then: nothing moves on after it.
  '--disable-smooth-scrolling',
];

/**
 * Registers a server and a browser for the tests of one file.
 * `open` gives a page; an error on it fails the file.
 */
export function pages() {
  const errors = [];
  let server, browser, profile;

  before(async () => {
    const { chromium } = need('playwright-core');
    server = await serve();
    profile = await mkdtemp(join(tmpdir(), 'regatta-pages-'));
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: CHROMIUM,
      env: { ...process.env, HOME: profile },
    });
  });

  after(async () => {
    await browser?.close();
    server?.close();
    if (profile) await rm(profile, { recursive: true, force: true });
    assert.deepEqual(errors, [], 'errors on the pages');
  });

  /** A page of the simulation's `scene` at `path`, with its text `text` times as large. */
  async function open({
    scene,
    path = '',
    theme = 'light',
    width = 1440,
    height = 900,
    scale = 1,
    text = 1,
    time,
    reduced = true,
  } = {}) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      colorScheme: theme,
      reducedMotion: reduced ? 'reduce' : 'no-preference',
      timezoneId: 'Europe/London',
      locale: 'en-GB',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    if (time) await page.clock.install({ time: new Date(time) });
    const { port } = server.address();
    await page.goto(`http://127.0.0.1:${port}/?${new URLSearchParams({ scene })}#/${path}`);
    await page.locator('main > *').first().waitFor();
    if (text !== 1) await enlarge(page, text);
    return page;
  }

  return { open };
}

/** Has the page's text be `times` as large. */
export const enlarge = (page, times) =>
  page.evaluate((to) => document.documentElement.style.setProperty('--text-size', to), times);

/** Fails when the page is wider than its window. */
export const fits = (page, name) =>
  eventually(async () => {
    const [all, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(all <= seen, `${name} is wider than the window: ${all} > ${seen}`);
  });

/** Tries again until what `check` asserts holds, as long as the page may take for what it does next. */
export async function eventually(check) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await delay(50);
  }
}

/**
 * Fails when axe finds anything wrong on the page. With `popup`, a menu or list is open: it
 * stands outside of all landmarks, as they do everywhere, for as long as it is open.
 */
export async function accessible(page, name, { popup = false } = {}) {
  if (!(await page.evaluate('"axe" in window'))) {
    await page.evaluate(await readFile(need.resolve('axe-core/axe.min.js'), 'utf8'));
  }
  const options = { resultTypes: ['violations'], rules: { region: { enabled: !popup } } };
  const { violations } = await page.evaluate((given) => window.axe.run(document, given), options);
  const found = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map((node) => `    ${node.html}\n    ${node.failureSummary}`).join('\n')}`,
  );
  assert.equal(found.join('\n'), '', `axe on ${name}`);
}

/** Keeps a picture of the page in `shots/`. */
export async function shoot(page, name) {
  const shots = join(here, 'shots');
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}
