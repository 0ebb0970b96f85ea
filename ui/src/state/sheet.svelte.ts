import { createContext } from 'svelte';
import type {
  AgentChoice,
  AgentOptions,
  AgentPick,
  BatchDetail,
  BatchRequest,
  Draft,
  EndpointId,
  RequestProblem,
  Safety,
  TaskRequest,
  Template,
} from '../bindings/protocol';
import { agentKey, NO_OPTIONS, samePick } from '../lib/agents';
import { nameOf, type PastedTask } from '../lib/paste';
import { inTurn } from '../lib/turns';
import type { App } from './app.svelte';
import type { Project } from './project.svelte';
import { Row } from './row.svelte';
import { RunsOn } from './runs-on.svelte';

const SAVE_AFTER = 400;
const CHECK_AFTER = 250;

/** Whether what was typed is kept. */
export type Saving = 'nothing' | 'saving' | 'saved' | 'failed';

/** The batch that is being written. It is saved as it is typed, and checked by the engine. */
export class Sheet {
  title = $state('');
  startFrom = $state('');
  agent: AgentChoice = $state.raw({ kind: 'practice' });
  /** What was chosen of what the agent offers. */
  options: AgentOptions = $state.raw(NO_OPTIONS);
  safety: Safety = $state('balanced');
  maxParallel = $state(3);
  rows: Row[] = $state([]);
  readonly runsOn: RunsOn;
  /** The row that is open for writing. */
  open: number | null = $state(null);
  problems: RequestProblem[] = $state.raw([]);
  /** Whether `problems` is about what is written now. */
  checked = $state(false);
  saving: Saving = $state('nothing');
  starting = $state(false);
  /** Start was pressed: everything that is missing is said. */
  tried = $state(false);

  readonly #written = $derived(this.rows.filter((row) => !row.empty));
  /** What is wrong with each written row, in their order. */
  readonly #rowProblems = $derived.by(() => {
    const found: RequestProblem[][] = this.#written.map(() => []);
    for (const problem of this.problems) if (problem.row !== null) found[problem.row]?.push(problem);
    return found;
  });

  /** Who does some of the work on this computer, with what options. */
  readonly picks: AgentPick[] = $derived.by(() => {
    const rows = this.#written;
    const others = rows.flatMap((row) => row.others);
    return rows.length === 0 || rows.some((row) => row.own) ? [this.pick, ...others] : others;
  });

  /** The agents that do some of the work on this computer, each once. */
  readonly doers = $derived.by(() => {
    const all = this.picks.map(({ agent }) => agent);
    return all.filter((agent, n) => all.findIndex((one) => agentKey(one) === agentKey(agent)) === n);
  });

  #app: App;
  #project: Project;
  /** The project's folder as it was last looked at. */
  #path: string | undefined;
  #keys = 0;
  #checks = 0;
  #saveInTurn = inTurn();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #checkTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, project: Project) {
    this.#app = app;
    this.#project = project;
    this.runsOn = new RunsOn(app);
  }

  /** Takes up the saved draft and its project, or the project that was used last. */
  async load(): Promise<void> {
    const draft = await this.#app.attempt(() => this.#app.backend.loadDraft());
    this.maxParallel = this.#app.settings.limit;
    if (draft) this.#fill(draft);
    const path = (draft?.endpoint ? '' : draft?.project) || this.#app.projects[0]?.path;
    if (path) await this.#project.take(path);
    if (draft) this.startFrom = draft.start_from;
    if (draft && draft.tasks.length > 0) this.saving = 'saved';
    this.checkSoon();
  }

  /** Fills the sheet with a batch that was started before; gives back what was written till now. */
  async fill(request: BatchRequest): Promise<() => void> {
    const before = this.draft();
    if (!request.endpoint) await this.#project.take(request.repo_url);
    this.#fill({
      title: request.name,
      project: request.repo_url,
      start_from: request.branch,
      agent: request.endpoint ? this.agent : request.agent,
      options: request.endpoint ? this.options : request.options,
      safety: request.endpoint ? this.safety : request.safety,
      endpoint: request.endpoint?.id ?? null,
      haiku: request.haiku,
      max_parallel: request.max_parallel ?? this.#app.settings.limit,
      tasks: request.parallel_tasks,
    });
    this.changed();
    return () => {
      this.#fill(before);
      this.changed();
    };
  }

  /** Something was written: save and check it, soon. */
  changed(): void {
    this.saving = 'saving';
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => void this.save(), SAVE_AFTER);
    this.checkSoon();
  }

  /** It will run elsewhere: the branches of one repository are not those of another. */
  runElsewhere(id: EndpointId | null): void {
    this.runsOn.choose(id);
    this.startFrom = '';
    this.changed();
  }

  /** Another repository, with the branch that is its main version where that is known. */
  takeRepository(address: string, main: string): void {
    this.runsOn.take(address);
    this.startFrom = main;
    this.changed();
  }

  /** The project is another one, or was looked at again. */
  projectChanged(): void {
    const { current } = this.#project;
    if (!this.runsOn.endpoint && this.startFrom && current && !current.branches.includes(this.startFrom)) this.startFrom = '';
    const other = current?.path !== this.#path;
    this.#path = current?.path;
    if (other) this.changed();
    else this.checkSoon();
  }

  write(row: Row, part: 'name' | 'prompt', text: string): void {
    row[part] = text;
    this.changed();
  }

  /** Adds a task at the end; one that is written in one line is its own prompt. */
  add(text = ''): Row {
    const row = this.#row(text === '' ? { task_name: '', prompt: '' } : { task_name: nameOf(text), prompt: text.trim() });
    this.rows.push(row);
    this.changed();
    return row;
  }

  addAll(tasks: PastedTask[]): void {
    this.#append(tasks.map(({ name, prompt }) => ({ task_name: name, prompt })));
  }

  /** Adds a template's tasks; into an empty sheet, also who does them and how. */
  useTemplate({ name, tasks, agent, safety }: Template): void {
    if (this.#written.length === 0) {
      if (agent) this.useAgent(agent.agent, agent.options);
      if (safety) this.safety = safety;
    }
    if (this.title.trim() === '') this.title = name;
    this.#append(tasks);
  }

  /** Another agent does the work: what was chosen of one is not what another offers. */
  useAgent(agent: AgentChoice, options: AgentOptions = NO_OPTIONS): void {
    this.agent = agent;
    this.options = options;
    for (const row of this.rows) row.others = row.others.filter((other) => !samePick(other, this.pick));
    for (const row of this.rows) if (row.others.length === 0) row.own = true;
    this.changed();
  }

  /** Gives every task the limits of one. */
  limitAll({ seconds, turns, cents }: Row): void {
    for (const row of this.rows) Object.assign(row, { seconds, turns, cents });
    this.changed();
  }

  duplicate(row: Row): Row {
    const copy = this.#row({ ...row.asTask(this.pick), task_name: this.#freeName(row.name) });
    this.rows.splice(this.rows.indexOf(row) + 1, 0, copy);
    this.changed();
    return copy;
  }

  /** Removes a row; calling what is given back brings it back. */
  remove(row: Row): () => void {
    const place = this.rows.indexOf(row);
    this.rows.splice(place, 1);
    if (this.open === row.key) this.open = null;
    this.changed();
    return () => {
      this.rows.splice(Math.min(place, this.rows.length), 0, row);
      this.changed();
    };
  }

  /** Moves a row up (-1) or down (1); false at the end. */
  move(row: Row, by: -1 | 1): boolean {
    const from = this.rows.indexOf(row);
    const to = from + by;
    if (to < 0 || to >= this.rows.length) return false;
    this.rows.splice(from, 1);
    this.rows.splice(to, 0, row);
    this.changed();
    return true;
  }

  /** What is said at a row: nothing before the person has left it. */
  problemsAt(row: Row): RequestProblem[] {
    if (!row.left && !this.tried) return [];
    return this.#rowProblems[this.#written.indexOf(row)] ?? [];
  }

  /** What is said about the batch as a whole, for these parts of it. */
  problemsOf(...fields: string[]): RequestProblem[] {
    return this.problems.filter((problem) => problem.row === null && fields.includes(problem.field));
  }

  /** The rows that something is wrong with, each once. */
  rowsWithProblems(): Row[] {
    return this.#written.filter((_, place) => (this.#rowProblems[place]?.length ?? 0) > 0);
  }

  /** How many things a person should look at before starting. */
  get concerns(): number {
    const { endpoint, address, notice } = this.runsOn;
    const { current } = this.#project;
    const chosen = endpoint ? address !== '' : current !== null;
    const whole = this.problems.filter(({ row, field }) => row === null && (chosen || field !== 'project'));
    const rows = this.rowsWithProblems().length > 0 ? 1 : 0;
    const project = !chosen || (endpoint ? notice !== null : current?.unsaved) ? 1 : 0;
    return whole.length + rows + project;
  }

  /** The rows that are more than empty: these are started. */
  written(): Row[] {
    return this.#written;
  }

  /** How many tasks are started: a row becomes several where several agents do it. */
  get count(): number {
    if (this.runsOn.endpoint) return this.#written.length;
    return this.#written.reduce((sum, row) => sum + row.tasks, 0);
  }

  /** The batch's agent, with what was chosen of what it offers. */
  get pick(): AgentPick {
    return { agent: this.agent, options: this.options };
  }

  request(): BatchRequest {
    const { endpoint, address, haiku } = this.runsOn;
    const shared = {
      name: this.title.trim(),
      branch: this.startFrom,
      thread_id: '',
      parallel_tasks: this.#written.map((row) => (endpoint ? row.asText() : row.asTask(this.pick))),
    };
    // Which agent works there is decided there.
    if (endpoint) {
      return { ...shared, agent: { kind: 'practice' }, options: NO_OPTIONS, safety: 'balanced', repo_url: address, haiku, endpoint };
    }
    const repo_url = this.#project.current?.path ?? '';
    const { agent, options, safety } = this;
    return { ...shared, agent, options, safety, repo_url, haiku: false, max_parallel: this.maxParallel };
  }

  draft(): Draft {
    const { endpoint, address, haiku } = this.runsOn;
    return {
      title: this.title,
      project: endpoint ? address : (this.#project.current?.path ?? ''),
      start_from: this.startFrom,
      agent: this.agent,
      options: this.options,
      safety: this.safety,
      endpoint: endpoint?.id ?? null,
      haiku,
      max_parallel: this.maxParallel,
      tasks: this.rows.map((row) => row.asTask(this.pick)),
    };
  }

  checkSoon(): void {
    this.checked = false;
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.check(), CHECK_AFTER);
  }

  /** Asks the engine what is wrong with what is written. */
  async check(): Promise<void> {
    clearTimeout(this.#checkTimer);
    const number = (this.#checks += 1);
    const problems = await this.#app.attempt(() => this.#app.backend.checkBatch(this.request()));
    if (!problems || number !== this.#checks) return;
    this.problems = problems;
    this.checked = true;
  }

  async save(): Promise<void> {
    clearTimeout(this.#saveTimer);
    const draft = this.draft();
    try {
      await this.#saveInTurn(() => this.#app.backend.saveDraft(draft));
      if (this.saving !== 'nothing') this.saving = 'saved';
    } catch {
      this.saving = 'failed';
    }
  }

  /** Saves at once what is not saved yet: the window is left. */
  flush(): void {
    if (this.saving === 'saving') void this.save();
  }

  /** Starts the batch, or says what keeps it from starting. */
  async start(): Promise<BatchDetail | undefined> {
    if (this.starting) return undefined;
    this.starting = true;
    try {
      this.tried = true;
      if (!this.runsOn.endpoint) await this.#project.look();
      await this.check();
      if (this.problems.length > 0) return undefined;
      const detail = await this.#app.attempt(() => this.#app.backend.startBatch(this.request()));
      if (detail) await this.#started(detail);
      return detail;
    } finally {
      this.starting = false;
    }
  }

  async #started(detail: BatchDetail): Promise<void> {
    this.#app.takeBatch(detail);
    this.title = '';
    this.rows = [];
    this.open = null;
    this.tried = false;
    await this.save();
    this.saving = 'nothing';
    this.checkSoon();
    await this.#app.refresh();
  }

  #fill(draft: Draft): void {
    this.title = draft.title;
    this.startFrom = draft.start_from;
    this.agent = draft.agent;
    this.options = draft.options;
    this.safety = draft.safety;
    if (draft.endpoint) this.runsOn.take(draft.project);
    this.runsOn.haiku = draft.haiku;
    this.runsOn.choose(draft.endpoint);
    this.maxParallel = draft.max_parallel || this.#app.settings.limit;
    this.rows = draft.tasks.map((task) => this.#row(task));
    for (const row of this.rows) row.left = true;
    this.open = null;
    this.tried = false;
  }

  #append(tasks: TaskRequest[]): void {
    this.rows = [...this.rows.filter((row) => !row.empty), ...tasks.map((task) => this.#row(task))];
    this.changed();
  }

  #row(task: TaskRequest): Row {
    return new Row((this.#keys += 1), task, this.pick);
  }

  #freeName(name: string): string {
    const taken = this.rows.map((row) => row.name.trim());
    const base = name.trim().replace(/ \d+$/, '');
    if (base === '') return '';
    for (let number = 2; ; number += 1) {
      if (!taken.includes(`${base} ${number}`)) return `${base} ${number}`;
    }
  }
}

export const [getSheet, setSheet] = createContext<Sheet>();
