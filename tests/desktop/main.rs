//! The real window on a display of its own, driven as a person drives it. What it showed is
//! kept in `target/desktop-shots`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod endpoint;
mod locators;
mod notifications;
mod questions;
mod real_agents;
mod virtual_display;
mod webdriver;

use locators::{button, by_label, menu_item};
use regatta_tests::wait_until;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use virtual_display::{RunningApp, VirtualDisplay};
use webdriver::WebDriverSession;

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn a_batch_goes_from_the_form_to_a_branch_of_the_project() {
    let screen = VirtualDisplay::new();
    let go = screen.home().join("go");
    let app = screen.open();
    let page = &app.session;
    page.wait_for(&button("Try the demo"));
    app.save_screenshot("1-first-run");

    open_batch_form(page, "Harbour");
    // Each works until it is let go, so that all three are seen at work.
    let hold = format!("run until [ -e {} ]; do sleep 0.1; done", go.display());
    for (place, name) in [(1, "Guide"), (2, "Prices"), (3, "Welcome")] {
        let prompt = format!(
            "plan Look; Write\nrun echo {name} is under way\n{hold}\n\
             write {name}.md: About {name}.\nsay {name} is written."
        );
        locators::write_task(page, place, name, &prompt);
    }
    app.save_screenshot("2-sheet");
    page.click(&button("Start 3 tasks"));

    wait_for_statuses(
        &app,
        &[("Guide", ", Working,"), ("Prices", ", Working,"), ("Welcome", ", Working,")],
    );
    for name in ["Guide", "Prices", "Welcome"] {
        page.click(&locators::tab(name));
        page.click(&locators::tab("Live output"));
        let line = format!("{name} is under way");
        assert!(
            wait_until(TIMEOUT, || page.page_text().contains(&line)),
            "{line}: {}",
            page.page_text()
        );
        app.save_screenshot(&format!("3-live-{}", name.to_lowercase()));
    }
    fs::write(&go, "").unwrap();
    wait_for_statuses(
        &app,
        &[("Guide", ", Finished,"), ("Prices", ", Finished,"), ("Welcome", ", Finished,")],
    );

    page.click(&locators::tab("Guide"));
    page.click(&locators::tab("Activity"));
    page.wait_for(&locators::containing("Guide is written."));
    app.save_screenshot("4-activity");
    page.click(&locators::tab("What changed"));
    page.wait_for(&locators::containing("Guide.md"));
    app.save_screenshot("5-what-changed");
    page.click(&locators::tab("Result"));
    page.click(&button("Add to my project"));
    page.wait_for(&locators::containing("regatta/harbour/guide"));
    app.save_screenshot("6-result");

    let project = page.invoke("home", json!({})).unwrap()["projects"][0]["path"].take();
    let project = Path::new(project.as_str().unwrap());
    let written = git(project, &["show", "regatta/harbour/guide:Guide.md"]);
    assert_eq!(written, "About Guide.");
    let branches = git(project, &["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
    assert_eq!(branches.lines().collect::<Vec<_>>(), ["main", "regatta/harbour/guide"]);
    assert_eq!(git(project, &["status", "--porcelain"]), "", "what is checked out stays");

    app.close_window();
    app.assert_gone();
}

#[test]
fn closing_asks_while_a_task_works_and_a_restart_shows_the_batch_as_it_was() {
    let screen = VirtualDisplay::new();
    let app = screen.open();
    let page = &app.session;
    open_batch_form(page, "Night watch");
    locators::write_task(page, 1, "Watch", "write log.md: All is quiet.\nsay I watch.\nhang");
    page.click(&button("Start 1 task"));
    wait_for_statuses(&app, &[("Watch", ", Working,")]);
    page.wait_for(&locators::containing("I watch."));

    app.close_window();
    page.wait_for(&locators::containing("1 task is not done yet"));
    app.save_screenshot("7-quit");
    page.click(&button("Keep working"));
    page.wait_until_gone(&locators::containing("1 task is not done yet"));
    assert!(app.is_running());
    app.close_window();
    page.click(&button("Stop and quit"));
    app.assert_gone();
    drop(app);

    let app = screen.open();
    let page = &app.session;
    page.click(&button("Night watch"));
    wait_for_statuses(&app, &[("Watch", ", Stopped,")]);
    page.click(&locators::tab("What changed"));
    page.wait_for(&locators::containing("log.md"));
    app.save_screenshot("8-reopened");
    app.close_window();
    app.assert_gone();
}

#[test]
fn a_second_window_on_the_same_data_says_that_it_is_in_use() {
    let screen = VirtualDisplay::new();
    let first = screen.open();
    first.session.wait_for(&button("Try the demo"));
    let second = screen.open();
    second
        .session
        .wait_for(&locators::containing("Another Regatta is using the same data folder."));
    second.save_screenshot("9-in-use");
    assert!(first.is_running());
}

#[test]
fn the_window_shows_our_own_pages_and_does_our_own_commands_only() {
    let screen = VirtualDisplay::new();
    let app = screen.open();
    let settings = app.session.invoke("settings", json!({})).unwrap();
    assert_eq!(settings["theme"], "system");
    for foreign in ["plugin:dialog|open", "plugin:store|load", "plugin:window|close"] {
        let refused = app.session.invoke(foreign, json!({})).unwrap_err();
        assert!(refused.to_string().contains("not allowed"), "{foreign}: {refused}");
    }
    let opened =
        app.session.execute_script("return window.open('https://localhost/') === null", json!([]));
    assert_eq!(opened.unwrap(), json!(true));
    app.session.execute_script("location.href = 'https://localhost/'", json!([])).unwrap();
    let here = app.session.execute_script("return location.origin", json!([])).unwrap();
    assert_eq!(here, json!("tauri://localhost"));
    app.close_window();
    app.assert_gone();
}

/// Opens the sheet of a new batch of the practice project.
fn open_batch_form(page: &WebDriverSession, title: &str) {
    page.wait_for(&button("Try the demo"));
    page.click(&button("No project yet"));
    page.click(&menu_item("Practice project"));
    page.wait_until_gone(&button("No project yet"));
    page.click(&button("New batch"));
    page.type_into(&by_label("Title of the batch"), title);
}

/// What the tabs of the open batch say.
fn tab_texts(page: &WebDriverSession) -> Vec<String> {
    page.texts("[role=tablist][aria-label^='Tasks of'] [role=tab]")
}

/// Opens a batch by its button in the side bar. That is drawn anew as the batch begins and ends,
/// and a click on the one before goes nowhere.
fn open_batch(page: &WebDriverSession, title: &str) {
    let opened = wait_until(TIMEOUT, || {
        page.click(&button(title));
        !tab_texts(page).is_empty()
    });
    assert!(opened, "{title} isn't open; the page says: {}", page.page_text());
}

/// Waits until the tabs of the open batch's tasks are these, each with its status.
fn wait_for_statuses(app: &RunningApp<'_>, wanted: &[(&str, &str)]) {
    let mut seen = Vec::new();
    let all = wait_until(TIMEOUT, || {
        seen = tab_texts(&app.session);
        seen.len() == wanted.len()
            && seen.iter().zip(wanted).all(|(tab, w)| tab.starts_with(w.0) && tab.contains(w.1))
    });
    assert!(all, "wanted {wanted:?}, seen {seen:?}; the page says: {}", app.session.page_text());
}

fn git(project: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(project).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
