import type { TranscriptLine, Step, TaskId, TaskView } from '../bindings/protocol';
import { mergeSteps, NO_STEPS, firstStaleStep, STEPS_PAGE_SIZE, type StepRange } from '../lib/steps';
import { isActive } from '../lib/status';
import type { App } from './app.svelte';
import { oncePerFrame, type FrameScheduler } from './once-per-frame';

/** Lines that are shown under the step that is under way. */
const TAIL_LINES = 10;

/** The steps of one task, and the newest lines of the one under way. Reads only on a change. */
export class TaskSteps {
  loaded: StepRange = $state.raw(NO_STEPS);
  tail: TranscriptLine[] = $state.raw([]);
  /** Whether the first read came back. */
  isLoaded = $state(false);
  #app: App;
  #id: TaskId;
  #view: TaskView;
  #scheduler: FrameScheduler;

  constructor(app: App, view: TaskView) {
    this.#app = app;
    this.#id = view.id;
    this.#view = view;
    this.#scheduler = oncePerFrame(() => this.#refresh());
  }

  /** The task stands like this now. */
  update(view: TaskView): void {
    this.#view = view;
    this.#scheduler.request();
  }

  close(): void {
    this.#scheduler.stop();
  }

  /** Reads a page of older steps. */
  async loadEarlier(): Promise<void> {
    const to = this.loaded.from;
    const from = Math.max(0, to - STEPS_PAGE_SIZE);
    const steps = await this.#readSteps(from, to - from);
    if (steps && this.loaded.from === to) this.loaded = { from, steps: [...steps, ...this.loaded.steps] };
  }

  async #refresh(): Promise<void> {
    const from = firstStaleStep(this.loaded, this.#view.steps);
    const steps = await this.#readSteps(from, STEPS_PAGE_SIZE);
    if (steps) this.loaded = mergeSteps(this.loaded, from, steps);
    this.isLoaded = true;
    await this.#readTail();
  }

  async #readTail(): Promise<void> {
    const { lines, status } = this.#view;
    const first = firstTailLine(this.loaded.steps.at(-1), lines);
    if (!isActive(status) || first === null) {
      this.tail = [];
      return;
    }
    const page = await this.#app.withErrorToast(() => this.#app.backend.readLines(this.#id, first, TAIL_LINES));
    // What wasn't understood is for those who look for it in the whole output.
    if (page) this.tail = page.lines.filter(({ kind }) => kind !== 'raw');
  }

  #readSteps(from: number, max: number): Promise<Step[] | undefined> {
    return this.#app.withErrorToast(() => this.#app.backend.readSteps(this.#id, from, max));
  }
}

/** Steps that are words themselves. */
const TEXT_STEPS: Step['kind'][] = ['said', 'message', 'thought', 'ask'];

/** Returns the first of the newest lines of `step`; `null` if it has printed nothing. */
export function firstTailLine(step: Step | undefined, lines: number): number | null {
  if (step === undefined || TEXT_STEPS.includes(step.kind)) return null;
  const own = step.line + 1;
  return lines > own ? Math.max(own, lines - TAIL_LINES) : null;
}
