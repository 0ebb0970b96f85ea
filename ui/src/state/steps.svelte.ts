import type { Line, Step, TaskId, TaskView } from '../bindings/protocol';
import { joined, NO_STEPS, staleFrom, STEPS_PAGE, type StepRun } from '../lib/steps';
import { isActive } from '../lib/status';
import type { App } from './app.svelte';
import { perFrame, type Pull } from './pull';

/** Lines that are shown under the step that is under way. */
const TAIL = 10;

/** The steps of one task, and the newest lines of the one under way. Reads only when told of a change. */
export class Steps {
  run: StepRun = $state.raw(NO_STEPS);
  tail: Line[] = $state.raw([]);
  /** Whether the first read came back. */
  read = $state(false);
  #app: App;
  #id: TaskId;
  #view: TaskView;
  #pull: Pull;

  constructor(app: App, view: TaskView) {
    this.#app = app;
    this.#id = view.id;
    this.#view = view;
    this.#pull = perFrame(() => this.#refresh());
  }

  /** The task stands like this now. */
  follow(view: TaskView): void {
    this.#view = view;
    this.#pull.ask();
  }

  end(): void {
    this.#pull.end();
  }

  /** Reads a page of older steps. */
  async earlier(): Promise<void> {
    const to = this.run.from;
    const from = Math.max(0, to - STEPS_PAGE);
    const steps = await this.#steps(from, to - from);
    if (steps && this.run.from === to) this.run = { from, steps: [...steps, ...this.run.steps] };
  }

  async #refresh(): Promise<void> {
    const from = staleFrom(this.run, this.#view.steps);
    const steps = await this.#steps(from, STEPS_PAGE);
    if (steps) this.run = joined(this.run, from, steps);
    this.read = true;
    await this.#readTail();
  }

  async #readTail(): Promise<void> {
    const { lines, status } = this.#view;
    const first = tailFrom(this.run.steps.at(-1), lines);
    if (!isActive(status) || first === null) {
      this.tail = [];
      return;
    }
    const page = await this.#app.attempt(() => this.#app.backend.readLines(this.#id, first, TAIL));
    // What wasn't understood is for those who look for it in the whole output.
    if (page) this.tail = page.lines.filter(({ kind }) => kind !== 'raw');
  }

  #steps(from: number, max: number): Promise<Step[] | undefined> {
    return this.#app.attempt(() => this.#app.backend.readSteps(this.#id, from, max));
  }
}

/** Steps that are words themselves. */
const WORDS: Step['kind'][] = ['said', 'message', 'thought', 'ask'];

/** From which line on the newest lines of `step` are; null when it has printed nothing. */
export function tailFrom(step: Step | undefined, lines: number): number | null {
  if (step === undefined || WORDS.includes(step.kind)) return null;
  const own = step.line + 1;
  return lines > own ? Math.max(own, lines - TAIL) : null;
}
