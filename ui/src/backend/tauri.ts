import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Commands } from '../bindings/commands';
import type { Backend, Subscription } from './backend';
import { asNotice } from './as-notice';

/** What a command takes, and nothing for one that takes nothing. */
type Args<C extends keyof Commands & string> = Commands[C]['args'] extends undefined ? [] : [Commands[C]['args']];

/** The shell's command of that name. Its error is a `UserMessage`, whatever went wrong on the way. */
async function call<C extends keyof Commands & string>(command: C, ...[args]: Args<C>): Promise<Commands[C]['answer']> {
  try {
    return await invoke<Commands[C]['answer']>(command, args ?? {});
  } catch (error) {
    throw asNotice(error);
  }
}

function subscribe<T>(event: string, listener: (payload: T) => void): Subscription {
  let ended = false;
  let unlisten: (() => void) | undefined;
  const ready = listen<T>(event, ({ payload }) => {
    if (!ended) listener(payload);
  }).then(
    (undo) => {
      // It may have been ended before the shell answered: then there is nobody to undo it later.
      if (ended) undo();
      else unlisten = undo;
    },
    (error: unknown) => {
      throw asNotice(error);
    },
  );
  return {
    ready,
    unsubscribe() {
      ended = true;
      unlisten?.();
      unlisten = undefined;
    },
  };
}

/** The real thing: commands and events of the desktop shell. */
export const tauri: Backend = {
  home: () => call('home'),
  checkProject: (path) => call('check_project', { path }),
  setUpProject: (path) => call('set_up_project', { path }),
  practiceProject: () => call('practice_project'),
  chooseProject: () => call('choose_project'),
  showProject: (path) => call('show_project', { path }),
  openLink: (url) => call('open_link', { url }),
  loadDraft: () => call('load_draft'),
  saveDraft: (draft) => call('save_draft', { draft }),
  templates: () => call('templates'),
  saveTemplate: (template) => call('save_template', { template }),
  removeTemplate: (id) => call('remove_template', { id }),
  settings: () => call('settings'),
  saveSettings: (settings) => call('save_settings', { settings }),
  setLimit: (limit) => call('set_limit', { limit }),
  places: () => call('places'),
  credentials: () => call('credentials'),
  saveEndpoint: (endpoint) => call('save_endpoint', { endpoint }),
  removeEndpoint: (id) => call('remove_endpoint', { id }),
  setEndpointKey: (id, key) => call('set_endpoint_key', { id, key }),
  removeEndpointKey: (id) => call('remove_endpoint_key', { id }),
  testEndpoint: (id) => call('test_endpoint', { id }),
  setGithubApi: (address) => call('set_github_api', { address }),
  setGithubToken: (token) => call('set_github_token', { token }),
  removeGithubToken: () => call('remove_github_token'),
  testGithubToken: () => call('test_github_token'),
  repositories: (page) => call('repositories', { page }),
  branches: (address) => call('branches', { address }),
  agents: () => call('agents'),
  checkAgents: (agent) => call('check_agents', { agent }),
  installAgent: (id) => call('install_agent', { id }),
  setAgentKey: (id, key) => call('set_agent_key', { id, key }),
  removeAgentKey: (id) => call('remove_agent_key', { id }),
  saveAgent: (agent) => call('save_agent', { agent }),
  removeAgent: (agent) => call('remove_agent', { agent }),
  checkBatch: (request) => call('check_batch', { request }),
  startBatch: (request) => call('start_batch', { request }),
  batch: (id) => call('batch', { id }),
  batchRequest: (id) => call('batch_request', { id }),
  stopBatch: (batch) => call('stop_batch', { batch }),
  history: (query, before) => call('history', { query, before }),
  task: (id) => call('task', { id }),
  taskPrompt: (id) => call('task_prompt', { id }),
  needsYou: () => call('needs_you'),
  readLines: (task, from, max) => call('read_lines', { task, from, max }),
  searchLines: (task, query) => call('search_lines', { task, query }),
  readSteps: (task, from, max) => call('read_steps', { task, from, max }),
  readChanges: (task) => call('read_changes', { task }),
  readPatch: (task, path) => call('read_patch', { task, path }),
  saveOutput: (task) => call('save_output', { task }),
  stopTask: (task) => call('stop_task', { task }),
  retryTasks: (tasks) => call('retry_tasks', { tasks }),
  continueTask: (task) => call('continue_task', { task }),
  runNext: (task) => call('run_next', { task }),
  answerQuestion: (task, question, option, forBatch) => call('answer_question', { task, question, option, forBatch }),
  publishResults: (tasks) => call('add_to_project', { tasks }),
  lookUpBranch: (task) => call('look_up_branch', { task }),
  continueTaskWithMessage: (task, message) => call('continue_with', { task, message }),
  sendMessage: (task, text, interrupt) => call('say_to_task', { task, text, interrupt }),
  resumeAgent: (agent) => call('resume_agent', { agent }),
  quit: (stopWork) => call('quit', { stopWork }),
  onTask: (id, listener) => subscribe(`task:${id}`, listener),
  onBatch: (id, listener) => subscribe(`batch:${id}`, listener),
  onPlace: (listener) => subscribe('place', listener),
  onAgents: (listener) => subscribe('agents', listener),
  onQuitRequested: (listener) => subscribe('quit-asked', listener),
  onOpenRequested: (listener) => subscribe('open-asked', listener),
};
