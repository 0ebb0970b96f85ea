//! What the safety levels really mean for an agent on this computer, said as it is. Pure.

use super::table::row;
use regatta_protocol::agent::InForce;
use regatta_protocol::{AgentChoice, Safety};

const INSIDE: &str = "It can change only its copy and its own settings.";
const INSIDE_OTHER: &str = "It can change only its copy, the settings that carry its name in your \
                            home folder, and folders that you name for it in variables that \
                            end in _HOME or _DIR.";
/// Follows on the words of the level.
const READS_UNASKED: &str = " Commands that only read are run without asking.";
const OUTSIDE: &str = "Nothing keeps it from changing other files.";

/// Each level, the most careful first.
pub(super) fn of(agent: &AgentChoice, sandbox: bool) -> Vec<InForce> {
    let level = |level| InForce {
        level,
        whole: sandbox && (level == Safety::HandsOff || asks(agent)) && !is_short(agent, level),
        words: words(agent, level, sandbox),
    };
    Safety::ALL.map(level).into()
}

/// Whether an agent can ask. A command can't.
pub(super) fn asks(agent: &AgentChoice) -> bool {
    match agent {
        AgentChoice::Practice | AgentChoice::Acp { .. } => true,
        AgentChoice::Known { id } => row(*id).asks(),
        AgentChoice::Command { .. } => false,
    }
}

/// What the sandbox does, or what would bring one.
pub(super) const fn sandbox_words(sandbox: bool) -> &'static str {
    if sandbox {
        "Agents run in a sandbox: each can change only its own copy and its own settings. \
         It finds no keys of yours, no key store and no SSH agent."
    } else {
        "There is no sandbox on this computer: install the package bubblewrap to have one. \
         Until then an agent that doesn't ask can change whatever you can."
    }
}

fn words(agent: &AgentChoice, level: Safety, sandbox: bool) -> String {
    let short = if is_short(agent, level) { READS_UNASKED } else { "" };
    format!("{}{short} {}", asking(level, asks(agent)), reach(agent, sandbox))
}

/// Whether the agent does things without asking that the level wants to be asked about.
fn is_short(agent: &AgentChoice, level: Safety) -> bool {
    let reads_unasked = matches!(agent, AgentChoice::Known { id } if row(*id).reads_unasked);
    reads_unasked && level == Safety::Careful
}

const fn asking(level: Safety, asks: bool) -> &'static str {
    match (asks, level) {
        (true, Safety::Careful) => "It asks before each command and each edit.",
        (true, Safety::Balanced) => {
            "It edits its copy freely and asks before it installs, deletes or reaches outside."
        }
        (true, Safety::HandsOff) => "It asks only before what could do great harm.",
        (false, Safety::HandsOff) => "It can't ask.",
        (false, _) => "It can't ask, so this is the same as Hands-off.",
    }
}

/// What an agent can change.
fn reach(agent: &AgentChoice, sandbox: bool) -> &'static str {
    match agent {
        _ if !sandbox => OUTSIDE,
        AgentChoice::Practice | AgentChoice::Known { .. } => INSIDE,
        AgentChoice::Acp { .. } | AgentChoice::Command { .. } => INSIDE_OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::KnownAgent;

    #[test]
    fn a_level_that_is_not_kept_is_said() {
        let aider = AgentChoice::Known { id: KnownAgent::Aider };
        let careful = |agent: &AgentChoice, sandbox| of(agent, sandbox)[0].clone();
        assert!(!careful(&aider, true).whole && careful(&aider, true).words.contains("can't ask"));
        let opencode = AgentChoice::Known { id: KnownAgent::Opencode };
        assert!(careful(&opencode, true).whole);
        let codex = AgentChoice::Known { id: KnownAgent::Codex };
        assert!(!careful(&codex, true).whole && careful(&codex, true).words.contains("only read"));
        assert!(of(&codex, true)[1].whole, "Balanced lets it read");
        let own = AgentChoice::Command { command: vec!["x".into()] };
        assert!(careful(&own, true).words.contains("_HOME"), "where it may write is said");
        assert!(
            !careful(&opencode, false).whole && careful(&opencode, false).words.contains(OUTSIDE)
        );
    }
}
