/** Reads that follow a view. */

/** A read that can be asked for at any time. */
export interface FrameScheduler {
  request(): void;
  /** No read begins after this. */
  stop(): void;
}

/**
 * Runs `read` at most once a frame and never twice at once, however often it is asked
 * for; what is asked during a run leads to one more.
 */
export function oncePerFrame(read: () => Promise<void>): FrameScheduler {
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
    request() {
      if (asked || ended) return;
      asked = true;
      if (!running) schedule();
    },
    stop() {
      ended = true;
    },
  };
}
