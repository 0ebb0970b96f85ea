/** How output is shown; it stays from task to task. `details`: also what wasn't understood, in full. */
export const shownAs = $state({ wrap: false, times: false, details: false });
