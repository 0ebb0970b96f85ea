//! Batches that go well, and what the project sees of them.

use regatta_tests::TestEnv;
use std::time::Duration;

#[test]
fn three_tasks_finish_each_on_its_own_branch_and_the_project_is_untouched_until_then() {
    let env = TestEnv::new();
    env.write("src/cart.txt", "one\ntwo, and not yet committed\n");
    env.write("loose.txt", "never committed\n");
    let before = env.checkout_files();
    let refs = env.git(&["for-each-ref"]);

    let ran = env.run_batch(
        &[
            ("Prices", "write src/prices.txt: 11"),
            ("Guide", "write docs/guide.md: How to sail\nsay The guide is there."),
            ("Clean up", "remove src/cart.txt"),
        ],
        &[],
    );
    assert_eq!(ran.exit_code, Some(0), "{}{}", ran.stdout, ran.stderr);
    for name in ["Prices", "Guide", "Clean up"] {
        assert_eq!(ran.status(name), "finished", "{name}");
        assert_eq!(ran.outcome(name)["totals"]["files"], 1, "{name}");
    }
    assert!(ran.outcome("Guide")["last_words"].as_str().unwrap().contains("The guide is there."));
    assert_eq!(
        env.checkout_files(),
        before,
        "the checked-out files and the index stay as they are"
    );
    assert_eq!(env.git(&["for-each-ref"]), refs, "no ref appears by itself");

    let added = env.run_on_batch("add", "journey", &[]);
    assert_eq!(added.exit_code, Some(0), "{}", added.stderr);
    assert_eq!(env.checkout_files(), before, "adding a result changes no file either");
    let branches = env.git(&["branch", "--list", "regatta/*", "--format=%(refname:short)"]);
    let branches: Vec<&str> = branches.lines().collect();
    assert_eq!(
        branches,
        ["regatta/journey/clean-up", "regatta/journey/guide", "regatta/journey/prices"]
    );
    for branch in &branches {
        assert!(added.stdout.contains(branch), "{branch} is named in {}", added.stdout);
        assert_eq!(env.git(&["rev-list", "--count", &format!("main..{branch}")]), "1");
    }
    assert_eq!(env.git(&["show", "regatta/journey/guide:docs/guide.md"]), "How to sail");
    assert_eq!(env.git(&["show", "regatta/journey/clean-up:src/prices.txt"]), "10\n20");
    assert!(env.git(&["log", "-1", "--format=%s", branches[2]]).contains("Prices"));
    env.assert_nothing_runs(Duration::from_secs(5));
}

#[test]
fn a_taken_branch_name_gets_the_next_free_one() {
    let env = TestEnv::new();
    let _ran = env.run_batch(&[("Guide", "write guide.md: x")], &[]);
    env.git(&["branch", "regatta/journey/guide"]);
    let added = env.run_on_batch("add", "journey", &["--task", "Guide"]);
    assert_eq!(added.exit_code, Some(0), "{}", added.stderr);
    assert!(added.stdout.contains("regatta/journey/guide-2"), "{}", added.stdout);
    assert_eq!(env.git(&["show", "regatta/journey/guide-2:guide.md"]), "x");
}

#[test]
fn without_directives_the_practice_agent_describes_the_project_truly() {
    let env = TestEnv::new();
    let ran = env.run_batch(&[("Describe", "Please describe this project.")], &[]);
    assert_eq!(ran.exit_code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let _added = env.run_on_batch("add", "journey", &[]);
    let text = env.git(&["show", "regatta/journey/describe:PRACTICE.md"]);
    assert!(text.contains("cart.txt") && text.contains("prices.txt"), "{text}");
    let steps = ran.events().into_iter().filter(|e| e["event"] == "step").count();
    assert!(steps >= 3, "a few visible steps, not {steps}");
}

#[test]
fn one_failure_is_told_and_leaves_the_others_alone() {
    let env = TestEnv::new();
    let ran = env.run_batch(
        &[
            ("Good", "write a.txt: a"),
            ("Bad", "write b.txt: b\nfail the harbour is closed"),
            ("Idle", "say Nothing to do."),
        ],
        &[],
    );
    assert_eq!(ran.exit_code, Some(1), "{}", ran.stderr);
    assert_eq!(ran.status("Good"), "finished");
    assert_eq!(ran.status("Bad"), "failed");
    assert_eq!(ran.status("Idle"), "finished");
    assert!(
        ran.outcome("Idle")["commit"].is_null(),
        "nothing was changed: {}",
        ran.outcome("Idle")
    );
    let outcome = ran.outcome("Bad");
    assert_eq!(outcome["notice"]["code"], "agent_failed", "{outcome}");
    assert!(outcome.to_string().contains("the harbour is closed"), "{outcome}");
    assert!(outcome["commit"].is_string(), "what it had done is kept: {outcome}");
}

#[test]
fn the_log_has_no_gap_and_show_tells_the_same_again() {
    let env = TestEnv::new();
    let ran =
        env.run_batch(&[("A", "print 500 lines\nwrite a.txt: a"), ("B", "print 300 lines")], &[]);
    let said = ran.events();
    let (begun, events) = said.split_first().expect("it said something");
    assert!(begun["run_id"].is_string() && begun["seq"].is_null(), "it says which it is: {begun}");
    let seqs: Vec<u64> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    let shown = env.run_on_batch("show", "journey", &["--json"]);
    assert_eq!(shown.events(), said, "the store holds what was shown");
    let text = env.run_on_batch("show", "journey", &["--task", "B"]).stdout;
    assert!(text.contains("300"), "{text}");
}

#[test]
fn twenty_tasks_with_a_cap_of_three_never_work_more_than_three_at_once() {
    let env = TestEnv::new();
    let ledger = env.root().join("ledger.txt");
    let prompt =
        format!("run echo begin >> {0}; sleep 0.3; echo end >> {0}", ledger.to_str().unwrap());
    let names: Vec<String> = (1..=20).map(|n| format!("Task {n}")).collect();
    let tasks: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), prompt.as_str())).collect();
    let ran = env.run_batch(&tasks, &["--max-parallel", "3"]);
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    let ledger = std::fs::read_to_string(ledger).unwrap();
    let (mut now, mut most) = (0, 0);
    for line in ledger.lines() {
        now += if line == "begin" { 1 } else { -1 };
        most = most.max(now);
    }
    assert_eq!(ledger.lines().count(), 40);
    assert_eq!(most, 3, "three places were used, and never more");
    env.assert_nothing_runs(Duration::from_secs(5));
}

#[test]
fn a_batch_starts_from_the_branch_it_names() {
    let env = TestEnv::new();
    env.git(&["branch", "old"]);
    env.write("src/new.txt", "new");
    env.commit("Later");
    let ran = env.run_batch(
        &[("Look", "run test -e src/new.txt && echo there || echo absent")],
        &["--start-from", "old"],
    );
    assert_eq!(ran.transcript_lines("Look", "out"), ["absent"], "{}", ran.stdout);
}
