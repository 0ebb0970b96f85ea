use super::*;
use regatta_git::{GitError, RemoteErrorKind};
use regatta_protocol::request::RequestProblem;
use regatta_protocol::{AddressProblem, Event, Status};
use std::path::PathBuf;

const EDGES: [Edge; 3] = [Edge::Window, Edge::Terminal, Edge::Api];

fn git_errors() -> Vec<GitError> {
    let (path, said) = (|| PathBuf::from("/srv/shop"), || "exit code 128".to_owned());
    let refused =
        |had_token| GitError::TokenRefused { host: "host".into(), had_token, details: said() };
    let remote =
        |kind| GitError::Remote { address: "https://host/r".into(), kind, details: said() };
    let mut errors = vec![
        GitError::NotInstalled,
        GitError::TooOld { found: "git version 2.30.2".into() },
        GitError::NotAFolder(path()),
        GitError::NotARepository(path()),
        GitError::DubiousOwnership(path()),
        GitError::NoCommit(path()),
        GitError::PartialClone(path()),
        GitError::RevisionMissing { rev: "main".into() },
        refused(true),
        refused(false),
        GitError::DiskFull { details: said() },
        GitError::Dangerous {
            what: "a link into the .git folder".into(),
            object: "9b6f".into(),
            details: said(),
        },
        GitError::HeadMissing { project: path(), branch: "main".into() },
        GitError::ReadOnly { folder: path(), details: said() },
        GitError::TimedOut { call: "git fetch".into() },
        GitError::Failed { call: "git fetch".into(), details: said() },
        GitError::Io { doing: "making a copy".into(), details: said() },
    ];
    errors.extend(
        [
            RemoteErrorKind::Unreachable,
            RemoteErrorKind::CertificateUntrusted,
            RemoteErrorKind::NotFound,
            RemoteErrorKind::Redirected,
            RemoteErrorKind::Rejected,
            RemoteErrorKind::Other,
        ]
        .map(remote),
    );
    errors.extend(
        [
            AddressProblem::Empty,
            AddressProblem::Invisible,
            AddressProblem::NotWeb,
            AddressProblem::HasUser,
            AddressProblem::BadHost,
            AddressProblem::NotEncrypted,
            AddressProblem::NoPath,
            AddressProblem::BadPath,
        ]
        .map(GitError::BadAddress),
    );
    errors
}

fn all_errors() -> Vec<EngineError> {
    let dir = || PathBuf::from("/data");
    let problem = RequestProblem {
        row: None,
        field: "project".into(),
        notice: GitError::NotARepository(dir()).into(),
    };
    let mut errors = vec![
        EngineError::DataInUse { dir: dir() },
        EngineError::DataReadOnly { dir: dir(), details: String::new() },
        EngineError::StoreTooNew { found: 9, known: 8 },
        EngineError::BadRequest(vec![problem]),
        EngineError::NotFound("batch"),
        EngineError::KeyReused,
        EngineError::Closed,
    ];
    errors.extend(git_errors().into_iter().map(EngineError::Git));
    errors
}

/// What no reader at an edge can follow.
fn foreign_words(edge: Edge) -> &'static [&'static str] {
    match edge {
        Edge::Window => &["--", "repo_url", "github_token", "/v1/"],
        Edge::Terminal => &["settings", "button", "window", "history", "github_token", "/v1/"],
        Edge::Api => &[
            "settings",
            "button",
            "window",
            "history",
            "--",
            "choose",
            "set it up",
            "enter a",
            "this computer",
            "start regatta",
        ],
    }
}

#[test]
fn every_error_says_three_things_that_its_reader_can_use() {
    for error in all_errors() {
        for edge in EDGES {
            let message = error.message(edge);
            for sentence in [&message.message, &message.impact, &message.hint] {
                let is_whole = sentence.len() > 10 && sentence.ends_with('.');
                assert!(is_whole, "{error:?} {edge:?}: {sentence:?}");
            }
            for word in foreign_words(edge) {
                let hint = message.hint.to_lowercase();
                assert!(!hint.contains(word), "{error:?} {edge:?}: {hint}");
            }
            assert_eq!(message.code, error.message(Edge::Window).code);
        }
    }
}

#[test]
fn a_stored_message_of_an_endpoint_sends_nobody_to_settings_they_do_not_have() {
    use ErrorCode as E;
    for code in [
        E::KeyMissing,
        E::KeyRefused,
        E::EndpointMissing,
        E::EndpointUnreachable,
        E::EndpointRefused,
        E::EndpointProtocol,
    ] {
        let stored = UserMessage::new(code, "It failed.", "", "Check it in the settings.");
        let failed = |notice| Event::Status { status: Status::Failed, notice };
        assert_eq!(Edge::Window.adapt(stored.clone()), stored);
        for edge in [Edge::Terminal, Edge::Api] {
            let told = edge.adapt(stored.clone());
            assert!(!told.hint.contains("settings"), "{code:?}: {}", told.hint);
            assert_eq!(edge.adapt_event(failed(Some(stored.clone()))), failed(Some(told)));
        }
    }
}
