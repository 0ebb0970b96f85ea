import type {
  PublishResult,
  AgentChoice,
  AgentsView,
  BatchDetail,
  BatchId,
  BatchRequest,
  BatchView,
  RemoteBranch,
  Changes,
  CredentialsView,
  Draft,
  Endpoint,
  EndpointId,
  FilePatch,
  HomeView,
  KnownAgent,
  LinePage,
  Matches,
  Place,
  PlaceView,
  ProjectView,
  RepositoryPage,
  RequestProblem,
  Settings,
  Step,
  TaskId,
  TaskView,
  Recipe,
  ConnectionTest,
} from '../bindings/protocol';

/** A subscription. Nothing is missed once `ready` has settled; `unsubscribe` may be called at any time. */
export interface Subscription {
  ready: Promise<void>;
  unsubscribe(): void;
}

/**
 * Everything the window can ask for. Each method is one command of the shell and rejects
 * with a `UserMessage`, never with anything else.
 */
export interface Backend {
  home(): Promise<HomeView>;

  checkProject(path: string): Promise<ProjectView>;
  setUpProject(path: string): Promise<ProjectView>;
  practiceProject(): Promise<ProjectView>;
  /** Opens the system's folder dialog. Returns `null` if it was closed without a choice. */
  chooseProject(): Promise<ProjectView | null>;
  /** Opens the project's folder in the system's file browser. */
  showProject(path: string): Promise<void>;
  /** Opens a web address in the system's browser. */
  openLink(url: string): Promise<void>;

  loadDraft(): Promise<Draft | null>;
  saveDraft(draft: Draft): Promise<void>;
  templates(): Promise<Recipe[]>;
  saveTemplate(template: Recipe): Promise<void>;
  removeTemplate(id: string): Promise<void>;
  settings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<void>;
  setLimit(limit: number): Promise<void>;

  /** Where a batch can run: this computer, then each endpoint, under its id. */
  places(): Promise<Place[]>;
  credentials(): Promise<CredentialsView>;
  /** Keeps an endpoint; one with the id "new" is another one, and is given its id. */
  saveEndpoint(endpoint: Endpoint): Promise<CredentialsView>;
  removeEndpoint(id: EndpointId): Promise<CredentialsView>;
  setEndpointKey(id: EndpointId, key: string): Promise<CredentialsView>;
  removeEndpointKey(id: EndpointId): Promise<CredentialsView>;
  testEndpoint(id: EndpointId): Promise<ConnectionTest>;
  setGithubApi(address: string): Promise<CredentialsView>;
  setGithubToken(token: string): Promise<CredentialsView>;
  removeGithubToken(): Promise<CredentialsView>;
  testGithubToken(): Promise<ConnectionTest>;
  /** A page of the person's repositories, from 1. */
  repositories(page: number): Promise<RepositoryPage>;
  /** The branches of the repository at an address. */
  branches(address: string): Promise<string[]>;

  /** How every agent stands, as it was last asked. */
  agents(): Promise<AgentsView>;
  /** Asks one agent, or all of them (null), how it stands; the results come through `onAgents`. */
  checkAgents(agent: AgentChoice | null): Promise<void>;
  /** Installs what is missing for an agent, in a folder of ours. */
  installAgent(id: KnownAgent): Promise<void>;
  setAgentKey(id: KnownAgent, key: string): Promise<void>;
  removeAgentKey(id: KnownAgent): Promise<void>;
  /** Keeps an agent of the person's own. */
  saveAgent(agent: AgentChoice): Promise<void>;
  removeAgent(agent: AgentChoice): Promise<void>;

  checkBatch(request: BatchRequest): Promise<RequestProblem[]>;
  startBatch(request: BatchRequest): Promise<BatchDetail>;
  batch(id: BatchId): Promise<BatchDetail>;
  /** What was asked for, to ask for it again. */
  batchRequest(id: BatchId): Promise<BatchRequest>;
  stopBatch(batch: BatchId): Promise<void>;
  /** Batches older than `before`, the newest first, whose name or task names hold `query`. */
  history(query: string, before: number | null): Promise<BatchView[]>;

  task(id: TaskId): Promise<TaskView>;
  taskPrompt(id: TaskId): Promise<string>;
  needsYou(): Promise<TaskView[]>;
  readLines(task: TaskId, from: number, max: number): Promise<LinePage>;
  searchLines(task: TaskId, query: string): Promise<Matches>;
  readSteps(task: TaskId, from: number, max: number): Promise<Step[]>;
  readChanges(task: TaskId): Promise<Changes>;
  readPatch(task: TaskId, path: string): Promise<FilePatch>;
  /** Opens the system's save dialog. Returns the file's name, or `null` if it was closed. */
  saveOutput(task: TaskId): Promise<string | null>;
  stopTask(task: TaskId): Promise<void>;
  retryTasks(tasks: TaskId[]): Promise<void>;
  continueTask(task: TaskId): Promise<void>;
  runNext(task: TaskId): Promise<void>;
  /** Answers one question; `forBatch`: the same is allowed for all tasks of its batch from now on. */
  answerQuestion(task: TaskId, question: string, option: string, forBatch: boolean): Promise<void>;
  publishResults(tasks: TaskId[]): Promise<PublishResult[]>;
  /** Looks for the branch of a task at the repository's host. */
  lookUpBranch(task: TaskId): Promise<RemoteBranch>;
  /** Says something to a working task: when its turn ends, or at once by interrupting it. */
  sendMessage(task: TaskId, text: string, interrupt: boolean): Promise<void>;
  /** The tasks of an agent that were held go on: a person has signed in. */
  resumeAgent(agent: AgentChoice): Promise<void>;
  /** Goes on with a task that is over: `message` is said next. At an endpoint that is new work. */
  continueTaskWithMessage(task: TaskId, message: string): Promise<void>;

  /** Ends Regatta; with `stopWork` it first stops what works. */
  quit(stopWork: boolean): Promise<void>;

  onTask(id: TaskId, listener: (view: TaskView) => void): Subscription;
  onBatch(id: BatchId, listener: (view: BatchView) => void): Subscription;
  onPlace(listener: (view: PlaceView) => void): Subscription;
  onAgents(listener: (view: AgentsView) => void): Subscription;
  /** The window was asked to close while tasks work. */
  onQuitRequested(listener: (asked: { working: number }) => void): Subscription;
  /** A notification was clicked: this batch, or this task of it, is wanted. */
  onOpenRequested(listener: (asked: { batch: BatchId | null; task: TaskId | null }) => void): Subscription;
}
