// Made by `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract`.
// Do not edit: change src-tauri/crates/protocol instead.

export const MAX_TASKS = 200;
export const MAX_PROMPT_CHARS = 100000;
export const MAX_NAME_CHARS = 10000;
export const MAX_PARALLEL = 64;
export const MAX_PAGE_LINES = 1000;

/**
 * A batch; on the wire its `run_id`.
 */
export type BatchId = string;

/**
 * A task, unique on this computer (its `task_name` is unique only inside its batch).
 */
export type TaskId = string;

/**
 * An endpoint among the settings.
 */
export type EndpointId = string;

/**
 * A place where tasks run.
 */
export type PlaceId = string;

/**
 * Something that can be done in a place, or that the place needs.
 */
export type Capability = "local_folder" | "local_copies" | "agents" | "queue" | "diff" | "publish" | "continue" | "message" | "allow_for_batch" | "detach" | "batch_call" | "key";

/**
 * A place where tasks run.
 */
export type Place = { 
/**
 * Unique on this computer.
 */
id: PlaceId, 
/**
 * Which runner it has. For logs and icons: what it can do is in `capabilities`.
 */
kind: string, 
/**
 * What people call it.
 */
label: string, 
/**
 * What can be done there.
 */
capabilities: Array<Capability>, };

/**
 * Where a task stands. It comes from facts that we own (the process, the stream, the
 * terminal event, git), never from silence or from an exit code alone.
 */
export type Status = "waiting" | "working" | "needs_you" | "paused" | "finished" | "failed" | "stopped" | "interrupted" | "unknown";

/**
 * Why a request failed or a task ended as it did. A closed list: the UI and callers
 * branch on it and on nothing else.
 */
export type ErrorCode = "bad_request" | "not_found" | "wrong_state" | "project_missing" | "not_a_repository" | "no_commit" | "branch_missing" | "git_missing" | "git_failed" | "agent_missing" | "agent_died" | "agent_failed" | "sign_in_needed" | "install_failed" | "agent_protocol" | "time_limit" | "turn_limit" | "cost_limit" | "worker_died" | "disk_full" | "data_read_only" | "data_in_use" | "store_corrupt" | "store_too_new" | "settings_corrupt" | "interrupted" | "endpoint_missing" | "key_missing" | "key_refused" | "key_store_missing" | "token_refused" | "endpoint_unreachable" | "usage_limit" | "endpoint_failed" | "endpoint_refused" | "endpoint_protocol" | "connection_lost" | "remote_failed" | "key_reused" | "too_large" | "too_many" | "unauthorized" | "not_allowed" | "internal";

/**
 * One message to a person: what happened, whether their work is safe, what to do.
 */
export type UserMessage = { 
/**
 * For callers to branch on.
 */
code: ErrorCode, 
/**
 * What happened, one sentence.
 */
what: string, 
/**
 * Whether work is safe, one sentence; empty where no work was touched.
 */
safe: string, 
/**
 * What to do, one sentence.
 */
next: string, 
/**
 * The technical part, shown under "Show details".
 */
details?: string, };

/**
 * A batch to start. Unknown fields are ignored, as a foreign client may send more.
 */
export type BatchRequest = { 
/**
 * Ours: the batch's title. Empty means named after its first task.
 */
name: string, 
/**
 * The project: a folder on this computer, or the address of a repository.
 */
repo_url: string, 
/**
 * The tasks, in the order in which they are shown and started.
 */
parallel_tasks: Array<TaskRequest>, 
/**
 * Where to start from: a branch, tag or commit. Empty means what is checked out.
 */
branch: string, 
/**
 * Ours: who does the work. Its name is enough where that needs no program.
 */
agent: AgentChoice, 
/**
 * Ours: what was chosen of what that agent offers.
 */
options: AgentOptions, 
/**
 * Ours: how much agents may do without asking. Never taken from a foreign request.
 */
safety: Safety, 
/**
 * Whether the smaller, quicker model does the work, in a place that has two.
 */
haiku: boolean, 
/**
 * The thread of an earlier task whose work goes on. Empty means none.
 */
thread_id: string, 
/**
 * Where the tasks run; `None` means on this computer. Never on the wire.
 */
endpoint?: Endpoint, 
/**
 * Ours: how many tasks may work at the same time. `None` means the computer's limit.
 */
max_parallel?: number, };

/**
 * One named task of a batch.
 */
export type TaskRequest = { 
/**
 * Unique inside the batch. It is never a path or a ref.
 */
task_name: string, 
/**
 * What the agent is asked to do.
 */
prompt: string, 
/**
 * Ours: the time it may take, in seconds. `None` means no limit.
 */
time_limit_s?: number, 
/**
 * Ours: how many turns the agent may take, where it can keep to that. `None` means no limit.
 */
turn_limit?: number, 
/**
 * Ours: what it may cost, in US cents, where the agent reports that. `None` means no limit.
 */
cost_limit_cents?: number, 
/**
 * Who does it, each in a task of its own, so that the results can be compared. Empty means the
 * batch's agent. Never on the wire: it names programs.
 */
agents?: Array<AgentSelection>, 
/**
 * How often each of them does it, 1 to 9. `None` means once.
 */
times?: number, };

/**
 * Who does the work.
 */
export type AgentChoice = { "kind": "practice" } | { "kind": "known", 
/**
 * Which.
 */
id: KnownAgent, } | { "kind": "acp", 
/**
 * Program and arguments.
 */
command: Array<string>, 
/**
 * What is added to its environment. Kept in readable files: no place for keys.
 */
env?: Array<EnvVar>, } | { "kind": "command", 
/**
 * Program and arguments.
 */
command: Array<string>, };

/**
 * Something in a request that keeps it from being started, and where.
 */
export type RequestProblem = { 
/**
 * The row it is about, from 0; `None` means the batch as a whole.
 */
row: number | null, 
/**
 * The part of the row or batch: `name`, `prompt`, `tasks`, `agent`, `project`,
 * `branch`, `parallel`, `title`, `time_limit`, `turn_limit`, `cost_limit`, `times`,
 * `endpoint`, `thread`.
 */
field: string, 
/**
 * What to say there.
 */
notice: UserMessage, };

/**
 * An agent whose program, arguments and quirks Regatta knows.
 */
export type KnownAgent = "claude-code" | "codex" | "gemini" | "opencode" | "copilot" | "qwen" | "aider";

/**
 * What a person chose of what an agent offers: ids of the agent's own. Empty means as the agent
 * has it.
 */
export type AgentOptions = { 
/**
 * The model.
 */
model: string, 
/**
 * The mode, such as one for planning only. Empty means the one that fits the safety level.
 */
mode: string, 
/**
 * How hard it thinks.
 */
effort: string, };

/**
 * An agent and what was chosen of what it offers.
 */
export type AgentSelection = { 
/**
 * Who does the work.
 */
agent: AgentChoice, 
/**
 * How.
 */
options: AgentOptions, };

/**
 * How much an agent may do without asking.
 */
export type Safety = "careful" | "balanced" | "hands_off";

/**
 * A variable of an environment. Its value isn't shown by `Debug`: it may be a key.
 */
export type EnvVar = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its value.
 */
value: string, };

/**
 * Everything about agents that the window shows.
 */
export type AgentsView = { 
/**
 * The known agents in their order, then those that the person added.
 */
agents: Array<AgentView>, 
/**
 * Whether agents run in a sandbox on this computer.
 */
sandbox: boolean, 
/**
 * What the sandbox does, or why there is none and what would bring one.
 */
sandbox_words: string, };

/**
 * One agent on this computer.
 */
export type AgentView = { 
/**
 * How it is asked for.
 */
agent: AgentChoice, 
/**
 * What people call it.
 */
name: string, 
/**
 * Whether it can be used.
 */
state: AgentState, 
/**
 * The program that was found, with the home folder as `~`; empty means none.
 */
program: string, 
/**
 * Its version by its own word; empty means not known.
 */
version: string, 
/**
 * What it offers, by its own word when it was last asked.
 */
offers: AgentCapabilities, 
/**
 * How a task of it goes on later.
 */
goes_on: ResumeSupport, 
/**
 * Whether it can keep to a number of turns.
 */
limits_turns: boolean, 
/**
 * Whether it reports what it costs, so that a limit in money can be kept.
 */
reports_cost: boolean, 
/**
 * What is missing and what to do about it; `None` means nothing.
 */
missing: SetupHint | null, 
/**
 * The name of the variable that carries its key; empty if it takes none from us.
 */
key_name: string, 
/**
 * Whether a key for it is kept here.
 */
key: SecretState, 
/**
 * The modes in which it asks as the safety levels promise; empty means in all of them.
 */
asks_in: Array<string>, 
/**
 * What each safety level really means for it on this computer.
 */
in_force: Array<EffectiveSafety>, 
/**
 * When it was last asked; `None` means never.
 */
checked_at: number | null, 
/**
 * Whether it is being asked or installed now, in plain words; empty means neither.
 */
busy: string, 
/**
 * Why it could not be asked.
 */
notice: UserMessage | null, };

/**
 * Whether an agent can be used.
 */
export type AgentState = "not_installed" | "adapter_missing" | "not_checked" | "signed_out" | "sign_in_unknown" | "ready" | "broken";

/**
 * What is missing for an agent.
 */
export type SetupHint = { 
/**
 * One sentence: what is missing and what to do.
 */
words: string, 
/**
 * What Regatta can install for it: npm packages. Empty means nothing.
 */
packages: Array<string>, 
/**
 * What a person runs in a terminal to sign in; empty means nothing.
 */
sign_in: string, };

/**
 * What an agent offers to choose from.
 */
export type AgentCapabilities = { 
/**
 * Its models.
 */
models: Array<OptionValue>, 
/**
 * Its modes.
 */
modes: Array<OptionValue>, 
/**
 * How hard it may think.
 */
efforts: Array<OptionValue>, 
/**
 * What it takes by itself.
 */
current: AgentOptions, };

/**
 * One thing to choose.
 */
export type OptionValue = { 
/**
 * The agent's own id for it.
 */
id: string, 
/**
 * Its name, at most 100 characters.
 */
name: string, 
/**
 * More about it, at most 300 characters.
 */
about: string, };

/**
 * How a task of an agent goes on later.
 */
export type ResumeSupport = "anew" | "same_conversation";

/**
 * What a safety level really means for an agent on this computer.
 */
export type EffectiveSafety = { 
/**
 * The level.
 */
level: Safety, 
/**
 * Whether all that the level promises is kept.
 */
whole: boolean, 
/**
 * What is in force, one or two sentences.
 */
words: string, };

/**
 * One entry of a batch's log.
 */
export type LogEvent = { 
/**
 * Dense per batch, from 1: a gap is a loss, and provable.
 */
seq: number, 
/**
 * When it was written.
 */
at: number, 
/**
 * The task it belongs to; `None` means the batch.
 */
task?: TaskId, 
/**
 * The attempt it belongs to, from 1; 0 for the batch.
 */
attempt: number, } & ({ "event": "status", 
/**
 * The new status.
 */
status: Status, 
/**
 * Why, where the status alone doesn't tell.
 */
notice?: UserMessage, } | { "event": "output", 
/**
 * Where the lines come from; all lines of one event come from the same.
 */
kind: LineKind, 
/**
 * The lines.
 */
text: string, 
/**
 * The number of the first line in the task's transcript, from 0. The store
 * gives it; a worker leaves it 0.
 */
first_line: number, } | { "event": "step" } & Step | { "event": "plan", 
/**
 * Its entries in order, at most 50.
 */
entries: Array<PlanEntry>, } | { "event": "save_point" } & SavePoint | { "event": "changes", 
/**
 * Sums over all files.
 */
totals: ChangeTotals, 
/**
 * The first files, at most [`MAX_FILES_NAMED`].
 */
files: Array<FileDiffStat>, } | { "event": "usage" } & Usage | { "event": "question" } & Question | { "event": "answered", 
/**
 * The question.
 */
question: string, 
/**
 * The option that was chosen; `None` means withdrawn.
 */
option: string | null, } | { "event": "session" } & AgentSession | { "event": "message", 
/**
 * What was said.
 */
text: string, } | { "event": "outcome" } & Outcome | { "event": "attempt", 
/**
 * Its number, from 1.
 */
number: number, 
/**
 * Whether it goes on from the last save point (else it starts afresh).
 */
continues: boolean, 
/**
 * What the person said for it; empty means nothing.
 */
message?: string, } | { "event": "added", 
/**
 * The new branch's name.
 */
branch: string, 
/**
 * The commit it points to.
 */
commit: string, } | { "event": "end" } | { "event": "unknown" });

/**
 * Something that happened to a task.
 */
export type Event = { "event": "status", 
/**
 * The new status.
 */
status: Status, 
/**
 * Why, where the status alone doesn't tell.
 */
notice?: UserMessage, } | { "event": "output", 
/**
 * Where the lines come from; all lines of one event come from the same.
 */
kind: LineKind, 
/**
 * The lines.
 */
text: string, 
/**
 * The number of the first line in the task's transcript, from 0. The store
 * gives it; a worker leaves it 0.
 */
first_line: number, } | { "event": "step" } & Step | { "event": "plan", 
/**
 * Its entries in order, at most 50.
 */
entries: Array<PlanEntry>, } | { "event": "save_point" } & SavePoint | { "event": "changes", 
/**
 * Sums over all files.
 */
totals: ChangeTotals, 
/**
 * The first files, at most [`MAX_FILES_NAMED`].
 */
files: Array<FileDiffStat>, } | { "event": "usage" } & Usage | { "event": "question" } & Question | { "event": "answered", 
/**
 * The question.
 */
question: string, 
/**
 * The option that was chosen; `None` means withdrawn.
 */
option: string | null, } | { "event": "session" } & AgentSession | { "event": "message", 
/**
 * What was said.
 */
text: string, } | { "event": "outcome" } & Outcome | { "event": "attempt", 
/**
 * Its number, from 1.
 */
number: number, 
/**
 * Whether it goes on from the last save point (else it starts afresh).
 */
continues: boolean, 
/**
 * What the person said for it; empty means nothing.
 */
message?: string, } | { "event": "added", 
/**
 * The new branch's name.
 */
branch: string, 
/**
 * The commit it points to.
 */
commit: string, } | { "event": "end" } | { "event": "unknown" };

/**
 * Where a line of the transcript comes from.
 */
export type LineKind = "step" | "said" | "thought" | "out" | "err" | "note" | "raw";

/**
 * One thing the agent does, in plain words.
 */
export type Step = { 
/**
 * Unique in the attempt.
 */
id: string, 
/**
 * What kind of thing.
 */
kind: StepKind, 
/**
 * One line: "Read 3 files". Text from an agent, at most 4,000 characters.
 */
title: string, 
/**
 * A second line, such as the command that runs.
 */
detail: string, 
/**
 * The files it touches, at most [`MAX_FILES_NAMED`].
 */
files: Array<FileDiffStat>, 
/**
 * How far it is.
 */
state: StepState, 
/**
 * The transcript's line at which it began. The store gives it.
 */
line: number, 
/**
 * When it began. The store gives it.
 */
started_at: number, 
/**
 * When it last changed. The store gives it.
 */
changed_at: number, 
/**
 * The attempt it belongs to. The store gives it.
 */
attempt: number, };

/**
 * What kind of thing a step is.
 */
export type StepKind = "copy" | "start" | "said" | "message" | "thought" | "read" | "search" | "edit" | "remove" | "run" | "fetch" | "ask" | "save" | "other";

/**
 * How far a step is.
 */
export type StepState = "working" | "done" | "failed";

/**
 * One entry of an agent's plan.
 */
export type PlanEntry = { 
/**
 * What is to be done, at most 200 characters.
 */
text: string, 
/**
 * How far it is.
 */
state: PlanState, };

/**
 * How far a plan's entry is.
 */
export type PlanState = "open" | "working" | "done";

/**
 * A commit that holds the copy's state, on a private ref of the cache.
 */
export type SavePoint = { 
/**
 * Counted from 1 in the attempt.
 */
number: number, 
/**
 * The commit.
 */
commit: string, 
/**
 * Why it was made.
 */
reason: SaveReason, };

/**
 * Why a save point was made.
 */
export type SaveReason = "turn_ended" | "timer" | "result" | "rescued";

/**
 * Sums over the changed files.
 */
export type ChangeTotals = { 
/**
 * Changed files.
 */
files: number, 
/**
 * Added lines.
 */
added: number, 
/**
 * Removed lines.
 */
removed: number, };

/**
 * One file and its counts.
 */
export type FileDiffStat = { 
/**
 * Its path in the project, with `/`.
 */
path: string, 
/**
 * Added lines.
 */
added: number, 
/**
 * Removed lines.
 */
removed: number, };

/**
 * What the agent says it used. Its figures, not ours.
 */
export type Usage = { 
/**
 * Tokens in and out.
 */
tokens: number, 
/**
 * Cost in US dollars, where the agent says so.
 */
cost_usd?: number, };

/**
 * What an agent asks a person.
 */
export type Question = { 
/**
 * Unique in the attempt.
 */
id: string, 
/**
 * What is wanted, in one line, at most 500 characters: "Run: npm install", or the agent's
 * own question.
 */
title: string, 
/**
 * All of it, such as the exact command, at most 2,000 characters.
 */
detail: string, 
/**
 * What may be answered, at most 12.
 */
options: Array<QuestionOption>, 
/**
 * Whether something is to be allowed or to be chosen.
 */
kind: QuestionKind, 
/**
 * How much could go wrong.
 */
risk: Risk, 
/**
 * Why that much, in a few plain words: "adds the packages this project lists".
 */
risk_words: string, 
/**
 * What "Allow for this batch" allows: the same key is the same thing. Empty if it can't be
 * allowed for more than once.
 */
key: string, };

/**
 * What a question wants.
 */
export type QuestionKind = "permission" | "choice";

/**
 * How much could go wrong if something is allowed.
 */
export type Risk = "low" | "medium" | "high";

/**
 * The name of an agent's conversation, and how it can go on.
 */
export type AgentSession = { 
/**
 * The agent's name for it, at most 200 characters.
 */
id: string, 
/**
 * Whether the agent can go on with it (`session/resume`).
 */
resumes: boolean, 
/**
 * Whether it can load it, telling everything again (`session/load`).
 */
loads: boolean, };

/**
 * A test that the agent ran, as far as could be seen.
 */
export type TestRun = { 
/**
 * The command, at most 200 characters.
 */
command: string, 
/**
 * Whether it passed the last time; `None` if that could not be seen.
 */
passed: boolean | null, };

/**
 * One possible answer.
 */
export type QuestionOption = { 
/**
 * What goes back to the agent.
 */
id: string, 
/**
 * What the person reads, at most 200 characters.
 */
label: string, 
/**
 * What it means.
 */
kind: QuestionOptionKind, };

/**
 * What an answer means, whatever the agent calls it.
 */
export type QuestionOptionKind = "allow_once" | "allow_always" | "reject_once" | "reject_always" | "other";

/**
 * How an attempt ended, with its facts.
 */
export type Outcome = { 
/**
 * `finished`, `failed`, `stopped` or `interrupted`; `unknown` when the place that was
 * to say so can't be reached any more.
 */
status: Status, 
/**
 * Why, where it isn't `finished`; or what a person should know of the result, such as
 * that it could not be shared.
 */
notice?: UserMessage, 
/**
 * The agent's last words, at most 4,000 characters.
 */
last_words: string, 
/**
 * The commit that holds the result; `None` if nothing was changed, or nothing is there.
 */
commit?: string, 
/**
 * Our count of what changed.
 */
totals: ChangeTotals, 
/**
 * How the agent's program ended, for the details: "exit code 0", "signal 9".
 */
ended_by: string, 
/**
 * The tests that were run, the last ones, at most 5.
 */
tests?: Array<TestRun>, 
/**
 * When the agent's service can be used again, if the end is a usage limit and it said so.
 */
retry_at?: number, 
/**
 * Whether the end was read from the agent's last words and not from an error that it gave.
 * Then it may be a mistake, and says nothing of the agent's other tasks.
 */
is_doubtful?: boolean, };

/**
 * One task as it stands. Under 8 KB as JSON, however much the task printed.
 */
export type TaskView = { 
/**
 * The task.
 */
id: TaskId, 
/**
 * Its batch.
 */
batch: BatchId, 
/**
 * Whether it is no task but holds what a place says of the batch as a whole. Then it
 * isn't counted.
 */
whole_batch: boolean, 
/**
 * Its name, cut to 200 characters.
 */
name: string, 
/**
 * Its place in the batch, from 0.
 */
position: number, 
/**
 * Grows with every change, over all tasks; a view with a higher one replaces this.
 */
revision: number, 
/**
 * Where it stands.
 */
status: Status, 
/**
 * Why it is paused, failed or interrupted.
 */
notice: UserMessage | null, 
/**
 * The attempt, from 1.
 */
attempt: number, 
/**
 * What it does now, in plain words.
 */
step: CurrentStep | null, 
/**
 * How many steps it has taken, over all attempts.
 */
steps: number, 
/**
 * The last line of its transcript, cut to 200 characters.
 */
last_line: string, 
/**
 * The lines of its transcript.
 */
lines: number, 
/**
 * The agent's plan, at most 20 entries.
 */
plan: Array<PlanEntry>, 
/**
 * What it changed so far.
 */
totals: ChangeTotals, 
/**
 * The first files it changed.
 */
files: Array<FileDiffStat>, 
/**
 * How many save points the attempt has.
 */
save_points: number, 
/**
 * When it was created.
 */
created_at: number, 
/**
 * When this attempt's agent began.
 */
started_at: number | null, 
/**
 * When this attempt ended.
 */
ended_at: number | null, 
/**
 * The last sign of life.
 */
last_event_at: number, 
/**
 * The last save point.
 */
saved_at: number | null, 
/**
 * What the agent says it used.
 */
usage: Usage | null, 
/**
 * What it asks, the first ones, at most [`MAX_QUESTIONS_SHOWN`]. An interrupted task whose
 * conversation can go on keeps them: they can still be answered.
 */
questions: Array<Question>, 
/**
 * How the attempt ended.
 */
outcome: Outcome | null, 
/**
 * The branch of the project that holds the result, once it was added.
 */
branch: string | null, 
/**
 * Whether "Continue from here" is possible: there is a save point or a copy.
 */
can_continue: boolean, 
/**
 * Who does it, as people call it, cut to 60 characters.
 */
agent: string, 
/**
 * The row of the request that it came from, from 0: tasks of the same row are the same
 * work by several agents.
 */
row: number, 
/**
 * The agent's conversation, once it has one: then it hears messages while it works, and
 * may go on with it later.
 */
session: AgentSession | null, };

/**
 * What a task does now.
 */
export type CurrentStep = { 
/**
 * What kind of thing.
 */
kind: StepKind, 
/**
 * One line, cut to 200 characters.
 */
title: string, };

/**
 * How many tasks stand where.
 */
export type Counts = { waiting: number, working: number, needs_you: number, paused: number, finished: number, failed: number, stopped: number, interrupted: number, unknown: number, };

/**
 * One batch as it stands.
 */
export type BatchView = { 
/**
 * The batch.
 */
id: BatchId, 
/**
 * Its title, cut to 200 characters.
 */
name: string, 
/**
 * The project's folder, or the address of the repository.
 */
project_path: string, 
/**
 * The project's name: the last part of that.
 */
project_name: string, 
/**
 * Where its tasks run; `None` means on this computer.
 */
endpoint?: Endpoint, 
/**
 * Where its tasks run, and what can be done there. The store doesn't keep it, as what can
 * be done may change with the program: the engine fills it in, for views of older versions
 * too.
 */
place: Place, 
/**
 * What people call the commit it started from: the branch that was asked for, or what
 * was checked out.
 */
start_from: string, 
/**
 * The commit it started from; empty where only the place knows it.
 */
start_commit: string, 
/**
 * Who does the work.
 */
agent: AgentChoice, 
/**
 * How many of its tasks may work at the same time.
 */
max_parallel: number, 
/**
 * When it was started.
 */
created_at: number, 
/**
 * When its last task ended; none while one waits or works.
 */
ended_at: number | null, 
/**
 * Grows with every change, over all batches and tasks.
 */
revision: number, 
/**
 * The highest sequence number of its log.
 */
last_seq: number, 
/**
 * How many tasks stand where.
 */
counts: Counts, 
/**
 * Its waiting tasks in the order in which they will start, with their place in the
 * computer's queue, from 1.
 */
queue: Array<QueuePosition>, };

/**
 * A waiting task's place in the computer's queue.
 */
export type QueuePosition = { 
/**
 * The task.
 */
task: TaskId, 
/**
 * 1: next.
 */
place: number, };

/**
 * A batch with its tasks.
 */
export type BatchDetail = { 
/**
 * The batch.
 */
batch: BatchView, 
/**
 * Its tasks in order.
 */
tasks: Array<TaskView>, 
/**
 * What its place says of the batch as a whole, once there is something.
 */
whole?: TaskView, };

/**
 * Where tasks run, as it stands. Now there is one: this computer.
 */
export type PlaceView = { 
/**
 * Tasks whose agent is at work.
 */
busy: number, 
/**
 * How many may be.
 */
limit: number, 
/**
 * Tasks that wait.
 */
waiting: number, 
/**
 * Why nothing is started now, if so.
 */
paused: UserMessage | null, 
/**
 * Agents whose tasks are held: a usage limit, an expired sign-in.
 */
holds: Array<AgentPause>, };

/**
 * Why an agent's tasks are held.
 */
export type AgentPause = { 
/**
 * The agent.
 */
agent: AgentChoice, 
/**
 * The only one of its tasks that is held; `None` means all. So it is where the reason was
 * read from the agent's words, until a second task says the same.
 */
task?: TaskId, 
/**
 * Why, and what to do.
 */
notice: UserMessage, 
/**
 * When its tasks go on by themselves; `None` means when a person says so.
 */
until: number | null, 
/**
 * How many of its tasks wait for that.
 */
tasks: number, };

/**
 * One line of a transcript.
 */
export type TranscriptLine = { 
/**
 * Its number, from 0.
 */
number: number, 
/**
 * Where it comes from.
 */
kind: LineKind, 
/**
 * When it was written.
 */
at: number, 
/**
 * Its text, cut to [`MAX_LINE_SHOWN`] bytes.
 */
text: string, 
/**
 * Whether it was cut here; the saved file has it whole.
 */
cut: boolean, };

/**
 * A part of a transcript.
 */
export type LinePage = { 
/**
 * The lines, in order and without a gap.
 */
lines: Array<TranscriptLine>, 
/**
 * How many lines there are in all.
 */
total: number, };

/**
 * Where a text was found in a transcript.
 */
export type Matches = { 
/**
 * The numbers of the lines that hold it, in order, at most 10,000.
 */
lines: Array<number>, 
/**
 * Whether there are more.
 */
more: boolean, };

/**
 * What a task did to the repository.
 */
export type Changes = { 
/**
 * Sums over all files.
 */
totals: ChangeTotals, 
/**
 * The files, at most 2,000.
 */
files: Array<FileChange>, 
/**
 * Whether there are more files than are listed.
 */
more: boolean, };

/**
 * What happened to one file.
 */
export type FileChange = { 
/**
 * Its path now (before, when it was removed).
 */
path: string, 
/**
 * Its path before, when it moved.
 */
old_path: string | null, 
/**
 * What happened.
 */
kind: ChangeKind, 
/**
 * Whether it isn't text (then there are no counts).
 */
binary: boolean, 
/**
 * Added lines.
 */
added: number, 
/**
 * Removed lines.
 */
removed: number, };

/**
 * What happened to a file.
 */
export type ChangeKind = "added" | "modified" | "removed" | "moved";

/**
 * The text of one file's change.
 */
export type FilePatch = { 
/**
 * Its lines, at most 5,000.
 */
lines: Array<PatchLine>, 
/**
 * Whether it was cut.
 */
more: boolean, };

/**
 * One line of a change.
 */
export type PatchLine = { 
/**
 * What kind of line.
 */
kind: PatchLineKind, 
/**
 * Its number before, from 1.
 */
old: number | null, 
/**
 * Its number now, from 1.
 */
new: number | null, 
/**
 * Its text, cut to [`MAX_LINE_SHOWN`] bytes.
 */
text: string, };

/**
 * What kind of line of a change.
 */
export type PatchLineKind = "same" | "added" | "removed" | "gap";

/**
 * A folder as a project.
 */
export type ProjectView = { 
/**
 * The folder (the repository's top one, when a folder inside was chosen).
 */
path: string, 
/**
 * The path with the home folder as `~`.
 */
shown_path: string, 
/**
 * The folder's last part.
 */
name: string, 
/**
 * What can be done with it.
 */
state: ProjectState, 
/**
 * What is checked out: a branch's name, or a short commit id.
 */
current: string, 
/**
 * The branches, the newest first, at most 500.
 */
branches: Array<string>, 
/**
 * Whether there are changes that no commit holds; tasks don't see those.
 */
unsaved: boolean, 
/**
 * What to say, when it isn't ready.
 */
notice: UserMessage | null, };

/**
 * What can be done with a folder.
 */
export type ProjectState = "ready" | "no_history" | "no_commit" | "missing";

/**
 * A batch that is being written; kept as typed.
 */
export type Draft = { 
/**
 * The batch's title.
 */
title: string, 
/**
 * The project's folder; empty means none chosen yet.
 */
project: string, 
/**
 * What to start from; empty means what is checked out.
 */
start_from: string, 
/**
 * Who does the work.
 */
agent: AgentChoice, 
/**
 * What was chosen of what that agent offers.
 */
options: AgentOptions, 
/**
 * How much agents may do without asking.
 */
safety: Safety, 
/**
 * Where the tasks run; `None` means on this computer.
 */
endpoint: EndpointId | null, 
/**
 * Whether the smaller, quicker model does the work there.
 */
haiku: boolean, 
/**
 * How many tasks at the same time.
 */
max_parallel: number, 
/**
 * The tasks in order.
 */
tasks: Array<TaskRequest>, };

/**
 * A saved batch to start again from: its tasks without a project.
 */
export type Recipe = { 
/**
 * Unique; made by us.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its tasks in order.
 */
tasks: Array<TaskRequest>, 
/**
 * Who does the work and how; `None` means whoever is chosen when it is used.
 */
agent?: AgentSelection, 
/**
 * How much agents may do without asking; `None` means as chosen when it is used.
 */
safety?: Safety, };

/**
 * What a person set.
 */
export type Settings = { 
/**
 * Light, dark, or as the computer.
 */
theme: Theme, 
/**
 * How many tasks may work at the same time on this computer, 1 to 64.
 */
limit: number, 
/**
 * Whether a batch's end and questions are told by the desktop.
 */
notify: boolean, 
/**
 * The size of text, in percent: 100 to 200.
 */
text_size: number, 
/**
 * The agents that the person added, the newest first, at most 10.
 */
agents: Array<AgentChoice>, 
/**
 * The endpoints, in the order in which they are shown.
 */
endpoints: Array<Endpoint>, 
/**
 * The address of the GitHub API that repositories are listed from.
 */
github_api: string, };

/**
 * Light or dark.
 */
export type Theme = "system" | "light" | "dark";

/**
 * What the window shows before anything is opened.
 */
export type HomeView = { 
/**
 * Projects used before, the newest first, at most 20.
 */
projects: Array<ProjectRef>, 
/**
 * Repositories that batches at endpoints used before, by their address, the newest first,
 * at most 20.
 */
repositories?: Array<ProjectRef>, 
/**
 * Batches with a task that waits or works, the newest first.
 */
running: Array<BatchView>, 
/**
 * Batches that ended, the newest first, at most 20.
 */
recent: Array<BatchView>, 
/**
 * How busy this computer is.
 */
place: PlaceView, 
/**
 * Tasks that need a person.
 */
needs_you: Array<TaskId>, 
/**
 * What a person should know once, such as a settings file that was set aside.
 */
notices: Array<UserMessage>, };

/**
 * A project that was used before.
 */
export type ProjectRef = { 
/**
 * The folder, or a repository's address.
 */
path: string, 
/**
 * The path with the home folder as `~`.
 */
shown_path: string, 
/**
 * The folder's last part.
 */
name: string, 
/**
 * When it was last used.
 */
used_at: number, };

/**
 * A result that was brought into the project, or why it wasn't.
 */
export type PublishResult = { 
/**
 * The task.
 */
task: TaskId, 
/**
 * The new branch.
 */
branch: string | null, 
/**
 * Why there is none.
 */
notice: UserMessage | null, };

/**
 * The address of a Cloud Coding API. Its key is kept elsewhere, bound to the address.
 */
export type Endpoint = { 
/**
 * Unique on this computer.
 */
id: EndpointId, 
/**
 * What the person calls it.
 */
name: string, 
/**
 * Its base, such as `https://api.cloudcoding.ai`: https, or http to this machine; without
 * a slash at its end, without a user, query or fragment.
 */
address: string, };

/**
 * An endpoint and how it stands with its key.
 */
export type EndpointView = { 
/**
 * The endpoint.
 */
endpoint: Endpoint, 
/**
 * Its key.
 */
key: SecretState, };

/**
 * The host of repositories and how it stands with its token.
 */
export type TokenView = { 
/**
 * The host, such as `github.com`.
 */
host: string, 
/**
 * Its token.
 */
token: SecretState, };

/**
 * Whether a secret is kept. The secret itself never leaves the backend.
 */
export type SecretState = "missing" | "kept" | "for_session";

/**
 * Everything that the settings show of places and secrets.
 */
export type CredentialsView = { 
/**
 * The endpoints in order.
 */
endpoints: Array<EndpointView>, 
/**
 * The host that repositories are listed from.
 */
github: TokenView, 
/**
 * What to say of the key store, when it can't be used.
 */
store: UserMessage | null, };

/**
 * What a test of a key or token found.
 */
export type ConnectionTest = { 
/**
 * Whether it can be used, as far as is known.
 */
ok: boolean, 
/**
 * One sentence, such as "The key works. 2 agents are there."
 */
said: string, 
/**
 * Why not, when it can't.
 */
notice: UserMessage | null, };

/**
 * A repository that a person can choose.
 */
export type Repository = { 
/**
 * `owner/name`.
 */
full_name: string, 
/**
 * Its address for git.
 */
address: string, 
/**
 * Whether only some people see it.
 */
private: boolean, 
/**
 * The branch that is its main version.
 */
default_branch: string, 
/**
 * Whether the token may write to it.
 */
can_write: boolean, };

/**
 * A part of a person's list of repositories.
 */
export type RepositoryPage = { 
/**
 * The repositories, those changed last first.
 */
repositories: Array<Repository>, 
/**
 * The number of the next page, if there is one.
 */
next: number | null, 
/**
 * What to know before starting anything, such as a token that may not do enough.
 */
notice: UserMessage | null, };

/**
 * A task's branch as it is at the remote.
 */
export type RemoteBranch = { 
/**
 * The branch that was looked for.
 */
branch: string, 
/**
 * The commit it points to; `None` if it isn't there.
 */
commit: string | null, 
/**
 * How many commits it has that the start doesn't have, as far as that can be told.
 */
commits: number | null, };
