//! Agents as a person sees them: which there are, what they offer, and how much they may do
//! without asking.

use crate::Millis;
use crate::endpoint::SecretState;
use crate::request::AgentChoice;
use crate::user_message::UserMessage;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An agent whose program, arguments and quirks Regatta knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the agents' own names")]
pub enum KnownAgent {
    ClaudeCode,
    Codex,
    Gemini,
    Opencode,
    Copilot,
    Qwen,
    Aider,
}

impl KnownAgent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::Gemini,
        Self::Opencode,
        Self::Copilot,
        Self::Qwen,
        Self::Aider,
    ];

    /// Its name on the wire, in files and on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Copilot => "copilot",
            Self::Qwen => "qwen",
            Self::Aider => "aider",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Opencode => "opencode",
            Self::Copilot => "Copilot CLI",
            Self::Qwen => "Qwen Code",
            Self::Aider => "aider",
        }
    }
}

/// What a person chose of what an agent offers: ids of the agent's own. Empty means as the agent
/// has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentOptions {
    /// The model.
    pub model: String,
    /// The mode, such as one for planning only. Empty means the one that fits the safety level.
    pub mode: String,
    /// How hard it thinks.
    pub effort: String,
}

/// An agent and what was chosen of what it offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentSelection {
    /// Who does the work.
    pub agent: AgentChoice,
    /// How.
    pub options: AgentOptions,
}

/// How much an agent may do without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// It asks before each command and each edit; outside its copy it changes nothing.
    Careful,
    /// It edits freely in its copy, and asks before commands that install, delete or reach
    /// outside.
    #[default]
    Balanced,
    /// It asks only before what is on the never-list.
    HandsOff,
}

impl Safety {
    /// All levels, the most careful first.
    pub const ALL: [Self; 3] = [Self::Careful, Self::Balanced, Self::HandsOff];
}

/// A variable of an environment. Its value isn't shown by `Debug`: it may be a key.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl fmt::Debug for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

/// Everything about agents that the window shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AgentsView {
    /// The known agents in their order, then those that the person added.
    pub agents: Vec<AgentView>,
    /// Whether agents run in a sandbox on this computer.
    #[serde(rename = "sandbox")]
    pub has_sandbox: bool,
    /// What the sandbox does, or why there is none and what would bring one.
    #[serde(rename = "sandbox_words")]
    pub sandbox_description: String,
}

/// One agent on this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AgentView {
    /// How it is asked for.
    pub agent: AgentChoice,
    /// What people call it.
    pub name: String,
    /// Whether it can be used.
    pub state: AgentState,
    /// The program that was found, with the home folder as `~`; empty means none.
    pub program: String,
    /// Its version by its own word; empty means not known.
    pub version: String,
    /// What it offers, by its own word when it was last asked.
    #[serde(rename = "offers")]
    pub capabilities: AgentCapabilities,
    /// How a task of it goes on later.
    #[serde(rename = "goes_on")]
    pub resume_support: ResumeSupport,
    /// Whether it can keep to a number of turns.
    #[serde(rename = "limits_turns")]
    pub can_limit_turns: bool,
    /// Whether it reports what it costs, so that a limit in money can be kept.
    pub reports_cost: bool,
    /// What is missing and what to do about it; `None` means nothing.
    #[serde(rename = "missing")]
    pub setup_hint: Option<SetupHint>,
    /// The name of the variable that carries its key; empty if it takes none from us.
    #[serde(rename = "key_name")]
    pub key_variable: String,
    /// Whether a key for it is kept here.
    pub key: SecretState,
    /// The modes in which it asks as the safety levels promise; empty means in all of them.
    #[serde(rename = "asks_in")]
    pub asking_modes: Vec<String>,
    /// What each safety level really means for it on this computer.
    #[serde(rename = "in_force")]
    pub effective_safety: Vec<EffectiveSafety>,
    /// When it was last asked; `None` means never.
    pub checked_at: Option<Millis>,
    /// Whether it is being asked or installed now, in plain words; empty means neither.
    #[serde(rename = "busy")]
    pub activity: String,
    /// Why it could not be asked.
    pub notice: Option<UserMessage>,
}

/// Whether an agent can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Its program isn't on this computer.
    NotInstalled,
    /// Its program is there; the small program through which Regatta speaks to it isn't.
    AdapterMissing,
    /// It is there and wasn't asked yet.
    NotChecked,
    /// It is there and says that nobody is signed in.
    SignedOut,
    /// It is there and answered; whether someone is signed in, it doesn't tell before it works.
    SignInUnknown,
    /// It is there and signed in, by its own word.
    Ready,
    /// It is there but could not be asked.
    Broken,
}

/// What is missing for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SetupHint {
    /// One sentence: what is missing and what to do.
    #[serde(rename = "words")]
    pub message: String,
    /// What Regatta can install for it: npm packages. Empty means nothing.
    pub packages: Vec<String>,
    /// What a person runs in a terminal to sign in; empty means nothing.
    pub sign_in: String,
}

/// What an agent offers to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentCapabilities {
    /// Its models.
    pub models: Vec<OptionValue>,
    /// Its modes.
    pub modes: Vec<OptionValue>,
    /// How hard it may think.
    pub efforts: Vec<OptionValue>,
    /// What it takes by itself.
    pub current: AgentOptions,
}

/// One thing to choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OptionValue {
    /// The agent's own id for it.
    pub id: String,
    /// Its name, at most 100 characters.
    pub name: String,
    /// More about it, at most 300 characters.
    #[serde(default)]
    #[serde(rename = "about")]
    pub description: String,
}

/// How a task of an agent goes on later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ResumeSupport {
    /// In a new conversation that is told the earlier result.
    #[default]
    #[serde(rename = "anew")]
    NewConversation,
    /// In the same conversation.
    SameConversation,
}

/// What a safety level really means for an agent on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EffectiveSafety {
    /// The level.
    pub level: Safety,
    /// Whether all that the level promises is kept.
    #[serde(rename = "whole")]
    pub is_complete: bool,
    /// What is in force, one or two sentences.
    #[serde(rename = "words")]
    pub description: String,
}
