//! How an attempt ended, what it used and which tests it ran.

use crate::Millis;
use crate::event::ChangeTotals;
use crate::status::Status;
use crate::user_message::UserMessage;
use serde::{Deserialize, Serialize};

/// What the agent says it used. Its figures, not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Usage {
    /// Tokens in and out.
    pub tokens: u64,
    /// Cost in US dollars, where the agent says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cost_usd: Option<f64>,
}

/// A test that the agent ran, as far as could be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TestRun {
    /// The command, at most 200 characters.
    pub command: String,
    /// Whether it passed the last time; `None` if that could not be seen.
    pub passed: Option<bool>,
}

/// How an attempt ended, with its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Outcome {
    /// `finished`, `failed`, `stopped` or `interrupted`; `unknown` when the place that was
    /// to say so can't be reached any more.
    pub status: Status,
    /// Why, where it isn't `finished`; or what a person should know of the result, such as
    /// that it could not be shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub notice: Option<UserMessage>,
    /// The agent's last words, at most 4,000 characters.
    #[serde(default)]
    #[serde(rename = "last_words")]
    pub last_message: String,
    /// The commit that holds the result; `None` if nothing was changed, or nothing is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub commit: Option<String>,
    /// Our count of what changed.
    #[serde(default)]
    pub totals: ChangeTotals,
    /// How the agent's program ended, for the details: "exit code 0", "signal 9".
    #[serde(default)]
    #[serde(rename = "ended_by")]
    pub exit_status: String,
    /// The tests that were run, the last ones, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<TestRun>>"))]
    pub tests: Vec<TestRun>,
    /// When the agent's service can be used again, if the end is a usage limit and it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub retry_at: Option<Millis>,
    /// Whether the end was read from the agent's last words and not from an error that it gave.
    /// Then it may be a mistake, and says nothing of the agent's other tasks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub is_doubtful: bool,
}

impl Outcome {
    /// The end of an attempt in which nothing was done.
    #[must_use]
    pub fn without_work(status: Status) -> Self {
        Self {
            status,
            notice: None,
            last_message: String::new(),
            commit: None,
            totals: ChangeTotals::default(),
            exit_status: String::new(),
            tests: Vec::new(),
            retry_at: None,
            is_doubtful: false,
        }
    }
}
