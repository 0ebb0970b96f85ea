import type { Endpoint, TaskView } from '../../bindings/protocol';

/** Tasks that are started again at their endpoint, once the person has agreed to that. */
export const again: { asked: { endpoint: Endpoint; tasks: TaskView[] } | null } = $state({ asked: null });
