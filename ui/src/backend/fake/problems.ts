import type { BatchRequest, UserMessage, ProjectState, RequestProblem, SecretState } from '../../bindings/protocol';

const MAX_TASKS = 200;
const MAX_PROMPT = 100_000;

const badRequest = (what: string, next: string, code: UserMessage['code'] = 'bad_request'): UserMessage => ({
  code,
  what,
  safe: '',
  next,
});

/** What an endpoint lacks for a request. */
function checkEndpoint({ endpoint, repo_url }: BatchRequest, key: SecretState | undefined): [string, UserMessage][] {
  const found: [string, UserMessage][] = [];
  if (repo_url.trim() === '') found.push(['project', badRequest('No repository is chosen yet.', 'Choose one.')]);
  if (key === undefined)
    found.push([
      'endpoint',
      badRequest('This endpoint is not there any more.', 'Choose another place.', 'endpoint_missing'),
    ]);
  if (key === 'missing')
    found.push(['endpoint', badRequest(`${endpoint?.name} has no key yet.`, 'Enter it.', 'key_missing')]);
  return found;
}

/** What this computer lacks for a request. */
function checkLocal({ agent }: BatchRequest, project: ProjectState): [string, UserMessage][] {
  const found: [string, UserMessage][] = [];
  if (project === 'missing')
    found.push(['project', badRequest('This folder is not there.', 'Choose another one.', 'project_missing')]);
  if (project === 'no_history')
    found.push(['project', badRequest('This folder has no history yet.', 'Set it up first.', 'not_a_repository')]);
  if (agent.kind === 'practice' || agent.kind === 'known') return found;
  const program = agent.command[0]?.trim() ?? '';
  if (program === '')
    found.push(['agent', badRequest('No program is named for the agent.', 'Name the program to start.')]);
  if (program.startsWith('no-such')) {
    const notice = badRequest(
      `The program "${program}" was not found.`,
      'Install it, or name it with its folder.',
      'agent_missing',
    );
    found.push(['agent', { ...notice, details: 'Looked in /usr/local/bin, /usr/bin, /bin' }]);
  }
  return found;
}

/** What the engine says against a request. */
export function findProblems(request: BatchRequest, project: ProjectState, key?: SecretState): RequestProblem[] {
  const found: RequestProblem[] = [];
  const add = (row: number | null, field: string, notice: UserMessage) => found.push({ row, field, notice });
  const { parallel_tasks: tasks } = request;
  if (tasks.length === 0) add(null, 'tasks', badRequest('This batch has no tasks.', 'Write at least one.'));
  if (tasks.length > MAX_TASKS) {
    add(
      null,
      'tasks',
      badRequest(`This batch has ${tasks.length} tasks; ${MAX_TASKS} is the most.`, 'Split it into two batches.'),
    );
  }
  for (const [field, notice] of request.endpoint ? checkEndpoint(request, key) : checkLocal(request, project))
    add(null, field, notice);
  const names = new Map<string, number>();
  for (const [row, task] of tasks.entries()) {
    const name = task.task_name.trim();
    const first = names.get(name);
    if (name === '') add(row, 'name', badRequest('This task has no name.', 'Name it.'));
    else if (first !== undefined)
      add(row, 'name', badRequest(`Task ${first + 1} already has this name.`, 'Give this one another name.'));
    else names.set(name, row);
    if (task.prompt.trim() === '')
      add(row, 'prompt', badRequest("This task doesn't say what to do.", 'Write what you want done.'));
    if (task.prompt.length > MAX_PROMPT) {
      add(
        row,
        'prompt',
        badRequest(
          `This text has ${task.prompt.length} characters; ${MAX_PROMPT} is the most.`,
          'Shorten it, or put the long part into a file of the project.',
        ),
      );
    }
  }
  return found;
}
