import type { Backend } from './backend';

export type { Backend, Subscription } from './backend';
export { asNotice } from './as-notice';

/** The shell; in a plain browser (page tests, design work) the simulation, which the app's build doesn't hold. */
export async function openBackend(): Promise<Backend> {
  if (import.meta.env.MODE !== 'production' && !('__TAURI_INTERNALS__' in window)) {
    const { openFake } = await import('./fake');
    return openFake(new URLSearchParams(location.search));
  }
  return (await import('./tauri')).tauri;
}
