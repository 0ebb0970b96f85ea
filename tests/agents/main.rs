//! Real coding agents through the engine, with a scripted model and no account. Those whose
//! programs aren't in the cache are named and left out; `cargo xtask test --agents` brings them.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod connections;
mod real_agents_env;

use real_agents_env::RealAgentsEnv;
use regatta_protocol::agent::AgentSelection;
use regatta_protocol::event::QuestionOptionKind;
use regatta_protocol::{ErrorCode, KnownAgent, Safety, Status, TaskView};
use std::time::{Duration, Instant};

const EDIT_PROMPT: &str = "Please do this.\n>> write made.txt: by the agent\n>> say Made it.";
const MORE_PROMPT: &str = "One thing more.\n>> write more.txt: by the agent\n>> say Made more.";
const WAIT_PROMPT: &str = "Please do this.\n>> write made.txt: by the agent\n>> wait";
const ASK_PROMPT: &str = "Please do this.\n>> run curl http://127.0.0.1:9/\n>> say Tried it.";

const READ_PROMPT: &str = "Please do this.\n>> look ls\n>> say Looked.";

/// The agents that the tests run.
const AGENTS: [KnownAgent; 4] =
    [KnownAgent::ClaudeCode, KnownAgent::Codex, KnownAgent::Gemini, KnownAgent::Opencode];

/// One test a scenario and agent: `each!(name, function)`.
macro_rules! each {
    ($($name:ident),+ $(,)?) => { $(mod $name {
        use super::KnownAgent;

        #[tokio::test(flavor = "multi_thread")]
        async fn claude_code() { super::$name(KnownAgent::ClaudeCode).await; }
        #[tokio::test(flavor = "multi_thread")]
        async fn codex() { super::$name(KnownAgent::Codex).await; }
        #[tokio::test(flavor = "multi_thread")]
        async fn gemini() { super::$name(KnownAgent::Gemini).await; }
        #[tokio::test(flavor = "multi_thread")]
        async fn opencode() { super::$name(KnownAgent::Opencode).await; }
    })+ };
}

each!(edits_files, stops, refused_key);

async fn edits_files(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, EDIT_PROMPT, Safety::Balanced).await;
    let view = agents_env.wait_until_over(&task).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!(view.status, Status::Finished, "{shown}");
    assert_eq!(view.totals.files, 1, "{shown}");
    assert!(view.outcome.expect("an outcome").last_message.contains("Made it."), "{shown}");
}

async fn stops(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, WAIT_PROMPT, Safety::Balanced).await;
    agents_env.wait_until_model_waits().await;
    let asked = Instant::now();
    agents_env.engine.stop_task(&task).await.expect("it works");
    let view = agents_env.wait_until_over(&task).await;
    assert_eq!(view.status, Status::Stopped, "{}", agents_env.describe(&task).await);
    // 2 s on a quiet machine; five times that for a busy one.
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

async fn refused_key(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, "Please.\n>> status 401", Safety::Balanced).await;
    let held = |view: &TaskView| view.status == Status::Paused || view.status.is_over();
    let view = agents_env.wait_for(&task, held).await;
    let notice = view.notice.expect("it says why");
    assert_eq!(notice.code, ErrorCode::SignInNeeded, "{}", agents_env.describe(&task).await);
}

/// Careful: each agent asks before it runs something, and the answer reaches it.
async fn ask_and_answer(agent: KnownAgent, kind: QuestionOptionKind) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, ASK_PROMPT, Safety::Careful).await;
    let asking = |view: &TaskView| !view.questions.is_empty() || view.status.is_over();
    let view = agents_env.wait_for(&task, asking).await;
    let question = view.questions.first().cloned();
    let question = question.expect("it asks before it runs something");
    let option = question.options.iter().find(|option| option.kind == kind).expect("this answer");
    agents_env.engine.answer(&task, &question.id, &option.id).await.expect("it is open");
    let view = agents_env.wait_until_over(&task).await;
    let refused = kind == QuestionOptionKind::RejectOnce;
    // Codex breaks off its turn where something is refused; the others go on.
    let codex_broke_off = agent == KnownAgent::Codex && refused;
    let end = if codex_broke_off { Status::Failed } else { Status::Finished };
    assert_eq!(view.status, end, "{}", agents_env.describe(&task).await);
}

async fn asked_and_allowed(agent: KnownAgent) {
    ask_and_answer(agent, QuestionOptionKind::AllowOnce).await;
}

async fn asked_and_refused(agent: KnownAgent) {
    ask_and_answer(agent, QuestionOptionKind::RejectOnce).await;
}

/// What is told of the level is so: which commands an agent runs without asking, and that it
/// asks before each edit.
async fn careful_is_as_told(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let asking = |view: &TaskView| !view.questions.is_empty() || view.status.is_over();
    let edit = agents_env.start_task(agent, EDIT_PROMPT, Safety::Careful).await;
    let view = agents_env.wait_for(&edit, asking).await;
    assert!(!view.questions.is_empty(), "{}", agents_env.describe(&edit).await);
    let look = agents_env.start_task(agent, READ_PROMPT, Safety::Careful).await;
    let view = agents_env.wait_for(&look, asking).await;
    let told = agents_env.safety_text(agent, Safety::Careful).await;
    let looks_unasked = told.contains("Commands that only read");
    assert_eq!(view.questions.is_empty(), looks_unasked, "{}", agents_env.describe(&look).await);
}

each!(asked_and_allowed, asked_and_refused, careful_is_as_told);

/// What is said to a working task is done after its turn.
async fn follows_up(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, ASK_PROMPT, Safety::Balanced).await;
    let view =
        agents_env.wait_for(&task, |view| !view.questions.is_empty() || view.status.is_over());
    let question = view.await.questions.first().cloned().expect("it asks what reaches outside");
    agents_env.engine.send_message(&task, MORE_PROMPT, false).await.expect("it hears");
    let once = question.options.iter().find(|option| option.kind == QuestionOptionKind::AllowOnce);
    agents_env.engine.answer(&task, &question.id, &once.expect("it").id).await.expect("it is open");
    let view = agents_env.wait_until_over(&task).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!((view.status, view.totals.files), (Status::Finished, 1), "{shown}");
    assert!(view.outcome.expect("an outcome").last_message.contains("Made more."), "{shown}");
}

/// What can't wait interrupts the turn.
async fn is_interrupted(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, WAIT_PROMPT, Safety::Balanced).await;
    agents_env.wait_until_model_waits().await;
    agents_env.engine.send_message(&task, MORE_PROMPT, true).await.expect("it hears");
    let view = agents_env.wait_until_over(&task).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!((view.status, view.totals.files), (Status::Finished, 2), "{shown}");
}

/// Regatta is closed in mid-turn; then the task goes on in its copy, and in its conversation
/// where the agent keeps them.
async fn goes_on_after_a_restart(agent: KnownAgent) {
    let Some(mut agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, WAIT_PROMPT, Safety::Balanced).await;
    agents_env.wait_until_model_waits().await;
    agents_env.restart().await;
    let before = agents_env.engine.task(&task).await.expect("the task");
    assert_eq!((before.status, before.totals.files), (Status::Stopped, 1));
    agents_env.engine.continue_with(&task, MORE_PROMPT).await.expect("it goes on");
    let view = agents_env.wait_until_over(&task).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!((view.status, view.totals.files), (Status::Finished, 2), "{shown}");
    let (old, new) = (before.session.expect("one"), view.session.expect("one"));
    // Gemini says that it loads, and then knows of none.
    let keeps = (old.can_resume || old.can_load) && agent != KnownAgent::Gemini;
    assert_eq!(old.id == new.id, keeps, "{shown}");
}

/// The agent dies in mid-turn: that is said, and what it did is kept.
async fn crashes(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task = agents_env.start_task(agent, WAIT_PROMPT, Safety::Balanced).await;
    agents_env.wait_until_model_waits().await;
    agents_env.crash_agent();
    let view = agents_env.wait_until_over(&task).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!((view.status, view.totals.files), (Status::Failed, 1), "{shown}");
    assert_eq!(view.notice.expect("it says why").code, ErrorCode::AgentDied, "{shown}");
    assert!(view.outcome.expect("an outcome").commit.is_some(), "{shown}");
}

/// The service wants patience: the agent's tasks wait, and it is said until when.
async fn reaches_a_limit(agent: KnownAgent) {
    let Some(agents_env) = RealAgentsEnv::new(&[agent]).await else { return };
    let task =
        agents_env.start_task(agent, "Please.\n>> status 429 retry 2", Safety::Balanced).await;
    let held = |view: &TaskView| view.status == Status::Paused || view.status.is_over();
    let view = agents_env.wait_for(&task, held).await;
    let shown = agents_env.describe(&task).await;
    assert_eq!(view.status, Status::Paused, "{shown}");
    assert_eq!(view.notice.expect("it says why").code, ErrorCode::UsageLimit, "{shown}");
    let hold = agents_env.wait_for_hold().await;
    assert_eq!(hold.agent, real_agents_env::agent_choice(agent));
    assert!(hold.until.is_some(), "it says when it goes on");
    agents_env.engine.stop_task(&task).await.expect("it works");
    assert_eq!(agents_env.wait_until_over(&task).await.status, Status::Stopped);
}

async fn connects_to_the_model_only(agent: KnownAgent) {
    connections::connects_to_the_model_only(agent).await;
}

each!(connects_to_the_model_only);
each!(follows_up, is_interrupted, goes_on_after_a_restart, crashes, reaches_a_limit);

#[tokio::test(flavor = "multi_thread")]
async fn several_agents_do_the_same_work_in_one_batch() {
    let here: Vec<KnownAgent> =
        AGENTS.into_iter().filter(|id| real_agents_env::is_installed(*id)).collect();
    let Some(agents_env) = RealAgentsEnv::new(&here).await else { return };
    let picks = here.iter().map(|id| AgentSelection {
        agent: real_agents_env::agent_choice(*id),
        ..AgentSelection::default()
    });
    let tasks = agents_env.start_row(picks.collect(), EDIT_PROMPT).await;
    assert_eq!(tasks.len(), here.len());
    for task in tasks {
        let view = agents_env.wait_until_over(&task).await;
        assert_eq!(view.status, Status::Finished, "{}", agents_env.describe(&task).await);
        assert_eq!(view.row, 0, "they are the same work");
    }
}
