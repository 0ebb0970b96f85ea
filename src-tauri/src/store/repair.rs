//! The file after a mishap: a damaged one is set aside under another name, and the last good
//! one takes its place.

use super::{FILE, LAST_GOOD};
use regatta_protocol::app::{Draft, ProjectRef, Recipe, Settings};
use regatta_protocol::{ErrorCode, UserMessage};
use regatta_trace::LogDropped;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::Path;
use std::{fs, io};

/// Sets a damaged file aside and puts the last good one in its place.
pub(super) fn repair(dir: &Path) -> io::Result<Vec<UserMessage>> {
    let file = dir.join(FILE);
    let problem = match fs::read(&file) {
        Ok(bytes) => match validate(&bytes) {
            Ok(()) => return Ok(Vec::new()),
            Err(problem) => problem,
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let aside = free_name(dir)?;
    fs::rename(&file, dir.join(&aside))?;
    let good = dir.join(LAST_GOOD);
    let read = fs::read(&good).log_dropped("reading the last good settings");
    let restored = read
        .is_some_and(|bytes| validate(&bytes).log_failed("using the last good settings").is_some());
    if restored {
        fs::copy(&good, &file)?;
    }
    Ok(vec![damaged_file_message(&aside, restored).with_details(problem.to_string())])
}

/// Whether these are the bytes of a file that we can read. Fields that we don't know are fine.
fn validate(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let file: Map<String, Value> = serde_json::from_slice(bytes)?;
    validate_field::<Settings>(&file, "settings")?;
    validate_field::<Draft>(&file, "draft")?;
    validate_field::<Vec<Recipe>>(&file, "templates")?;
    validate_field::<Vec<ProjectRef>>(&file, "projects")?;
    validate_field::<Vec<ProjectRef>>(&file, "repositories")
}

fn validate_field<T: DeserializeOwned>(
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

pub(super) fn save_last_good(dir: &Path) -> io::Result<()> {
    let fresh = dir.join("settings.last-good.new");
    fs::copy(dir.join(FILE), &fresh)?;
    fs::rename(fresh, dir.join(LAST_GOOD))
}

fn damaged_file_message(aside: &str, restored: bool) -> UserMessage {
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
    UserMessage::new(ErrorCode::SettingsCorrupt, "Your settings file is damaged.", safe, next)
}
