/** The cards of the page, for the arrow keys and for what is next after an answer. */

const cards = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>('[data-card]')];

/** The card before or after the one that holds `from`. */
export function besides(list: HTMLElement, from: EventTarget | null, by: 1 | -1): HTMLElement | null {
  const all = cards(list);
  const at = from instanceof Node ? all.findIndex((card) => card.contains(from)) : -1;
  return at === -1 ? null : (all[at + by] ?? null);
}

/** The card that is next once `gone` is gone: the one after it, else the one before. */
export function nextTo(list: HTMLElement, gone: HTMLElement): HTMLElement | null {
  return besides(list, gone, 1) ?? besides(list, gone, -1);
}
