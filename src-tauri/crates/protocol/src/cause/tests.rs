use super::*;
use crate::UserMessage;
use serde_json::json;

const EDGES: [Edge; 3] = [Edge::Window, Edge::Terminal, Edge::Api];

fn all_causes(fact: &str) -> Vec<Cause> {
    let fact = || fact.to_owned();
    let mut causes = vec![
        Cause::EndpointUnknown,
        Cause::EndpointKeyMissing { name: fact(), address: fact() },
        Cause::EndpointKeyInvalid,
        Cause::EndpointKeyRefused,
        Cause::EndpointHostUnknown { host: fact() },
        Cause::EndpointUnproven { host: fact() },
        Cause::EndpointSilent { host: fact() },
        Cause::EndpointUnreachable { host: fact() },
        Cause::EndpointCallUnknown,
        Cause::EndpointRedirects,
        Cause::EndpointIsWebPage,
        Cause::EndpointIsAnotherApi,
        Cause::EndpointRefused { status: 422, said: fact(), hint: fact() },
        Cause::HostTokenMissing { host: fact() },
        Cause::HostIsAnotherApi,
        Cause::AgentProgramMissing { program: fact() },
        Cause::AgentSignedOut,
    ];
    let folders = [
        GitCause::FolderMissing { path: fact() },
        GitCause::NoHistory { path: fact() },
        GitCause::NoVersion { path: fact() },
        GitCause::OfAnotherUser { path: fact() },
        GitCause::PartialHistory { path: fact() },
    ];
    let others = [
        GitCause::NotInstalled,
        GitCause::TooOld { found: fact() },
        GitCause::VersionMissing { rev: fact() },
        GitCause::OpenBranchMissing { branch: fact() },
        GitCause::TokenRefused { host: fact(), had_token: true },
        GitCause::TokenRefused { host: fact(), had_token: false },
        GitCause::CertificateUntrusted { address: fact() },
    ];
    causes.extend(folders.into_iter().chain(others).map(Cause::Git));
    let kept = [
        StoreCause::InUse,
        StoreCause::ReadOnly,
        StoreCause::BecameReadOnly,
        StoreCause::TooNew,
        StoreCause::Damaged,
        StoreCause::FileUnwritable,
        StoreCause::NotFound { thing: fact() },
        StoreCause::Closed,
    ];
    causes.extend(kept.map(Cause::Store));
    causes
}

#[test]
fn each_cause_has_its_sentences_at_each_edge() {
    let mut table = String::new();
    for cause in all_causes("api.example.com") {
        let code = serde_json::to_value(cause.code()).expect("a word");
        table += &format!("{} {}\n", code.as_str().expect("a word"), cause.what());
        for edge in EDGES {
            table += &format!("  {edge:?}: {}\n", cause.hint(edge));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nobody_is_told_of_what_they_do_not_have() {
    let foreign: [&[&str]; 3] = [
        &["--", "repo_url", "github_token", "/v1/"],
        &["settings", "button", "window", "press", "click", "github_token", "/v1/"],
        &["settings", "button", "window", "press", "click", "--", "this computer", "enter "],
    ];
    for cause in all_causes("it.") {
        for (edge, foreign) in EDGES.into_iter().zip(foreign) {
            let hint = cause.hint(edge).to_lowercase();
            for word in foreign {
                assert!(!hint.contains(word), "{edge:?}: {hint}");
            }
        }
        assert!(!cause.what().contains("settings"), "{cause:?}");
    }
}

#[test]
fn facts_that_others_wrote_are_shown_short_and_harmless() {
    let hostile = format!("\u{1b}]0;x\u{7}\n\r\u{202e}a{}", "b".repeat(100_000));
    for cause in all_causes(&hostile) {
        for edge in EDGES {
            for sentence in [cause.what(), cause.hint(edge)] {
                let bad = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!sentence.contains(bad), "{sentence:?}");
                assert!(sentence.chars().count() < 500, "{} characters", sentence.len());
                assert!(sentence.ends_with(['.', '…']), "{sentence:?}");
            }
        }
    }
}

#[test]
fn a_message_is_told_for_its_edge_and_hands_no_cause_on() {
    for cause in all_causes("it.") {
        let message = UserMessage::from_cause(cause.clone(), "All is safe.").with_details("d");
        let stored = serde_json::to_string(&message).expect("JSON");
        let read: UserMessage = serde_json::from_str(&stored).expect("a message");
        assert_eq!(read, message);
        for edge in EDGES {
            let told = edge.adapt(read.clone());
            assert_eq!((told.code, &told.message), (cause.code(), &cause.what()));
            assert_eq!(told.hint, cause.hint(edge));
            assert_eq!((&*told.impact, told.details.as_deref()), ("All is safe.", Some("d")));
            assert!(!serde_json::to_string(&told).expect("JSON").contains("cause"));
        }
    }
}

#[test]
fn words_of_its_own_stay_at_every_edge() {
    let cause = Cause::EndpointKeyRefused;
    let message = UserMessage::from_cause(cause, "").with_hint("It goes on by itself.");
    let own = UserMessage::new(ErrorCode::AgentFailed, "It failed.", "", "Read what it said.");
    for edge in EDGES {
        assert_eq!(edge.adapt(own.clone()), own);
    }
    assert_eq!(Edge::Window.adapt(message.clone()).hint, "It goes on by itself.");
    assert!(!serde_json::to_string(&message).expect("JSON").contains("cause"));
}

#[test]
fn a_message_of_another_version_is_read() {
    let old = json!({ "code": "key_refused", "what": "No.", "safe": "", "next": "Look." });
    let mut newer = old.clone();
    for cause in [json!({ "kind": "of_tomorrow", "host": "x" }), json!(7), json!(null)] {
        newer["cause"] = cause;
        let read: UserMessage = serde_json::from_value(newer.clone()).expect("a message");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), old);
    }
}
