//! What a person set and wrote that isn't a batch: settings, the draft, templates and the
//! projects used before, in one file of the data folder. Nobody else writes that file.
//!
//! The store plugin takes a damaged file for an empty one and writes over it. So the file is
//! looked at before the plugin opens it: a damaged one is set aside under another name, the
//! last good one takes its place, and the person is told.

use regatta_protocol::app::{Draft, ProjectRef, ProjectView, Settings, Template};
use regatta_protocol::request::MAX_PARALLEL;
use regatta_protocol::{ErrorCode, Millis, Notice};
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
const MAX_PROJECTS: usize = 20;
const MAX_AGENTS: usize = 10;

/// The open file.
pub(crate) struct Store<R: Runtime> {
    file: Arc<tauri_plugin_store::Store<R>>,
    dir: PathBuf,
    notices: Mutex<Vec<Notice>>,
    writing: Mutex<()>,
}

impl<R: Runtime> Store<R> {
    /// Opens the file in `dir`, mended where it was damaged.
    pub(crate) fn open(app: &AppHandle<R>, dir: &Path) -> Result<Self, Notice> {
        fs::create_dir_all(dir).map_err(|e| cannot_write(&e))?;
        let notices = mend(dir).map_err(|e| cannot_write(&e))?;
        let file = app
            .store_builder(dir.join(FILE))
            .disable_auto_save()
            .build()
            .map_err(|e| not_saved(&e))?;
        Ok(Self {
            file,
            dir: dir.to_owned(),
            notices: Mutex::new(notices),
            writing: Mutex::new(()),
        })
    }

    /// What happened to the file, each thing once.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *lock(&self.notices))
    }

    /// What the person set.
    pub(crate) fn settings(&self) -> Settings {
        self.read("settings").unwrap_or_default()
    }

    /// Keeps `settings`, brought into range; fields that a newer Regatta wrote stay.
    pub(crate) fn save_settings(&self, settings: Settings) -> Result<Settings, Notice> {
        let settings = in_range(settings);
        let Value::Object(fields) = json(&settings) else {
            unreachable!("BUG: settings that aren't an object")
        };
        self.change("settings", |kept: &mut Map<String, Value>| kept.extend(fields))?;
        Ok(settings)
    }

    /// The batch that is being written.
    pub(crate) fn draft(&self) -> Option<Draft> {
        self.read("draft")
    }

    /// Keeps the batch that is being written.
    pub(crate) fn save_draft(&self, draft: Draft) -> Result<(), Notice> {
        self.change("draft", |kept| *kept = draft)
    }

    /// The saved batches, in the order in which they were first saved.
    pub(crate) fn templates(&self) -> Vec<Template> {
        self.read("templates").unwrap_or_default()
    }

    /// Keeps `template`, in the place of the one with its id.
    pub(crate) fn save_template(&self, template: Template) -> Result<(), Notice> {
        self.change("templates", |all: &mut Vec<Template>| {
            match all.iter_mut().find(|t| t.id == template.id) {
                Some(old) => *old = template,
                None => all.push(template),
            }
        })
    }

    /// Forgets the template `id`.
    pub(crate) fn remove_template(&self, id: &str) -> Result<(), Notice> {
        self.change("templates", |all: &mut Vec<Template>| all.retain(|t| t.id != id))
    }

    /// The projects used before, the newest first.
    pub(crate) fn projects(&self) -> Vec<ProjectRef> {
        self.read("projects").unwrap_or_default()
    }

    /// Remembers that `project` is used now. That it could not be written is told with the
    /// notices: whoever opens a project has other things in mind.
    pub(crate) fn remember(&self, project: &ProjectView) {
        let used = ProjectRef {
            path: project.path.clone(),
            shown_path: project.shown_path.clone(),
            name: project.name.clone(),
            used_at: now(),
        };
        let changed = self.change("projects", |all: &mut Vec<ProjectRef>| {
            all.retain(|p| p.path != used.path);
            all.insert(0, used);
            all.truncate(MAX_PROJECTS);
        });
        lock(&self.notices).extend(changed.err());
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.file.get(key).and_then(|value| serde_json::from_value(value).ok())
    }

    /// Changes one value and writes the file, then makes a second copy of it in one step:
    /// whenever the power goes, one of the two is whole.
    fn change<T>(&self, key: &str, change: impl FnOnce(&mut T)) -> Result<(), Notice>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        let _one_at_a_time = lock(&self.writing);
        let mut value: T = self.read(key).unwrap_or_default();
        change(&mut value);
        self.file.set(key, json(&value));
        self.file.save().map_err(|e| not_saved(&e))?;
        keep_good(&self.dir).map_err(|e| cannot_write(&e))
    }
}

/// Sets a damaged file aside and puts the last good one in its place.
fn mend(dir: &Path) -> io::Result<Vec<Notice>> {
    let file = dir.join(FILE);
    let problem = match fs::read(&file) {
        Ok(bytes) => match check(&bytes) {
            Ok(()) => return Ok(Vec::new()),
            Err(problem) => problem,
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let aside = free_name(dir)?;
    fs::rename(&file, dir.join(&aside))?;
    let good = dir.join(LAST_GOOD);
    let restored = fs::read(&good).is_ok_and(|bytes| check(&bytes).is_ok());
    if restored {
        fs::copy(&good, &file)?;
    }
    Ok(vec![set_aside(&aside, restored).with_details(problem.to_string())])
}

/// Whether these are the bytes of a file that we can read. Fields that we don't know are fine.
fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let file: Map<String, Value> = serde_json::from_slice(bytes)?;
    check_field::<Settings>(&file, "settings")?;
    check_field::<Draft>(&file, "draft")?;
    check_field::<Vec<Template>>(&file, "templates")?;
    check_field::<Vec<ProjectRef>>(&file, "projects")
}

fn check_field<T: DeserializeOwned>(
    file: &Map<String, Value>,
    key: &str,
) -> Result<(), serde_json::Error> {
    file.get(key).map_or(Ok(()), |value| T::deserialize(value).map(drop))
}

fn free_name(dir: &Path) -> io::Result<String> {
    let names = (1..10_000).map(|n| format!("settings.damaged-{n}.json"));
    for name in names {
        if !dir.join(&name).try_exists()? {
            return Ok(name);
        }
    }
    Err(io::Error::other("too many damaged settings files"))
}

fn keep_good(dir: &Path) -> io::Result<()> {
    let fresh = dir.join("settings.last-good.new");
    fs::copy(dir.join(FILE), &fresh)?;
    fs::rename(fresh, dir.join(LAST_GOOD))
}

fn in_range(settings: Settings) -> Settings {
    let mut agents = settings.agents;
    agents.truncate(MAX_AGENTS);
    Settings {
        limit: settings.limit.clamp(1, MAX_PARALLEL),
        text_size: settings.text_size.clamp(100, 200),
        agents,
        ..settings
    }
}

fn now() -> Millis {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("BUG: a stored type that isn't JSON")
}

fn set_aside(aside: &str, restored: bool) -> Notice {
    let safe = if restored {
        format!(
            "It was kept as {aside}, and the last good settings are used. Your batches are safe."
        )
    } else {
        format!("It was kept as {aside}. Your batches are safe.")
    };
    let next = if restored {
        "Look whether your settings and templates are as you left them."
    } else {
        "Set what you need again."
    };
    Notice::new(ErrorCode::SettingsCorrupt, "Your settings file is damaged.", safe, next)
}

fn not_saved(error: &tauri_plugin_store::Error) -> Notice {
    match error {
        tauri_plugin_store::Error::Io(e) => cannot_write(e),
        other => cannot_write(&io::Error::other(other.to_string())),
    }
}

fn cannot_write(error: &io::Error) -> Notice {
    let safe = "What was saved before is still there.";
    let notice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Notice::new(
            ErrorCode::DiskFull,
            "Your settings could not be saved: the disk is full.",
            safe,
            "Free some space, then try again.",
        ),
        _ => Notice::new(
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
mod tests {
    use super::*;
    use regatta_protocol::TaskRequest;
    use regatta_protocol::app::{ProjectState, Theme};
    use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
    use tempfile::TempDir;

    struct Opened {
        _app: tauri::App<MockRuntime>,
        store: Store<MockRuntime>,
    }

    fn open(dir: &TempDir) -> Opened {
        let app = mock_builder()
            .plugin(tauri_plugin_store::Builder::new().build())
            .build(mock_context(noop_assets()))
            .expect("a mock app");
        let store = Store::open(app.handle(), dir.path()).expect("a store");
        Opened { _app: app, store }
    }

    fn folder() -> TempDir {
        TempDir::new().expect("a temporary folder")
    }

    fn dark() -> Settings {
        Settings { theme: Theme::Dark, limit: 7, ..Settings::default() }
    }

    fn template(id: &str, name: &str) -> Template {
        Template { id: id.into(), name: name.into(), tasks: vec![TaskRequest::default()] }
    }

    fn project(path: &str) -> ProjectView {
        ProjectView {
            path: path.into(),
            shown_path: path.into(),
            name: path.into(),
            state: ProjectState::Ready,
            current: "main".into(),
            branches: Vec::new(),
            unsaved: false,
            notice: None,
        }
    }

    #[test]
    fn an_empty_folder_has_the_defaults_and_nothing_to_say() {
        let dir = folder();
        let opened = open(&dir);
        assert_eq!(opened.store.settings(), Settings::default());
        assert_eq!(opened.store.draft(), None);
        assert_eq!(opened.store.take_notices(), []);
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart() {
        let dir = folder();
        let draft = Draft { title: "Checkout".into(), max_parallel: 3, ..Draft::default() };
        {
            let store = open(&dir).store;
            store.save_settings(dark()).expect("saved");
            store.save_draft(draft.clone()).expect("saved");
            store.save_template(template("a", "old")).expect("saved");
            store.save_template(template("b", "other")).expect("saved");
            store.save_template(template("a", "new")).expect("saved");
        }
        let store = open(&dir).store;
        assert_eq!(store.settings(), dark());
        assert_eq!(store.draft(), Some(draft));
        assert_eq!(store.templates(), [template("a", "new"), template("b", "other")]);
        store.remove_template("a").expect("removed");
        assert_eq!(store.templates(), [template("b", "other")]);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_the_last_good_one_is_used() {
        for damaged in ["", "{\"settings\":{\"limi", "[]", "{\"settings\":{\"limit\":\"many\"}}"] {
            let dir = folder();
            open(&dir).store.save_settings(dark()).expect("saved");
            fs::write(dir.path().join(FILE), damaged).expect("written");
            let store = open(&dir).store;
            assert_eq!(store.settings(), dark(), "{damaged:?}");
            let aside = fs::read_to_string(dir.path().join("settings.damaged-1.json"));
            assert_eq!(aside.expect("set aside"), damaged);
            let notices = store.take_notices();
            assert_eq!(notices.len(), 1);
            assert_eq!(notices[0].code, ErrorCode::SettingsCorrupt);
            assert!(notices[0].safe.contains("settings.damaged-1.json"), "{}", notices[0]);
            assert_eq!(store.take_notices(), [], "told once");
        }
    }

    #[test]
    fn two_damaged_files_are_both_kept_and_without_a_good_one_the_defaults_are_used() {
        let dir = folder();
        for n in 1..=2 {
            fs::write(dir.path().join(FILE), format!("damage {n}")).expect("written");
            let store = open(&dir).store;
            assert_eq!(store.settings(), Settings::default());
            assert_eq!(store.take_notices().len(), 1);
        }
        let second = fs::read_to_string(dir.path().join("settings.damaged-2.json"));
        assert_eq!(second.expect("set aside"), "damage 2");
    }

    #[test]
    fn fields_of_a_newer_version_stay() {
        let dir = folder();
        let newer = r#"{"settings":{"limit":5,"sound":"bell"},"shelf":[1]}"#;
        fs::write(dir.path().join(FILE), newer).expect("written");
        let store = open(&dir).store;
        assert_eq!(store.settings().limit, 5);
        store.save_settings(dark()).expect("saved");
        let bytes = fs::read(dir.path().join(FILE)).expect("the file");
        let file: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(file["settings"]["sound"], "bell");
        assert_eq!(file["settings"]["limit"], 7);
        assert_eq!(file["shelf"], serde_json::json!([1]));
    }

    #[test]
    fn settings_are_brought_into_range() {
        let dir = folder();
        let wild = Settings { limit: 0, text_size: 900, ..Settings::default() };
        let saved = open(&dir).store.save_settings(wild).expect("saved");
        assert_eq!((saved.limit, saved.text_size), (1, 200));
    }

    #[test]
    fn a_project_used_again_comes_first_and_only_the_newest_stay() {
        let dir = folder();
        let store = open(&dir).store;
        for n in 0..25 {
            store.remember(&project(&format!("/p{n}")));
        }
        store.remember(&project("/p10"));
        assert_eq!(store.take_notices(), []);
        let paths: Vec<_> = store.projects().into_iter().map(|p| p.path).collect();
        assert_eq!(paths.len(), MAX_PROJECTS);
        assert_eq!(paths[..2], ["/p10", "/p24"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_said() {
        let dir = folder();
        let store = open(&dir).store;
        fs::create_dir(dir.path().join(FILE)).expect("a folder in the file's place");
        let notice = store.save_settings(dark()).expect_err("it can't be saved");
        assert_eq!(notice.code, ErrorCode::DataReadOnly);
    }
}
