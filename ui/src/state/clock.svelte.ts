import { createSubscriber } from 'svelte/reactivity';

/** The time, for texts such as "2 s ago": whoever reads it is told each second. */
export class Clock {
  #follow = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#follow();
    return Date.now();
  }
}

export const clock = new Clock();
