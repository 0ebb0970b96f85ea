import { createSubscriber } from 'svelte/reactivity';

/** The time, for texts such as "2 s ago": whatever reads it is updated each second. */
export class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();
