//! What the window asks for and gets that isn't a batch or a task.

use crate::EndpointId;
use crate::agent::{AgentOptions, AgentSelection, Safety};
use crate::endpoint::Endpoint;
use crate::request::{AgentChoice, TaskRequest};
use crate::user_message::UserMessage;
use crate::view::{BatchView, PlaceView};
use crate::{Millis, TaskId};
use serde::{Deserialize, Serialize};

/// A folder as a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProjectView {
    /// The folder (the repository's top one, when a folder inside was chosen).
    pub path: String,
    /// The path with the home folder as `~`.
    pub shown_path: String,
    /// The folder's last part.
    pub name: String,
    /// What can be done with it.
    pub state: ProjectState,
    /// What is checked out: a branch's name, or a short commit id.
    pub current: String,
    /// The branches, the newest first, at most 500.
    pub branches: Vec<String>,
    /// Whether there are changes that no commit holds; tasks don't see those.
    #[serde(rename = "unsaved")]
    pub has_uncommitted_changes: bool,
    /// What to say, when it isn't ready.
    pub notice: Option<UserMessage>,
}

/// What can be done with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    /// Tasks can start from it.
    Ready,
    /// It has no history at all; it can be set up.
    NoHistory,
    /// It has a history without a commit; it can be set up.
    NoCommit,
    /// It isn't there, or isn't a folder, or can't be read.
    Missing,
}

/// A batch that is being written; kept as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Draft {
    /// The batch's title.
    pub title: String,
    /// The project's folder; empty means none chosen yet.
    pub project: String,
    /// What to start from; empty means what is checked out.
    pub start_from: String,
    /// Who does the work.
    pub agent: AgentChoice,
    /// What was chosen of what that agent offers.
    pub options: AgentOptions,
    /// How much agents may do without asking.
    pub safety: Safety,
    /// Where the tasks run; `None` means on this computer.
    pub endpoint: Option<EndpointId>,
    /// Whether the smaller, quicker model does the work there.
    pub haiku: bool,
    /// How many tasks at the same time.
    pub max_parallel: u32,
    /// The tasks in order.
    pub tasks: Vec<TaskRequest>,
}

/// A saved batch to start again from: its tasks without a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Recipe {
    /// Unique; made by us.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its tasks in order.
    pub tasks: Vec<TaskRequest>,
    /// Who does the work and how; `None` means whoever is chosen when it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub agent: Option<AgentSelection>,
    /// How much agents may do without asking; `None` means as chosen when it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub safety: Option<Safety>,
}

/// What a person set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the computer.
    pub theme: Theme,
    /// How many tasks may work at the same time on this computer, 1 to 64.
    pub limit: u32,
    /// Whether a batch's end and questions are told by the desktop.
    pub notify: bool,
    /// The size of text, in percent: 100 to 200.
    pub text_size: u32,
    /// The agents that the person added, the newest first, at most 10.
    pub agents: Vec<AgentChoice>,
    /// The endpoints, in the order in which they are shown.
    pub endpoints: Vec<Endpoint>,
    /// The address of the GitHub API that repositories are listed from.
    pub github_api: String,
}

/// Where repositories are listed from when nothing else is set.
pub const GITHUB_API: &str = "https://api.github.com";

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            limit: 3,
            notify: true,
            text_size: 100,
            agents: Vec::new(),
            endpoints: Vec::new(),
            github_api: GITHUB_API.to_owned(),
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the computer says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// What the window shows before anything is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HomeView {
    /// Projects used before, the newest first, at most 20.
    pub projects: Vec<ProjectRef>,
    /// Repositories that batches at endpoints used before, by their address, the newest first,
    /// at most 20.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<ProjectRef>>"))]
    pub repositories: Vec<ProjectRef>,
    /// Batches with a task that waits or works, the newest first.
    pub running: Vec<BatchView>,
    /// Batches that ended, the newest first, at most 20.
    pub recent: Vec<BatchView>,
    /// How busy this computer is.
    pub place: PlaceView,
    /// Tasks that need a person.
    pub needs_you: Vec<TaskId>,
    /// What a person should know once, such as a settings file that was set aside.
    pub notices: Vec<UserMessage>,
}

/// A project that was used before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProjectRef {
    /// The folder, or a repository's address.
    pub path: String,
    /// The path with the home folder as `~`.
    pub shown_path: String,
    /// The folder's last part.
    pub name: String,
    /// When it was last used.
    pub used_at: Millis,
}

/// A result that was brought into the project, or why it wasn't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PublishResult {
    /// The task.
    pub task: TaskId,
    /// The new branch.
    pub branch: Option<String>,
    /// Why there is none.
    pub notice: Option<UserMessage>,
}
