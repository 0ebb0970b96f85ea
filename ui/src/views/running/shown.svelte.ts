/** How output is shown; it stays from task to task. */
export const shownAs = $state({ wrap: false, times: false });
