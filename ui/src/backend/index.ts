import type { Backend } from './backend';

export type { Backend, Subscription } from './backend';
export { asNotice } from './as-notice';

/** The shell when there is one; else (a plain browser: tests, design work) the simulation. */
export async function openBackend(): Promise<Backend> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./tauri')).tauri;
  const { openFake } = await import('./fake');
  return openFake(new URLSearchParams(location.search));
}
