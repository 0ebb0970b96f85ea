import type { Place, TaskView } from '../../bindings/protocol';

/** Tasks that are started again at their endpoint, once the person has agreed to that. */
export const retryDialog: { request: { place: Place; tasks: TaskView[] } | null } = $state({ request: null });
