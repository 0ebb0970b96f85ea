/** What agents ask: how an answer is worded, how much could go wrong, and who waits for one. */

import type { QuestionOptionKind, Question, QuestionOption, Risk, TaskView } from '../bindings/protocol';
import { stripAnsi } from './ansi';

/** One answer as a button. */
export interface Answer {
  label: string;
  /** What goes back to the agent. */
  option: string;
  /** Whether the same is allowed for the rest of the batch too. */
  forBatch: boolean;
  /** The agent's own word for it, where ours stands on the button. */
  agentLabel: string;
  /** The one that most people want. */
  isPrimary: boolean;
}

/** A risk in words. The shape that goes with it is that of `RiskBadge`. */
export const RISK_LABELS: Record<Risk, string> = {
  low: 'Low risk',
  medium: 'Some risk',
  high: 'High risk',
};

/** Why, where nobody said more. */
const RISK_REASONS: Record<Risk, string> = {
  low: 'stays in its copy and can be undone',
  medium: 'installs, deletes or reaches outside of its copy',
  high: 'can’t be undone',
};

/** A question in one line, with why something could go wrong: "Run: npm install (adds …)". */
export function formatQuestion({ title, risk_words }: Question): string {
  const words = stripAnsi(risk_words);
  return words ? `${stripAnsi(title)} (${words})` : stripAnsi(title);
}

/** Why that much could go wrong, where the question itself doesn't say it. */
export function formatRiskReason({ risk, risk_words }: Question): string {
  return stripAnsi(risk_words) ? '' : RISK_REASONS[risk];
}

/**
 * The answers to a question, in the order of its buttons. Permissions have the same words
 * everywhere, by what an option means; where that would give two buttons the same word, and
 * for choices, an agent's own words stand.
 */
export function listAnswers(question: Question): Answer[] {
  const { options, kind } = question;
  const of = (wanted: QuestionOptionKind) => options.filter((option) => option.kind === wanted);
  const [allow, ...moreAllow] = of('allow_once');
  const [reject, ...moreReject] = of('reject_once');
  if (kind === 'choice' || moreAllow.length > 0 || moreReject.length > 0) {
    // Of several answers that all let it go on, none is the one that most people want.
    return options.map((option) => ({
      ...agentLabelledAnswer(option),
      isPrimary: option === allow && moreAllow.length === 0,
    }));
  }
  const answers: Answer[] = [];
  if (allow) {
    const high = question.risk === 'high';
    answers.push(relabelledAnswer(allow, 'Allow once', { isPrimary: !high }));
    if (question.key !== '' && !high) answers.push(relabelledAnswer(allow, 'Allow for this batch', { forBatch: true }));
  }
  // What an agent allows or refuses from now on it never asks about again, so that nobody sees
  // it: only where there is no other yes or no.
  else answers.push(...of('allow_always').map((option) => agentLabelledAnswer(option)));
  answers.push(...of('other').map((option) => agentLabelledAnswer(option)));
  if (reject) answers.push(relabelledAnswer(reject, 'Not allowed', {}));
  else answers.push(...of('reject_always').map((option) => agentLabelledAnswer(option)));
  return answers;
}

function relabelledAnswer(
  { id, label }: QuestionOption,
  word: string,
  { isPrimary = false, forBatch = false },
): Answer {
  const own = stripAnsi(label);
  return { label: word, option: id, forBatch, agentLabel: own === word ? '' : own, isPrimary };
}

function agentLabelledAnswer({ id, label }: QuestionOption): Answer {
  return { label: stripAnsi(label), option: id, forBatch: false, agentLabel: '', isPrimary: false };
}

/** Whether a person can answer something of it: also when it was cut off but can go on. */
export function hasPendingQuestion(task: TaskView): boolean {
  return task.questions.length > 0 && (task.status === 'needs_you' || task.status === 'interrupted');
}
