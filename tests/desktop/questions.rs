//! Agents that ask, and a person who answers, speaks to them, and lets them go on.

use super::locators::{button, by_label, containing, tab, write_task};
use super::virtual_display::{RunningApp, VirtualDisplay};
use super::webdriver::WebDriverSession;
use super::{TIMEOUT, open_batch, open_batch_form, wait_for_statuses};
use regatta_tests::wait_until;
use serde_json::json;
use std::fs;

const MESSAGE: &str = "Message to this task";

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn questions_are_answered_while_the_others_work_and_a_task_goes_on_with_a_message() {
    let screen = VirtualDisplay::new();
    let go = screen.home().join("go");
    let app = screen.open();
    let page = &app.session;
    open_batch_form(page, "Harbour");
    let hold = format!("run until [ -e {} ]; do sleep 0.1; done", go.display());
    // Two ask the same, and leave their places. The fourth is let go to ask after them.
    for (place, name, prompt) in [
        (1, "Welcome", "ask May I add a file? | Yes | No\nwrite Welcome.md: Hello.".to_owned()),
        (2, "Prices", "ask May I add a file? | Yes | No\nwrite Prices.md: None.".to_owned()),
        (3, "Guide", format!("plan Look; Write\n{hold}\nwrite Guide.md: A guide.")),
        (4, "Rules", format!("{hold}\nask May I drop the rules? | Yes | No\nsay They stay.")),
    ] {
        write_task(page, place, name, &prompt);
    }
    page.click(&button("Start 4 tasks"));
    wait_for_statuses(
        &app,
        &[
            ("Welcome", ", Needs you,"),
            ("Prices", ", Needs you,"),
            ("Guide", ", Working,"),
            ("Rules", ", Working,"),
        ],
    );
    page.click(&tab("Guide"));
    page.type_into(&by_label(MESSAGE), "write Extra.md: Something more.");
    page.click(&button("Send when its turn ends"));
    page.wait_for(&containing("The agent reads your message when its turn ends."));
    page.wait_for(&containing("You: write Extra.md: Something more."));
    app.save_screenshot("14-message");

    // They go on, though two are asked something.
    fs::write(&go, "").unwrap();
    wait_for_statuses(
        &app,
        &[
            ("Welcome", ", Needs you,"),
            ("Prices", ", Needs you,"),
            ("Guide", ", Finished,"),
            ("Rules", ", Needs you,"),
        ],
    );
    answer_all(&app);
    open_batch(page, "Harbour");
    wait_for_statuses(
        &app,
        &[
            ("Welcome", ", Finished,"),
            ("Prices", ", Finished,"),
            ("Guide", ", Finished,"),
            ("Rules", ", Finished,"),
        ],
    );
    assert_eq!(changed_files(page, "Welcome"), ["Welcome.md"]);
    assert_eq!(changed_files(page, "Guide"), ["Extra.md", "Guide.md"]);
    assert_eq!(changed_files(page, "Rules"), [""; 0]);

    page.click(&tab("Guide"));
    page.click(&tab("Result"));
    page.wait_for(&containing("in the same conversation"));
    page.type_into("//textarea[starts-with(@id, 'continue-')]", "append Guide.md: The end.");
    app.save_screenshot("17-continue");
    page.click("//form//button[normalize-space(.)='Continue']");
    page.wait_for(&containing("attempt 2"));
    page.wait_for(&button("Add to my project"));
    page.click(&tab("What changed"));
    page.click(&button("Guide.md"));
    page.wait_for(&containing("The end."));
    app.close_window();
    app.assert_gone();
}

/// Answers what is asked: twice at once for the batch, and once with no in the task's tab.
fn answer_all(app: &RunningApp<'_>) {
    let page = &app.session;
    page.click(&button("Needs you"));
    page.wait_for(&containing("3 questions"));
    let asked = page.texts("main h3");
    let expected = ["May I add a file?", "May I add a file?", "May I drop the rules?"];
    let same = asked.iter().zip(expected).all(|(title, start)| title.starts_with(start));
    assert!(same && asked.len() == expected.len(), "{asked:?}");
    app.save_screenshot("15-needs-you");
    page.click(&button("Allow for this batch"));
    // The next question has the keyboard.
    let in_focus = "return document.activeElement.textContent";
    let focused = wait_until(TIMEOUT, || {
        let text = page.execute_script(in_focus, json!([])).unwrap();
        page.texts("main h3").len() == 1
            && text.as_str().is_some_and(|text| text.contains("May I drop the rules?"))
    });
    assert!(focused, "{:?} has the focus", page.execute_script(in_focus, json!([])));
    page.click(&button("Open task"));
    page.wait_for(&button("Not allowed"));
    page.wait_for(&containing("waits for your answer"));
    app.save_screenshot("16-asked-in-its-tab");
    page.click(&button("Not allowed"));
    page.wait_until_gone(&button("Not allowed"));
    page.wait_for(&containing("You chose: No"));
    page.click(&button("Needs you"));
    page.wait_for(&containing("Nobody needs you."));
}

#[test]
fn a_question_that_is_open_when_the_window_closes_is_answered_after_the_next_start() {
    let screen = VirtualDisplay::new();
    let app = screen.open();
    let page = &app.session;
    open_batch_form(page, "Night watch");
    write_task(page, 1, "Watch", "write log.md: Quiet.\nask May I light the lamp? | Yes | No");
    page.click(&button("Start 1 task"));
    wait_for_statuses(&app, &[("Watch", ", Needs you,")]);
    app.close_window();
    page.click(&button("Stop and quit"));
    app.assert_gone();
    drop(app);

    let app = screen.open();
    let page = &app.session;
    page.click(&button("Needs you"));
    page.wait_for(&containing("May I light the lamp?"));
    page.wait_for(&containing("Your answer lets it go on where it stopped."));
    app.save_screenshot("18-asked-before");
    page.click(&button("Allow once"));
    page.wait_for(&containing("Nobody needs you."));
    open_batch(page, "Night watch");
    wait_for_statuses(&app, &[("Watch", ", Finished,")]);
    page.wait_for(&containing("attempt 2"));
    app.close_window();
    app.assert_gone();
}

/// The names of the files that a task changed, in their order.
fn changed_files(page: &WebDriverSession, name: &str) -> Vec<String> {
    let home = page.invoke("history", json!({ "query": "", "before": null })).unwrap();
    let batch = page.invoke("batch", json!({ "id": home[0]["id"] })).unwrap();
    let task = batch["tasks"].as_array().unwrap().iter().find(|task| task["name"] == name);
    let files = task.unwrap()["files"].as_array().unwrap().iter();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file["path"].as_str()?.to_owned())).collect();
    names.sort();
    names
}
