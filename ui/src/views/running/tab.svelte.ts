/** The parts of a task's page. */
export type TabName = 'activity' | 'output' | 'changes' | 'result';

/** Which part is shown; it stays when another task is opened. */
export const openTab: { name: TabName } = $state({ name: 'activity' });
