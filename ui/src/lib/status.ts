/** Where a task stands: the word, the shape and the colour, always all three. */

import type { Counts, Status, TaskView } from '../bindings/protocol';
import { stripAnsi } from './ansi';
import { formatCount, formatDuration, formatOrdinal, formatRoughDuration, formatStopwatch } from './time';

/** The shape that says a status without colour. */
export type Shape = 'ring' | 'dashes' | 'diamond' | 'bars' | 'check' | 'cross' | 'square' | 'bolt' | 'question';

/** The colour family of a status. */
export type Tone = 'blue' | 'amber' | 'green' | 'red' | 'grey';

interface StatusAppearance {
  label: string;
  shape: Shape;
  tone: Tone;
}

/** Every status, in the order in which counts are shown. */
export const STATUSES: readonly Status[] = [
  'finished',
  'working',
  'needs_you',
  'paused',
  'waiting',
  'failed',
  'stopped',
  'interrupted',
  'unknown',
];

const APPEARANCE: Record<Status, StatusAppearance> = {
  waiting: { label: 'Waiting', shape: 'dashes', tone: 'grey' },
  working: { label: 'Working', shape: 'ring', tone: 'blue' },
  needs_you: { label: 'Needs you', shape: 'diamond', tone: 'amber' },
  paused: { label: 'Paused', shape: 'bars', tone: 'amber' },
  finished: { label: 'Finished', shape: 'check', tone: 'green' },
  failed: { label: 'Failed', shape: 'cross', tone: 'red' },
  stopped: { label: 'Stopped', shape: 'square', tone: 'grey' },
  interrupted: { label: 'Interrupted', shape: 'bolt', tone: 'amber' },
  unknown: { label: 'Connection lost, outcome unknown', shape: 'question', tone: 'amber' },
};

/** The word that people read. */
export function statusLabel(status: Status): string {
  return APPEARANCE[status].label;
}

/** The shape of a status. */
export function statusShape(status: Status): Shape {
  return APPEARANCE[status].shape;
}

/** The colour family of a status. */
export function statusTone(status: Status): Tone {
  return APPEARANCE[status].tone;
}

/** Whether the attempt is over, so that only a new attempt changes it. */
export function hasEnded(status: Status): boolean {
  return !isActive(status) && status !== 'waiting';
}

/** Whether a program is at work on it, or held in mid-work. */
export function isActive(status: Status): boolean {
  return status === 'working' || status === 'needs_you' || status === 'paused';
}

/** Whether it ended without a result that can be trusted, so that trying again is the next thing. */
export function isUnsuccessful(status: Status): boolean {
  return hasEnded(status) && status !== 'finished';
}

/** The statuses that some task has, with how many, in the order in which they are shown. */
export function presentCounts(counts: Counts): { status: Status; count: number }[] {
  return STATUSES.map((status) => ({ status, count: counts[status] })).filter((c) => c.count > 0);
}

/** "2 need you", "1 failed": how many tasks stand there, as a word after the number. */
export function countedStatusLabel(status: Status, count: number): string {
  return status === 'needs_you' && count !== 1 ? 'need you' : statusLabel(status).toLowerCase();
}

/** One line under a task's name: what it does now, or what came of it. `sentTo`: the endpoint it runs at. */
export function formatTaskLine(task: TaskView, queuePlace: number | null, sentTo?: string): string {
  switch (task.status) {
    case 'waiting':
      if (sentTo !== undefined) return `Waiting at ${sentTo}`;
      if (queuePlace === null) return 'Starting';
      return queuePlace === 1 ? 'Starts when a place is free' : `${formatOrdinal(queuePlace)} in line`;
    case 'needs_you':
      return formatOpenQuestion(task);
    case 'interrupted':
      return task.questions.length > 0 ? formatOpenQuestion(task) : (task.notice?.what ?? statusLabel(task.status));
    case 'finished':
      return task.totals.files === 0 ? 'Nothing was changed' : `${formatCount(task.totals.files, 'file')} changed`;
    case 'working':
      return stripAnsi(task.step?.title ?? 'Starting');
    case 'stopped':
      return 'Stopped by you';
    default:
      return task.notice?.what ?? statusLabel(task.status);
  }
}

function formatOpenQuestion({ questions }: TaskView): string {
  const [first, ...more] = questions;
  if (!first) return 'Waits for your answer';
  const title = stripAnsi(first.title);
  return more.length === 0 ? title : `${title} (and ${formatCount(more.length, 'more question')})`;
}

/** How long it has worked, for the list: "4:12" while it does, "6 min" after; else nothing. */
export function formatTaskTime(task: TaskView, now: number): string {
  if (task.started_at === null) return '';
  if (task.status === 'working' || task.status === 'paused') return formatStopwatch(now - task.started_at);
  return hasEnded(task.status) ? formatRoughDuration((task.ended_at ?? now) - task.started_at) : '';
}

/** How long the attempt has worked or did, in words; nothing before it began. */
export function formatWorkedTime(task: TaskView, now: number): string | null {
  if (task.started_at === null) return null;
  const end = hasEnded(task.status) ? (task.ended_at ?? task.last_event_at) : now;
  return formatDuration(end - task.started_at);
}

/** After this much silence a working task is said to be quiet. */
export const QUIET_AFTER_MS = 60_000;

/** Whether a working task has not shown a sign of life for a while. */
export function isQuiet(task: TaskView, now: number): boolean {
  return task.status === 'working' && now - task.last_event_at >= QUIET_AFTER_MS;
}
