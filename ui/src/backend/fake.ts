import type {
  AgentChoice,
  BatchRequest,
  BatchView,
  RemoteBranch,
  Draft,
  HomeView,
  UserMessage,
  PlaceView,
  ProjectView,
  RequestProblem,
  Settings,
  TaskView,
  Recipe,
} from '../bindings/protocol';
import { hasPendingQuestion } from '../lib/questions';
import type { Backend, Subscription } from './backend';
import { FakeAgents } from './fake/agents';
import { GITHUB_API, NO_PLACES } from './fake/places';
import { findProblems } from './fake/problems';
import { SCENES, type Scene } from './fake/scenes';
import { type FakeBatch, type FakeTask, isEndedStatus } from './fake/records';
import { taskBranchName, World } from './fake/world';

/** The fake's clock and what it begins with. */
export interface FakeOptions {
  scene?: string;
  now?: () => number;
}

const DEMO: ProjectView = {
  path: '/home/sam/.local/share/regatta/practice-project',
  shown_path: '~/.local/share/regatta/practice-project',
  name: 'practice-project',
  state: 'ready',
  current: 'main',
  branches: ['main'],
  unsaved: false,
  notice: null,
};

const NOTES: ProjectView = {
  ...DEMO,
  path: '/home/sam/Documents/notes',
  shown_path: '~/Documents/notes',
  name: 'notes',
  state: 'no_history',
  current: '',
  branches: [],
  notice: {
    code: 'not_a_repository',
    what: 'This folder has no history yet.',
    safe: 'Your files stay as they are.',
    next: 'Regatta can add a history.',
  },
};

function notice(code: UserMessage['code'], what: string, next: string): UserMessage {
  return { code, what, safe: 'Nothing was changed.', next };
}

/** The whole backend in memory. Time passes when `tick` is called. */
export class FakeBackend extends FakeAgents implements Backend {
  world: World;
  #now: () => number;
  #projects: ProjectView[];
  #draft: Draft | null;
  #templates: Recipe[] = [];
  #settings: Settings = {
    theme: 'system',
    limit: 3,
    notify: true,
    text_size: 100,
    agents: [],
    endpoints: [],
    github_api: GITHUB_API,
  };
  #listeners = new Map<string, Set<(payload: never) => void>>();
  /** What the next call of the folder dialog answers. */
  chosen: ProjectView | null = NOTES;
  /** The links that were opened. */
  opened: string[] = [];
  /** Whether `quit` was called. */
  ended = false;

  constructor({ scene = 'first', now = Date.now }: FakeOptions = {}) {
    const begins: Scene | undefined = SCENES[scene];
    super(begins?.places ?? NO_PLACES, begins?.agents ?? 'found', now);
    if (!begins) throw new Error(`BUG: no scene ${scene}`);
    this.#now = now;
    this.world = new World(now());
    this.#projects = [...begins.projects];
    this.#draft = begins.draft;
    begins.play(this.world);
    this.world.takeChanged();
  }

  /** Lets everything happen that is due by now, and tells what changed. */
  tick(): void {
    this.agentsTick();
    this.world.run(this.#now());
    const ids = this.world.takeChanged();
    for (const id of ids) {
      const task = this.world.tasks.get(id);
      const batch = this.world.batches.get(id);
      if (task) this.#emit(`task:${id}`, structuredClone(task.view));
      if (batch) this.#emit(`batch:${id}`, structuredClone(batch.view));
    }
    if (ids.length > 0) this.#emit('place', this.world.place());
  }

  /** What the shell does when the window is asked to close while tasks work. */
  askToQuit(): void {
    this.#emit('quit-asked', { working: this.world.place().busy });
  }

  /** What the shell does when a notification is clicked. */
  askToOpen(batch: string | null, task: string | null): void {
    this.#emit('open-asked', { batch, task });
  }

  async home(): Promise<HomeView> {
    const batches = [...this.world.batches.values()].reverse().map((batch) => batch.view);
    const tasks = [...this.world.tasks.values()];
    return structuredClone({
      projects: this.#projects
        .filter((project) => project.state === 'ready')
        .map(({ path, shown_path, name }) => ({ path, shown_path, name, used_at: this.#now() })),
      repositories: this.used.map((path) => ({ path, shown_path: path, name: path, used_at: this.#now() })),
      running: batches.filter((batch) => batch.ended_at === null),
      recent: batches.filter((batch) => batch.ended_at !== null).slice(0, 20),
      place: this.world.place(),
      needs_you: tasks.filter((task) => hasPendingQuestion(task.view)).map((task) => task.view.id),
      notices: [],
    });
  }

  async checkProject(path: string): Promise<ProjectView> {
    const known = [...this.#projects, DEMO, NOTES].find((project) => project.path === path);
    if (known) return structuredClone(known);
    return {
      ...NOTES,
      path,
      shown_path: path,
      name: path.split('/').at(-1) ?? path,
      state: 'missing',
      notice: notice('project_missing', 'This folder is not there.', 'Choose another one.'),
    };
  }

  async setUpProject(path: string): Promise<ProjectView> {
    const found = await this.checkProject(path);
    const ready: ProjectView = { ...found, state: 'ready', notice: null, current: 'main', branches: ['main'] };
    this.#use(ready);
    return structuredClone(ready);
  }

  async practiceProject(): Promise<ProjectView> {
    this.#use(DEMO);
    return structuredClone(DEMO);
  }

  async chooseProject(): Promise<ProjectView | null> {
    return structuredClone(this.chosen);
  }

  async showProject(): Promise<void> {}

  openLink = async (url: string): Promise<void> => void this.opened.push(url);

  async loadDraft(): Promise<Draft | null> {
    return structuredClone(this.#draft);
  }

  async saveDraft(draft: Draft): Promise<void> {
    this.#draft = structuredClone(draft);
  }

  async templates(): Promise<Recipe[]> {
    return structuredClone(this.#templates);
  }

  async saveTemplate(template: Recipe): Promise<void> {
    const others = this.#templates.filter((other) => other.id !== template.id);
    this.#templates = [...others, structuredClone(template)];
  }

  async removeTemplate(id: string): Promise<void> {
    this.#templates = this.#templates.filter((template) => template.id !== id);
  }

  async settings(): Promise<Settings> {
    return structuredClone({
      ...this.#settings,
      endpoints: this.endpoints,
      github_api: this.github_api,
      agents: this.added,
    });
  }

  async saveSettings(settings: Settings): Promise<void> {
    this.#settings = structuredClone(settings);
    this.added = this.#settings.agents;
    await this.setLimit(settings.limit);
  }

  async setLimit(limit: number): Promise<void> {
    this.world.limit = limit;
    this.#settings.limit = limit;
    this.tick();
    this.#emit('place', this.world.place());
  }

  async checkBatch(request: BatchRequest): Promise<RequestProblem[]> {
    const key = this.placeState.endpoints.find((one) => one.endpoint.id === request.endpoint?.id)?.key;
    return findProblems(request, (await this.checkProject(request.repo_url)).state, key);
  }

  async startBatch(request: BatchRequest) {
    const [first] = await this.checkBatch(request);
    if (first) throw first.notice;
    if (request.endpoint) this.remember(request.repo_url);
    else this.#use(await this.checkProject(request.repo_url));
    this.world.run(this.#now());
    const batch = this.world.start(structuredClone(request));
    this.tick();
    return structuredClone(this.world.detail(batch));
  }

  async batch(id: string) {
    return structuredClone(this.world.detail(this.#batch(id)));
  }

  async batchRequest(id: string): Promise<BatchRequest> {
    return structuredClone(this.#batch(id).request);
  }

  async stopBatch(id: string): Promise<void> {
    for (const task of this.#batch(id).tasks) this.#stop(task);
    this.tick();
  }

  async history(query: string, before: number | null): Promise<BatchView[]> {
    const wanted = query.trim().toLowerCase();
    const holds = (batch: FakeBatch) =>
      [batch.view.name, ...batch.tasks.map((task) => task.view.name)].some((name) =>
        name.toLowerCase().includes(wanted),
      );
    const found = [...this.world.batches.values()]
      .reverse()
      .filter((batch) => holds(batch) && (before === null || batch.view.created_at < before));
    return structuredClone(found.slice(0, 50).map((batch) => batch.view));
  }

  async task(id: string): Promise<TaskView> {
    return structuredClone(this.#task(id).view);
  }

  async taskPrompt(id: string): Promise<string> {
    return this.#task(id).prompt;
  }

  async needsYou(): Promise<TaskView[]> {
    const views = [...this.world.tasks.values()].map((task) => task.view);
    return structuredClone(views.filter(hasPendingQuestion));
  }

  async readLines(id: string, from: number, max: number) {
    return this.#task(id).transcript.read(from, max);
  }

  async searchLines(id: string, query: string) {
    return this.#task(id).transcript.search(query);
  }

  async readSteps(id: string, from: number, max: number) {
    return structuredClone(this.#task(id).steps.slice(from, from + max));
  }

  async readChanges(id: string) {
    const task = this.#task(id);
    return structuredClone({ totals: task.view.totals, files: task.changes, more: false });
  }

  async readPatch(id: string, path: string) {
    return structuredClone({ lines: this.#task(id).patches.get(path) ?? [], more: false });
  }

  async saveOutput(id: string): Promise<string | null> {
    return `${this.#task(id).view.name}.txt`;
  }

  async stopTask(id: string): Promise<void> {
    this.#stop(this.#task(id));
    this.tick();
  }

  async retryTasks(ids: string[]): Promise<void> {
    for (const id of ids) this.world.startAttempt(this.#task(id), false);
    this.tick();
  }

  async continueTask(id: string): Promise<void> {
    this.world.startAttempt(this.#task(id), true);
    this.tick();
  }

  async runNext(id: string): Promise<void> {
    this.world.runNext(this.#task(id).view.id);
    this.tick();
  }

  async answerQuestion(id: string, question: string, option: string, forBatch: boolean): Promise<void> {
    const task = this.#task(id);
    if (!task.view.questions.some((one) => one.id === question)) {
      throw notice('wrong_state', 'This question was answered already.', 'Nothing needs to be done.');
    }
    this.world.answer(task, question, option, forBatch);
    this.tick();
  }

  async publishResults(ids: string[]) {
    const added = ids.map((id) => {
      const task = this.#task(id);
      const branch = taskBranchName(this.world.batchOf(task), task);
      task.view = { ...task.view, branch };
      this.world.changed(task);
      return { task: id, branch, notice: null };
    });
    this.tick();
    return added;
  }

  async lookUpBranch(id: string): Promise<RemoteBranch> {
    const task = this.#task(id);
    const branch = taskBranchName(this.world.batchOf(task), task);
    if (task.view.totals.files === 0) return { branch, commit: null, commits: null };
    return { branch, commit: '9b1e44c07d2f5a63e8810cd4ab92f37765e01d3c', commits: 3 };
  }

  async continueTaskWithMessage(id: string, message: string): Promise<void> {
    this.world.startAttempt(this.#task(id), true, message);
    this.tick();
  }

  async sendMessage(id: string, text: string, interrupt: boolean): Promise<void> {
    this.world.hear(this.#task(id), text, interrupt);
    this.tick();
  }

  async resumeAgent(agent: AgentChoice): Promise<void> {
    this.world.resume(agent);
    this.tick();
  }

  async quit(): Promise<void> {
    this.ended = true;
  }

  onTask(id: string, listener: (view: TaskView) => void) {
    return this.#subscribe(`task:${id}`, listener);
  }

  onBatch(id: string, listener: (view: BatchView) => void) {
    return this.#subscribe(`batch:${id}`, listener);
  }

  onPlace(listener: (view: PlaceView) => void) {
    return this.#subscribe('place', listener);
  }

  onQuitRequested(listener: (asked: { working: number }) => void) {
    return this.#subscribe('quit-asked', listener);
  }

  onOpenRequested(listener: (asked: { batch: string | null; task: string | null }) => void) {
    return this.#subscribe('open-asked', listener);
  }

  #use(project: ProjectView): void {
    this.#projects = [project, ...this.#projects.filter((other) => other.path !== project.path)];
  }

  #batch(id: string): FakeBatch {
    const batch = this.world.batches.get(id);
    if (!batch) throw notice('not_found', 'This batch is not there.', 'Look for it in History.');
    return batch;
  }

  #task(id: string): FakeTask {
    const task = this.world.tasks.get(id);
    if (!task) throw notice('not_found', 'This task is not there.', 'Look for it in History.');
    return task;
  }

  #stop(task: FakeTask): void {
    if (!isEndedStatus(task.view.status)) this.world.end(task, 'stopped', 'You stopped this task.');
  }

  #subscribe<T>(event: string, listener: (payload: T) => void): Subscription {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all);
    all.add(listener);
    return { ready: Promise.resolve(), unsubscribe: () => void all.delete(listener) };
  }

  #emit(event: string, payload: unknown): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(payload as never);
  }
}

/** A simulation for a browser: `?scene=` says what it begins with, and it runs by itself. */
export function openFake(query: URLSearchParams): Backend {
  const fake = new FakeBackend({ scene: query.get('scene') ?? 'first' });
  setInterval(() => fake.tick(), 100);
  // For whoever drives the page: what no button of the page does.
  Object.assign(window, { fake });
  return fake;
}
