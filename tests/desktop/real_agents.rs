//! Real agents in the window, with a scripted model: those that are in the cache.

use super::locators::{button, by_label, containing, menu_item, tab, write_task};
use super::virtual_display::{RunningApp, VirtualDisplay};
use super::webdriver::WebDriverSession;
use super::{open_batch, open_batch_form, tab_texts};
use regatta_protocol::KnownAgent;
use regatta_tests::{ModelServer, agents_environment, is_agent_installed, wait_until};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const AGENTS: [KnownAgent; 4] =
    [KnownAgent::ClaudeCode, KnownAgent::Codex, KnownAgent::Gemini, KnownAgent::Opencode];
const ASK_PROMPT: &str =
    "Please.\n>> run curl http://127.0.0.1:9/\n>> write made.txt: by the agent\n>> say Made it.";
/// All of them begin at once, on a busy machine.
const AGENTS_TIMEOUT: Duration = Duration::from_secs(150);

const WAIT_PROMPT: &str = "Please.\n>> write made.txt: by the agent\n>> wait";
const MORE_PROMPT: &str = ">> write more.txt: by the agent";

/// The agents of the cache, the model that they ask, and a screen on which they are found.
struct RealAgentsWindow {
    agents: Vec<KnownAgent>,
    screen: VirtualDisplay,
    model: ModelServer,
    _runtime: tokio::runtime::Runtime,
}

impl RealAgentsWindow {
    /// `None` means no real agent is in the cache.
    fn new() -> Option<Self> {
        let agents: Vec<KnownAgent> =
            AGENTS.into_iter().filter(|agent| is_agent_installed(agent.id())).collect();
        if agents.is_empty() {
            eprintln!("No real agent is in the cache.");
            return None;
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let model = runtime.block_on(ModelServer::start());
        let ids: Vec<&str> = agents.iter().map(|agent| agent.id()).collect();
        let mut screen = VirtualDisplay::new();
        screen.add_environment(agents_environment(screen.home(), &ids, &model.address()));
        Some(Self { agents, screen, model, _runtime: runtime })
    }

    /// Writes a batch of one row that all of them do, and starts it.
    fn start_batch(&self, app: &RunningApp<'_>, prompt: &str) {
        let page = &app.session;
        page.invoke("set_limit", json!({ "limit": self.agents.len() })).unwrap();
        open_batch_form(page, "Regatta of agents");
        page.click("//*[@role='combobox'][contains(., 'At the same time')]");
        page.click("//*[@role='option'][contains(normalize-space(.), '4 tasks')]");
        write_task(page, 1, "Work", prompt);
        page.click(&containing("Agents and limits"));
        for agent in &self.agents {
            page.click(&button("Also by"));
            page.click(&menu_item(agent.label()));
        }
        page.click(&by_label("Not by Practice agent"));
        app.save_screenshot("18-real-agents-chosen");
        page.click(&button(&format!("Start {} task", self.agents.len())));
        page.wait_for(&button("Stop all"));
    }

    /// Waits until each agent's tab says this of it.
    fn wait_for_tabs(&self, page: &WebDriverSession, wanted: impl Fn(KnownAgent) -> &'static str) {
        let mut shown = Vec::new();
        let all = wait_until(AGENTS_TIMEOUT, || {
            shown = tab_texts(page);
            self.agents.iter().all(|agent| {
                let mut tabs = shown.iter().filter(|tab| tab.starts_with(&tab_name(*agent)));
                tabs.any(|tab| tab.contains(wanted(*agent)))
            })
        });
        assert!(all, "{shown:?}; the page says: {}", page.page_text());
    }
}

/// What the task of an agent is called.
fn tab_name(agent: KnownAgent) -> String {
    format!("Work \u{b7} {}", agent.label())
}

#[test]
fn several_real_agents_ask_in_the_window_and_then_edit() {
    let Some(window) = RealAgentsWindow::new() else { return };
    let app = window.screen.open();
    let page = &app.session;
    window.start_batch(&app, ASK_PROMPT);

    page.click(&button("Needs you"));
    let count = window.agents.len();
    let questions = || page.texts("main h3").len();
    assert!(wait_until(AGENTS_TIMEOUT, || questions() == count), "asked: {}", page.page_text());
    app.save_screenshot("19-real-agents-ask");
    let curl = page.texts("main h3");
    let of_curl = |title: &String| title.starts_with("Run: curl") && title.contains("outside");
    assert!(curl.iter().all(of_curl), "{curl:?}");
    // The first is refused. Codex breaks off its turn then; the others go on.
    page.click(&button("Not allowed"));
    for left in (0..count - 1).rev() {
        assert!(
            wait_until(AGENTS_TIMEOUT, || questions() == left + 1),
            "{left}: {}",
            page.page_text()
        );
        page.click(&button("Allow once"));
    }
    page.wait_for(&containing("Nobody needs you."));
    open_batch(page, "Regatta of agents");
    window.wait_for_tabs(page, |_| ", Finished,");
    window.wait_for_tabs(page, |_| "1 file changed");
    app.save_screenshot("20-real-agents-done");
    app.close_window();
    app.assert_gone();
}

/// One is stopped, one interrupted, one crashes, one is cut off by the end of Regatta and goes
/// on after the next start.
#[test]
fn real_agents_are_stopped_told_and_lost_in_the_window_and_go_on() {
    let Some(window) = RealAgentsWindow::new() else { return };
    let [stopped, told, lost, .., left] = *window.agents else {
        eprintln!("Not all real agents are in the cache.");
        return;
    };
    let app = window.screen.open();
    let page = &app.session;
    window.start_batch(&app, WAIT_PROMPT);
    // Each calls an address of its own; one may call it twice.
    let waiting = || {
        let asked = window.model.requests().into_iter().filter(|asked| asked.ends_with(" Wait"));
        asked.collect::<BTreeSet<_>>().len()
    };
    assert!(
        wait_until(AGENTS_TIMEOUT, || waiting() == window.agents.len()),
        "{}",
        page.page_text()
    );

    page.click(&tab(&tab_name(stopped)));
    page.click("//button[normalize-space(.)='Stop']");
    page.click(&tab(&tab_name(told)));
    page.type_into(&by_label("Message to this task"), MORE_PROMPT);
    page.click(&button("Interrupt now"));
    window.screen.crash_agent(lost.id());
    let cut_short = |agent| match agent {
        _ if agent == stopped => ", Stopped,",
        _ if agent == told => ", Finished,",
        _ if agent == lost => ", Failed,",
        _ => ", Working,",
    };
    window.wait_for_tabs(page, cut_short);
    app.save_screenshot("21-real-agents-cut-short");
    app.close_window();
    page.click(&button("Stop and quit"));
    app.assert_gone();
    drop(app);

    let app = window.screen.open();
    let page = &app.session;
    open_batch(page, "Regatta of agents");
    for agent in [stopped, lost, left] {
        page.click(&tab(&tab_name(agent)));
        page.click(&tab("Result"));
        page.type_into("//textarea[starts-with(@id, 'continue-')]", MORE_PROMPT);
        page.click("//form//button[normalize-space(.)='Continue']");
        page.wait_for(&containing("attempt 2"));
    }
    window.wait_for_tabs(page, |_| ", Finished,");
    window.wait_for_tabs(page, |_| "2 files changed");
    app.save_screenshot("22-real-agents-went-on");
    app.close_window();
    app.assert_gone();
}

/// A key that is refused holds each agent until a person has signed in.
#[test]
fn real_agents_that_are_signed_out_are_told_in_the_window() {
    let Some(window) = RealAgentsWindow::new() else { return };
    let app = window.screen.open();
    let page = &app.session;
    window.start_batch(&app, "Please.\n>> status 401");
    window.wait_for_tabs(page, |_| ", Paused,");
    page.click(&button("Needs you"));
    for agent in &window.agents {
        page.wait_for(&containing(&format!("{}: Sign in again", agent.label())));
    }
    app.save_screenshot("23-real-agents-signed-out");
    stop_all(&window, &app);
}

/// A usage limit holds each agent, and it is said until when.
#[test]
fn the_limits_of_real_agents_are_told_in_the_window() {
    let Some(window) = RealAgentsWindow::new() else { return };
    let app = window.screen.open();
    let page = &app.session;
    window.start_batch(&app, "Please.\n>> status 429 retry 2");
    // They go on soon, and are held again: each is seen at its own time.
    let mut held = BTreeSet::new();
    let all = wait_until(AGENTS_TIMEOUT, || {
        let paused = tab_texts(page).into_iter().filter(|tab| tab.contains(", Paused,"));
        let limited = paused.filter(|tab| tab.contains("Continues at"));
        held.extend(limited.filter_map(|tab| Some(tab.split_once(" ,")?.0.to_owned())));
        held.len() == window.agents.len()
    });
    assert!(all, "{held:?}; the page says: {}", page.page_text());
    app.save_screenshot("24-real-agents-limited");
    stop_all(&window, &app);
}

fn stop_all(window: &RealAgentsWindow, app: &RunningApp<'_>) {
    let page = &app.session;
    open_batch(page, "Regatta of agents");
    page.click(&button("Stop all"));
    window.wait_for_tabs(page, |_| ", Stopped,");
    app.close_window();
    app.assert_gone();
}
