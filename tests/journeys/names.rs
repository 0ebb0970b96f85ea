//! A name is never a path, a ref or an argument.

use regatta_tests::TestEnv;

#[test]
fn any_name_works_and_goes_nowhere() {
    let yard = TestEnv::new();
    let long = "x".repeat(10_000);
    let names = [
        "../../../etc/passwd",
        "--upload-pack=touch pwned",
        "refs/heads/main",
        "\u{1b}[31mred\u{7}\r",
        "a\0b",
        "🚀⛵️",
        "日本語",
        "con.lock",
        "-",
        long.as_str(),
    ];
    let tasks: Vec<(&str, &str)> = names.iter().map(|n| (*n, "write made.txt: x")).collect();
    let outside = |yard: &TestEnv| {
        let mut found: Vec<_> =
            std::fs::read_dir(yard.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
        found.sort();
        found
    };
    let ran = yard.run_batch(&tasks, &[]);
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    assert_eq!(outside(&yard), ["batch.json", "data", "project"]);

    let added = yard.run_on_batch("add", "journey", &[]);
    assert_eq!(added.exit_code, Some(0), "{}", added.stderr);
    let branches = yard.git(&["for-each-ref", "--format=%(refname)", "refs/heads/regatta/"]);
    assert_eq!(branches.lines().count(), names.len(), "{branches}");
    for branch in branches.lines() {
        assert!(branch.is_ascii() && branch.len() < 200 && !branch.contains(".."), "{branch}");
        assert_eq!(yard.git(&["show", &format!("{branch}:made.txt")]), "x");
    }
    assert_eq!(yard.git(&["rev-parse", "main"]), yard.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_terminal_is_not_driven_by_a_name_or_by_output() {
    let yard = TestEnv::new();
    let mut command = yard.regatta(&["run", "--task"]);
    command.arg("\u{1b}]0;owned\u{7}=run printf '\\033[2Jgone\\n'");
    command.arg("--repo").arg(yard.project()).arg("--data-dir").arg(yard.data_dir());
    let ran = regatta_tests::RunOutput::from_output(command.output().unwrap());
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("gone"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("\u{1b}]0;") && !ran.stdout.contains("\u{1b}[2J"),
        "{:?}",
        ran.stdout
    );
}
