import type { AgentSelection, TaskRequest } from '../bindings/protocol';
import { isSamePick } from '../lib/agents';

/** A task as it is being written. */
export class TaskDraft {
  readonly key: number;
  name = $state('');
  prompt = $state('');
  /** Whether the batch's agent does it; else only `otherPicks` do. */
  usesBatchAgent = $state(true);
  /** Who does it too, each in a task of its own. */
  otherPicks: AgentSelection[] = $state.raw([]);
  /** How often each of them does it. */
  times = $state(1);
  /** The most it may take; `null` for no limit. */
  timeLimitSeconds: number | null = $state(null);
  turnLimit: number | null = $state(null);
  costLimitCents: number | null = $state(null);
  /** Whether the person has been here and left: only then is said what is missing. */
  isTouched = $state(false);
  readonly isEmpty = $derived(this.name.trim() === '' && this.prompt.trim() === '');
  /** How many tasks it becomes. */
  readonly taskCount = $derived((this.otherPicks.length + (this.usesBatchAgent ? 1 : 0)) * this.times);

  constructor(key: number, task: TaskRequest, batch: AgentSelection) {
    this.key = key;
    this.name = task.task_name;
    this.prompt = task.prompt;
    const picks = task.agents ?? [];
    const mine = picks.findIndex((pick) => isSamePick(pick, batch));
    this.usesBatchAgent = picks.length === 0 || mine >= 0;
    this.otherPicks = picks.filter((_, n) => n !== mine);
    this.times = task.times ?? 1;
    this.timeLimitSeconds = task.time_limit_s ?? null;
    this.turnLimit = task.turn_limit ?? null;
    this.costLimitCents = task.cost_limit_cents ?? null;
    this.isTouched = !this.isEmpty;
  }

  /** All who do it, where the batch's agent is `batch`. */
  agentPicks(batch: AgentSelection): AgentSelection[] {
    return [...(this.usesBatchAgent ? [batch] : []), ...this.otherPicks];
  }

  /** What is asked for, where the batch's agent is `batch`. */
  toRequest(batch: AgentSelection): TaskRequest {
    const agents = this.otherPicks.length === 0 ? [] : this.agentPicks(batch);
    return {
      ...this.toTextRequest(),
      ...(this.timeLimitSeconds === null ? {} : { time_limit_s: this.timeLimitSeconds }),
      ...(this.turnLimit === null ? {} : { turn_limit: this.turnLimit }),
      ...(this.costLimitCents === null ? {} : { cost_limit_cents: this.costLimitCents }),
      ...(agents.length === 0 ? {} : { agents }),
      ...(this.times === 1 ? {} : { times: this.times }),
    };
  }

  /** Its name and text alone: what goes to a place that decides the rest by itself. */
  toTextRequest(): TaskRequest {
    return { task_name: this.name.trim(), prompt: this.prompt };
  }
}
