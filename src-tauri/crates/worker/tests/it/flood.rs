//! Agents that print more than anyone can read: bounded memory, nothing lost, no hurry.

use crate::acp::ACP_SHELL;
use crate::test_env::{TestEnv, Worker};
use regatta_protocol::Status;
use regatta_protocol::event::{Event, LineKind};
use regatta_protocol::worker::WorkerControl;
use std::time::Duration;

/// The most memory that the worker has had, in KiB; `None` if it has ended, and what it said is
/// still being read.
fn peak_memory_kib(worker: &Worker) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.child.id()));
    let status = status.expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse().expect("a number"))
}

/// Reads on to the outcome; the most memory, and the text of kind `kind` in all.
fn read_to_outcome(worker: &mut Worker) -> (u64, usize, usize) {
    let (mut memory, mut bytes, mut events) = (0, 0, 0);
    loop {
        let event = worker.read_until("event", |_| true);
        match &event {
            Event::Output { kind: LineKind::Stdout, text, .. } => bytes += text.len(),
            Event::Outcome(_) => return (memory, bytes, events),
            _ => {}
        }
        events += 1;
        if events % 20 == 0 {
            memory = memory.max(peak_memory_kib(worker).unwrap_or_default());
            worker.received.clear();
        }
    }
}

#[test]
fn a_line_without_an_end_is_split_and_nothing_of_it_is_lost() {
    let test_env = TestEnv::new();
    let script = "head -c 300000000 /dev/zero | tr '\\0' 'a'; echo; echo end";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    let (memory, bytes, events) = read_to_outcome(&mut worker);
    assert!(memory > 0 && memory < 100 * 1024, "{memory} KiB");
    assert!(bytes >= 300_000_000, "{bytes} bytes");
    assert!((286..400).contains(&events), "{events} events");
}

#[test]
fn a_long_line_is_cut_into_marked_pieces() {
    let test_env = TestEnv::new();
    let script = "head -c 3000000 /dev/zero | tr '\\0' 'a'; echo; echo end";
    let worker = test_env.run_task(&test_env.command_task(script));
    let lines = worker.lines(LineKind::Stdout);
    let letters: usize = lines.iter().map(|line| line.matches('a').count()).sum();
    assert_eq!((lines.len(), letters), (4, 3_000_000));
    assert!(lines[..3].iter().all(|line| line.len() <= 1024 * 1024 + "… ".len()));
    assert!(lines[1].starts_with("… a") && lines[2].starts_with("… a") && lines[3] == "end");
}

#[test]
fn an_acp_agent_that_prints_without_end_is_cut_short_and_goes_on() {
    let test_env = TestEnv::new();
    let script = "begin; head -c 300000000 /dev/zero | tr '\\0' 'a'; echo; say 'after all'; end";
    let mut worker = test_env.start_task(&test_env.acp_task(&format!("{ACP_SHELL}\n{script}")));
    worker.read_until_line("after all");
    let memory = peak_memory_kib(&worker).expect("it runs");
    assert!(memory < 150 * 1024, "{memory} KiB");
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.lines(LineKind::Stdout).len(), 1, "its beginning is shown");
    assert!(worker.lines(LineKind::Note).iter().any(|note| note.contains("too long")));
}

/// A hundred thousand updates of every kind, after the first tenth of them a word, and a word
/// at their end.
const UPDATES: &str = r#"
updates() { awk -v from="$1" -v to="$2" '
function update(text) { print "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"s\",\"update\":" text "}}" }
function kind(name, more) { update("{\"sessionUpdate\":\"" name "\"," more "}") }
BEGIN { for (n = from; n < to; n++) {
if (n % 5 == 0) kind("tool_call", "\"toolCallId\":\"call " n "\",\"title\":\"Look at " n "\",\"kind\":\"read\"")
if (n % 5 == 1) kind("tool_call_update", "\"toolCallId\":\"call " (n - 1) "\",\"status\":\"completed\"")
if (n % 5 == 2) kind("agent_message_chunk", "\"content\":{\"type\":\"text\",\"text\":\"line " n "\\n\"}")
if (n % 5 == 3) kind("usage_update", "\"used\":" n ",\"size\":200000")
if (n % 5 == 4) kind("dance " n, "\"steps\":" n)
} }'; }
begin; updates 0 10000; say 'a tenth\n'; updates 10000 100000; say 'all of it\n'
until [ -e go ]; do sleep 0.05; done; end
"#;

#[test]
fn a_hundred_thousand_updates_take_no_more_memory_than_a_tenth_of_them() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.acp_task(&format!("{ACP_SHELL}\n{UPDATES}")));
    let mut lines = 0;
    let mut until = |worker: &mut Worker, word: &str| loop {
        let event = worker.read_until(word, |_| true);
        worker.received.clear();
        if let Event::Output { kind: LineKind::AgentMessage, text, .. } = &event {
            lines += text.split('\n').filter(|line| line.starts_with("line ")).count();
            if text.split('\n').any(|line| line == word) {
                return peak_memory_kib(worker).expect("it runs");
            }
        }
    };
    let tenth = until(&mut worker, "a tenth");
    let all = until(&mut worker, "all of it");
    std::fs::write(test_env.copy().join("go"), "").expect("a file");
    assert!(all < tenth + tenth / 2, "{tenth} KiB, then {all} KiB");
    assert_eq!(lines, 20_000, "nothing was lost");
    worker.read_until("outcome", |event| matches!(event, Event::Outcome(_)));
    assert_eq!(worker.outcome().status, Status::Finished);
}

#[test]
fn a_stop_is_heard_in_the_middle_of_a_flood() {
    let test_env = TestEnv::new();
    let script = "begin; prompt=$id; while :; do updates 0 10000; done & flood=$!; ask; \
                  [ -z \"$line\" ] || : > heard; \
                  kill $flood; id=$prompt; answer '{\"stopReason\":\"cancelled\"}'";
    let updates = UPDATES.split("begin;").next().expect("the function");
    let mut worker =
        test_env.start_task(&test_env.acp_task(&format!("{ACP_SHELL}\n{updates}\n{script}")));
    for _ in 0..50 {
        worker.read_until("lines", |event| matches!(event, Event::Output { .. }));
    }
    worker.send(&WorkerControl::Stop);
    worker.finish();
    // One that hears nothing is terminated, whatever it does.
    assert!(test_env.copy().join("heard").exists(), "it heard that its turn is over");
    assert_eq!(worker.outcome().status, Status::Stopped);
    assert_eq!(test_env.processes(), [""; 0]);
}

#[test]
fn lines_come_whole_and_in_order() {
    let test_env = TestEnv::new();
    let worker = test_env.run_task(&test_env.practice_task("print 100000 lines"));
    assert_eq!(worker.outcome().status, Status::Finished);
    let lines = worker.lines(LineKind::Stdout);
    assert_eq!(lines.len(), 100_000);
    assert!(lines.iter().zip(1..).all(|(line, n)| *line == format!("line {n}")));
    let outputs = worker.events().filter_map(|event| match event {
        Event::Output { text, .. } => Some(text.len()),
        _ => None,
    });
    let sizes: Vec<usize> = outputs.collect();
    assert!(sizes.iter().all(|size| *size <= 64 * 1024));
    assert!(sizes.len() < 400, "{} events for 1.2 MB", sizes.len());
}

#[test]
fn a_reader_that_is_slow_slows_the_agent_down_and_loses_nothing() {
    let test_env = TestEnv::new();
    let script = "i=0; while [ $i -lt 200 ]; do head -c 200000 /dev/zero | tr '\\0' 'b'; echo; \
                  i=$((i+1)); echo $i > count; done";
    let mut worker = test_env.start_task(&test_env.command_task(script));
    let count =
        || test_env.read_copy_file("count").and_then(|count| count.trim().parse::<u32>().ok());
    // It goes on until everything between us is full, and then no further.
    let mut before = None;
    loop {
        std::thread::sleep(Duration::from_millis(700));
        let now = count();
        if now.is_some() && now == before {
            break;
        }
        before = now;
    }
    assert!(before.expect("a count") < 200, "it was held up");
    let memory = peak_memory_kib(&worker).expect("it runs");
    assert!(memory < 60 * 1024, "{memory} KiB");
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.lines(LineKind::Stdout).len(), 200);
}

#[test]
fn a_task_that_nobody_reads_can_be_stopped() {
    let test_env = TestEnv::new();
    let mut worker = test_env
        .start_task(&test_env.command_task("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyy; done"));
    worker.read_until_status(Status::Working);
    std::thread::sleep(Duration::from_secs(1));
    worker.send(&WorkerControl::Stop);
    crate::test_env::wait_until("ended", || {
        !test_env.processes().iter().any(|p| p.contains("agent.sh"))
    });
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Stopped);
}
