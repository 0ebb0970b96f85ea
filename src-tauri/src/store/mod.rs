//! What a person set and wrote that isn't a batch: settings, the draft, templates and the
//! projects used before, in one file of the data folder. Nobody else writes that file.
//!
//! The store plugin takes a damaged file for an empty one and writes over it. So the file is
//! looked at before the plugin opens it, and mended ([`repair`]) where that is needed.

mod agents;
mod endpoints;
mod repair;

use self::repair::{repair, save_last_good};
use regatta_protocol::app::{Draft, ProjectRef, ProjectView, Recipe, Settings};
use regatta_protocol::request::MAX_PARALLEL;
use regatta_protocol::{ErrorCode, Millis, UserMessage};
use regatta_trace::LogDropped;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use std::{fs, io};
use tauri::{AppHandle, Runtime};
use tauri_plugin_store::StoreExt;

const FILE: &str = "settings.json";
const LAST_GOOD: &str = "settings.last-good.json";
const SETTINGS: &str = "settings";
const MAX_PROJECTS: usize = 20;

/// The open file.
pub(crate) struct Store<R: Runtime> {
    file: Arc<tauri_plugin_store::Store<R>>,
    dir: PathBuf,
    notices: Mutex<Vec<UserMessage>>,
    write_lock: Mutex<()>,
}

impl<R: Runtime> Store<R> {
    /// Opens the file in `dir`, mended where it was damaged.
    pub(crate) fn open(app: &AppHandle<R>, dir: &Path) -> Result<Self, UserMessage> {
        fs::create_dir_all(dir).map_err(|e| write_error(&e))?;
        let notices = repair(dir).map_err(|e| write_error(&e))?;
        let file = app
            .store_builder(dir.join(FILE))
            .disable_auto_save()
            .build()
            .map_err(|e| save_error(&e))?;
        Ok(Self {
            file,
            dir: dir.to_owned(),
            notices: Mutex::new(notices),
            write_lock: Mutex::new(()),
        })
    }

    /// What happened to the file, each thing once.
    pub(crate) fn take_notices(&self) -> Vec<UserMessage> {
        std::mem::take(&mut *lock(&self.notices))
    }

    /// What the person set.
    pub(crate) fn settings(&self) -> Settings {
        self.read(SETTINGS).unwrap_or_default()
    }

    /// Keeps `settings`, brought into range; fields that a newer Regatta wrote stay, and so do
    /// endpoints and the address of the GitHub API, which have calls of their own.
    pub(crate) fn save_settings(&self, settings: Settings) -> Result<Settings, UserMessage> {
        let Value::Object(mut fields) = to_json(&clamp_settings(settings)) else {
            unreachable!("BUG: settings that aren't an object")
        };
        fields.retain(|field, _| !endpoints::ENDPOINT_FIELDS.contains(&field.as_str()));
        self.update(SETTINGS, |kept: &mut Map<String, Value>| kept.extend(fields))?;
        Ok(self.settings())
    }

    /// The batch that is being written.
    pub(crate) fn draft(&self) -> Option<Draft> {
        self.read("draft")
    }

    /// Keeps the batch that is being written.
    pub(crate) fn save_draft(&self, draft: Draft) -> Result<(), UserMessage> {
        self.update("draft", |kept| *kept = draft)
    }

    /// The saved batches, in the order in which they were first saved.
    pub(crate) fn recipes(&self) -> Vec<Recipe> {
        self.read("templates").unwrap_or_default()
    }

    /// Keeps `template`, in the place of the one with its id.
    pub(crate) fn save_recipe(&self, recipe: Recipe) -> Result<(), UserMessage> {
        self.update("templates", |all: &mut Vec<Recipe>| {
            match all.iter_mut().find(|t| t.id == recipe.id) {
                Some(old) => *old = recipe,
                None => all.push(recipe),
            }
        })
    }

    /// Forgets the template `id`.
    pub(crate) fn remove_recipe(&self, id: &str) -> Result<(), UserMessage> {
        self.update("templates", |all: &mut Vec<Recipe>| all.retain(|t| t.id != id))
    }

    /// The projects used before, the newest first.
    pub(crate) fn projects(&self) -> Vec<ProjectRef> {
        self.read("projects").unwrap_or_default()
    }

    /// Remembers that `project` is used now. That it could not be written is told with the
    /// notices: whoever opens a project has other things in mind.
    pub(crate) fn remember_project(&self, project: &ProjectView) {
        let used = ProjectRef {
            path: project.path.clone(),
            shown_path: project.shown_path.clone(),
            name: project.name.clone(),
            used_at: now(),
        };
        self.remember_entry("projects", used);
    }

    /// The addresses of repositories used before, the newest first.
    pub(crate) fn repositories(&self) -> Vec<ProjectRef> {
        self.read("repositories").unwrap_or_default()
    }

    /// Remembers that the repository at `address` is used now, as [`Store::remember_project`] does.
    pub(crate) fn remember_repository(&self, address: &str) {
        let name = address.trim_end_matches('/').trim_end_matches(".git");
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        let (path, shown_path) = (address.to_owned(), address.to_owned());
        self.remember_entry("repositories", ProjectRef { path, shown_path, name, used_at: now() });
    }

    fn remember_entry(&self, key: &str, used: ProjectRef) {
        let changed = self.update(key, |all: &mut Vec<ProjectRef>| {
            all.retain(|p| p.path != used.path);
            all.insert(0, used);
            all.truncate(MAX_PROJECTS);
        });
        lock(&self.notices).extend(changed.err());
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let value = self.file.get(key)?;
        serde_json::from_value(value).log_failed("reading a setting")
    }

    fn update<T>(&self, key: &str, change: impl FnOnce(&mut T)) -> Result<(), UserMessage>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        self.try_update(key, |value| {
            change(value);
            Ok(())
        })
    }

    /// Changes one value, unless `change` says why not, and writes the file, then makes a
    /// second copy of it in one step: whenever the power goes, one of the two is whole.
    fn try_update<T, A>(
        &self,
        key: &str,
        change: impl FnOnce(&mut T) -> Result<A, UserMessage>,
    ) -> Result<A, UserMessage>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        let _one_at_a_time = lock(&self.write_lock);
        let mut value: T = self.read(key).unwrap_or_default();
        let answer = change(&mut value)?;
        self.file.set(key, to_json(&value));
        self.file.save().map_err(|e| save_error(&e))?;
        save_last_good(&self.dir).map_err(|e| write_error(&e))?;
        Ok(answer)
    }
}

fn clamp_settings(settings: Settings) -> Settings {
    let mut added = settings.agents;
    added.truncate(agents::MAX_AGENTS);
    Settings {
        limit: settings.limit.clamp(1, MAX_PARALLEL),
        text_size: settings.text_size.clamp(100, 200),
        agents: added,
        ..settings
    }
}

fn now() -> Millis {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("BUG: a stored type that isn't JSON")
}

fn save_error(error: &tauri_plugin_store::Error) -> UserMessage {
    match error {
        tauri_plugin_store::Error::Io(e) => write_error(e),
        other => write_error(&io::Error::other(other.to_string())),
    }
}

fn write_error(error: &io::Error) -> UserMessage {
    let safe = "What was saved before is still there.";
    let notice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => UserMessage::new(
            ErrorCode::DiskFull,
            "Your settings could not be saved: the disk is full.",
            safe,
            "Free some space, then try again.",
        ),
        _ => UserMessage::new(
            ErrorCode::DataReadOnly,
            "Your settings could not be saved: Regatta's data folder can't be written.",
            safe,
            "Make the folder writable, then try again.",
        ),
    };
    notice.with_details(error.to_string())
}

/// Locks even after a panic elsewhere: each value here is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
