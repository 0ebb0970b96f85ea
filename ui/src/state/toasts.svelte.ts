import type { UserMessage } from '../bindings/protocol';

/** A short message at the window's edge. */
export interface Toast {
  id: number;
  text: string;
  /** What can be done about it: the button's label and action. */
  action?: { label: string; run(): void };
  /** An error's message; it stays until it is closed. */
  notice?: UserMessage;
}

const TOAST_DURATION_MS = 8000;

/** The messages that are shown now. */
export class Toasts {
  visible: Toast[] = $state.raw([]);
  #lastId = 0;

  /** Shows `text` for some seconds, with what can be done about it. */
  show(text: string, action?: Toast['action']): void {
    const id = this.#add({ text, action });
    setTimeout(() => this.close(id), TOAST_DURATION_MS);
  }

  /** Shows an error until it is closed. */
  showError(notice: UserMessage): void {
    this.#add({ text: notice.what, notice });
  }

  close(id: number): void {
    this.visible = this.visible.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, 'id'>): number {
    const id = (this.#lastId += 1);
    this.visible = [...this.visible.slice(-3), { ...toast, id }];
    return id;
  }
}
