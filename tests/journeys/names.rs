//! A name is never a path, a ref or an argument.

use regatta_tests::TestEnv;

#[test]
fn any_name_works_and_goes_nowhere() {
    let env = TestEnv::new();
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
    let outside = |env: &TestEnv| {
        let mut found: Vec<_> =
            std::fs::read_dir(env.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
        found.sort();
        found
    };
    let ran = env.run_batch(&tasks, &[]);
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    assert_eq!(outside(&env), ["batch.json", "data", "project"]);

    let added = env.run_on_batch("add", "journey", &[]);
    assert_eq!(added.exit_code, Some(0), "{}", added.stderr);
    let branches = env.git(&["for-each-ref", "--format=%(refname)", "refs/heads/regatta/"]);
    assert_eq!(branches.lines().count(), names.len(), "{branches}");
    for branch in branches.lines() {
        assert!(branch.is_ascii() && branch.len() < 200 && !branch.contains(".."), "{branch}");
        assert_eq!(env.git(&["show", &format!("{branch}:made.txt")]), "x");
    }
    assert_eq!(env.git(&["rev-parse", "main"]), env.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_terminal_is_not_driven_by_a_name_or_by_output() {
    let env = TestEnv::new();
    let mut command = env.regatta(&["run", "--task"]);
    command.arg("\u{1b}]0;owned\u{7}=run printf '\\033[2Jgone\\n'");
    command.arg("--repo").arg(env.project()).arg("--data-dir").arg(env.data_dir());
    let ran = regatta_tests::RunOutput::from_output(command.output().unwrap());
    assert_eq!(ran.exit_code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("gone"), "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("\u{1b}]0;") && !ran.stdout.contains("\u{1b}[2J"),
        "{:?}",
        ran.stdout
    );
}
