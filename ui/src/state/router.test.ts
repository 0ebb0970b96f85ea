import { expect, it } from 'vitest';
import { formatRoute, type Route, Router, parseRoute } from './router.svelte';

it.each<Route>([
  { page: 'home' },
  { page: 'new' },
  { page: 'needs-you' },
  { page: 'batch', batch: 'b-1', task: null },
  { page: 'batch', batch: 'b-1', task: 't-2' },
])('%j survives an address', (route) => expect(parseRoute(formatRoute(route))).toEqual(route));

it.each(['', '#', '#/nowhere', '#/batch', '#/batch/'])('%j is home', (hash) => {
  expect(parseRoute(hash)).toEqual({ page: 'home' });
});

it('back leads to where one was', async () => {
  const router = new Router();
  router.go({ page: 'history' });
  router.go({ page: 'batch', batch: 'b', task: null });
  router.replace({ page: 'batch', batch: 'b', task: 't' });
  const left = new Promise((done) => addEventListener('popstate', done, { once: true }));
  history.back();
  await left;
  expect(router.route).toEqual({ page: 'history' });
});
