import type { AgentPick, TaskRequest } from '../bindings/protocol';
import { samePick } from '../lib/agents';

/** A task as it is being written. */
export class Row {
  readonly key: number;
  name = $state('');
  prompt = $state('');
  /** Whether the batch's agent does it; else only `others` do. */
  own = $state(true);
  /** Who does it too, each in a task of its own. */
  others: AgentPick[] = $state.raw([]);
  /** How often each of them does it. */
  times = $state(1);
  /** The most it may take; null: no limit. */
  seconds: number | null = $state(null);
  turns: number | null = $state(null);
  cents: number | null = $state(null);
  /** Whether the person has been here and left: only then is said what is missing. */
  left = $state(false);
  readonly empty = $derived(this.name.trim() === '' && this.prompt.trim() === '');
  /** How many tasks it becomes. */
  readonly tasks = $derived((this.others.length + (this.own ? 1 : 0)) * this.times);

  constructor(key: number, task: TaskRequest, batch: AgentPick) {
    this.key = key;
    this.name = task.task_name;
    this.prompt = task.prompt;
    const picks = task.agents ?? [];
    const mine = picks.findIndex((pick) => samePick(pick, batch));
    this.own = picks.length === 0 || mine >= 0;
    this.others = picks.filter((_, n) => n !== mine);
    this.times = task.times ?? 1;
    this.seconds = task.time_limit_s ?? null;
    this.turns = task.turn_limit ?? null;
    this.cents = task.cost_limit_cents ?? null;
    this.left = !this.empty;
  }

  /** All who do it, where the batch's agent is `batch`. */
  doers(batch: AgentPick): AgentPick[] {
    return [...(this.own ? [batch] : []), ...this.others];
  }

  /** What is asked for, where the batch's agent is `batch`. */
  asTask(batch: AgentPick): TaskRequest {
    const agents = this.others.length === 0 ? [] : this.doers(batch);
    return {
      ...this.asText(),
      ...(this.seconds === null ? {} : { time_limit_s: this.seconds }),
      ...(this.turns === null ? {} : { turn_limit: this.turns }),
      ...(this.cents === null ? {} : { cost_limit_cents: this.cents }),
      ...(agents.length === 0 ? {} : { agents }),
      ...(this.times === 1 ? {} : { times: this.times }),
    };
  }

  /** Its name and text alone: what goes to a place that decides the rest by itself. */
  asText(): TaskRequest {
    return { task_name: this.name.trim(), prompt: this.prompt };
  }
}
