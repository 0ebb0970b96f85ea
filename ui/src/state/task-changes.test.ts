import { expect, it, vi } from 'vitest';
import type { Changes, FileChange } from '../bindings/protocol';
import { aTask } from '../lib/testing';
import { TaskChanges } from './task-changes.svelte';
import { anApp } from './testing';

const file = (path: string, added: number): FileChange => ({
  path,
  old_path: null,
  kind: 'modified',
  binary: false,
  added,
  removed: 0,
});

function open() {
  const all: Changes = { totals: { files: 2, added: 3, removed: 0 }, files: [file('a', 1), file('b', 2)], more: false };
  const readChanges = vi.fn(() => Promise.resolve(structuredClone(all)));
  const readPatch = vi.fn((_: string, path: string) =>
    Promise.resolve({ lines: [{ kind: 'added' as const, old: null, new: 1, text: path }], more: false }),
  );
  const changes = new TaskChanges(anApp({ readChanges, readPatch }), 'task-1');
  return { changes, all, readChanges, readPatch };
}

const taskWith = (added: number) => aTask({ totals: { files: 2, added, removed: 0 } });

it('reads again only when what was changed has changed', async () => {
  const { changes, readChanges } = open();
  changes.update(taskWith(3));
  await vi.waitFor(() => expect(changes.changes?.files).toHaveLength(2));
  changes.update({ ...taskWith(3), lines: 99, revision: 8 });
  await new Promise(requestAnimationFrame);
  expect(readChanges).toHaveBeenCalledTimes(1);
  changes.update(taskWith(4));
  await vi.waitFor(() => expect(readChanges).toHaveBeenCalledTimes(2));
});

it('keeps the open files current and reads no other', async () => {
  const { changes, all, readPatch } = open();
  changes.update(taskWith(3));
  await vi.waitFor(() => expect(changes.changes).not.toBeNull());
  await changes.openFile(file('a', 1));
  await changes.openFile(file('a', 1));
  expect(readPatch).toHaveBeenCalledTimes(1);
  expect(changes.patches.get('a')?.lines[0]?.text).toBe('a');

  all.files[0] = file('a', 7);
  changes.update(taskWith(9));
  await vi.waitFor(() => expect(readPatch).toHaveBeenCalledTimes(2));
  expect(readPatch.mock.calls.every(([, path]) => path === 'a')).toBe(true);
});

it('lets go of a closed file, and may read one again that could not be read', async () => {
  const { changes, readPatch } = open();
  readPatch.mockRejectedValueOnce({ code: 'internal', what: 'No.', safe: '', next: '' });
  await changes.openFile(file('a', 1));
  expect(changes.patches.has('a')).toBe(false);
  await changes.openFile(file('a', 1));
  expect(changes.patches.has('a')).toBe(true);
  changes.closeFile('a');
  expect(changes.patches.has('a')).toBe(false);
});
