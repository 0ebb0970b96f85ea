import type { AgentChoice, BatchRequest } from '../../bindings/protocol';
import { agentName } from '../../lib/agents';

/** A task that a row of a request becomes. */
export interface ExpandedTask {
  name: string;
  prompt: string;
  agent: AgentChoice;
  /** The row that it came from, from 0. */
  row: number;
}

/** The tasks of a request: one a row, or one for each of the row's agents and times. */
export function expandTasks(request: BatchRequest): ExpandedTask[] {
  return request.parallel_tasks.flatMap(({ task_name, prompt, agents = [], times = 1 }, row) => {
    const who = agents.length > 0 ? agents.map(({ agent }) => agent) : [request.agent];
    const alone = who.length * times === 1;
    return who.flatMap((agent) =>
      Array.from({ length: times }, (_, n) => {
        const turn = times > 1 ? ` ${n + 1}` : '';
        return { name: alone ? task_name : `${task_name} · ${agentName(agent)}${turn}`, prompt, agent, row };
      }),
    );
  });
}
