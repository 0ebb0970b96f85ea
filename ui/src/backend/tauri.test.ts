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
  const listener = vi.fn();
  const subscription = tauri.onPlace(listener);
  subscription.unsubscribe();
  tell({ payload: {} });
  expect(undo).not.toHaveBeenCalled();
  land(undo);
  await subscription.ready;
  expect(undo).toHaveBeenCalledTimes(1);
  expect(listener).not.toHaveBeenCalled();
});

it('a subscription that landed is undone once', async () => {
  const undo = vi.fn();
  shell.listen.mockResolvedValue(undo);
  const subscription = tauri.onTask('t-1', () => {});
  await subscription.ready;
  expect(shell.listen.mock.calls[0]?.[0]).toBe('task:t-1');
  subscription.unsubscribe();
  subscription.unsubscribe();
  expect(undo).toHaveBeenCalledTimes(1);
});

it('the commands of agents have their names and arguments', async () => {
  shell.invoke.mockResolvedValue(null);
  const agent = { kind: 'acp', command: ['kiro-cli', 'acp'], env: [{ name: 'PROFILE', value: 'work' }] } as const;
  const own = { ...agent, command: [...agent.command], env: [...agent.env] };
  await tauri.agents();
  await tauri.checkAgents(null);
  await tauri.installAgent('codex');
  await tauri.setAgentKey('codex', 'k');
  await tauri.removeAgentKey('codex');
  await tauri.saveAgent(own);
  await tauri.removeAgent(own);
  expect(shell.invoke.mock.calls).toEqual([
    ['agents', {}],
    ['check_agents', { agent: null }],
    ['install_agent', { id: 'codex' }],
    ['set_agent_key', { id: 'codex', key: 'k' }],
    ['remove_agent_key', { id: 'codex' }],
    ['save_agent', { agent }],
    ['remove_agent', { agent }],
  ]);
});

it('the commands of endpoints and repositories have their names and arguments', async () => {
  shell.invoke.mockResolvedValue(null);
  const endpoint = { id: 'new', name: 'Work', address: 'https://api.cloudcoding.example' };
  await tauri.saveEndpoint(endpoint);
  await tauri.setEndpointKey('e', 'k');
  await tauri.testEndpoint('e');
  await tauri.setGithubApi('https://api.github.com');
  await tauri.setGithubToken('t');
  await tauri.repositories(2);
  await tauri.branches('https://github.com/acme/shop');
  await tauri.lookUpBranch('t1');
  await tauri.continueTaskWithMessage('t1', 'And more.');
  expect(shell.invoke.mock.calls).toEqual([
    ['save_endpoint', { endpoint }],
    ['set_endpoint_key', { id: 'e', key: 'k' }],
    ['test_endpoint', { id: 'e' }],
    ['set_github_api', { address: 'https://api.github.com' }],
    ['set_github_token', { token: 't' }],
    ['repositories', { page: 2 }],
    ['branches', { address: 'https://github.com/acme/shop' }],
    ['look_up_branch', { task: 't1' }],
    ['continue_with', { task: 't1', message: 'And more.' }],
  ]);
});
