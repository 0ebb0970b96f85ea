//! Without a directive the practice agent looks at the project and writes down, in
//! `PRACTICE.md`, what is really there.

use crate::script_runner;
use crate::session_output::SessionOutput;
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
const STEP_PAUSE: Duration = Duration::from_millis(300);
/// The most files that are looked at.
const MAX_FILES: usize = 20_000;
/// The largest file whose lines are counted.
const MAX_BYTES: u64 = 1024 * 1024;
/// Folders that hold no work of a person.
const SKIPPED_DIRS: [&str; 4] = [".git", "node_modules", "target", "__pycache__"];
/// Files that say what a project is, the likeliest first.
const DESCRIPTIVE_FILES: [&str; 8] = [
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
pub(crate) async fn run_survey(
    stage: &SessionOutput,
    project: &Path,
    prompt: &str,
) -> Result<StopReason, Error> {
    let plan = ["Look at the files", "Read what describes the project", "Write PRACTICE.md"];
    let plan = plan.map(str::to_owned);
    stage.send_plan(&plan, 0).await?;
    stage.send_thought("I look at what is there before I write anything.").await?;
    pause().await;

    let found = list_files(stage, project).await?;
    stage.send_plan(&plan, 1).await?;
    pause().await;
    let about = read_descriptions(stage, project, &found).await?;
    pause().await;

    let kinds = found.kinds();
    let most = kinds.first().filter(|kind| kind.files * 2 > found.files.len());
    let most = most.map_or_else(String::new, |kind| format!(", most of them {}", kind.name));
    stage
        .send_message(&format!(
            "{}{most}. I write that down.",
            format_file_count(found.files.len())
        ))
        .await?;
    stage.send_plan(&plan, 2).await?;
    pause().await;
    let text = render_description(&found, &about, prompt);
    script_runner::edit_file(stage, project, "PRACTICE.md", |_| text.clone()).await?;
    pause().await;

    stage.send_plan(&plan, plan.len()).await?;
    stage
        .send_message("PRACTICE.md says what is in this project. Nothing else was changed.")
        .await?;
    Ok(StopReason::EndTurn)
}

async fn pause() {
    tokio::time::sleep(STEP_PAUSE).await;
}

async fn list_files(stage: &SessionOutput, project: &Path) -> Result<ProjectFiles, Error> {
    let call = stage.next_call_id();
    let shown =
        ToolCall::new(call.clone(), "Look through the project's files").kind(ToolKind::Search);
    stage.begin_call(shown).await?;
    let folder = project.to_path_buf();
    let found = tokio::task::spawn_blocking(move || ProjectFiles::scan(&folder)).await;
    let found = found.map_err(Error::into_internal_error)?;
    pause().await;
    let fields =
        ToolCallUpdateFields::new().content(vec![format_file_count(found.files.len()).into()]);
    stage.end_call(&call, true, fields).await?;
    Ok(found)
}

/// Reads the telling files that are there; the first heading and paragraph of a README.
async fn read_descriptions(
    stage: &SessionOutput,
    project: &Path,
    found: &ProjectFiles,
) -> Result<ProjectSummary, Error> {
    let there = DESCRIPTIVE_FILES
        .iter()
        .filter(|name| found.files.iter().any(|f| f.path == Path::new(name)));
    let there: Vec<PathBuf> = there.take(3).map(|name| project.join(name)).collect();
    if there.is_empty() {
        return Ok(ProjectSummary::default());
    }
    let call = stage.next_call_id();
    let names: Vec<_> = there.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    let shown = ToolCall::new(call.clone(), format!("Read {}", names.join(", ")))
        .kind(ToolKind::Read)
        .locations(there.iter().map(ToolCallLocation::new).collect());
    stage.begin_call(shown).await?;
    let readme = there.iter().find(|p| p.to_string_lossy().contains("README"));
    let text = readme.and_then(|p| fs::read(p).ok()).unwrap_or_default();
    pause().await;
    stage.end_call(&call, true, ToolCallUpdateFields::new()).await?;
    let read = names.iter().map(|name| (*name).to_owned()).collect();
    Ok(ProjectSummary { read, ..ProjectSummary::from_readme(&String::from_utf8_lossy(&text)) })
}

/// What the project says of itself.
#[derive(Debug, Default, PartialEq)]
struct ProjectSummary {
    title: Option<String>,
    sentence: Option<String>,
    read: Vec<String>,
}

impl ProjectSummary {
    fn from_readme(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let title = lines.clone().find_map(|line| line.strip_prefix("# "));
        let sentence = lines.find(|line| line.starts_with(char::is_alphabetic));
        let short = |line: &str| line.chars().take(200).collect();
        Self { title: title.map(short), sentence: sentence.map(short), read: Vec::new() }
    }
}

/// One file of the project.
#[derive(Debug)]
struct ProjectFile {
    /// Its path in the project.
    path: PathBuf,
    /// Its lines; `None` if it is no text, or too large.
    lines: Option<u64>,
}

/// Files with the same ending.
struct FileKind {
    name: String,
    files: usize,
    lines: u64,
}

/// The files of the project.
#[derive(Debug, Default)]
struct ProjectFiles {
    files: Vec<ProjectFile>,
    /// Whether there are more than were looked at.
    is_truncated: bool,
}

impl ProjectFiles {
    /// Looks through the folder; what can't be read is left out.
    fn scan(project: &Path) -> Self {
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
                if kind.is_dir() && !SKIPPED_DIRS.iter().any(|skipped| name == *skipped) {
                    folders.push(path);
                } else if kind.is_file() && found.files.len() == MAX_FILES {
                    found.is_truncated = true;
                    return found;
                } else if kind.is_file() {
                    found.files.push(ProjectFile { lines: count_lines(&entry.path()), path });
                }
            }
        }
        found
    }

    /// The kinds of files, the most frequent first.
    fn kinds(&self) -> Vec<FileKind> {
        let mut kinds: BTreeMap<String, FileKind> = BTreeMap::new();
        for file in &self.files {
            let ending = file.path.extension().map(|e| e.to_string_lossy().to_lowercase());
            let name = ending.map_or_else(|| "without an ending".to_owned(), |e| format!(".{e}"));
            let kind = kinds.entry(name.clone()).or_insert(FileKind { name, files: 0, lines: 0 });
            kind.files += 1;
            kind.lines += file.lines.unwrap_or_default();
        }
        let mut kinds: Vec<FileKind> = kinds.into_values().collect();
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

fn count_lines(file: &Path) -> Option<u64> {
    if fs::metadata(file).ok()?.len() > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8(fs::read(file).ok()?).ok()?;
    u64::try_from(text.lines().count()).ok()
}

/// "1 file", "12 files".
fn format_file_count(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn render_description(found: &ProjectFiles, about: &ProjectSummary, prompt: &str) -> String {
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
    let more = if found.is_truncated { " (the first ones; there are more)" } else { "" };
    line(&format!("- It has {}{more}", format_file_count(found.files.len())));
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
        let about = ProjectSummary::from_readme("![badge](x)\n\n# Shop\n\nSells boats.\n\nMore.\n");
        assert_eq!(about.title.as_deref(), Some("Shop"));
        assert_eq!(about.sentence.as_deref(), Some("Sells boats."));
        assert_eq!(ProjectSummary::from_readme(""), ProjectSummary::default());
    }

    #[test]
    fn the_description_counts_what_is_there() {
        let file = |path: &str, lines| ProjectFile { path: path.into(), lines };
        let files = vec![file("a.ts", Some(3)), file("b.ts", Some(40)), file("logo.png", None)];
        let found = ProjectFiles { files, is_truncated: false };
        let text = render_description(&found, &ProjectSummary::default(), "\nTell me.\n");
        for part in ["asked: Tell me.", "3 files", "| .ts | 2 | 43 |", "- `b.ts` (40 lines)"] {
            assert!(text.contains(part), "{part} is in {text}");
        }
        assert!(!text.contains("`logo.png`"), "a picture has no lines: {text}");
    }
}
