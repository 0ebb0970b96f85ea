import type { Notice } from '../bindings/protocol';

/** A short message at the window's edge. */
export interface Toast {
  id: number;
  text: string;
  /** What can be done about it: the button's word and deed. */
  action?: { label: string; run(): void };
  /** An error's message; it stays until it is closed. */
  notice?: Notice;
}

const SHOWN_FOR = 8000;

/** The messages that are shown now. */
export class Toasts {
  shown: Toast[] = $state.raw([]);
  #next = 0;

  /** Shows `text` for some seconds, with what can be done about it. */
  say(text: string, action?: Toast['action']): void {
    const id = this.#add({ text, action });
    setTimeout(() => this.close(id), SHOWN_FOR);
  }

  /** Shows an error until it is closed. */
  tell(notice: Notice): void {
    this.#add({ text: notice.what, notice });
  }

  close(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, 'id'>): number {
    const id = (this.#next += 1);
    this.shown = [...this.shown.slice(-3), { ...toast, id }];
    return id;
  }
}
