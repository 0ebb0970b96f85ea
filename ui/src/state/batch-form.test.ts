import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '../backend/fake';
import { NO_OPTIONS } from '../lib/agents';
import { App } from './app.svelte';
import { Project } from './project.svelte';
import { BatchForm } from './batch-form.svelte';

let backend: FakeBackend;
let app: App;
let project: Project;
let form: BatchForm;

async function open(scene: string) {
  backend = new FakeBackend({ scene });
  app = new App(backend);
  project = new Project(app);
  form = new BatchForm(app, project);
  await app.open();
  await form.loadDraft();
}

const names = () => form.tasks.map((task) => task.name);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('tasks', () => {
  beforeEach(() => open('blank'));

  it('a written line is name and prompt', () => {
    const task = form.addTask('Footer: make it stick');
    expect([task.name, task.prompt]).toEqual(['Footer', 'Footer: make it stick']);
  });

  it('are moved, but not over the ends', () => {
    const [a, b] = ['a', 'b', 'c'].map((text) => form.addTask(text));
    if (!a || !b) throw new Error('no tasks');
    expect(form.moveTask(a, -1)).toBe(false);
    expect(form.moveTask(a, 1)).toBe(true);
    expect(names()).toEqual(['b', 'a', 'c']);
  });

  it('a duplicate has a name of its own', () => {
    const task = form.addTask('Footer');
    form.duplicateTask(task);
    form.duplicateTask(task);
    expect(names()).toEqual(['Footer', 'Footer 3', 'Footer 2']);
  });

  it('a removed one comes back to its place', () => {
    const [, b] = ['a', 'b', 'c'].map((text) => form.addTask(text));
    if (!b) throw new Error('no task');
    const undo = form.removeTask(b);
    expect(names()).toEqual(['a', 'c']);
    undo();
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('a pasted list takes the place of empty tasks', () => {
    form.addTask();
    form.addTasks([
      { name: 'a', prompt: 'do a' },
      { name: 'b', prompt: 'do b' },
    ]);
    expect(names()).toEqual(['a', 'b']);
  });
});

describe('problems', () => {
  beforeEach(() => open('blank'));

  it('are said at their task, empty tasks not counted, and only once one has left it', async () => {
    form.addTask();
    const task = form.addTask();
    form.editTask(task, 'name', 'Footer');
    await form.check();
    expect(form.problemsOfTask(task)).toEqual([]);
    task.isTouched = true;
    expect(form.problemsOfTask(task).map((problem) => problem.field)).toEqual(['prompt']);
    expect(form.tasksWithProblems()).toEqual([task]);
  });

  it('are counted, for where there is no room to say them', async () => {
    await form.check();
    expect(form.concernCount).toBe(1);
    for (const name of ['a', 'b']) form.editTask(form.addTask(), 'name', name);
    await form.check();
    expect(form.concernCount).toBe(1);
    project.current = project.current && { ...project.current, unsaved: true };
    expect(form.concernCount).toBe(2);
  });

  it('keep the batch from starting', async () => {
    const task = form.addTask();
    form.editTask(task, 'name', 'Footer');
    expect(await form.start()).toBeUndefined();
    expect(form.problemsOfTask(task)).toHaveLength(1);
    expect(app.running).toEqual([]);
  });

  it('an answer that comes late is not taken', async () => {
    const answers: (() => void)[] = [];
    vi.spyOn(backend, 'checkBatch').mockImplementation((request) => {
      const notice = { code: 'bad_request', what: String(request.parallel_tasks.length), safe: '', next: '' } as const;
      return new Promise((done) => answers.push(() => done([{ row: null, field: 'tasks', notice }])));
    });
    const first = form.check();
    form.addTask('a');
    const second = form.check();
    answers[1]?.();
    answers[0]?.();
    await Promise.all([first, second]);
    expect(form.problems[0]?.notice.what).toBe('1');
  });
});

describe('the draft', () => {
  it('is saved soon after it was typed, once', async () => {
    await open('blank');
    const save = vi.spyOn(backend, 'saveDraft');
    const task = form.addTask('a');
    form.editTask(task, 'prompt', 'one');
    form.editTask(task, 'prompt', 'two');
    expect(form.saveState).toBe('saving');
    await vi.advanceTimersByTimeAsync(500);
    expect(save).toHaveBeenCalledTimes(1);
    expect(save.mock.calls[0]?.[0].tasks).toEqual([{ task_name: 'a', prompt: 'two' }]);
    expect(form.saveState).toBe('saved');
  });

  it('is saved at once when the window is left', async () => {
    await open('blank');
    const save = vi.spyOn(backend, 'saveDraft');
    form.addTask('a');
    form.flushSave();
    await vi.advanceTimersByTimeAsync(0);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('says so when it could not be saved', async () => {
    await open('blank');
    vi.spyOn(backend, 'saveDraft').mockRejectedValue({ code: 'data_read_only', what: 'x', safe: '', next: '' });
    form.addTask('a');
    await vi.advanceTimersByTimeAsync(500);
    expect(form.saveState).toBe('failed');
  });

  it('is there again', async () => {
    await open('draft');
    expect(form.title).toBe('Checkout polish, round two');
    expect(form.tasks).toHaveLength(7);
    expect(project.current?.name).toBe('acme-shop');
  });

  it('gives way to a batch that is used again, and comes back', async () => {
    await open('draft');
    const before = names();
    const [batch] = app.recent;
    const undo = await form.fillFrom(await backend.batchRequest(batch?.id ?? ''));
    expect(names()).toEqual(['Contrast', 'Labels', 'Focus', 'Headings', 'Alt texts']);
    expect(form.maxParallel).toBe(5);
    undo();
    expect(names()).toEqual(before);
  });
});

describe('starting', () => {
  it('leaves an empty form for the next batch', async () => {
    await open('draft');
    const detail = await form.start();
    expect(detail?.tasks).toHaveLength(7);
    expect(app.batches.get(detail?.batch.id ?? '')?.name).toBe('Checkout polish, round two');
    expect([form.title, form.tasks.length]).toEqual(['', 0]);
    expect((await backend.loadDraft())?.tasks).toEqual([]);
  });

  it('happens once, however often it is asked for', async () => {
    await open('draft');
    const start = vi.spyOn(backend, 'startBatch');
    await Promise.all([form.start(), form.start()]);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it('keeps what was written when the engine refuses', async () => {
    await open('draft');
    vi.spyOn(backend, 'startBatch').mockRejectedValue({ code: 'disk_full', what: 'No space.', safe: '', next: '' });
    expect(await form.start()).toBeUndefined();
    expect(form.tasks).toHaveLength(7);
    expect(app.toasts.visible.map((toast) => toast.text)).toEqual(['No space.']);
  });
});

it('another project that lacks the branch starts from what is open in it', async () => {
  await open('draft');
  form.startFrom = 'winter-sale';
  await project.choosePracticeProject();
  form.syncProject();
  expect(form.startFrom).toBe('');
});

describe('at an endpoint', () => {
  it('a draft comes back with its place, repository and branches', async () => {
    await open('cloud-draft');
    await vi.advanceTimersByTimeAsync(0);
    expect(form.placeChoice.endpoint?.name).toBe('Work');
    expect([form.placeChoice.address, form.startFrom]).toEqual(['https://github.com/acme/shop.git', 'main']);
    expect(form.placeChoice.branches).toContain('winter-sale');
    expect(project.current?.name).toBe('acme-shop');
  });

  it('the request names the endpoint, and nothing of this computer', async () => {
    await open('cloud-draft');
    form.placeChoice.haiku = true;
    const request = form.toRequest();
    expect(request).toMatchObject({ repo_url: 'https://github.com/acme/shop.git', branch: 'main', haiku: true });
    expect(request.endpoint?.id).toBe('e-1');
    expect(request.max_parallel).toBeUndefined();
  });

  it('another repository starts from its main branch, another place from nothing chosen', async () => {
    await open('cloud-draft');
    form.chooseRepository('https://github.com/sam/old-blog.git', 'master');
    expect(form.toDraft()).toMatchObject({
      project: 'https://github.com/sam/old-blog.git',
      start_from: 'master',
      endpoint: 'e-1',
    });
    form.choosePlace(null);
    expect(form.toDraft()).toMatchObject({ project: '/home/sam/Projects/acme-shop', start_from: '', endpoint: null });
    expect(form.toRequest().haiku).toBe(false);
  });

  it('what it lacks is counted and keeps it from starting', async () => {
    await open('cloud-draft');
    form.choosePlace('e-2');
    form.chooseRepository('', '');
    await form.check();
    expect(form.problems.map(({ field }) => field)).toEqual(['project', 'endpoint']);
    expect(form.concernCount).toBe(2);
    expect(await form.start()).toBeUndefined();
  });

  it('a repository whose branches can’t be read is worth a look', async () => {
    await open('cloud-draft');
    form.chooseRepository('https://github.com/acme/no-such.git', '');
    await vi.advanceTimersByTimeAsync(0);
    await form.check();
    expect(form.placeChoice.notice?.code).toBe('remote_failed');
    expect(form.concernCount).toBe(1);
  });

  it('one whose branches can’t be listed is not in the way: its branch is named', async () => {
    await open('cloud-draft');
    form.chooseRepository('https://git.acme.example/web/shop.git', '');
    await vi.advanceTimersByTimeAsync(0);
    await form.check();
    expect([form.placeChoice.notice, form.concernCount]).toEqual([null, 0]);
  });

  it('the agent of this computer is kept, and not sent', async () => {
    await open('cloud-draft');
    form.agent = { kind: 'acp', command: ['codex-acp'] };
    expect(form.toRequest().agent).toEqual({ kind: 'practice' });
    await form.fillFrom(form.toRequest());
    expect(form.agent).toEqual({ kind: 'acp', command: ['codex-acp'] });
  });

  it('what is asked and sent follows what the place can do, whatever its kind', async () => {
    const [here, ...others] = await backend.places();
    const clusters = others.map((one) => ({ ...one, kind: 'cluster', capabilities: ['agents' as const] }));
    if (!here) throw new Error('no places');
    backend.places = async () => [here, ...clusters];
    await app.refresh();
    form.choosePlace('e-1');
    form.chooseRepository('https://github.com/acme/shop.git', 'main');
    form.chooseAgent({ kind: 'known', id: 'codex' });
    const task = form.addTask('Footer');
    const count = form.taskCount;
    task.otherPicks = [{ agent: { kind: 'practice' }, options: NO_OPTIONS }];
    const request = form.toRequest();
    expect(request).toMatchObject({
      repo_url: 'https://github.com/acme/shop.git',
      endpoint: { id: 'e-1' },
      agent: { kind: 'known', id: 'codex' },
    });
    expect(request.max_parallel).toBeUndefined();
    expect(form.taskCount).toBe(count + 1);

    form.choosePlace(null);
    expect(form.toRequest()).toMatchObject({
      repo_url: '/home/sam/Projects/acme-shop',
      max_parallel: form.maxParallel,
    });
    expect(form.toRequest().endpoint).toBeUndefined();
  });

  it('an endpoint that was removed leaves the batch on this computer', async () => {
    await open('cloud-draft');
    await app.withSettingsReload(() => backend.removeEndpoint('e-1'));
    expect(form.placeChoice.endpoint).toBeUndefined();
    expect(form.toRequest().repo_url).toBe('/home/sam/Projects/acme-shop');
  });

  it('a batch that is used again brings its place with it', async () => {
    await open('cloud');
    const cloud = app.running.find(({ endpoint }) => endpoint);
    const undo = await form.fillFrom(await backend.batchRequest(cloud?.id ?? ''));
    expect([form.placeChoice.endpoint?.id, form.placeChoice.address]).toEqual([
      'e-1',
      'https://github.com/acme/shop.git',
    ]);
    expect(project.current?.name).toBe('acme-shop');
    undo();
    expect(form.placeChoice.endpoint).toBeUndefined();
  });
});

describe('agents and limits', () => {
  const claude = { kind: 'known', id: 'claude-code' } as const;
  const codex = { kind: 'known', id: 'codex' } as const;
  const pick = (agent: typeof claude | typeof codex) => ({ agent, options: NO_OPTIONS });

  beforeEach(() => open('agents'));

  it('a draft keeps who does each task, how often, and its limits', () => {
    const [, second, third] = form.toDraft().tasks;
    expect(second).toMatchObject({ agents: [pick(claude), pick(codex)], times: 3 });
    expect(third).toMatchObject({ time_limit_s: 1800, cost_limit_cents: 200 });
    expect(form.toDraft().tasks[0]).not.toHaveProperty('agents');
  });

  it('all tasks are counted: drafts by their agents and times', () => {
    expect(form.nonEmptyTasks()).toHaveLength(7);
    expect(form.taskCount).toBe(12);
    expect(form.selectedAgents).toEqual([claude, codex]);
  });

  it('what a task has of the batch follows the batch; the same agent is not there twice', () => {
    const [, second] = form.tasks;
    form.chooseAgent({ kind: 'known', id: 'opencode' });
    expect(form.toRequest().parallel_tasks[1]?.agents?.map(({ agent }) => agent)).toEqual([
      { kind: 'known', id: 'opencode' },
      codex,
    ]);
    form.chooseAgent(codex);
    expect(second?.otherPicks).toEqual([]);
    expect(form.toRequest().parallel_tasks[1]).not.toHaveProperty('agents');
  });

  it('the same agent does a task twice, with another model, and the draft keeps both', async () => {
    const opus = { agent: claude, options: { ...NO_OPTIONS, model: 'opus' } };
    const [, second] = form.tasks;
    if (!second) throw new Error('no task');
    second.otherPicks = [opus, pick(codex)];
    form.chooseAgent(claude);
    expect(form.toDraft().tasks[1]?.agents).toEqual([pick(claude), opus, pick(codex)]);
    await form.save();
    await form.loadDraft();
    expect(form.tasks[1]).toMatchObject({ usesBatchAgent: true, otherPicks: [opus, pick(codex)] });
  });

  it('what was chosen of one agent is not asked of another', () => {
    form.options = { ...NO_OPTIONS, model: 'opus' };
    form.chooseAgent(codex);
    expect(form.toRequest().options).toEqual(NO_OPTIONS);
  });

  it('a duplicate has the same agents; limits are given to all', () => {
    const [, second, third] = form.tasks;
    if (!second || !third) throw new Error('no tasks');
    expect(form.duplicateTask(second).taskCount).toBe(6);
    form.applyLimitsToAll(third);
    expect(form.toDraft().tasks.every(({ time_limit_s }) => time_limit_s === 1800)).toBe(true);
  });

  it('a started batch has a task for each', async () => {
    const detail = await form.start();
    expect(detail?.tasks).toHaveLength(12);
    const names = detail?.tasks.filter(({ row }) => row === 1).map(({ name }) => name.split(' · ')[1]);
    expect(names).toEqual(['Claude Code 1', 'Claude Code 2', 'Claude Code 3', 'Codex 1', 'Codex 2', 'Codex 3']);
  });

  it('a template brings its agent and safety into an empty form, and never into a written one', async () => {
    const tasks = [{ task_name: 'a', prompt: 'a', times: 2 }];
    const options = { model: 'gpt', mode: 'plan', effort: 'high' };
    const template = { id: 't', name: 'T', tasks, agent: { agent: codex, options }, safety: 'careful' as const };
    form.applyTemplate(template);
    expect([form.agent, form.safety]).toEqual([claude, 'balanced']);
    await open('blank');
    form.applyTemplate(template);
    expect([form.agent, form.safety, form.title, form.taskCount]).toEqual([codex, 'careful', 'T', 2]);
    expect(form.toRequest().options).toEqual(options);
  });
});
