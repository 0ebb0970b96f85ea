import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { NO_OPTIONS } from '../lib/agents';
import { App } from './app.svelte';
import { Project } from './project.svelte';
import { Sheet } from './sheet.svelte';

let backend: FakeBackend;
let app: App;
let project: Project;
let sheet: Sheet;

async function open(scene: string) {
  backend = new FakeBackend({ scene });
  app = new App(backend);
  project = new Project(app);
  sheet = new Sheet(app, project);
  await app.open();
  await sheet.load();
}

const names = () => sheet.rows.map((row) => row.name);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('rows', () => {
  beforeEach(() => open('blank'));

  it('a written line is name and prompt', () => {
    const row = sheet.add('Footer: make it stick');
    expect([row.name, row.prompt]).toEqual(['Footer', 'Footer: make it stick']);
  });

  it('are moved, but not over the ends', () => {
    const [a, b] = ['a', 'b', 'c'].map((text) => sheet.add(text));
    if (!a || !b) throw new Error('no rows');
    expect(sheet.move(a, -1)).toBe(false);
    expect(sheet.move(a, 1)).toBe(true);
    expect(names()).toEqual(['b', 'a', 'c']);
  });

  it('a duplicate has a name of its own', () => {
    const row = sheet.add('Footer');
    sheet.duplicate(row);
    sheet.duplicate(row);
    expect(names()).toEqual(['Footer', 'Footer 3', 'Footer 2']);
  });

  it('a removed one comes back to its place', () => {
    const [, b] = ['a', 'b', 'c'].map((text) => sheet.add(text));
    if (!b) throw new Error('no row');
    const undo = sheet.remove(b);
    expect(names()).toEqual(['a', 'c']);
    undo();
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('a pasted list takes the place of empty rows', () => {
    sheet.add();
    sheet.addAll([{ name: 'a', prompt: 'do a' }, { name: 'b', prompt: 'do b' }]);
    expect(names()).toEqual(['a', 'b']);
  });
});

describe('problems', () => {
  beforeEach(() => open('blank'));

  it('are said at their row, empty rows not counted, and only once one has left it', async () => {
    sheet.add();
    const row = sheet.add();
    sheet.write(row, 'name', 'Footer');
    await sheet.check();
    expect(sheet.problemsAt(row)).toEqual([]);
    row.left = true;
    expect(sheet.problemsAt(row).map((problem) => problem.field)).toEqual(['prompt']);
    expect(sheet.rowsWithProblems()).toEqual([row]);
  });

  it('are counted, for where there is no room to say them', async () => {
    await sheet.check();
    expect(sheet.concerns).toBe(1);
    for (const name of ['a', 'b']) sheet.write(sheet.add(), 'name', name);
    await sheet.check();
    expect(sheet.concerns).toBe(1);
    project.current = project.current && { ...project.current, unsaved: true };
    expect(sheet.concerns).toBe(2);
  });

  it('keep the batch from starting', async () => {
    const row = sheet.add();
    sheet.write(row, 'name', 'Footer');
    expect(await sheet.start()).toBeUndefined();
    expect(sheet.problemsAt(row)).toHaveLength(1);
    expect(app.running).toEqual([]);
  });

  it('an answer that comes late is not taken', async () => {
    const answers: (() => void)[] = [];
    vi.spyOn(backend, 'checkBatch').mockImplementation((request) => {
      const notice = { code: 'bad_request', what: String(request.parallel_tasks.length), safe: '', next: '' } as const;
      return new Promise((done) => answers.push(() => done([{ row: null, field: 'tasks', notice }])));
    });
    const first = sheet.check();
    sheet.add('a');
    const second = sheet.check();
    answers[1]?.();
    answers[0]?.();
    await Promise.all([first, second]);
    expect(sheet.problems[0]?.notice.what).toBe('1');
  });
});

describe('the draft', () => {
  it('is saved soon after it was typed, once', async () => {
    await open('blank');
    const save = vi.spyOn(backend, 'saveDraft');
    const row = sheet.add('a');
    sheet.write(row, 'prompt', 'one');
    sheet.write(row, 'prompt', 'two');
    expect(sheet.saving).toBe('saving');
    await vi.advanceTimersByTimeAsync(500);
    expect(save).toHaveBeenCalledTimes(1);
    expect(save.mock.calls[0]?.[0].tasks).toEqual([{ task_name: 'a', prompt: 'two' }]);
    expect(sheet.saving).toBe('saved');
  });

  it('is saved at once when the window is left', async () => {
    await open('blank');
    const save = vi.spyOn(backend, 'saveDraft');
    sheet.add('a');
    sheet.flush();
    await vi.advanceTimersByTimeAsync(0);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('says so when it could not be saved', async () => {
    await open('blank');
    vi.spyOn(backend, 'saveDraft').mockRejectedValue({ code: 'data_read_only', what: 'x', safe: '', next: '' });
    sheet.add('a');
    await vi.advanceTimersByTimeAsync(500);
    expect(sheet.saving).toBe('failed');
  });

  it('is there again', async () => {
    await open('draft');
    expect(sheet.title).toBe('Checkout polish, round two');
    expect(sheet.rows).toHaveLength(7);
    expect(project.current?.name).toBe('acme-shop');
  });

  it('gives way to a batch that is used again, and comes back', async () => {
    await open('draft');
    const before = names();
    const [batch] = app.recent;
    const undo = await sheet.fill(await backend.batchRequest(batch?.id ?? ''));
    expect(names()).toEqual(['Contrast', 'Labels', 'Focus', 'Headings', 'Alt texts']);
    expect(sheet.maxParallel).toBe(5);
    undo();
    expect(names()).toEqual(before);
  });
});

describe('starting', () => {
  it('leaves an empty sheet for the next batch', async () => {
    await open('draft');
    const detail = await sheet.start();
    expect(detail?.tasks).toHaveLength(7);
    expect(app.batches.get(detail?.batch.id ?? '')?.name).toBe('Checkout polish, round two');
    expect([sheet.title, sheet.rows.length]).toEqual(['', 0]);
    expect((await backend.loadDraft())?.tasks).toEqual([]);
  });

  it('happens once, however often it is asked for', async () => {
    await open('draft');
    const start = vi.spyOn(backend, 'startBatch');
    await Promise.all([sheet.start(), sheet.start()]);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it('keeps what was written when the engine refuses', async () => {
    await open('draft');
    vi.spyOn(backend, 'startBatch').mockRejectedValue({ code: 'disk_full', what: 'No space.', safe: '', next: '' });
    expect(await sheet.start()).toBeUndefined();
    expect(sheet.rows).toHaveLength(7);
    expect(app.toasts.shown.map((toast) => toast.text)).toEqual(['No space.']);
  });
});

it('another project that lacks the branch starts from what is open in it', async () => {
  await open('draft');
  sheet.startFrom = 'winter-sale';
  await project.practice();
  sheet.projectChanged();
  expect(sheet.startFrom).toBe('');
});

describe('at an endpoint', () => {
  it('a draft comes back with its place, repository and branches', async () => {
    await open('cloud-draft');
    await vi.advanceTimersByTimeAsync(0);
    expect(sheet.runsOn.endpoint?.name).toBe('Work');
    expect([sheet.runsOn.address, sheet.startFrom]).toEqual(['https://github.com/acme/shop.git', 'main']);
    expect(sheet.runsOn.branches).toContain('winter-sale');
    expect(project.current?.name).toBe('acme-shop');
  });

  it('the request names the endpoint, and nothing of this computer', async () => {
    await open('cloud-draft');
    sheet.runsOn.haiku = true;
    const request = sheet.request();
    expect(request).toMatchObject({ repo_url: 'https://github.com/acme/shop.git', branch: 'main', haiku: true });
    expect(request.endpoint?.id).toBe('e-1');
    expect(request.max_parallel).toBeUndefined();
  });

  it('another repository starts from its main branch, another place from nothing chosen', async () => {
    await open('cloud-draft');
    sheet.takeRepository('https://github.com/sam/old-blog.git', 'master');
    expect(sheet.draft()).toMatchObject({ project: 'https://github.com/sam/old-blog.git', start_from: 'master', endpoint: 'e-1' });
    sheet.runElsewhere(null);
    expect(sheet.draft()).toMatchObject({ project: '/home/sam/Projects/acme-shop', start_from: '', endpoint: null });
    expect(sheet.request().haiku).toBe(false);
  });

  it('what it lacks is counted and keeps it from starting', async () => {
    await open('cloud-draft');
    sheet.runElsewhere('e-2');
    sheet.takeRepository('', '');
    await sheet.check();
    expect(sheet.problems.map(({ field }) => field)).toEqual(['project', 'endpoint']);
    expect(sheet.concerns).toBe(2);
    expect(await sheet.start()).toBeUndefined();
  });

  it('a repository whose branches can’t be read is worth a look', async () => {
    await open('cloud-draft');
    sheet.takeRepository('https://github.com/acme/no-such.git', '');
    await vi.advanceTimersByTimeAsync(0);
    await sheet.check();
    expect(sheet.runsOn.notice?.code).toBe('remote_failed');
    expect(sheet.concerns).toBe(1);
  });

  it('one whose branches can’t be listed is not in the way: its branch is named', async () => {
    await open('cloud-draft');
    sheet.takeRepository('https://git.acme.example/web/shop.git', '');
    await vi.advanceTimersByTimeAsync(0);
    await sheet.check();
    expect([sheet.runsOn.notice, sheet.concerns]).toEqual([null, 0]);
  });

  it('the agent of this computer is kept, and not sent', async () => {
    await open('cloud-draft');
    sheet.agent = { kind: 'acp', command: ['codex-acp'] };
    expect(sheet.request().agent).toEqual({ kind: 'practice' });
    await sheet.fill(sheet.request());
    expect(sheet.agent).toEqual({ kind: 'acp', command: ['codex-acp'] });
  });

  it('an endpoint that was removed leaves the batch on this computer', async () => {
    await open('cloud-draft');
    await app.keeping(() => backend.removeEndpoint('e-1'));
    expect(sheet.runsOn.endpoint).toBeUndefined();
    expect(sheet.request().repo_url).toBe('/home/sam/Projects/acme-shop');
  });

  it('a batch that is used again brings its place with it', async () => {
    await open('cloud');
    const cloud = app.running.find(({ endpoint }) => endpoint);
    const undo = await sheet.fill(await backend.batchRequest(cloud?.id ?? ''));
    expect([sheet.runsOn.endpoint?.id, sheet.runsOn.address]).toEqual(['e-1', 'https://github.com/acme/shop.git']);
    expect(project.current?.name).toBe('acme-shop');
    undo();
    expect(sheet.runsOn.endpoint).toBeUndefined();
  });
});

describe('agents and limits', () => {
  const claude = { kind: 'known', id: 'claude-code' } as const;
  const codex = { kind: 'known', id: 'codex' } as const;
  const pick = (agent: typeof claude | typeof codex) => ({ agent, options: NO_OPTIONS });

  beforeEach(() => open('agents'));

  it('a draft keeps who does each row, how often, and its limits', () => {
    const [, second, third] = sheet.draft().tasks;
    expect(second).toMatchObject({ agents: [pick(claude), pick(codex)], times: 3 });
    expect(third).toMatchObject({ time_limit_s: 1800, cost_limit_cents: 200 });
    expect(sheet.draft().tasks[0]).not.toHaveProperty('agents');
  });

  it('all tasks are counted: rows by their agents and times', () => {
    expect(sheet.written()).toHaveLength(7);
    expect(sheet.count).toBe(12);
    expect(sheet.doers).toEqual([claude, codex]);
  });

  it('what a row has of the batch follows the batch; the same agent is not there twice', () => {
    const [, second] = sheet.rows;
    sheet.useAgent({ kind: 'known', id: 'opencode' });
    expect(sheet.request().parallel_tasks[1]?.agents?.map(({ agent }) => agent)).toEqual([{ kind: 'known', id: 'opencode' }, codex]);
    sheet.useAgent(codex);
    expect(second?.others).toEqual([]);
    expect(sheet.request().parallel_tasks[1]).not.toHaveProperty('agents');
  });

  it('the same agent does a row twice, with another model, and the draft keeps both', async () => {
    const opus = { agent: claude, options: { ...NO_OPTIONS, model: 'opus' } };
    const [, second] = sheet.rows;
    if (!second) throw new Error('no row');
    second.others = [opus, pick(codex)];
    sheet.useAgent(claude);
    expect(sheet.draft().tasks[1]?.agents).toEqual([pick(claude), opus, pick(codex)]);
    await sheet.save();
    await sheet.load();
    expect(sheet.rows[1]).toMatchObject({ own: true, others: [opus, pick(codex)] });
  });

  it('what was chosen of one agent is not asked of another', () => {
    sheet.options = { ...NO_OPTIONS, model: 'opus' };
    sheet.useAgent(codex);
    expect(sheet.request().options).toEqual(NO_OPTIONS);
  });

  it('a duplicate has the same agents; limits are given to all', () => {
    const [, second, third] = sheet.rows;
    if (!second || !third) throw new Error('no rows');
    expect(sheet.duplicate(second).tasks).toBe(6);
    sheet.limitAll(third);
    expect(sheet.draft().tasks.every(({ time_limit_s }) => time_limit_s === 1800)).toBe(true);
  });

  it('a started batch has a task for each', async () => {
    const detail = await sheet.start();
    expect(detail?.tasks).toHaveLength(12);
    const names = detail?.tasks.filter(({ row }) => row === 1).map(({ name }) => name.split(' · ')[1]);
    expect(names).toEqual(['Claude Code 1', 'Claude Code 2', 'Claude Code 3', 'Codex 1', 'Codex 2', 'Codex 3']);
  });

  it('a template brings its agent and safety into an empty sheet, and never into a written one', async () => {
    const tasks = [{ task_name: 'a', prompt: 'a', times: 2 }];
    const options = { model: 'gpt', mode: 'plan', effort: 'high' };
    const template = { id: 't', name: 'T', tasks, agent: { agent: codex, options }, safety: 'careful' as const };
    sheet.useTemplate(template);
    expect([sheet.agent, sheet.safety]).toEqual([claude, 'balanced']);
    await open('blank');
    sheet.useTemplate(template);
    expect([sheet.agent, sheet.safety, sheet.title, sheet.count]).toEqual([codex, 'careful', 'T', 2]);
    expect(sheet.request().options).toEqual(options);
  });
});
