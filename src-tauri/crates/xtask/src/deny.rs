//! What comes from elsewhere: licences, doubles, sources, and, where there is a network, known
//! faults. By cargo-deny, where that is there.

use crate::paths;
use crate::step::{Step, report_skipped};

const NAME: &str = "Dependencies";

/// The steps that look at the dependencies. Says what isn't looked at, and why.
pub(crate) fn steps() -> Vec<Step> {
    if !paths::cargo_has("deny") {
        report_skipped(
            NAME,
            "not looked at, cargo-deny is not there (cargo install cargo-deny --locked)",
        );
        return Vec::new();
    }
    let check = |name, what: &[&str]| {
        let mut command = paths::cargo(&["deny", "--locked", "check"]);
        command.args(what);
        Step::new(name, command, "Read what cargo-deny says, and .cargo/deny.toml.")
    };
    let mut steps = vec![check(NAME, &["licenses", "bans", "sources"])];
    if paths::is_successful(paths::cargo(&["deny", "fetch", "db"])) {
        steps.push(check("Known faults", &["--disable-fetch", "advisories"]));
    } else {
        report_skipped("Known faults", "not looked at, their list can't be fetched");
    }
    steps
}
