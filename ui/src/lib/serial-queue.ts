/**
 * Lets things happen one after the other: what is handed in later begins when everything
 * before it has ended, well or not. For writes of which the last one has to win.
 */
export function serialQueue(): <T>(what: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (what) => {
    const next = last.then(what, what);
    last = next.catch(() => {});
    return next;
  };
}
