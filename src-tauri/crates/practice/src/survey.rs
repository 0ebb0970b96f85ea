//! Without a directive the practice agent looks at the project and writes down, in
//! `PRACTICE.md`, what is really there.

use crate::play;
use crate::stage::Stage;
use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    StopReason, ToolCall, ToolCallLocation, ToolCallUpdateFields, ToolKind,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The pause between two steps, so that a person can follow them.
const PACE: Duration = Duration::from_millis(300);
/// The most files that are looked at.
const MAX_FILES: usize = 20_000;
/// The largest file whose lines are counted.
const MAX_BYTES: u64 = 1024 * 1024;
/// Folders that hold no work of a person.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", "__pycache__"];
/// Files that say what a project is, the likeliest first.
const TELLING: [&str; 8] = [
    "README.md",
    "README",
    "README.txt",
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "go.mod",
    "Makefile",
];

/// The turn of a prompt without directives.
pub(crate) async fn turn(stage: &Stage, project: &Path, prompt: &str) -> Result<StopReason, Error> {
    let plan = ["Look at the files", "Read what describes the project", "Write PRACTICE.md"];
    let plan = plan.map(str::to_owned);
    stage.plan(&plan, 0).await?;
    stage.think("I look at what is there before I write anything.").await?;
    pause().await;

    let found = search(stage, project).await?;
    stage.plan(&plan, 1).await?;
    pause().await;
    let about = read(stage, project, &found).await?;
    pause().await;

    let kinds = found.kinds();
    let most = kinds.first().filter(|kind| kind.files * 2 > found.files.len());
    let most = most.map_or_else(String::new, |kind| format!(", most of them {}", kind.name));
    stage.say(&format!("{}{most}. I write that down.", files(found.files.len()))).await?;
    stage.plan(&plan, 2).await?;
    pause().await;
    let text = describe(&found, &about, prompt);
    play::edit(stage, project, "PRACTICE.md", |_| text.clone()).await?;
    pause().await;

    stage.plan(&plan, plan.len()).await?;
    stage.say("PRACTICE.md says what is in this project. Nothing else was changed.").await?;
    Ok(StopReason::EndTurn)
}

async fn pause() {
    tokio::time::sleep(PACE).await;
}

async fn search(stage: &Stage, project: &Path) -> Result<Found, Error> {
    let call = stage.new_call();
    let shown =
        ToolCall::new(call.clone(), "Look through the project's files").kind(ToolKind::Search);
    stage.begin(shown).await?;
    let folder = project.to_path_buf();
    let found = tokio::task::spawn_blocking(move || Found::in_folder(&folder)).await;
    let found = found.map_err(Error::into_internal_error)?;
    pause().await;
    let fields = ToolCallUpdateFields::new().content(vec![files(found.files.len()).into()]);
    stage.end(&call, true, fields).await?;
    Ok(found)
}

/// Reads the telling files that are there; the first heading and paragraph of a README.
async fn read(stage: &Stage, project: &Path, found: &Found) -> Result<About, Error> {
    let there = TELLING.iter().filter(|name| found.files.iter().any(|f| f.path == Path::new(name)));
    let there: Vec<PathBuf> = there.take(3).map(|name| project.join(name)).collect();
    if there.is_empty() {
        return Ok(About::default());
    }
    let call = stage.new_call();
    let names: Vec<_> = there.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    let shown = ToolCall::new(call.clone(), format!("Read {}", names.join(", ")))
        .kind(ToolKind::Read)
        .locations(there.iter().map(ToolCallLocation::new).collect());
    stage.begin(shown).await?;
    let readme = there.iter().find(|p| p.to_string_lossy().contains("README"));
    let text = readme.and_then(|p| fs::read(p).ok()).unwrap_or_default();
    pause().await;
    stage.end(&call, true, ToolCallUpdateFields::new()).await?;
    let read = names.iter().map(|name| (*name).to_owned()).collect();
    Ok(About { read, ..About::of_readme(&String::from_utf8_lossy(&text)) })
}

/// What the project says of itself.
#[derive(Debug, Default, PartialEq)]
struct About {
    title: Option<String>,
    sentence: Option<String>,
    read: Vec<String>,
}

impl About {
    fn of_readme(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let title = lines.clone().find_map(|line| line.strip_prefix("# "));
        let sentence = lines.find(|line| line.starts_with(char::is_alphabetic));
        let short = |line: &str| line.chars().take(200).collect();
        Self { title: title.map(short), sentence: sentence.map(short), read: Vec::new() }
    }
}

/// One file of the project.
#[derive(Debug)]
struct File {
    /// Its path in the project.
    path: PathBuf,
    /// Its lines; none: it is no text, or too large.
    lines: Option<u64>,
}

/// Files with the same ending.
struct Kind {
    name: String,
    files: usize,
    lines: u64,
}

/// The files of the project.
#[derive(Debug, Default)]
struct Found {
    files: Vec<File>,
    /// Whether there are more than were looked at.
    more: bool,
}

impl Found {
    /// Looks through the folder; what can't be read is left out.
    fn in_folder(project: &Path) -> Self {
        let mut found = Self::default();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(project.join(&folder)).into_iter().flatten().flatten();
            let mut entries: Vec<_> = entries.collect();
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let Ok(kind) = entry.file_type() else { continue };
                let name = entry.file_name();
                let path = folder.join(&name);
                if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                    folders.push(path);
                } else if kind.is_file() && found.files.len() == MAX_FILES {
                    found.more = true;
                    return found;
                } else if kind.is_file() {
                    found.files.push(File { lines: lines(&entry.path()), path });
                }
            }
        }
        found
    }

    /// The kinds of files, the most frequent first.
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
        for file in &self.files {
            let ending = file.path.extension().map(|e| e.to_string_lossy().to_lowercase());
            let name = ending.map_or_else(|| "without an ending".to_owned(), |e| format!(".{e}"));
            let kind = kinds.entry(name.clone()).or_insert(Kind { name, files: 0, lines: 0 });
            kind.files += 1;
            kind.lines += file.lines.unwrap_or_default();
        }
        let mut kinds: Vec<Kind> = kinds.into_values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.files));
        kinds
    }

    /// The text files with the most lines.
    fn longest(&self) -> Vec<(&Path, u64)> {
        let texts = self.files.iter().filter_map(|f| Some((f.path.as_path(), f.lines?)));
        let mut texts: Vec<_> = texts.collect();
        texts.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
        texts.truncate(5);
        texts
    }
}

fn lines(file: &Path) -> Option<u64> {
    if fs::metadata(file).ok()?.len() > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8(fs::read(file).ok()?).ok()?;
    u64::try_from(text.lines().count()).ok()
}

/// "1 file", "12 files".
fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn describe(found: &Found, about: &About, prompt: &str) -> String {
    let mut text = String::from("# What is in this project\n\n");
    text.push_str("Written by Regatta's practice agent, which looked at the files itself.\n\n");
    let mut line = |words: &str| writeln!(text, "{words}").expect("BUG: writing to a text");
    let task = prompt.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim();
    line(&format!("- It was asked: {}", task.chars().take(200).collect::<String>()));
    if let Some(title) = &about.title {
        line(&format!("- It calls itself: {title}"));
    }
    if let Some(sentence) = &about.sentence {
        line(&format!("- It says: {sentence}"));
    }
    if !about.read.is_empty() {
        line(&format!("- Read for this: {}", about.read.join(", ")));
    }
    let more = if found.more { " (the first ones; there are more)" } else { "" };
    line(&format!("- It has {}{more}", files(found.files.len())));
    line("\n| kind | files | lines |\n|---|---:|---:|");
    for kind in found.kinds().iter().take(8) {
        line(&format!("| {} | {} | {} |", kind.name, kind.files, kind.lines));
    }
    line("\nThe longest texts:\n");
    for (path, lines) in found.longest() {
        line(&format!("- `{}` ({lines} lines)", path.display()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_is_taken_at_its_word() {
        let about = About::of_readme("![badge](x)\n\n# Shop\n\nSells boats.\n\nMore.\n");
        assert_eq!(about.title.as_deref(), Some("Shop"));
        assert_eq!(about.sentence.as_deref(), Some("Sells boats."));
        assert_eq!(About::of_readme(""), About::default());
    }

    #[test]
    fn the_description_counts_what_is_there() {
        let file = |path: &str, lines| File { path: path.into(), lines };
        let files = vec![file("a.ts", Some(3)), file("b.ts", Some(40)), file("logo.png", None)];
        let found = Found { files, more: false };
        let text = describe(&found, &About::default(), "\nTell me.\n");
        for part in ["asked: Tell me.", "3 files", "| .ts | 2 | 43 |", "- `b.ts` (40 lines)"] {
            assert!(text.contains(part), "{part} is in {text}");
        }
        assert!(!text.contains("`logo.png`"), "a picture has no lines: {text}");
    }
}
