//! What the safety levels really mean for an agent on this computer, said as it is. Pure.

use super::specs::spec;
use regatta_protocol::agent::EffectiveSafety;
use regatta_protocol::{AgentChoice, Safety};

const INSIDE: &str = "It can change only its copy and its own settings.";
const INSIDE_OTHER: &str = "It can change only its copy, the settings that carry its name in your \
                            home folder, and folders that you name for it in variables that \
                            end in _HOME or _DIR.";
/// Follows on the words of the level.
const READS_UNASKED: &str = " Commands that only read are run without asking.";
const OUTSIDE: &str = "Nothing keeps it from changing other files.";

/// Each level, the most careful first.
pub(super) fn effective_safety(agent: &AgentChoice, sandbox: bool) -> Vec<EffectiveSafety> {
    let level = |level| EffectiveSafety {
        level,
        is_complete: sandbox
            && (level == Safety::HandsOff || can_ask(agent))
            && !asks_less_than_level(agent, level),
        description: safety_text(agent, level, sandbox),
    };
    Safety::ALL.map(level).into()
}

/// Whether an agent can ask. A command can't.
pub(super) fn can_ask(agent: &AgentChoice) -> bool {
    match agent {
        AgentChoice::Practice | AgentChoice::Acp { .. } => true,
        AgentChoice::Known { id } => spec(*id).can_ask(),
        AgentChoice::Command { .. } => false,
    }
}

/// What the sandbox does, or what would bring one.
pub(super) const fn sandbox_text(sandbox: bool) -> &'static str {
    if sandbox {
        "Agents run in a sandbox: each can change only its own copy and its own settings. \
         It finds no keys of yours, no key store and no SSH agent."
    } else {
        "There is no sandbox on this computer: install the package bubblewrap to have one. \
         Until then an agent that doesn't ask can change whatever you can."
    }
}

fn safety_text(agent: &AgentChoice, level: Safety, sandbox: bool) -> String {
    let short = if asks_less_than_level(agent, level) { READS_UNASKED } else { "" };
    format!("{}{short} {}", asking_text(level, can_ask(agent)), reach_text(agent, sandbox))
}

/// Whether the agent does things without asking that the level wants to be asked about.
fn asks_less_than_level(agent: &AgentChoice, level: Safety) -> bool {
    let reads_unasked =
        matches!(agent, AgentChoice::Known { id } if spec(*id).reads_without_asking);
    reads_unasked && level == Safety::Careful
}

const fn asking_text(level: Safety, asks: bool) -> &'static str {
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
fn reach_text(agent: &AgentChoice, sandbox: bool) -> &'static str {
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
        let careful = |agent: &AgentChoice, sandbox| effective_safety(agent, sandbox)[0].clone();
        assert!(
            !careful(&aider, true).is_complete
                && careful(&aider, true).description.contains("can't ask")
        );
        let opencode = AgentChoice::Known { id: KnownAgent::Opencode };
        assert!(careful(&opencode, true).is_complete);
        let codex = AgentChoice::Known { id: KnownAgent::Codex };
        assert!(
            !careful(&codex, true).is_complete
                && careful(&codex, true).description.contains("only read")
        );
        assert!(effective_safety(&codex, true)[1].is_complete, "Balanced lets it read");
        let own = AgentChoice::Command { command: vec!["x".into()] };
        assert!(careful(&own, true).description.contains("_HOME"), "where it may write is said");
        assert!(
            !careful(&opencode, false).is_complete
                && careful(&opencode, false).description.contains(OUTSIDE)
        );
    }
}
