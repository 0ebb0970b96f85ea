//! Which repositories a request may name: an address on the web, or a folder that whoever
//! started the server allows.

use crate::error::ApiError;
use regatta_engine::project;
use regatta_protocol::app::ProjectView;
use regatta_protocol::{AddressProblem, ErrorCode, RepositoryAddress, UserMessage};
use regatta_trace::LogDropped;
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
    let address = parse_location(asked)?;
    match address.folder() {
        None => Ok(Repository { url: address.to_string(), default_branch: String::new() }),
        Some(folder) => {
            let folder = resolve_below_roots(folder, roots)?;
            let project = project::inspect(&folder).await;
            // The folder may be a part of a project whose top is outside.
            let url = resolve_below_roots(Path::new(&project.path), roots)?;
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

/// What a request names, by its form alone. Plain http isn't taken: what answers on this
/// computer without a key isn't the caller's to reach.
fn parse_location(asked: &str) -> Result<RepositoryAddress, ApiError> {
    match RepositoryAddress::parse(asked) {
        Err(AddressProblem::Empty) => {
            Err(ApiError::bad_request("No repository is named.", "Name it in repo_url."))
        }
        Ok(address) if address.scheme() != "http" => Ok(address),
        Ok(_) | Err(_) => Err(ApiError::bad_request(
            "The address of the repository can't be used.",
            "Name an https address without user name and password, or the whole path of a folder.",
        )),
    }
}

/// The folder with every link resolved, if it is below an allowed one. What isn't there and
/// what isn't allowed get the same answer: nobody learns what else is on this computer.
fn resolve_below_roots(folder: &Path, roots: &[PathBuf]) -> Result<String, ApiError> {
    let resolved = folder.canonicalize().log_dropped("looking for a folder that is asked for");
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    #[test]
    fn only_plain_addresses_and_whole_paths_are_read() {
        let good = [
            ("https://github.com/o/r.git", "https://github.com/o/r.git"),
            ("HTTPS://git.example:8443/r", "https://git.example:8443/r"),
            ("https://git.example:443/r", "https://git.example/r"),
            ("https://[::1]:8443/r", "https://[::1]:8443/r"),
            ("/srv/boats", "/srv/boats"),
            ("file:///srv/boats", "/srv/boats"),
            ("file://localhost/srv/boats", "/srv/boats"),
            ("file:///srv/my%20boats", "/srv/my boats"),
        ];
        for (asked, named) in good {
            let parsed = parse_location(asked).expect(asked);
            assert_eq!(parsed.to_string(), named);
            assert_eq!(parsed.folder().is_some(), named.starts_with('/'));
        }
        let bad = [
            "",
            "-oProxyCommand=x",
            "--upload-pack=touch pwned",
            "ext::sh -c touch% pwned",
            "https::https://github.com/o/r",
            "http://github.com/o/r",
            "http://localhost:8080/o/r",
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
            assert_eq!(resolve_below_roots(&good, &roots).expect("inside"), boats);
        }
        let bad = [other, root.join("link"), root.join("../root-other"), root.join("gone")];
        for bad in bad {
            let refused = resolve_below_roots(&bad, &roots).expect_err("outside");
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{bad:?}");
        }
        assert!(resolve_below_roots(Path::new(&boats), &[]).is_err(), "no root, no folder");
        assert!(resolve_roots(&[root.join("gone")]).is_err());
    }
}
