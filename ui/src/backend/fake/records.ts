import type { BatchRequest, BatchView, FileChange, PatchLine, Status, Step, TaskView } from '../../bindings/protocol';
import type { Script } from './script';
import type { Transcript } from './transcript';

/** A task of the simulation. */
export interface FakeTask {
  view: TaskView;
  prompt: string;
  transcript: Transcript;
  steps: Step[];
  changes: FileChange[];
  patches: Map<string, PatchLine[]>;
  script: Script;
  /** The next act. */
  cursor: number;
  /** When it happens; null while nothing does. */
  due: number | null;
}

/** A batch of the simulation. */
export interface FakeBatch {
  view: BatchView;
  request: BatchRequest;
  tasks: FakeTask[];
  /** What stands for the batch as a whole, once something was said of it. */
  channel: FakeTask | null;
  /** What was allowed for all of it. */
  allowed: Set<string>;
}

/** Whether a program is at work on it. */
export const isActiveStatus = (status: Status) => status === 'working' || status === 'needs_you' || status === 'paused';
/** Whether only a new attempt can follow. */
export const isEndedStatus = (status: Status) => !isActiveStatus(status) && status !== 'waiting';
