import type { BatchId, TaskId } from '../bindings/protocol';

/** What the main area shows. */
export type Route =
  | { page: 'home' | 'new' | 'needs-you' | 'history' | 'templates' | 'settings' | 'agents' }
  | { page: 'batch'; batch: BatchId; task: TaskId | null };

const PAGES = ['home', 'new', 'needs-you', 'history', 'templates', 'settings', 'agents'] as const;

/** The route that an address' hash names; home when it names none. */
export function parseRoute(hash: string): Route {
  const [page, batch, task] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  if (page === 'batch' && batch) return { page, batch, task: task || null };
  return { page: PAGES.find((known) => known === page) ?? 'home' };
}

/** The hash that names `route`. */
export function formatRoute(route: Route): string {
  if (route.page !== 'batch') return `#/${route.page}`;
  const parts = ['batch', route.batch, ...(route.task ? [route.task] : [])];
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** Where the person is. The address' hash keeps it, so that back and forward work. */
export class Router {
  route: Route = $state.raw(parseRoute(location.hash));

  constructor() {
    addEventListener('popstate', () => {
      this.route = parseRoute(location.hash);
    });
  }

  go(route: Route): void {
    this.route = route;
    if (location.hash !== formatRoute(route)) history.pushState(null, '', formatRoute(route));
  }

  /** Goes there without a new entry in the history: another tab of the same page. */
  replace(route: Route): void {
    this.route = route;
    history.replaceState(null, '', formatRoute(route));
  }
}
