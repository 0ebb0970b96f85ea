// Made by `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract`.
// Do not edit: change src-tauri/src/commands instead.

import type { AgentChoice, AgentsView, BatchDetail, BatchId, BatchRequest, BatchView, Changes, ConnectionTest, CredentialsView, Draft, Endpoint, EndpointId, FilePatch, HomeView, KnownAgent, LinePage, Matches, Place, ProjectView, PublishResult, Recipe, RemoteBranch, RepositoryPage, RequestProblem, Settings, Step, TaskId, TaskView } from './protocol';

/** The shell's commands: what each takes and answers. */
export interface Commands {
  add_to_project: { args: { tasks: TaskId[] }; answer: PublishResult[] };
  agents: { args: undefined; answer: AgentsView };
  answer_question: { args: { task: TaskId; question: string; option: string; forBatch: boolean }; answer: void };
  batch: { args: { id: BatchId }; answer: BatchDetail };
  batch_request: { args: { id: BatchId }; answer: BatchRequest };
  branches: { args: { address: string }; answer: string[] };
  check_agents: { args: { agent: AgentChoice | null }; answer: void };
  check_batch: { args: { request: BatchRequest }; answer: RequestProblem[] };
  check_project: { args: { path: string }; answer: ProjectView };
  choose_project: { args: undefined; answer: ProjectView | null };
  continue_task: { args: { task: TaskId }; answer: void };
  continue_with: { args: { task: TaskId; message: string }; answer: void };
  credentials: { args: undefined; answer: CredentialsView };
  history: { args: { query: string; before: number | null }; answer: BatchView[] };
  home: { args: undefined; answer: HomeView };
  install_agent: { args: { id: KnownAgent }; answer: void };
  load_draft: { args: undefined; answer: Draft | null };
  look_up_branch: { args: { task: TaskId }; answer: RemoteBranch };
  needs_you: { args: undefined; answer: TaskView[] };
  open_link: { args: { url: string }; answer: void };
  places: { args: undefined; answer: Place[] };
  practice_project: { args: undefined; answer: ProjectView };
  quit: { args: { stopWork: boolean }; answer: void };
  read_changes: { args: { task: TaskId }; answer: Changes };
  read_lines: { args: { task: TaskId; from: number; max: number }; answer: LinePage };
  read_patch: { args: { task: TaskId; path: string }; answer: FilePatch };
  read_steps: { args: { task: TaskId; from: number; max: number }; answer: Step[] };
  remove_agent: { args: { agent: AgentChoice }; answer: void };
  remove_agent_key: { args: { id: KnownAgent }; answer: void };
  remove_endpoint: { args: { id: EndpointId }; answer: CredentialsView };
  remove_endpoint_key: { args: { id: EndpointId }; answer: CredentialsView };
  remove_github_token: { args: undefined; answer: CredentialsView };
  remove_template: { args: { id: string }; answer: void };
  repositories: { args: { page: number }; answer: RepositoryPage };
  resume_agent: { args: { agent: AgentChoice }; answer: void };
  retry_tasks: { args: { tasks: TaskId[] }; answer: void };
  run_next: { args: { task: TaskId }; answer: void };
  save_agent: { args: { agent: AgentChoice }; answer: void };
  save_draft: { args: { draft: Draft }; answer: void };
  save_endpoint: { args: { endpoint: Endpoint }; answer: CredentialsView };
  save_output: { args: { task: TaskId }; answer: string | null };
  save_settings: { args: { settings: Settings }; answer: void };
  save_template: { args: { template: Recipe }; answer: void };
  say_to_task: { args: { task: TaskId; text: string; interrupt: boolean }; answer: void };
  search_lines: { args: { task: TaskId; query: string }; answer: Matches };
  set_agent_key: { args: { id: KnownAgent; key: string }; answer: void };
  set_endpoint_key: { args: { id: EndpointId; key: string }; answer: CredentialsView };
  set_github_api: { args: { address: string }; answer: CredentialsView };
  set_github_token: { args: { token: string }; answer: CredentialsView };
  set_limit: { args: { limit: number }; answer: void };
  set_up_project: { args: { path: string }; answer: ProjectView };
  settings: { args: undefined; answer: Settings };
  show_project: { args: { path: string }; answer: void };
  start_batch: { args: { request: BatchRequest }; answer: BatchDetail };
  stop_batch: { args: { batch: BatchId }; answer: void };
  stop_task: { args: { task: TaskId }; answer: void };
  task: { args: { id: TaskId }; answer: TaskView };
  task_prompt: { args: { id: TaskId }; answer: string };
  templates: { args: undefined; answer: Recipe[] };
  test_endpoint: { args: { id: EndpointId }; answer: ConnectionTest };
  test_github_token: { args: undefined; answer: ConnectionTest };
}
