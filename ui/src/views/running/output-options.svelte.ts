/** How output is shown; it stays from task to task. `details`: also what wasn't understood, in full. */
export const outputOptions = $state({ wrap: false, times: false, details: false });
