import { beforeEach, expect, it, vi } from 'vitest';
import { tauri } from './tauri';

const shell = vi.hoisted(() => ({ invoke: vi.fn(), listen: vi.fn() }));
vi.mock('@tauri-apps/api/core', () => ({ invoke: shell.invoke }));
vi.mock('@tauri-apps/api/event', () => ({ listen: shell.listen }));

beforeEach(() => {
  shell.invoke.mockReset();
  shell.listen.mockReset();
});

it('a command has its name and arguments', async () => {
  shell.invoke.mockResolvedValue(null);
  await tauri.history('hats', null);
  expect(shell.invoke).toHaveBeenCalledWith('history', { query: 'hats', before: null });
});

it('an error is a notice, whatever it was', async () => {
  const notice = { code: 'not_found', what: 'No such task.', safe: '', next: '' };
  shell.invoke.mockRejectedValueOnce(notice).mockRejectedValueOnce('command not allowed');
  await expect(tauri.stopTask('t')).rejects.toEqual(notice);
  await expect(tauri.stopTask('t')).rejects.toMatchObject({ code: 'internal', details: 'command not allowed' });
});

it('a subscription that is ended before it landed is undone when it lands', async () => {
  const undo = vi.fn();
  let land: (undo: () => void) => void = () => {};
  let tell: (event: { payload: unknown }) => void = () => {};
  shell.listen.mockImplementation((_, handler) => {
    tell = handler;
    return new Promise((done) => (land = done));
  });
  const told = vi.fn();
  const subscription = tauri.onPlace(told);
  subscription.end();
  tell({ payload: {} });
  expect(undo).not.toHaveBeenCalled();
  land(undo);
  await subscription.ready;
  expect(undo).toHaveBeenCalledTimes(1);
  expect(told).not.toHaveBeenCalled();
});

it('a subscription that landed is undone once', async () => {
  const undo = vi.fn();
  shell.listen.mockResolvedValue(undo);
  const subscription = tauri.onTask('t-1', () => {});
  await subscription.ready;
  expect(shell.listen.mock.calls[0]?.[0]).toBe('task:t-1');
  subscription.end();
  subscription.end();
  expect(undo).toHaveBeenCalledTimes(1);
});
