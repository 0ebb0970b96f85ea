import { beforeEach, expect, it, vi } from 'vitest';
import { FakeBackend } from '../backend/fake';
import type { AgentChoice } from '../bindings/protocol';
import { Agents } from './agents.svelte';
import { App } from './app.svelte';

let now = 0;
let backend: FakeBackend;
let app: App;
let agents: Agents;

const copilot: AgentChoice = { kind: 'known', id: 'copilot' };
const kiro: AgentChoice = { kind: 'acp', command: ['kiro-cli', 'acp'], env: [{ name: 'PROFILE', value: 'work' }] };

function pass(ms: number) {
  now += ms;
  backend.tick();
}

beforeEach(async () => {
  now = 1_000_000;
  backend = new FakeBackend({ now: () => now });
  app = new App(backend);
  agents = new Agents(app);
  await agents.open();
});

it('nothing is asked by itself', async () => {
  const check = vi.spyOn(backend, 'checkAgents');
  agents = new Agents(app);
  await agents.open();
  expect(check).not.toHaveBeenCalled();
  expect(agents.usable.map(({ name }) => name)).toEqual(['Claude Code', 'Gemini CLI', 'opencode', 'aider']);
});

it('an install is told step by step, and ends ready', async () => {
  await agents.install('copilot');
  const seen = [agents.find(copilot)?.busy];
  for (let n = 0; n < 3; n += 1) {
    pass(600);
    seen.push(agents.find(copilot)?.busy);
  }
  expect(seen).toEqual(['Downloading…', 'Unpacking 84 files…', 'Asking it…', '']);
  expect(agents.find(copilot)).toMatchObject({ state: 'ready', missing: null });
});

it('what was told while they were read is newer than what was read', async () => {
  const old = agents.view;
  const reading = vi.spyOn(backend, 'agents').mockImplementation(async () => {
    await backend.setAgentKey('codex', 'sk');
    return structuredClone(old) as NonNullable<typeof old>;
  });
  await agents.check(null);
  expect(reading).toHaveBeenCalled();
  expect(agents.find({ kind: 'known', id: 'codex' })?.key).toBe('kept');
});

it('a key that can’t be kept is said to whoever asked', async () => {
  expect(await agents.setKey('codex', 'two words')).toMatchObject({ what: 'A key has no spaces.' });
  expect(await agents.setKey('codex', 'sk')).toBeNull();
  expect(agents.find({ kind: 'known', id: 'codex' })).toMatchObject({ key: 'kept', state: 'ready' });
});

it('an agent of one’s own is kept in the settings, removed and brought back', async () => {
  await app.open();
  expect(await agents.save(kiro)).toBeNull();
  expect(app.settings.agents).toEqual([kiro]);
  expect(agents.find(kiro)?.name).toBe('kiro-cli');
  const undo = await agents.remove(kiro);
  expect(app.settings.agents).toEqual([]);
  undo?.();
  await vi.waitFor(() => expect(app.settings.agents).toEqual([kiro]));
  // Another setting doesn't lose it.
  await app.updateSettings({ notify: false });
  expect((await backend.settings()).agents).toEqual([kiro]);
});

it('is told nothing any more once it is closed', async () => {
  agents.close();
  await backend.setAgentKey('codex', 'sk');
  expect(agents.find({ kind: 'known', id: 'codex' })?.key).toBe('missing');
});
