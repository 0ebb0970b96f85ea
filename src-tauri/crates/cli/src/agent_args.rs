//! Agents and safety levels, as they are named on the command line.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use regatta_protocol::{AgentChoice, KnownAgent, Safety};
use regatta_server::NamedAgent;

/// The agents that `run` takes: ours, the known ones by their ids, and any program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentKind {
    /// The built-in practice agent: no network, no cost.
    Practice,
    /// A program that speaks the Agent Client Protocol on its standard streams.
    Acp,
    /// Any program that does one task and ends.
    Command,
    /// One that Regatta knows.
    Known(KnownAgent),
}

const AGENT_KINDS: [AgentKind; 3 + KnownAgent::ALL.len()] = all_agent_kinds();

const fn all_agent_kinds() -> [AgentKind; 3 + KnownAgent::ALL.len()] {
    let mut all = [AgentKind::Practice; 3 + KnownAgent::ALL.len()];
    all[1] = AgentKind::Acp;
    all[2] = AgentKind::Command;
    let mut position = 0;
    while position < KnownAgent::ALL.len() {
        all[3 + position] = AgentKind::Known(KnownAgent::ALL[position]);
        position += 1;
    }
    all
}

impl ValueEnum for AgentKind {
    fn value_variants<'a>() -> &'a [Self] {
        &AGENT_KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = match self {
            Self::Practice => ("practice", "The built-in practice agent: no network, no cost"),
            Self::Acp => ("acp", "A program that speaks the Agent Client Protocol"),
            Self::Command => ("command", "Any program that does one task and ends"),
            Self::Known(id) => (id.id(), id.label()),
        };
        Some(PossibleValue::new(name).help(about))
    }
}

/// How much agents may do without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SafetyLevel {
    /// Each command and each edit is asked about
    Careful,
    /// Its copy is the agent's; what installs, deletes or reaches outside is asked about
    Balanced,
    /// Only what could do great harm is asked about
    HandsOff,
}

impl From<SafetyLevel> for Safety {
    fn from(level: SafetyLevel) -> Self {
        match level {
            SafetyLevel::Careful => Self::Careful,
            SafetyLevel::Balanced => Self::Balanced,
            SafetyLevel::HandsOff => Self::HandsOff,
        }
    }
}

/// An agent that a server offers.
pub(crate) fn parse_named_agent(text: &str) -> Result<NamedAgent, String> {
    if let Some(agent) = AgentChoice::by_name(text) {
        return Ok(NamedAgent { name: text.to_owned(), agent });
    }
    let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.split_once(':')?)));
    let (name, (kind, line)) = parts.ok_or_else(|| {
        let ids = KnownAgent::ALL.map(KnownAgent::id).join(", ");
        format!("write practice, {ids}, NAME=acp:PROGRAM … or NAME=command:PROGRAM …")
    })?;
    let command = split_command(line)?;
    if name.trim().is_empty() || command.is_empty() {
        return Err("the agent's name or its program is missing".to_owned());
    }
    let agent = match kind {
        "acp" => AgentChoice::Acp { command, env: Vec::new() },
        "command" => AgentChoice::Command { command },
        _ => return Err("an agent is of the kind acp or command".to_owned()),
    };
    Ok(NamedAgent { name: name.trim().to_owned(), agent })
}

/// The words of a command line, split as a POSIX shell splits them: quotes and backslashes
/// keep blanks inside a word, and a `#` before a word begins a comment. Nothing is expanded,
/// and no shell ever sees it.
///
/// # Errors
/// Says what is missing when the line ends inside a quote or after a backslash.
pub(crate) fn split_command(line: &str) -> Result<Vec<String>, &'static str> {
    shlex::split(line).ok_or_else(|| match shlex::split(&format!("{line} ")) {
        // The backslash had nothing to escape.
        Some(_) => "it ends with a backslash",
        None => "a quote in it is never closed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_agent_has_its_name_on_the_command_line() {
        for id in KnownAgent::ALL {
            assert_eq!(AgentKind::from_str(id.id(), false), Ok(AgentKind::Known(id)));
            let named = NamedAgent { name: id.id().into(), agent: AgentChoice::Known { id } };
            assert_eq!(parse_named_agent(id.id()), Ok(named));
        }
        let practice = NamedAgent { name: "practice".into(), agent: AgentChoice::Practice };
        assert_eq!(parse_named_agent("practice"), Ok(practice));
    }

    #[test]
    fn a_program_is_offered_under_a_name() {
        let command = vec!["opencode".to_owned(), "acp".to_owned()];
        let named = NamedAgent {
            name: "mine".into(),
            agent: AgentChoice::Acp { command, env: Vec::new() },
        };
        assert_eq!(parse_named_agent("mine=acp:opencode acp"), Ok(named));
        let unknown = parse_named_agent("claude").expect_err("not an id");
        assert!(unknown.contains("claude-code, codex"), "{unknown}");
        assert!(parse_named_agent("x=bot:y").is_err() && parse_named_agent("=acp:y").is_err());
    }

    #[test]
    fn every_safety_level_can_be_said() {
        for (text, level) in ["careful", "balanced", "hands-off"].into_iter().zip(Safety::ALL) {
            assert_eq!(SafetyLevel::from_str(text, false).map(Safety::from), Ok(level));
        }
    }

    #[test]
    fn words_are_split_as_a_shell_would_and_nothing_is_expanded() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("opencode acp", &["opencode", "acp"]),
            ("  a \t b\n", &["a", "b"]),
            (
                r#"aider --message "{prompt}" 'it is' x"y z"w"#,
                &["aider", "--message", "{prompt}", "it is", "xy zw"],
            ),
            (r#"a\ b "c\"d\\e\f" 'g\h' """#, &["a b", r#"c"d\e\f"#, r"g\h", ""]),
            ("$HOME `id` *;#|", &["$HOME", "`id`", "*;#|"]),
            ("agent #5 # and more", &["agent"]),
            ("agent issue#5 '#6'", &["agent", "issue#5", "#6"]),
            ("ünï '⛵ ⛵'", &["ünï", "⛵ ⛵"]),
        ];
        for (line, words) in cases {
            assert_eq!(
                split_command(line).as_deref(),
                Ok(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
    }

    #[test]
    fn an_open_quote_is_said() {
        assert_eq!(split_command("a 'b"), Err("a quote in it is never closed"));
        assert_eq!(split_command("a \"b\\"), Err("a quote in it is never closed"));
        assert_eq!(split_command("a \\"), Err("it ends with a backslash"));
    }
}
