//! A batch at an endpoint: a server of ours on this computer, as a person sets it up.

use super::locators::{self, button, by_label, tab};
use super::virtual_display::VirtualDisplay;
use super::webdriver::WebDriverSession;
use super::{TIMEOUT, git, wait_for_statuses};
use regatta_tests::{TestEnv, wait_until};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const KEY: &str = "canary-key-of-the-window";
const TASKS: [&str; 3] = ["Guide", "Prices", "Welcome"];

/// `regatta serve` on the yard's folder.
struct ServeProcess {
    process: Child,
    address: String,
}

impl ServeProcess {
    fn start(env: &TestEnv, listen: &str) -> Self {
        let key = env.root().join("key");
        fs::write(&key, KEY).unwrap();
        let mut command = env.regatta(&["serve", "--listen", listen, "--max-parallel", "3"]);
        command.arg("--data-dir").arg(env.data_dir()).arg("--api-key-file").arg(key);
        command.arg("--allow-root").arg(env.root());
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{line:?}");
        Self { process, address }
    }

    /// Ends at once, as when the power goes.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn listen_address(&self) -> String {
        self.address.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("The server could not be ended: {error}");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn a_batch_at_an_endpoint_is_seen_through_a_restart_of_its_server() {
    let env = TestEnv::new();
    let mut server = ServeProcess::start(&env, "127.0.0.1:0");
    let screen = VirtualDisplay::new();
    let app = screen.open();
    let page = &app.session;
    page.wait_for(&button("Try the demo"));

    page.click(&button("Settings"));
    add_endpoint(page, &server.address);
    app.save_screenshot("10-endpoint");
    page.click(&button("New batch"));
    page.click(&button("Runs on"));
    page.click("//*[@role='option'][contains(., 'Harbour')]");
    page.click(&button("Repository"));
    replace_text(page, "Its address", &env.project().to_string_lossy());
    page.click(&button("Use this address"));
    page.type_into(&by_label("Title of the batch"), "Elsewhere");
    for (name, place) in TASKS.into_iter().zip(1..) {
        locators::write_task(page, place, name, &task_prompt(&env, name));
    }
    app.save_screenshot("11-sheet-elsewhere");
    page.click(&button("Start 3 tasks on Harbour"));
    wait_for_statuses(&app, &TASKS.map(|name| (name, ", Working,")));
    for name in TASKS {
        wait_for_line(page, name, &format!("{name} line 1"));
    }
    app.save_screenshot("12-live-elsewhere");

    // Two are done when the server goes down, the third is at work: it ends with the server.
    for name in ["Guide", "Prices"] {
        fs::write(go_file(&env, name), "").unwrap();
    }
    wait_for_statuses(
        &app,
        &[("Guide", ", Finished,"), ("Prices", ", Finished,"), ("Welcome", ", Working,")],
    );
    let port = server.listen_address();
    server.kill();
    let mut server = ServeProcess::start(&env, &port);
    wait_for_statuses(
        &app,
        &[
            ("Guide", ", Finished,"),
            ("Prices", ", Finished,"),
            ("Welcome", ", Interrupted,"),
            // It says that the connection broke and came back.
            ("The whole batch", ", What belongs to no single task"),
        ],
    );
    for name in ["Guide", "Prices"] {
        wait_for_line(page, name, &format!("{name} line 300"));
        assert_eq!(
            printed_lines(page, name),
            expected_lines(name, 300),
            "the transcript of {name}"
        );
    }
    assert_eq!(
        printed_lines(page, "Welcome"),
        expected_lines("Welcome", 100),
        "what it printed before"
    );
    app.save_screenshot("13-after-restart");
    for name in ["guide", "prices"] {
        let branch = format!("regatta/elsewhere/{name}");
        assert!(git(&env.project(), &["rev-parse", &branch]).len() >= 40, "{branch}");
    }
    assert!(!page.page_text().contains(KEY), "the key is in the page");
    app.close_window();
    app.assert_gone();
    assert_eq!(files_containing(&screen.home().join("data"), KEY), Vec::<PathBuf>::new());
    server.kill();
    env.assert_nothing_runs(TIMEOUT);
}

fn add_endpoint(page: &WebDriverSession, address: &str) {
    page.click(&button("Add an endpoint"));
    replace_text(page, "Name", "Harbour");
    replace_text(page, "Address", address);
    replace_text(page, "Key", KEY);
    page.click("//*[@role='dialog']//button[contains(., 'Add endpoint')]");
    // Without a session bus there is no key store, and that is said.
    page.wait_for(&locators::containing("This computer has no key store that Regatta can use."));
    page.wait_for(&locators::containing("Key is kept only until you close Regatta"));
    page.wait_for(&locators::containing("The key works."));
}

/// Prints 100 lines, waits until it is let go, and prints and writes the rest.
fn task_prompt(env: &TestEnv, name: &str) -> String {
    let print = |from: u32, to: u32| {
        format!("run for n in $(seq {from} {to}); do echo {name} line $n; done")
    };
    let hold = format!("run until [ -e {} ]; do sleep 0.1; done", go_file(env, name).display());
    format!(
        "{}\n{hold}\n{}\nwrite {name}.md: About {name}.\nsay {name} is written.",
        print(1, 100),
        print(101, 300)
    )
}

fn go_file(env: &TestEnv, name: &str) -> PathBuf {
    env.root().join(format!("go-{name}"))
}

fn wait_for_line(page: &WebDriverSession, name: &str, line: &str) {
    page.click(&tab(name));
    page.click(&tab("Live output"));
    assert!(
        wait_until(TIMEOUT, || page.page_text().contains(line)),
        "{line}: {}",
        page.page_text()
    );
}

/// The lines that a task's commands printed, as the window gets them.
fn printed_lines(page: &WebDriverSession, name: &str) -> Vec<String> {
    let home = page.invoke("history", json!({ "query": "", "before": null })).unwrap();
    let batch = page.invoke("batch", json!({ "id": home[0]["id"] })).unwrap();
    let task = batch["tasks"].as_array().unwrap().iter().find(|task| task["name"] == name);
    let args = json!({ "task": task.unwrap()["id"], "from": 0, "max": 1000 });
    let read = page.invoke("read_lines", args).unwrap();
    let texts = read["lines"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str());
    let printed = format!("{name} line ");
    texts.filter(|text| text.starts_with(&printed)).map(str::to_owned).collect()
}

fn expected_lines(name: &str, count: u32) -> Vec<String> {
    (1..=count).map(|n| format!("{name} line {n}")).collect()
}

/// Writes into a field with a label of its own.
fn replace_text(page: &WebDriverSession, label: &str, text: &str) {
    let field = format!("//input[@id=//label[normalize-space(.)='{label}']/@for]");
    page.clear(&field);
    page.type_into(&field, text);
}

/// The files below `folder` that hold `text`.
fn files_containing(folder: &Path, text: &str) -> Vec<PathBuf> {
    let output = Command::new("grep").args(["-rlF", text]).arg(folder).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect()
}
