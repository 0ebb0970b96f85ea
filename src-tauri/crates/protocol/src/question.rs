//! What an agent asks a person, and what may be answered.

use serde::{Deserialize, Serialize};

/// What an agent asks a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Question {
    /// Unique in the attempt.
    pub id: String,
    /// What is wanted, in one line, at most 500 characters: "Run: npm install", or the agent's
    /// own question.
    pub title: String,
    /// All of it, such as the exact command, at most 2,000 characters.
    #[serde(default)]
    pub detail: String,
    /// What may be answered, at most 12.
    pub options: Vec<QuestionOption>,
    /// Whether something is to be allowed or to be chosen.
    #[serde(default)]
    pub kind: QuestionKind,
    /// How much could go wrong.
    #[serde(default)]
    pub risk: Risk,
    /// Why that much, in a few plain words: "adds the packages this project lists".
    #[serde(default)]
    #[serde(rename = "risk_words")]
    pub risk_reason: String,
    /// What "Allow for this batch" allows: the same key is the same thing. Empty if it can't be
    /// allowed for more than once.
    #[serde(default)]
    #[serde(rename = "key")]
    pub permission_key: String,
}

impl Question {
    /// The question in one line with why something could go wrong: "Run: npm install (adds the
    /// packages this project lists)".
    #[must_use]
    pub fn summary(&self) -> String {
        let Self { title, risk_reason: risk_words, .. } = self;
        if risk_words.is_empty() { title.clone() } else { format!("{title} ({risk_words})") }
    }
}

/// What a question wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// To do something.
    #[default]
    Permission,
    /// To be told something.
    Choice,
}

/// How much could go wrong if something is allowed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It stays inside the copy and can be undone.
    Low,
    /// It installs, deletes or reaches outside.
    #[default]
    Medium,
    /// It can't be undone, or it is on the never-list.
    High,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuestionOption {
    /// What goes back to the agent.
    pub id: String,
    /// What the person reads, at most 200 characters.
    pub label: String,
    /// What it means.
    pub kind: QuestionOptionKind,
}

/// What an answer means, whatever the agent calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum QuestionOptionKind {
    /// Yes, this time.
    AllowOnce,
    /// Yes, from now on.
    AllowAlways,
    /// No, this time.
    RejectOnce,
    /// No, from now on.
    RejectAlways,
    /// A choice that is neither.
    Other,
}
