//! Which repositories a request may name: an address on the web, or a folder that whoever
//! started the server allows.

use crate::error::ApiError;
use regatta_engine::project;
use regatta_protocol::app::ProjectView;
use regatta_protocol::{ErrorCode, UserMessage};
use std::path::{Path, PathBuf};

/// A repository that may be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repository {
    /// Its address, or its folder with every link resolved.
    pub(crate) url: String,
    /// The branch to start from when none is named; empty means its own default.
    pub(crate) default_branch: String,
}

/// Looks whether the repository that a request names may be used.
pub(crate) async fn resolve_repository(
    asked: &str,
    roots: &[PathBuf],
) -> Result<Repository, ApiError> {
    match parse_location(asked.trim())? {
        RepositoryLocation::Address(url) => Ok(Repository { url, default_branch: String::new() }),
        RepositoryLocation::Folder(folder) => {
            let folder = resolve_below_roots(&folder, roots)?;
            let project = project::inspect(&folder).await;
            // The folder may be a part of a project whose top is outside.
            let url = resolve_below_roots(&project.path, roots)?;
            Ok(Repository { url, default_branch: default_branch(&project) })
        }
    }
}

/// The folders with every link resolved.
///
/// # Errors
/// One isn't there.
pub(crate) fn resolve_roots(roots: &[PathBuf]) -> Result<Vec<PathBuf>, UserMessage> {
    let resolve = |root: &PathBuf| {
        root.canonicalize().map_err(|problem| {
            let what = format!("The folder {} can't be allowed: {problem}.", root.display());
            let next = "Name a folder that is there with --allow-root.";
            UserMessage::new(ErrorCode::ProjectMissing, what, "Nothing was started.", next)
        })
    };
    roots.iter().map(resolve).collect()
}

/// What a request names, by its form alone.
#[derive(Debug, PartialEq, Eq)]
enum RepositoryLocation {
    Address(String),
    Folder(String),
}

fn parse_location(asked: &str) -> Result<RepositoryLocation, ApiError> {
    if asked.is_empty() {
        return Err(ApiError::bad_request("No repository is named.", "Name it in repo_url."));
    }
    if asked.chars().any(char::is_control) {
        return Err(invalid_address());
    }
    if let Some(path) = strip_scheme(asked, "file://") {
        let path = strip_scheme(path, "localhost").unwrap_or(path);
        return if path.starts_with('/') {
            Ok(RepositoryLocation::Folder(path.into()))
        } else {
            Err(invalid_address())
        };
    }
    if asked.starts_with('/') {
        return Ok(RepositoryLocation::Folder(asked.into()));
    }
    let rest = strip_scheme(asked, "https://").ok_or_else(invalid_address)?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    let starts_well = host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    let ends_early = rest.contains(['?', '#', '\\', ' ']);
    if host.contains('@') || !is_plain || !starts_well || ends_early {
        return Err(invalid_address());
    }
    Ok(RepositoryLocation::Address(format!("https://{rest}")))
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The folder with every link resolved, if it is below an allowed one. What isn't there and
/// what isn't allowed get the same answer: nobody learns what else is on this computer.
fn resolve_below_roots(folder: &str, roots: &[PathBuf]) -> Result<String, ApiError> {
    let resolved = Path::new(folder).canonicalize().ok();
    let allowed = resolved.filter(|path| roots.iter().any(|root| path.starts_with(root)));
    allowed.and_then(|path| path.to_str().map(str::to_owned)).ok_or_else(|| {
        let what = "This server doesn't work on that folder, or it isn't there.";
        let next = "Name an https address, or a folder below one that was given with --allow-root.";
        UserMessage::new(ErrorCode::Forbidden, what, "Nothing was started.", next).into()
    })
}

fn default_branch(project: &ProjectView) -> String {
    let main = project.branches.iter().find(|branch| *branch == "main");
    main.cloned().unwrap_or_default()
}

fn invalid_address() -> ApiError {
    ApiError::bad_request(
        "The address of the repository can't be used.",
        "Name an https address without user name and password, or the whole path of a folder.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    #[test]
    fn only_plain_addresses_and_whole_paths_are_read() {
        let good = [
            (
                "https://github.com/o/r.git",
                RepositoryLocation::Address("https://github.com/o/r.git".into()),
            ),
            (
                "HTTPS://git.example:8443/r",
                RepositoryLocation::Address("https://git.example:8443/r".into()),
            ),
            ("https://[::1]:8443/r", RepositoryLocation::Address("https://[::1]:8443/r".into())),
            ("/srv/boats", RepositoryLocation::Folder("/srv/boats".into())),
            ("file:///srv/boats", RepositoryLocation::Folder("/srv/boats".into())),
            ("file://localhost/srv/boats", RepositoryLocation::Folder("/srv/boats".into())),
        ];
        for (asked, named) in good {
            assert_eq!(parse_location(asked).expect(asked), named);
        }
        let bad = [
            "",
            "-oProxyCommand=x",
            "--upload-pack=touch pwned",
            "ext::sh -c touch% pwned",
            "https::https://github.com/o/r",
            "http://github.com/o/r",
            "ssh://git@github.com/o/r",
            "git@github.com:o/r",
            "git://github.com/o/r",
            "https://token@github.com/o/r",
            "https://user:token@github.com/o/r",
            "https://github.com@evil.example/o/r",
            "https:///o/r",
            "https://-x/o/r",
            "https://a\\@b/o/r",
            "https://github.com/o/r?x=1",
            "https://github.com/o/r#x",
            "https://git\u{202e}hub.com/o/r",
            "https://github.com/o\n/r",
            "file://elsewhere/srv/boats",
            "file://srv",
            "boats",
            "../boats",
            "./boats",
            "C:\\boats",
            "/srv\0/boats",
        ];
        for asked in bad {
            assert_eq!(
                parse_location(asked).expect_err(asked).status(),
                StatusCode::BAD_REQUEST,
                "{asked:?}"
            );
        }
    }

    #[test]
    fn a_path_that_leaves_its_root_is_refused_however_it_leaves() {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, other) = (dir.path().join("root"), dir.path().join("root-other"));
        for folder in [root.join("boats"), other.clone()] {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::os::unix::fs::symlink(&other, root.join("link")).expect("a link");
        std::os::unix::fs::symlink(root.join("boats"), dir.path().join("back")).expect("a link");
        let roots = resolve_roots(std::slice::from_ref(&root)).expect("roots");
        let text = |path: PathBuf| path.to_str().expect("plain").to_owned();
        let boats = text(root.join("boats").canonicalize().expect("there"));
        for good in [root.join("boats"), root.join("./boats/../boats"), dir.path().join("back")] {
            assert_eq!(resolve_below_roots(&text(good), &roots).expect("inside"), boats);
        }
        let bad = [other, root.join("link"), root.join("../root-other"), root.join("gone")];
        for bad in bad {
            let refused = resolve_below_roots(&text(bad.clone()), &roots).expect_err("outside");
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{bad:?}");
        }
        assert!(resolve_below_roots(&boats, &[]).is_err(), "no root, no folder");
        assert!(resolve_roots(&[root.join("gone")]).is_err());
    }
}
