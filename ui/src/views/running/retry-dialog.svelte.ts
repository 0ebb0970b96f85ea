import type { Endpoint, TaskView } from '../../bindings/protocol';

/** Tasks that are started again at their endpoint, once the person has agreed to that. */
export const retryDialog: { request: { endpoint: Endpoint; tasks: TaskView[] } | null } = $state({ request: null });
