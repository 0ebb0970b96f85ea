import type { UserMessage } from '../bindings/protocol';

/** Whatever was thrown, as the message to show: a `UserMessage` as it is, anything else as a bug of ours. */
export function asNotice(error: unknown): UserMessage {
  if (isNotice(error)) return error;
  return {
    code: 'internal',
    what: 'Regatta could not do that.',
    safe: 'Your work is as it was.',
    next: 'Try again; if it stays so, restart Regatta.',
    details: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

function isNotice(error: unknown): error is UserMessage {
  return typeof error === 'object' && error !== null && 'code' in error && 'what' in error;
}
