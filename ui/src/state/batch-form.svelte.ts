import { createContext } from 'svelte';
import type {
  AgentChoice,
  AgentOptions,
  AgentSelection,
  BatchDetail,
  BatchRequest,
  Draft,
  EndpointId,
  RequestProblem,
  Safety,
  TaskRequest,
  Recipe,
} from '../bindings/protocol';
import { agentKey, NO_OPTIONS, isSamePick } from '../lib/agents';
import { deriveName, nextName, type PastedTask } from '../lib/pasted-list';
import { can } from '../lib/place';
import { serialQueue } from '../lib/serial-queue';
import type { App } from './app.svelte';
import type { Project } from './project.svelte';
import { TaskDraft } from './task-draft.svelte';
import { PlaceChoice } from './place-choice.svelte';

const SAVE_AFTER = 400;
const CHECK_AFTER = 250;

/** Whether what was typed is kept. */
export type SaveState = 'nothing' | 'saving' | 'saved' | 'failed';

/** The batch that is being written. It is saved as it is typed, and checked by the engine. */
export class BatchForm {
  title = $state('');
  startFrom = $state('');
  agent: AgentChoice = $state.raw({ kind: 'practice' });
  /** What was chosen of what the agent offers. */
  options: AgentOptions = $state.raw(NO_OPTIONS);
  safety: Safety = $state('balanced');
  maxParallel = $state(3);
  tasks: TaskDraft[] = $state([]);
  readonly placeChoice: PlaceChoice;
  /** The key of the task that is open for writing. */
  openTaskKey: number | null = $state(null);
  problems: RequestProblem[] = $state.raw([]);
  /** Whether `problems` is about what is written now. */
  isCheckCurrent = $state(false);
  saveState: SaveState = $state('nothing');
  isStarting = $state(false);
  /** Start was pressed: everything that is missing is said. */
  isStartTried = $state(false);

  readonly #nonEmpty = $derived(this.tasks.filter((task) => !task.isEmpty));
  /** What is wrong with each non-empty task, in their order. */
  readonly #taskProblems = $derived.by(() => {
    const found: RequestProblem[][] = this.#nonEmpty.map(() => []);
    for (const problem of this.problems) if (problem.row !== null) found[problem.row]?.push(problem);
    return found;
  });

  /** Who does some of the work on this computer, with what options. */
  readonly agentPicks: AgentSelection[] = $derived.by(() => {
    const rows = this.#nonEmpty;
    const others = rows.flatMap((task) => task.otherPicks);
    return rows.length === 0 || rows.some((task) => task.usesBatchAgent) ? [this.pick, ...others] : others;
  });

  /** The agents that do some of the work on this computer, each once. */
  readonly selectedAgents = $derived.by(() => {
    const all = this.agentPicks.map(({ agent }) => agent);
    return all.filter((agent, n) => all.findIndex((one) => agentKey(one) === agentKey(agent)) === n);
  });

  #app: App;
  #project: Project;
  /** The project's folder as it was last looked at. */
  #projectPath: string | undefined;
  #lastKey = 0;
  #checkCount = 0;
  #enqueueSave = serialQueue();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #checkTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, project: Project) {
    this.#app = app;
    this.#project = project;
    this.placeChoice = new PlaceChoice(app);
  }

  /** Takes up the saved draft and its project, or the project that was used last. */
  async loadDraft(): Promise<void> {
    const draft = await this.#app.withErrorToast(() => this.#app.backend.loadDraft());
    this.maxParallel = this.#app.settings.limit;
    if (draft) this.#restore(draft);
    const path = (this.isLocal && draft?.project) || this.#app.projects[0]?.path;
    if (path) await this.#project.choose(path);
    if (draft) this.startFrom = draft.start_from;
    if (draft && draft.tasks.length > 0) this.saveState = 'saved';
    this.scheduleCheck();
  }

  /** Fills the form with a batch that was started before. Returns a function that undoes it. */
  async fillFrom(request: BatchRequest): Promise<() => void> {
    const before = this.toDraft();
    const place = this.#app.findPlace(request.endpoint?.id ?? null);
    const choosesAgents = place !== undefined && can({ place }, 'agents');
    if (place && can({ place }, 'local_folder')) await this.#project.choose(request.repo_url);
    this.#restore({
      title: request.name,
      project: request.repo_url,
      start_from: request.branch,
      agent: choosesAgents ? request.agent : this.agent,
      options: choosesAgents ? request.options : this.options,
      safety: choosesAgents ? request.safety : this.safety,
      endpoint: request.endpoint?.id ?? null,
      haiku: request.haiku,
      max_parallel: request.max_parallel ?? this.#app.settings.limit,
      tasks: request.parallel_tasks,
    });
    this.markChanged();
    return () => {
      this.#restore(before);
      this.markChanged();
    };
  }

  /** Something was written: save and check it, soon. */
  markChanged(): void {
    this.saveState = 'saving';
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => void this.save(), SAVE_AFTER);
    this.scheduleCheck();
  }

  /** It will run elsewhere: the branches of one repository are not those of another. */
  choosePlace(id: EndpointId | null): void {
    this.placeChoice.chooseEndpoint(id);
    this.startFrom = '';
    this.markChanged();
  }

  /** Another repository, with the branch that is its main version where that is known. */
  chooseRepository(address: string, main: string): void {
    this.placeChoice.chooseRepository(address);
    this.startFrom = main;
    this.markChanged();
  }

  /** The project is another one, or was looked at again. */
  syncProject(): void {
    const { current } = this.#project;
    if (this.isLocal && this.startFrom && current && !current.branches.includes(this.startFrom)) this.startFrom = '';
    const other = current?.path !== this.#projectPath;
    this.#projectPath = current?.path;
    if (other) this.markChanged();
    else this.scheduleCheck();
  }

  editTask(task: TaskDraft, part: 'name' | 'prompt', text: string): void {
    task[part] = text;
    this.markChanged();
  }

  /** Adds a task at the end; one that is written in one line is its own prompt. */
  addTask(text = ''): TaskDraft {
    const task = this.#createTask(
      text === '' ? { task_name: '', prompt: '' } : { task_name: deriveName(text), prompt: text.trim() },
    );
    this.tasks.push(task);
    this.markChanged();
    return task;
  }

  addTasks(tasks: PastedTask[]): void {
    this.#appendTasks(tasks.map(({ name, prompt }) => ({ task_name: name, prompt })));
  }

  /** Adds a template's tasks; into an empty form, also who does them and how. */
  applyTemplate({ name, tasks, agent, safety }: Recipe): void {
    if (this.#nonEmpty.length === 0) {
      if (agent) this.chooseAgent(agent.agent, agent.options);
      if (safety) this.safety = safety;
    }
    if (this.title.trim() === '') this.title = name;
    this.#appendTasks(tasks);
  }

  /** Another agent does the work: what was chosen of one is not what another offers. */
  chooseAgent(agent: AgentChoice, options: AgentOptions = NO_OPTIONS): void {
    this.agent = agent;
    this.options = options;
    for (const task of this.tasks) task.otherPicks = task.otherPicks.filter((other) => !isSamePick(other, this.pick));
    for (const task of this.tasks) if (task.otherPicks.length === 0) task.usesBatchAgent = true;
    this.markChanged();
  }

  /** Gives every task the limits of one. */
  applyLimitsToAll({ timeLimitSeconds, turnLimit, costLimitCents }: TaskDraft): void {
    for (const task of this.tasks) Object.assign(task, { timeLimitSeconds, turnLimit, costLimitCents });
    this.markChanged();
  }

  duplicateTask(task: TaskDraft): TaskDraft {
    const taken = this.tasks.map((other) => other.name.trim());
    const copy = this.#createTask({ ...task.toRequest(this.pick), task_name: nextName(task.name, taken) });
    this.tasks.splice(this.tasks.indexOf(task) + 1, 0, copy);
    this.markChanged();
    return copy;
  }

  /** Removes a task. Returns a function that undoes it. */
  removeTask(task: TaskDraft): () => void {
    const place = this.tasks.indexOf(task);
    this.tasks.splice(place, 1);
    if (this.openTaskKey === task.key) this.openTaskKey = null;
    this.markChanged();
    return () => {
      this.tasks.splice(Math.min(place, this.tasks.length), 0, task);
      this.markChanged();
    };
  }

  /** Moves a task up (-1) or down (1); false at the end. */
  moveTask(task: TaskDraft, by: -1 | 1): boolean {
    const from = this.tasks.indexOf(task);
    const to = from + by;
    if (to < 0 || to >= this.tasks.length) return false;
    this.tasks.splice(from, 1);
    this.tasks.splice(to, 0, task);
    this.markChanged();
    return true;
  }

  /** The problems to show at a task: nothing before the person has left it. */
  problemsOfTask(task: TaskDraft): RequestProblem[] {
    if (!task.isTouched && !this.isStartTried) return [];
    return this.#taskProblems[this.#nonEmpty.indexOf(task)] ?? [];
  }

  /** What is said about the batch as a whole, for these parts of it. */
  problemsOfFields(...fields: string[]): RequestProblem[] {
    return this.problems.filter((problem) => problem.row === null && fields.includes(problem.field));
  }

  /** The tasks that something is wrong with, each once. */
  tasksWithProblems(): TaskDraft[] {
    return this.#nonEmpty.filter((_, place) => (this.#taskProblems[place]?.length ?? 0) > 0);
  }

  /** How many things a person should look at before starting. */
  get concernCount(): number {
    const { notice } = this.placeChoice;
    const { current } = this.#project;
    const chosen = this.repository !== '';
    const whole = this.problems.filter(({ row, field }) => row === null && (chosen || field !== 'project'));
    const rows = this.tasksWithProblems().length > 0 ? 1 : 0;
    const project = !chosen || (this.isLocal ? current?.unsaved : notice !== null) ? 1 : 0;
    return whole.length + rows + project;
  }

  /** The tasks that are more than empty: these are started. */
  nonEmptyTasks(): TaskDraft[] {
    return this.#nonEmpty;
  }

  /** How many tasks are started: a draft becomes several where several agents do it. */
  get taskCount(): number {
    if (!this.placeChoice.can('agents')) return this.#nonEmpty.length;
    return this.#nonEmpty.reduce((sum, task) => sum + task.taskCount, 0);
  }

  /** Whether a folder on this computer is worked on, not a repository by its address. */
  get isLocal(): boolean {
    return this.placeChoice.can('local_folder');
  }

  /** The project's folder, or the repository's address; empty where none is chosen. */
  get repository(): string {
    return this.isLocal ? (this.#project.current?.path ?? '') : this.placeChoice.address;
  }

  /** The batch's agent, with what was chosen of what it offers. */
  get pick(): AgentSelection {
    return { agent: this.agent, options: this.options };
  }

  toRequest(): BatchRequest {
    const { endpoint } = this.placeChoice;
    return {
      name: this.title.trim(),
      branch: this.startFrom,
      thread_id: '',
      repo_url: this.repository,
      ...(endpoint ? { endpoint } : {}),
      ...(this.placeChoice.can('queue') ? { max_parallel: this.maxParallel } : {}),
      ...this.#work(),
    };
  }

  toDraft(): Draft {
    const { endpoint, haiku } = this.placeChoice;
    return {
      title: this.title,
      project: this.repository,
      start_from: this.startFrom,
      agent: this.agent,
      options: this.options,
      safety: this.safety,
      endpoint: endpoint?.id ?? null,
      haiku,
      max_parallel: this.maxParallel,
      tasks: this.tasks.map((task) => task.toRequest(this.pick)),
    };
  }

  /** The tasks and who does them; where that is decided at the place, only what it takes. */
  #work(): Pick<BatchRequest, 'agent' | 'options' | 'safety' | 'haiku' | 'parallel_tasks'> {
    if (this.placeChoice.can('agents')) {
      const { agent, options, safety } = this;
      const parallel_tasks = this.#nonEmpty.map((task) => task.toRequest(this.pick));
      return { agent, options, safety, haiku: false, parallel_tasks };
    }
    return {
      agent: { kind: 'practice' },
      options: NO_OPTIONS,
      safety: 'balanced',
      haiku: this.placeChoice.haiku,
      parallel_tasks: this.#nonEmpty.map((task) => task.toTextRequest()),
    };
  }

  scheduleCheck(): void {
    this.isCheckCurrent = false;
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.check(), CHECK_AFTER);
  }

  /** Asks the engine what is wrong with what is written. */
  async check(): Promise<void> {
    clearTimeout(this.#checkTimer);
    const number = (this.#checkCount += 1);
    const problems = await this.#app.withErrorToast(() => this.#app.backend.checkBatch(this.toRequest()));
    if (!problems || number !== this.#checkCount) return;
    this.problems = problems;
    this.isCheckCurrent = true;
  }

  async save(): Promise<void> {
    clearTimeout(this.#saveTimer);
    const draft = this.toDraft();
    try {
      await this.#enqueueSave(() => this.#app.backend.saveDraft(draft));
      if (this.saveState !== 'nothing') this.saveState = 'saved';
    } catch {
      this.saveState = 'failed';
    }
  }

  /** Saves at once what is not saved yet: the window is left. */
  flushSave(): void {
    if (this.saveState === 'saving') void this.save();
  }

  /** Starts the batch, or says what keeps it from starting. */
  async start(): Promise<BatchDetail | undefined> {
    if (this.isStarting) return undefined;
    this.isStarting = true;
    try {
      this.isStartTried = true;
      if (this.isLocal) await this.#project.refresh();
      await this.check();
      if (this.problems.length > 0) return undefined;
      const detail = await this.#app.withErrorToast(() => this.#app.backend.startBatch(this.toRequest()));
      if (detail) await this.#resetAfterStart(detail);
      return detail;
    } finally {
      this.isStarting = false;
    }
  }

  async #resetAfterStart(detail: BatchDetail): Promise<void> {
    this.#app.mergeBatch(detail);
    this.title = '';
    this.tasks = [];
    this.openTaskKey = null;
    this.isStartTried = false;
    await this.save();
    this.saveState = 'nothing';
    this.scheduleCheck();
    await this.#app.refresh();
  }

  #restore(draft: Draft): void {
    this.title = draft.title;
    this.startFrom = draft.start_from;
    this.agent = draft.agent;
    this.options = draft.options;
    this.safety = draft.safety;
    if (draft.endpoint) this.placeChoice.chooseRepository(draft.project);
    this.placeChoice.haiku = draft.haiku;
    this.placeChoice.chooseEndpoint(draft.endpoint);
    this.maxParallel = draft.max_parallel || this.#app.settings.limit;
    this.tasks = draft.tasks.map((task) => this.#createTask(task));
    for (const task of this.tasks) task.isTouched = true;
    this.openTaskKey = null;
    this.isStartTried = false;
  }

  #appendTasks(tasks: TaskRequest[]): void {
    this.tasks = [...this.tasks.filter((task) => !task.isEmpty), ...tasks.map((task) => this.#createTask(task))];
    this.markChanged();
  }

  #createTask(task: TaskRequest): TaskDraft {
    return new TaskDraft((this.#lastKey += 1), task, this.pick);
  }
}

export const [getBatchForm, setBatchForm] = createContext<BatchForm>();
