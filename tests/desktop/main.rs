//! The real window on a display of its own, driven as a person drives it. What it showed is
//! kept in `target/desktop-shots`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod agents;
mod asking;
mod driver;
mod elsewhere;
mod notices;
mod page;
mod screen;

use driver::Session;
use page::{button, labelled, menu_item};
use regatta_tests::wait_until;
use screen::{Opened, Screen};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_batch_goes_from_the_form_to_a_branch_of_the_project() {
    let screen = Screen::new();
    let go = screen.home().join("go");
    let app = screen.open();
    let page = &app.session;
    page.see(&button("Try the demo"));
    app.shoot("1-first-run");

    begin_batch(page, "Harbour");
    // Each works until it is let go, so that all three are seen at work.
    let hold = format!("run until [ -e {} ]; do sleep 0.1; done", go.display());
    for (place, name) in [(1, "Guide"), (2, "Prices"), (3, "Welcome")] {
        let prompt = format!(
            "plan Look; Write\nrun echo {name} is under way\n{hold}\n\
             write {name}.md: About {name}.\nsay {name} is written."
        );
        page::write_task(page, place, name, &prompt);
    }
    app.shoot("2-sheet");
    page.click(&button("Start 3 tasks"));

    see_statuses(
        &app,
        &[("Guide", ", Working,"), ("Prices", ", Working,"), ("Welcome", ", Working,")],
    );
    for name in ["Guide", "Prices", "Welcome"] {
        page.click(&page::tab(name));
        page.click(&page::tab("Live output"));
        let line = format!("{name} is under way");
        assert!(wait_until(SOON, || page.page().contains(&line)), "{line}: {}", page.page());
        app.shoot(&format!("3-live-{}", name.to_lowercase()));
    }
    fs::write(&go, "").unwrap();
    see_statuses(
        &app,
        &[("Guide", ", Finished,"), ("Prices", ", Finished,"), ("Welcome", ", Finished,")],
    );

    page.click(&page::tab("Guide"));
    page.click(&page::tab("Activity"));
    page.see(&page::saying("Guide is written."));
    app.shoot("4-activity");
    page.click(&page::tab("What changed"));
    page.see(&page::saying("Guide.md"));
    app.shoot("5-what-changed");
    page.click(&page::tab("Result"));
    page.click(&button("Add to my project"));
    page.see(&page::saying("regatta/harbour/guide"));
    app.shoot("6-result");

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
    let screen = Screen::new();
    let app = screen.open();
    let page = &app.session;
    begin_batch(page, "Night watch");
    page::write_task(page, 1, "Watch", "write log.md: All is quiet.\nsay I watch.\nhang");
    page.click(&button("Start 1 task"));
    see_statuses(&app, &[("Watch", ", Working,")]);
    page.see(&page::saying("I watch."));

    app.close_window();
    page.see(&page::saying("1 task is not done yet"));
    app.shoot("7-quit");
    page.click(&button("Keep working"));
    page.see_gone(&page::saying("1 task is not done yet"));
    assert!(app.runs());
    app.close_window();
    page.click(&button("Stop and quit"));
    app.assert_gone();
    drop(app);

    let app = screen.open();
    let page = &app.session;
    page.click(&button("Night watch"));
    see_statuses(&app, &[("Watch", ", Stopped,")]);
    page.click(&page::tab("What changed"));
    page.see(&page::saying("log.md"));
    app.shoot("8-reopened");
    app.close_window();
    app.assert_gone();
}

#[test]
fn a_second_window_on_the_same_data_says_that_it_is_in_use() {
    let screen = Screen::new();
    let first = screen.open();
    first.session.see(&button("Try the demo"));
    let second = screen.open();
    second.session.see(&page::saying("Another Regatta is using the same data folder."));
    second.shoot("9-in-use");
    assert!(first.runs());
}

#[test]
fn the_window_shows_our_own_pages_and_does_our_own_commands_only() {
    let screen = Screen::new();
    let app = screen.open();
    let settings = app.session.invoke("settings", json!({})).unwrap();
    assert_eq!(settings["theme"], "system");
    for foreign in ["plugin:dialog|open", "plugin:store|load", "plugin:window|close"] {
        let refused = app.session.invoke(foreign, json!({})).unwrap_err();
        assert!(refused.to_string().contains("not allowed"), "{foreign}: {refused}");
    }
    let opened = app.session.run("return window.open('https://localhost/') === null", json!([]));
    assert_eq!(opened.unwrap(), json!(true));
    app.session.run("location.href = 'https://localhost/'", json!([])).unwrap();
    let here = app.session.run("return location.origin", json!([])).unwrap();
    assert_eq!(here, json!("tauri://localhost"));
    app.close_window();
    app.assert_gone();
}

/// Opens the sheet of a new batch of the practice project.
fn begin_batch(page: &Session, title: &str) {
    page.see(&button("Try the demo"));
    page.click(&button("No project yet"));
    page.click(&menu_item("Practice project"));
    page.see_gone(&button("No project yet"));
    page.click(&button("New batch"));
    page.type_into(&labelled("Title of the batch"), title);
}

/// What the tabs of the open batch say.
fn tabs(page: &Session) -> Vec<String> {
    page.texts("[role=tablist][aria-label^='Tasks of'] [role=tab]")
}

/// Opens a batch by its button in the side bar. That is drawn anew as the batch begins and ends,
/// and a click on the one before goes nowhere.
fn open_batch(page: &Session, title: &str) {
    let opened = wait_until(SOON, || {
        page.click(&button(title));
        !tabs(page).is_empty()
    });
    assert!(opened, "{title} isn't open; the page says: {}", page.page());
}

/// Waits until the tabs of the open batch's tasks are these, each with its status.
fn see_statuses(app: &Opened<'_>, wanted: &[(&str, &str)]) {
    let mut seen = Vec::new();
    let all = wait_until(SOON, || {
        seen = tabs(&app.session);
        seen.len() == wanted.len()
            && seen.iter().zip(wanted).all(|(tab, w)| tab.starts_with(w.0) && tab.contains(w.1))
    });
    assert!(all, "wanted {wanted:?}, seen {seen:?}; the page says: {}", app.session.page());
}

fn git(project: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(project).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
