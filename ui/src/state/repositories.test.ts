import { expect, it, vi } from 'vitest';
import type { Repository } from '../bindings/protocol';
import { Repositories } from './repositories.svelte';
import { anApp } from './testing';

const repo = (full_name: string): Repository => ({
  full_name,
  address: `https://github.com/${full_name}.git`,
  private: false,
  default_branch: 'main',
  can_write: true,
});

it('pages are read one after the other, a double one is shown once', async () => {
  const pages = [
    { repositories: [repo('a/one'), repo('a/two')], next: 2, notice: null },
    { repositories: [repo('a/two'), repo('b/three')], next: null, notice: null },
  ];
  const repositories = vi.fn(async (page: number) => pages[page - 1] ?? { repositories: [], next: null, notice: null });
  const list = new Repositories(anApp({ repositories }));
  await list.loadNextPage();
  expect(list.hasMore).toBe(true);
  await Promise.all([list.loadNextPage(), list.loadNextPage()]);
  await list.loadNextPage();
  expect(repositories.mock.calls.map(([page]) => page)).toEqual([1, 2]);
  expect(list.all.map(({ full_name }) => full_name)).toEqual(['a/one', 'a/two', 'b/three']);
  expect(list.search(' THREE b').map(({ full_name }) => full_name)).toEqual(['b/three']);
  expect(list.search('')).toHaveLength(3);
});

it('a page that could not be read is said, and read when asked again', async () => {
  const notice = { code: 'token_refused', what: 'Refused.', safe: '', next: '' };
  const repositories = vi
    .fn()
    .mockRejectedValueOnce(notice)
    .mockResolvedValue({ repositories: [repo('a/one')], next: null, notice: null });
  const list = new Repositories(anApp({ repositories }));
  await list.loadNextPage();
  expect(list.notice).toEqual(notice);
  await list.loadNextPage();
  expect(list.notice).toBeNull();
  expect(list.all).toHaveLength(1);
});

it('an answer for the token before is not taken', async () => {
  const answers: ((page: object) => void)[] = [];
  const list = new Repositories(anApp({ repositories: () => new Promise((done) => answers.push(done as never)) }));
  const old = list.loadNextPage();
  const fresh = list.reload();
  answers[1]?.({ repositories: [repo('new/one')], next: null, notice: null });
  answers[0]?.({ repositories: [repo('old/one')], next: 2, notice: null });
  await Promise.all([old, fresh]);
  expect(list.all.map(({ full_name }) => full_name)).toEqual(['new/one']);
  expect([list.hasMore, list.isLoading]).toEqual([false, false]);
});
