import type { TaskId, TaskView } from '../../bindings/protocol';

/** The task that is shown when nobody chose one: what needs a person, else what works. */
export function chooseDefaultTask(tasks: TaskView[]): TaskId {
  const first = (status: TaskView['status']) => tasks.find((task) => task.status === status);
  return (first('needs_you') ?? first('working') ?? tasks[0])?.id ?? '';
}
