//! Real agents in the window, with a scripted model: those that are in the cache.

use super::page::{button, labelled, menu_item, saying, write_task};
use super::screen::Screen;
use super::{begin_batch, open_batch, tabs};
use regatta_protocol::KnownAgent;
use regatta_tests::{ModelServer, agent_is_here, agents_environment, wait_until};
use std::time::Duration;

const AGENTS: [KnownAgent; 4] =
    [KnownAgent::ClaudeCode, KnownAgent::Codex, KnownAgent::Gemini, KnownAgent::Opencode];
const PROMPT: &str =
    "Please.\n>> run curl http://127.0.0.1:9/\n>> write made.txt: by the agent\n>> say Made it.";
/// All of them begin at once, on a busy machine.
const LONG: Duration = Duration::from_secs(150);

#[test]
fn several_real_agents_ask_in_the_window_and_then_edit() {
    let here: Vec<KnownAgent> =
        AGENTS.into_iter().filter(|agent| agent_is_here(agent.id())).collect();
    if here.is_empty() {
        eprintln!("No real agent is in the cache.");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let model = runtime.block_on(ModelServer::start());
    let ids: Vec<&str> = here.iter().map(|agent| agent.id()).collect();
    let mut screen = Screen::new();
    screen.add_environment(agents_environment(screen.home(), &ids, &model.address()));
    let app = screen.open();
    let page = &app.session;
    begin_batch(page, "Regatta of agents");
    page.click("//*[@role='combobox'][contains(., 'At the same time')]");
    page.click("//*[@role='option'][contains(normalize-space(.), '4 tasks')]");
    write_task(page, 1, "Work", PROMPT);
    page.click(&saying("Agents and limits"));
    for agent in &here {
        page.click(&button("Also by"));
        page.click(&menu_item(agent.label()));
    }
    page.click(&labelled("Not by Practice agent"));
    app.shoot("18-real-agents-chosen");
    page.click(&button(&format!("Start {} task", here.len())));
    page.see(&button("Stop all"));
    page.click(&button("Needs you"));
    let questions = || page.texts("main h3").len();
    assert!(wait_until(LONG, || questions() == here.len()), "asked: {}", page.page());
    app.shoot("19-real-agents-ask");
    page.see(&saying("Run: curl"));
    for left in (0..here.len()).rev() {
        page.click(&button("Allow once"));
        assert!(wait_until(LONG, || questions() == left), "{left} left: {}", page.page());
    }
    open_batch(page, "Regatta of agents");
    let mut shown = Vec::new();
    let finished = wait_until(LONG, || {
        shown = tabs(page);
        // The row's own tab sets them side by side.
        shown.retain(|tab| tab.starts_with("Work \u{b7} "));
        shown.len() == here.len() && shown.iter().all(|tab| tab.contains(", Finished,"))
    });
    assert!(finished, "{shown:?}; the page says: {}", page.page());
    assert!(shown.iter().all(|tab| tab.contains("1 file changed")), "{shown:?}");
    app.shoot("20-real-agents-done");
    app.close_window();
    app.assert_gone();
}
