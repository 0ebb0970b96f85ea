import type { Backend } from '../backend';
import { FakeBackend } from '../backend/fake';
import type { TranscriptLine, Step } from '../bindings/protocol';
import { App } from './app.svelte';

/** An app whose backend is the simulation, but for what `instead` does. */
export function anApp(instead: Partial<Backend> = {}): App {
  return new App(Object.assign(new FakeBackend(), instead));
}

/** Line `number` of a transcript. */
export function aLine(number: number, changes: Partial<TranscriptLine> = {}): TranscriptLine {
  return { number, kind: 'out', at: 0, text: `line ${number}`, cut: false, ...changes };
}

/** Step `number` of a task. */
export function aStep(number: number, changes: Partial<Step> = {}): Step {
  return {
    id: `s${number}`,
    kind: 'run',
    title: `Step ${number}`,
    detail: '',
    files: [],
    state: 'done',
    line: number,
    started_at: number,
    changed_at: number,
    attempt: 1,
    ...changes,
  };
}
