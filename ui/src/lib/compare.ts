/** The same work done several times: which tasks stand side by side, and what they are called there. */

import type { TaskView, TestRun } from '../bindings/protocol';

/** Tasks that came from the same row of a batch. */
export interface ComparisonGroup {
  /** What stands for it where a task's id would. */
  id: string;
  name: string;
  tasks: TaskView[];
}

/** Stands between what is to be done and who does it, in a task's name. */
const NAME_SEPARATOR = ' · ';

/** The rows that were done more than once, in the order of the batch. */
export function groupForComparison(tasks: TaskView[]): ComparisonGroup[] {
  const rows = [...new Set(tasks.map(({ row }) => row))];
  return rows
    .map((row) => ({ row, tasks: tasks.filter((task) => task.row === row) }))
    .filter((one) => one.tasks.length > 1)
    .map(({ row, tasks: same }) => ({
      id: `compare-${row}`,
      name: splitTaskName(same[0]?.name ?? '').what,
      tasks: same,
    }));
}

/** Who did it: "Claude Code", "Codex 2". */
export function taskAgentLabel(task: TaskView): string {
  return splitTaskName(task.name).who || task.agent || task.name;
}

function splitTaskName(name: string): { what: string; who: string } {
  const at = name.lastIndexOf(NAME_SEPARATOR);
  return at === -1 ? { what: name, who: '' } : { what: name.slice(0, at), who: name.slice(at + NAME_SEPARATOR.length) };
}

/** How a test ended, as far as we saw it. */
export function testResultLabel({ passed }: TestRun): string {
  if (passed === null) return 'ran; how it ended wasn’t seen';
  return passed ? 'passed' : 'did not pass';
}
