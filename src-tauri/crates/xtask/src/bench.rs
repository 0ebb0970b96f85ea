//! `cargo xtask bench`: the figures, each by a program that prints them.

use crate::step::Step;
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, node, paths};

/// A program that measures: an example of a package.
struct Bench {
    title: &'static str,
    package: &'static str,
    example: &'static str,
}

const BENCHES: [Bench; 5] = [
    Bench {
        title: "50 copies of 10,000 files at once, beside 50 plain clones",
        package: "regatta-git",
        example: "copies",
    },
    Bench {
        title: "Lines a second, memory, the end of a long transcript, a long history",
        package: "regatta-engine",
        example: "benchmarks",
    },
    Bench {
        title: "An endpoint's stream, beside others who read such streams",
        package: "regatta-client",
        example: "decode",
    },
    Bench {
        title: "1,000 tasks × 10,000 lines from sockets at random, read back and compared",
        package: "regatta-engine",
        example: "round_trip",
    },
    Bench {
        title: "From an agent's line, and from a socket's, to its event in the shell",
        package: "regatta-desktop",
        example: "delay",
    },
];

/// Builds for release and runs each. One that fails doesn't keep the others from running.
pub(crate) fn bench(said_yes: bool) -> XtaskResult {
    let consent = if said_yes { Consent::Given } else { Consent::Ask };
    let needs: Vec<&Requirement> = system::WINDOW.iter().chain([&system::GIT]).collect();
    system::ensure_installed(&needs, consent)?;
    node::install_packages()?;
    node::build_ui()?;
    let mut build = paths::cargo(&["build", "--release", "--bin", "regatta", "-p", "regatta-cli"]);
    for bench in &BENCHES {
        build.args(["-p", bench.package, "--example", bench.example]);
    }
    Step::new("Release build", build, "Mend what the compiler says.").run()?;
    let failed: Vec<&str> =
        BENCHES.iter().filter(|bench| !bench.run()).map(|bench| bench.title).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("Not as it should be: {}", failed.join("; ")))
    }
}

impl Bench {
    /// Whether it came to its end and was content.
    fn run(&self) -> bool {
        println!("\n{}", self.title);
        let program = paths::built_program("release/examples", self.example);
        match paths::command_in_repository(program).status() {
            Ok(status) => status.success(),
            Err(problem) => {
                eprintln!("{} can't be started: {problem}", self.example);
                false
            }
        }
    }
}
