/** The cards of the page, for the arrow keys and for what is next after an answer. */

const listCards = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>('[data-card]')];

/** The card before or after the one that holds `from`. */
export function adjacentCard(list: HTMLElement, from: EventTarget | null, by: 1 | -1): HTMLElement | null {
  const all = listCards(list);
  const at = from instanceof Node ? all.findIndex((card) => card.contains(from)) : -1;
  return at === -1 ? null : (all[at + by] ?? null);
}

/** The card that is next once `gone` is gone: the one after it, else the one before. */
export function nextFocus(list: HTMLElement, gone: HTMLElement): HTMLElement | null {
  return adjacentCard(list, gone, 1) ?? adjacentCard(list, gone, -1);
}
