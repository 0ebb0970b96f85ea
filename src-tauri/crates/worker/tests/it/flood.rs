//! Agents that print more than anyone can read: bounded memory, nothing lost, no hurry.

use crate::acp::TALK;
use crate::yard::{Worker, Yard};
use regatta_protocol::Status;
use regatta_protocol::event::{Event, LineKind};
use regatta_protocol::worker::WorkerControl;
use std::time::Duration;

/// The most memory that the worker has had, in KiB; none: it has ended, and what it said is
/// still being read.
fn most_memory(worker: &Worker) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.child.id()));
    let status = status.expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse().expect("a number"))
}

/// Reads on to the outcome; the most memory, and the text of kind `kind` in all.
fn read_on(worker: &mut Worker) -> (u64, usize, usize) {
    let (mut memory, mut bytes, mut events) = (0, 0, 0);
    loop {
        let event = worker.until("event", |_| true);
        match &event {
            Event::Output { kind: LineKind::Out, text, .. } => bytes += text.len(),
            Event::Outcome(_) => return (memory, bytes, events),
            _ => {}
        }
        events += 1;
        if events % 20 == 0 {
            memory = memory.max(most_memory(worker).unwrap_or_default());
            worker.seen.clear();
        }
    }
}

#[test]
fn a_line_without_an_end_is_split_and_nothing_of_it_is_lost() {
    let yard = Yard::new();
    let script = "head -c 300000000 /dev/zero | tr '\\0' 'a'; echo; echo end";
    let mut worker = yard.start(&yard.command(script));
    let (memory, bytes, events) = read_on(&mut worker);
    assert!(memory > 0 && memory < 100 * 1024, "{memory} KiB");
    assert!(bytes >= 300_000_000, "{bytes} bytes");
    assert!((286..400).contains(&events), "{events} events");
}

#[test]
fn a_long_line_is_cut_into_marked_pieces() {
    let yard = Yard::new();
    let script = "head -c 3000000 /dev/zero | tr '\\0' 'a'; echo; echo end";
    let worker = yard.work(&yard.command(script));
    let lines = worker.lines(LineKind::Out);
    let letters: usize = lines.iter().map(|line| line.matches('a').count()).sum();
    assert_eq!((lines.len(), letters), (4, 3_000_000));
    assert!(lines[..3].iter().all(|line| line.len() <= 1024 * 1024 + "… ".len()));
    assert!(lines[1].starts_with("… a") && lines[2].starts_with("… a") && lines[3] == "end");
}

#[test]
fn an_acp_agent_that_prints_without_end_is_cut_short_and_goes_on() {
    let yard = Yard::new();
    let script = "begin; head -c 300000000 /dev/zero | tr '\\0' 'a'; echo; say 'after all'; end";
    let mut worker = yard.start(&yard.acp(&format!("{TALK}\n{script}")));
    worker.until_line("after all");
    let memory = most_memory(&worker).expect("it runs");
    assert!(memory < 150 * 1024, "{memory} KiB");
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.lines(LineKind::Out).len(), 1, "its beginning is shown");
    assert!(worker.lines(LineKind::Note).iter().any(|note| note.contains("too long")));
}

#[test]
fn lines_come_whole_and_in_order() {
    let yard = Yard::new();
    let worker = yard.work(&yard.practice("print 100000 lines"));
    assert_eq!(worker.outcome().status, Status::Finished);
    let lines = worker.lines(LineKind::Out);
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
    let yard = Yard::new();
    let script = "i=0; while [ $i -lt 200 ]; do head -c 200000 /dev/zero | tr '\\0' 'b'; echo; \
                  i=$((i+1)); echo $i > count; done";
    let mut worker = yard.start(&yard.command(script));
    let count = || yard.file("count").and_then(|count| count.trim().parse::<u32>().ok());
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
    let memory = most_memory(&worker).expect("it runs");
    assert!(memory < 60 * 1024, "{memory} KiB");
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Finished);
    assert_eq!(worker.lines(LineKind::Out).len(), 200);
}

#[test]
fn a_task_that_nobody_reads_can_be_stopped() {
    let yard = Yard::new();
    let mut worker = yard.start(&yard.command("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyy; done"));
    worker.until_status(Status::Working);
    std::thread::sleep(Duration::from_secs(1));
    worker.send(&WorkerControl::Stop);
    crate::yard::wait_until("ended", || !yard.processes().iter().any(|p| p.contains("agent.sh")));
    worker.finish();
    assert_eq!(worker.outcome().status, Status::Stopped);
}
