import type {
  AgentChoice,
  AgentPause,
  BatchDetail,
  BatchRequest,
  LineKind,
  PlaceView,
  Question,
  Status,
  Step,
  TaskView,
} from '../../bindings/protocol';
import { agentName } from '../../lib/agents';
import { NO_COUNTS, newBatch, newTask } from './blank';
import { cloudScript } from './cloud';
import { expandTasks } from './expand';
import { type Act, type Script, parseScript } from './script';
import { isActiveStatus, type FakeBatch, type FakeTask, isEndedStatus } from './records';
import { Transcript } from './transcript';

/** Batches that run by themselves while time passes. Same seed and times, same run. */
export class World {
  batches = new Map<string, FakeBatch>();
  tasks = new Map<string, FakeTask>();
  limit = 3;
  /** Agents whose tasks don't start. */
  holds: AgentPause[] = [];
  /** The waiting tasks, the next one first. */
  queue: FakeTask[] = [];
  /** Tasks and batches that changed since the last flush. */
  #dirty = new Set<string>();
  #revision = 0;
  #ids = 0;
  time: number;

  constructor(time: number) {
    this.time = time;
  }

  place(): PlaceView {
    const here = (task: FakeTask) => !this.batchOf(task).view.endpoint;
    const busy = [...this.tasks.values()].filter((task) => isActiveStatus(task.view.status) && here(task)).length;
    return { busy, limit: this.limit, waiting: this.queue.filter(here).length, paused: null, holds: this.#holds() };
  }

  #holds(): AgentPause[] {
    return this.holds.map((hold) => ({
      ...hold,
      tasks: this.queue.filter((task) => task.view.agent === agentName(hold.agent)).length,
    }));
  }

  /** An agent's tasks may start again. */
  resume(agent: AgentChoice): void {
    this.holds = this.holds.filter((hold) => agentName(hold.agent) !== agentName(agent));
    for (const task of this.queue) this.changed(task);
    this.run(this.time);
  }

  /** A person says something to a task. */
  hear(task: FakeTask, text: string, interrupt: boolean): void {
    const id = `you-${task.steps.length}`;
    task.view = { ...task.view, last_event_at: this.time };
    if (interrupt) task.transcript.push('note', this.time, 'Interrupted, to read your message.');
    this.#step(task, { act: 'step', id, kind: 'message', title: `You: ${text}`, state: 'done' });
    task.transcript.push('said', this.time, `You: ${text}`);
    this.changed(task);
  }

  detail(batch: FakeBatch): BatchDetail {
    const channel = batch.channel ? { whole: batch.channel.view } : {};
    return { batch: batch.view, tasks: batch.tasks.map((task) => task.view), ...channel };
  }

  /** Starts a batch; `scripts` replaces what a task would do by its prompt. */
  start(request: BatchRequest, scripts: (Script | undefined)[] = []): FakeBatch {
    const id = `b-${(this.#ids += 1)}`;
    const view = newBatch(id, request, this.time, this.limit);
    const batch: FakeBatch = { request, tasks: [], channel: null, allowed: new Set(), view };
    this.batches.set(id, batch);
    for (const [position, task] of expandTasks(request).entries()) {
      const made = request.endpoint ? cloudScript : parseScript;
      const script = scripts[position] ?? made(task.prompt, position + this.#ids);
      const added = this.#add(batch, `${id}-t${position + 1}`, task.name, task.prompt, script);
      if (!request.endpoint) added.view = { ...added.view, row: task.row, agent: agentName(task.agent) };
      batch.tasks.push(added);
      this.queue.push(added);
      this.changed(added);
    }
    this.#batchChanged(batch);
    this.run(this.time);
    return batch;
  }

  #add(batch: FakeBatch, id: string, name: string, prompt: string, script: Script): FakeTask {
    const view = newTask(batch.view, id, name, batch.tasks.length);
    const task: FakeTask = {
      view,
      prompt,
      script,
      transcript: new Transcript(),
      steps: [],
      changes: [],
      patches: new Map(),
      cursor: 0,
      due: null,
    };
    this.tasks.set(id, task);
    return task;
  }

  /** The place of a batch says something that belongs to none of its tasks. */
  say(batch: FakeBatch, kind: LineKind, text: string): void {
    const id = `${batch.view.id}-whole`;
    const channel = (batch.channel ??= this.#add(batch, id, 'The whole batch', '', []));
    channel.transcript.push(kind, this.time, text);
    channel.view = { ...channel.view, whole_batch: true, status: 'working', last_event_at: this.time };
    this.changed(channel);
  }

  /** Lets time pass until `now`: everything that is due happens, in order. */
  run(now: number): void {
    for (;;) {
      this.#startWaiting();
      let next: FakeTask | undefined;
      for (const task of this.tasks.values()) {
        if (task.due !== null && task.due <= now && (!next?.due || task.due < next.due)) next = task;
      }
      if (!next) break;
      this.time = Math.max(this.time, next.due ?? now);
      this.#perform(next);
    }
    this.time = Math.max(this.time, now);
  }

  #startWaiting(): void {
    for (const task of [...this.queue]) {
      const batch = this.batchOf(task);
      const working = batch.tasks.filter((other) => isActiveStatus(other.view.status)).length;
      if (this.holds.some((hold) => task.view.agent === agentName(hold.agent))) continue;
      if (!batch.view.endpoint && (this.place().busy >= this.limit || working >= batch.view.max_parallel)) continue;
      this.queue.splice(this.queue.indexOf(task), 1);
      task.due = this.time + (task.script[task.cursor]?.after ?? 0);
      const session = batch.view.endpoint ? null : { id: `s-${task.view.id}`, resumes: true, loads: true };
      task.view = { ...task.view, status: 'working', started_at: this.time, session };
      this.changed(task);
    }
  }

  #perform(task: FakeTask): void {
    // Lines that come at once are one event, as from a real worker.
    do {
      const next = task.script[task.cursor];
      if (!next) {
        task.due = null;
        break;
      }
      task.cursor += 1;
      this.#act(task, next.do);
      const following = task.script[task.cursor];
      if (task.due === null) break;
      task.due = following ? task.due + following.after : null;
      if (following?.after !== 0) break;
    } while (task.due !== null);
    this.changed(task);
  }

  #act(task: FakeTask, act: Act): void {
    const at = this.time;
    const view = { ...task.view, last_event_at: at };
    task.view = view;
    switch (act.act) {
      case 'step':
        this.#step(task, act);
        break;
      case 'print':
        task.transcript.push(act.kind, at, act.text);
        break;
      case 'plan':
        view.plan = act.entries.map(([text, state]) => ({ text, state }));
        break;
      case 'change':
        task.changes = [...task.changes.filter((file) => file.path !== act.file.path), act.file];
        if (act.patch) task.patches.set(act.file.path, act.patch);
        view.files = task.changes.slice(0, 20).map(({ path, added, removed }) => ({ path, added, removed }));
        view.totals = {
          files: task.changes.length,
          added: task.changes.reduce((sum, file) => sum + file.added, 0),
          removed: task.changes.reduce((sum, file) => sum + file.removed, 0),
        };
        break;
      case 'save':
        view.save_points += 1;
        view.saved_at = at;
        view.can_continue = true;
        break;
      case 'use':
        view.usage = { tokens: act.tokens, ...(act.cost_usd === undefined ? {} : { cost_usd: act.cost_usd }) };
        break;
      case 'ask':
        this.#ask(task, act.questions);
        break;
      case 'say':
        this.say(this.batchOf(task), act.kind, act.text);
        break;
      case 'end':
        this.#end(task, act);
        break;
    }
  }

  #step(task: FakeTask, act: Act & { act: 'step' }): void {
    const known = task.steps.findIndex((step) => step.id === act.id && step.attempt === task.view.attempt);
    const before = task.steps[known];
    const step: Step = {
      id: act.id,
      kind: act.kind,
      title: act.title,
      state: act.state,
      detail: act.detail ?? '',
      files: act.files ?? [],
      line: before?.line ?? task.transcript.length,
      started_at: before?.started_at ?? this.time,
      changed_at: this.time,
      attempt: task.view.attempt,
    };
    if (before) task.steps[known] = step;
    else {
      task.steps.push(step);
      if (act.kind !== 'said' && act.kind !== 'thought') task.transcript.push('step', this.time, act.title);
    }
    task.view.step = { kind: act.kind, title: act.title.slice(0, 200) };
    task.view.steps = task.steps.length;
  }

  #ask(task: FakeTask, questions: Question[]): void {
    const { allowed } = this.batchOf(task);
    const open = questions.filter(({ key }) => !allowed.has(key));
    const [first] = open;
    if (!first) return;
    task.view.status = 'needs_you';
    task.view.questions = open;
    task.view.step = { kind: 'ask', title: first.title };
    task.due = null;
  }

  #end(task: FakeTask, act: Act & { act: 'end' }): void {
    const { view } = task;
    const finished = act.status === 'finished';
    const notice = finished
      ? null
      : {
          code: act.code ?? ('agent_failed' as const),
          what: act.what ?? 'The task did not get to its end.',
          safe: act.safe ?? (view.save_points > 0 ? 'What it had done is saved.' : 'Your project is as it was.'),
          next: act.next ?? 'Try again, or continue from the last save point.',
        };
    view.status = act.status;
    view.notice = notice;
    view.ended_at = this.time;
    view.questions = act.questions ?? [];
    if (act.branch) view.branch = taskBranchName(this.batchOf(task), task);
    view.outcome = {
      status: act.status,
      ...(notice ? { notice } : {}),
      last_words: act.words,
      ...(view.totals.files > 0 ? { commit: '9b1e44c07d2f5a63e8810cd4ab92f37765e01d3c' } : {}),
      totals: view.totals,
      ended_by: finished ? 'exit code 0' : 'exit code 1',
      ...(act.tests ? { tests: act.tests } : {}),
    };
    task.due = null;
  }

  /** Ends a task from outside. */
  end(task: FakeTask, status: Status, what: string): void {
    this.queue = this.queue.filter((other) => other !== task);
    task.view = { ...task.view };
    this.#end(task, { act: 'end', status, words: '', code: 'interrupted', what });
    this.changed(task);
  }

  /** Answers one question. With the last one the task goes on, also one that was cut off. */
  answer(task: FakeTask, question: string, option: string, forBatch: boolean): void {
    const asked = task.view.questions.find(({ id }) => id === question);
    const label = asked?.options.find((one) => one.id === option)?.label ?? option;
    task.transcript.push('note', this.time, `Answered: ${label}`);
    this.#answered(task, ({ id }) => id === question);
    if (!forBatch || !asked?.key) return;
    const batch = this.batchOf(task);
    batch.allowed.add(asked.key);
    for (const other of batch.tasks) this.#answered(other, ({ key }) => key === asked.key);
  }

  #answered(task: FakeTask, which: (question: Question) => boolean): void {
    const questions = task.view.questions.filter((one) => !which(one));
    if (questions.length === task.view.questions.length) return;
    task.view = { ...task.view, questions };
    if (questions.length === 0 && isEndedStatus(task.view.status)) return this.startAttempt(task, true);
    if (questions.length === 0) {
      task.view.status = 'working';
      task.due = this.time + (task.script[task.cursor]?.after ?? 0);
    }
    this.changed(task);
  }

  /** A new attempt, from the start or from the last save point; `message`: what is said next. */
  startAttempt(task: FakeTask, continues: boolean, message?: string): void {
    const view: TaskView = {
      ...task.view,
      attempt: task.view.attempt + 1,
      status: 'waiting',
      notice: null,
      outcome: null,
      step: null,
      plan: [],
      questions: [],
      started_at: null,
      ended_at: null,
      branch: null,
    };
    if (!continues) {
      task.changes = [];
      view.files = [];
      view.totals = { files: 0, added: 0, removed: 0 };
      view.save_points = 0;
    }
    task.view = view;
    // A second attempt works out, so that the demo has an end.
    const rest = (message ?? task.prompt).split('\n').filter((line) => !/^\s*(fail|exit|lose)\b/.test(line));
    const made = this.batchOf(task).view.endpoint ? cloudScript : parseScript;
    task.script = made(rest.join('\n'), task.view.attempt);
    task.cursor = 0;
    this.queue.push(task);
    this.changed(task);
    this.run(this.time);
  }

  /** Puts the waiting task of this name or id in front. */
  runNext(which: string): void {
    const front = (task: FakeTask) => (task.view.name === which || task.view.id === which ? 0 : 1);
    this.queue = this.queue.toSorted((a, b) => front(a) - front(b));
    for (const task of this.queue) this.changed(task);
  }

  batchOf(task: FakeTask): FakeBatch {
    const batch = this.batches.get(task.view.batch);
    if (!batch) throw new Error(`BUG: no batch ${task.view.batch}`);
    return batch;
  }

  /** Notes that a task changed: new revision, its batch's counts, emitted at the next flush. */
  changed(task: FakeTask): void {
    task.view = {
      ...task.view,
      revision: (this.#revision += 1),
      last_line: task.transcript.last.slice(0, 200),
      lines: task.transcript.length,
    };
    this.#dirty.add(task.view.id);
    this.#batchChanged(this.batchOf(task));
  }

  #batchChanged(batch: FakeBatch): void {
    const counts = { ...NO_COUNTS };
    for (const task of batch.tasks) counts[task.view.status] += 1;
    const ended = batch.tasks.length > 0 && batch.tasks.every((task) => isEndedStatus(task.view.status));
    const queue = this.queue
      .map((task, n) => ({ task: task.view.id, place: n + 1, batch: task.view.batch }))
      .filter((entry) => entry.batch === batch.view.id)
      .map(({ task, place }) => ({ task, place }));
    batch.view = {
      ...batch.view,
      counts,
      queue,
      ended_at: ended ? (batch.view.ended_at ?? this.time) : null,
      revision: (this.#revision += 1),
      last_seq: batch.view.last_seq + 1,
    };
    this.#dirty.add(batch.view.id);
  }

  /** The ids of what changed since the last call. */
  takeChanged(): string[] {
    const ids = [...this.#dirty];
    this.#dirty.clear();
    return ids;
  }
}

/** The branch that holds a task's result. */
export function taskBranchName(batch: FakeBatch, task: FakeTask): string {
  const slug = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `regatta/${slug(batch.view.name)}/${slug(task.view.name)}`;
}

/** What a batch's agent is called here. */
export const PRACTICE: AgentChoice = { kind: 'practice' };
