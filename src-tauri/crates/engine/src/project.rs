//! Folders as projects.

mod ignored;
mod refused_folders;

use crate::EngineError;
use regatta_git::{Git, GitError, ProjectFacts};
use regatta_protocol::app::{ProjectState, ProjectView};
use regatta_protocol::{RepositoryAddress, UserMessage};
use std::path::{Path, PathBuf};

/// Looks at a folder without changing anything in it. What is wrong with it is part of the
/// view.
pub async fn inspect(path: &str) -> ProjectView {
    let dir = parse_folder(path);
    match read_facts(&dir).await {
        Ok(facts) => ready_view(&facts),
        Err(error) => not_ready_view(&dir, &error),
    }
}

/// Gives a folder a history with a first commit of its files, which stay as they are. What package
/// managers and builds make is left out, and so are passwords and keys: a list of it becomes the
/// folder's `.gitignore`. When it fails, the folder is as it was.
///
/// # Errors
/// The folder isn't there, it holds more than a project (the home folder, a drive, other projects),
/// or git failed.
pub async fn init(path: &str) -> Result<ProjectView, EngineError> {
    let dir = parse_folder(path);
    // The folder may be a part of a repository that has no commit yet.
    let top = match Git::find().await?.inspect(&dir).await {
        Ok(facts) if facts.head.is_some() => return Ok(ready_view(&facts)),
        Ok(facts) => facts.top,
        Err(_) => dir.clone(),
    };
    if let Some(refused) = refused_folders::refusal(&top, std::env::home_dir().as_deref()) {
        return Err(EngineError::Refused(refused));
    }
    init_with(&dir, &ignored::patterns_for(&top)).await?;
    Ok(inspect(path).await)
}

/// Gives a folder a history, whatever it is; `ignored`: patterns of what is left out.
pub(crate) async fn init_with(dir: &Path, ignored: &str) -> Result<(), EngineError> {
    let git = Git::find().await?;
    // A folder without a history has no author of its own; git still knows the person's.
    let author = git.author(dir).await?;
    Ok(git.init_project(dir, &author, ignored).await?)
}

/// The last part of a folder's path.
pub(crate) fn folder_name(path: &str) -> String {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path).to_owned()
}

/// A path with the home folder as `~`.
#[must_use]
fn display_path(path: &str) -> String {
    display_path_below(Path::new(path), std::env::home_dir().as_deref())
}

/// A path with `home` as `~`.
pub(crate) fn display_path_below(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// The folder that a person or a request names: a path, or a `file://` address.
pub(crate) fn parse_folder(text: &str) -> PathBuf {
    let path = RepositoryAddress::folder_in(text).unwrap_or_else(|| text.trim().into());
    let path = PathBuf::from(&*path);
    std::path::absolute(&path).unwrap_or(path)
}

/// What git knows of the folder; a repository without a commit is an error here.
pub(crate) async fn read_facts(dir: &Path) -> Result<ProjectFacts, GitError> {
    let facts = Git::find().await?.inspect(dir).await?;
    // Where only what is open is missing, another branch can be started from.
    match facts.head {
        None if facts.branches.is_empty() => Err(GitError::NoCommit(dir.to_owned())),
        _ => Ok(facts),
    }
}

fn ready_view(facts: &ProjectFacts) -> ProjectView {
    ProjectView {
        state: ProjectState::Ready,
        current: facts.current.clone(),
        branches: facts.branches.clone(),
        has_uncommitted_changes: facts.is_dirty,
        ..missing_view(&facts.top)
    }
}

fn not_ready_view(dir: &Path, error: &GitError) -> ProjectView {
    let can_be_set_up = matches!(error, GitError::NotARepository(_) | GitError::NoCommit(_));
    let home = std::env::home_dir();
    if can_be_set_up && let Some(refused) = refused_folders::refusal(dir, home.as_deref()) {
        return ProjectView { notice: Some(refused), ..missing_view(dir) };
    }
    let state = match error {
        GitError::NotARepository(_) => ProjectState::NoHistory,
        GitError::NoCommit(_) => ProjectState::NoCommit,
        _ => ProjectState::Missing,
    };
    ProjectView { state, notice: Some(UserMessage::from(error)), ..missing_view(dir) }
}

fn missing_view(dir: &Path) -> ProjectView {
    let path = dir.display().to_string();
    ProjectView {
        shown_path: display_path(&path),
        name: folder_name(&path),
        path,
        state: ProjectState::Missing,
        current: String::new(),
        branches: Vec::new(),
        has_uncommitted_changes: false,
        notice: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::ErrorCode;

    #[tokio::test]
    async fn a_folder_is_set_up_and_its_files_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().display().to_string();
        std::fs::write(dir.path().join("a.txt"), "hello\n").expect("a file");
        let before = inspect(&path).await;
        assert_eq!(before.state, ProjectState::NoHistory);
        assert_eq!(before.notice.map(|n| n.code), Some(ErrorCode::NotARepository));

        let after = init(&path).await.expect("set up");
        assert_eq!(
            (after.state, after.has_uncommitted_changes, after.notice),
            (ProjectState::Ready, false, None)
        );
        assert_eq!(after.branches, ["main"]);
        let left_out = std::fs::read_to_string(dir.path().join(".gitignore")).expect("a list");
        assert!(left_out.contains("\n.env\n"), "{left_out}");
        let text = std::fs::read_to_string(dir.path().join("a.txt")).expect("still there");
        assert_eq!(text, "hello\n");
    }

    #[tokio::test]
    async fn a_folder_of_many_projects_is_neither_offered_nor_set_up() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().display().to_string();
        std::fs::create_dir_all(dir.path().join("shop/.git")).expect("a project");
        let view = inspect(&path).await;
        assert_eq!(view.state, ProjectState::Missing);
        let notice = view.notice.expect("a reason");
        assert!(notice.message.contains("shop"), "{notice:?}");
        assert!(matches!(init(&path).await, Err(EngineError::Refused(same)) if same == notice));
        assert!(!dir.path().join(".git").exists() && !dir.path().join(".gitignore").exists());
    }

    #[tokio::test]
    async fn what_is_not_there_is_missing() {
        let view = inspect("/nowhere/at/all").await;
        assert_eq!((view.state, view.name.as_str()), (ProjectState::Missing, "all"));
        assert_eq!(view.notice.map(|n| n.code), Some(ErrorCode::ProjectMissing));
    }

    #[test]
    fn paths_are_shown_short() {
        let home = std::env::home_dir().expect("a home folder");
        assert_eq!(display_path(&home.join("shop").display().to_string()), "~/shop");
        assert_eq!(display_path(&home.display().to_string()), "~");
        assert_eq!(display_path("/srv/shop"), "/srv/shop");
        assert_eq!(folder_name("/srv/shop/"), "shop");
        assert_eq!(parse_folder("file:///srv/a b"), Path::new("/srv/a b"));
        assert_eq!(parse_folder("file:///srv/a%20b"), Path::new("/srv/a b"));
    }
}
