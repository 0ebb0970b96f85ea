import { describe, expect, it } from 'vitest';
import type { Counts, Question, TaskView } from '../bindings/protocol';
import {
  isActive,
  hasEnded,
  isQuiet,
  presentCounts,
  STATUSES,
  statusShape,
  statusLabel,
  formatTaskLine,
  formatTaskTime,
  formatWorkedTime,
  isUnsuccessful,
} from './status';
import { aTask } from './testing';

const NONE: Counts = {
  waiting: 0,
  working: 0,
  needs_you: 0,
  paused: 0,
  finished: 0,
  failed: 0,
  stopped: 0,
  interrupted: 0,
  unknown: 0,
};

describe('every status', () => {
  it('has a word and a shape of its own', () => {
    expect(new Set(STATUSES.map(statusLabel)).size).toBe(9);
    expect(new Set(STATUSES.map(statusShape)).size).toBe(9);
  });

  it('is waiting, active or over', () => {
    for (const status of STATUSES) {
      const kinds = [status === 'waiting', isActive(status), hasEnded(status)];
      expect(kinds.filter(Boolean), status).toHaveLength(1);
    }
  });

  it('went wrong when it is over and not finished', () => {
    expect(STATUSES.filter(isUnsuccessful)).toEqual(['failed', 'stopped', 'interrupted', 'unknown']);
  });
});

it('counts only what is there, in a fixed order', () => {
  expect(presentCounts({ ...NONE, waiting: 1, finished: 3, needs_you: 2 })).toEqual([
    { status: 'finished', count: 3 },
    { status: 'needs_you', count: 2 },
    { status: 'waiting', count: 1 },
  ]);
});

describe('the line under a name', () => {
  const line = (task: Partial<TaskView>, place: number | null = null) => formatTaskLine(aTask(task), place);

  it('says where a task waits that was sent elsewhere', () => {
    expect(formatTaskLine(aTask(), null, 'Work')).toBe('Waiting at Work');
    expect(formatTaskLine(aTask({ status: 'finished' }), null, 'Work')).toBe('Nothing was changed');
  });

  it('says what is going on', () => {
    expect(line({ status: 'waiting' })).toBe('Starting');
    expect(line({ status: 'waiting' }, 1)).toBe('Starts when a place is free');
    expect(line({ status: 'waiting' }, 2)).toBe('2nd in line');
    expect(line({ status: 'working' })).toBe('Starting');
    expect(line({ status: 'working', step: { kind: 'run', title: 'Running \u001b[1mtests' } })).toBe('Running tests');
    const question: Question = {
      id: 'q',
      title: 'Install 2 packages?',
      detail: '',
      options: [],
      kind: 'permission',
      risk: 'medium',
      risk_words: '',
      key: '',
    };
    expect(line({ status: 'needs_you', questions: [question] })).toBe('Install 2 packages?');
  });

  it('says what came of it', () => {
    expect(line({ status: 'finished', totals: { files: 1, added: 2, removed: 0 } })).toBe('1 file changed');
    expect(line({ status: 'finished' })).toBe('Nothing was changed');
    const notice = { code: 'agent_died' as const, what: 'The agent ended early.', safe: '', next: '' };
    expect(line({ status: 'failed', notice })).toBe('The agent ended early.');
    expect(line({ status: 'interrupted' })).toBe('Interrupted');
  });
});

describe('times', () => {
  const started = { started_at: 10_000, last_event_at: 20_000 };

  it('run while it works and stand still after', () => {
    expect(formatTaskTime(aTask({ ...started, status: 'working' }), 262_000)).toBe('4:12');
    expect(formatTaskTime(aTask({ ...started, status: 'finished', ended_at: 370_000 }), 9e9)).toBe('6 min');
    expect(formatTaskTime(aTask({ status: 'waiting' }), 262_000)).toBe('');
    expect(formatTaskTime(aTask({ ...started, status: 'needs_you' }), 262_000)).toBe('');
  });

  it('are said in words', () => {
    expect(formatWorkedTime(aTask({ ...started, status: 'needs_you' }), 262_000)).toBe('4 min 12 s');
    expect(formatWorkedTime(aTask({ ...started, status: 'failed', ended_at: 28_000 }), 9e9)).toBe('18 s');
    expect(formatWorkedTime(aTask({ status: 'waiting' }), 1)).toBeNull();
  });

  it('a long silence is quiet, and only while it works', () => {
    expect(isQuiet(aTask({ ...started, status: 'working' }), 79_999)).toBe(false);
    expect(isQuiet(aTask({ ...started, status: 'working' }), 80_000)).toBe(true);
    expect(isQuiet(aTask({ ...started, status: 'paused' }), 80_000)).toBe(false);
  });
});
