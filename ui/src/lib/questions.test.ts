import { describe, expect, it } from 'vitest';
import type { QuestionOptionKind, QuestionOption } from '../bindings/protocol';
import { listAnswers, hasPendingQuestion, formatQuestion, formatRiskReason } from './questions';
import { aQuestion, aTask } from './testing';

const option = (id: string, kind: QuestionOptionKind, label = id): QuestionOption => ({ id, label, kind });
const labels = (changes: Parameters<typeof aQuestion>[0]) => listAnswers(aQuestion(changes)).map(({ label }) => label);

const ALL = [
  option('Reject', 'reject_once'),
  option('Always', 'allow_always'),
  option('Allow', 'allow_once'),
  option('Never', 'reject_always'),
];

describe('a permission', () => {
  it('has the same words and order everywhere, whatever the agent calls them', () => {
    expect(listAnswers(aQuestion({ options: ALL, key: 'run:npm install' }))).toEqual([
      { label: 'Allow once', option: 'Allow', forBatch: false, agentLabel: 'Allow', isPrimary: true },
      { label: 'Allow for this batch', option: 'Allow', forBatch: true, agentLabel: 'Allow', isPrimary: false },
      { label: 'Not allowed', option: 'Reject', forBatch: false, agentLabel: 'Reject', isPrimary: false },
    ]);
  });

  it('is for once only when nothing says what the same thing would be', () => {
    expect(labels({ options: ALL, key: '' })).toEqual(['Allow once', 'Not allowed']);
  });

  it('of a high risk is neither suggested nor given for a whole batch', () => {
    const answers = listAnswers(aQuestion({ options: ALL, key: 'run:sudo', risk: 'high' }));
    expect(answers.map(({ label, isPrimary }) => [label, isPrimary])).toEqual([
      ['Allow once', false],
      ['Not allowed', false],
    ]);
  });

  it('keeps the agent’s own words for what has no word of ours', () => {
    const options = [
      option('Always', 'allow_always'),
      option('Ask me later', 'other'),
      option('Never', 'reject_always'),
    ];
    expect(labels({ options, key: 'k' })).toEqual(['Always', 'Ask me later', 'Never']);
  });

  it('never gives two buttons the same word', () => {
    const options = [option('Red', 'allow_once'), option('Blue', 'allow_once')];
    expect(labels({ options })).toEqual(['Red', 'Blue']);
    expect(listAnswers(aQuestion({ options })).some(({ isPrimary }) => isPrimary)).toBe(false);
  });
});

it('a choice is in the agent’s words', () => {
  const options = [option('a', 'allow_once', 'Yes, \x1b[31mwrite it\x1b[0m'), option('b', 'reject_once', 'No')];
  expect(labels({ kind: 'choice', options })).toEqual(['Yes, write it', 'No']);
});

it('says once why something is risky, also when the agent’s side did not', () => {
  const known = aQuestion({ title: 'Run: npm install', risk_words: 'adds the packages this project lists' });
  expect([formatQuestion(known), formatRiskReason(known)]).toEqual([
    'Run: npm install (adds the packages this project lists)',
    '',
  ]);
  const unknown = aQuestion({ title: 'Run: make', risk: 'low' });
  expect([formatQuestion(unknown), formatRiskReason(unknown)]).toEqual([
    'Run: make',
    'stays in its copy and can be undone',
  ]);
});

it('an interrupted task can still be answered, a stopped one can’t', () => {
  const questions = [aQuestion()];
  expect(hasPendingQuestion(aTask({ status: 'needs_you', questions }))).toBe(true);
  expect(hasPendingQuestion(aTask({ status: 'interrupted', questions }))).toBe(true);
  expect(hasPendingQuestion(aTask({ status: 'stopped', questions }))).toBe(false);
  expect(hasPendingQuestion(aTask({ status: 'needs_you' }))).toBe(false);
});
