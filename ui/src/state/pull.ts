/** Reads that follow a view. */

/** A read that can be asked for at any time. */
export interface Pull {
  ask(): void;
  /** No read begins after this. */
  end(): void;
}

/**
 * Runs `read` at most once a frame and never twice at once, however often it is asked
 * for; what is asked during a run leads to one more.
 */
export function perFrame(read: () => Promise<void>): Pull {
  let asked = false;
  let running = false;
  let ended = false;

  async function run() {
    if (ended || running) return;
    asked = false;
    running = true;
    try {
      await read();
    } finally {
      running = false;
      if (asked) schedule();
    }
  }

  function schedule() {
    requestAnimationFrame(() => void run());
  }

  return {
    ask() {
      if (asked || ended) return;
      asked = true;
      if (!running) schedule();
    },
    end() {
      ended = true;
    },
  };
}
