use super::*;
use std::future::Future;

fn run<T>(future: impl Future<Output = T>) -> T {
    tauri::async_runtime::block_on(future)
}

fn endpoint(id: &str, address: &str) -> Endpoint {
    let id = regatta_protocol::EndpointId::parse(id).expect("an id");
    Endpoint { id, name: "Ours".into(), address: address.into() }
}

#[test]
fn without_a_key_store_a_secret_is_kept_for_the_session_and_that_is_said() {
    let secrets = Secrets::without_key_store();
    let ours = endpoint("a", "https://a.example.com");
    let missing = run(secrets.endpoint_key(&ours)).expect_err("there is none");
    assert_eq!(missing.code, ErrorCode::KeyMissing);

    let said =
        run(secrets.save(SecretId::for_endpoint(&ours), Secret::new("hush"))).expect("a notice");
    assert_eq!(said.code, ErrorCode::KeyStoreMissing);
    assert_eq!(run(secrets.endpoint_key(&ours)).expect("kept").expose(), "hush");
    let look =
        run(secrets
            .read_states(vec![SecretId::for_endpoint(&ours), SecretId::for_host("github.com")]));
    assert_eq!(look.states, [SecretState::ForSession, SecretState::Missing]);
    assert!(look.notice.is_some_and(|n| n.message.contains("no key store")));

    run(secrets.remove(SecretId::for_endpoint(&ours))).expect("forgotten");
    run(secrets.endpoint_key(&ours)).expect_err("there is none again");
}

#[test]
fn a_secret_is_found_for_the_address_that_it_was_entered_for_only() {
    let secrets = Secrets::without_key_store();
    let ours = endpoint("a", "https://a.example.com");
    run(secrets.save(SecretId::for_endpoint(&ours), Secret::new("hush")));
    for other in [endpoint("a", "https://b.example.com"), endpoint("b", "https://a.example.com")] {
        run(secrets.endpoint_key(&other)).expect_err("not for this one");
    }
    run(secrets.save(SecretId::for_host("GitHub.com"), Secret::new("hush")));
    assert!(run(secrets.git_token("github.com")).is_some());
    assert!(run(secrets.git_token("example.com")).is_none());
}

#[test]
fn a_key_store_that_waits_for_a_person_holds_nobody_up() {
    let (sender, jobs) = mpsc::channel::<KeyStoreJob>();
    let secrets = Secrets::from_parts(Some(sender), Duration::from_millis(50));
    let ours = endpoint("a", "https://a.example.com");
    // Nobody takes the jobs, as when the store waits.
    let said =
        run(secrets.save(SecretId::for_endpoint(&ours), Secret::new("hush"))).expect("a notice");
    assert_eq!(said.message, "Your computer's key store is locked or waits for you.");
    assert_eq!(run(secrets.endpoint_key(&ours)).expect("kept in memory").expose(), "hush");
    let left =
        run(secrets.remove(SecretId::for_endpoint(&ours))).expect_err("it may be there still");
    assert!(left.hint.contains("a at https://a.example.com"), "{left}");
    let locked = run(secrets.endpoint_key(&ours)).expect_err("it can't be read");
    assert_eq!(locked.code, ErrorCode::KeyStoreMissing);
    assert_eq!(run(secrets.git_token("github.com")), None);
    assert_eq!(jobs.into_iter().take(4).count(), 4, "what was asked is asked once");
}

#[test]
fn nothing_of_it_is_shown() {
    let secrets = Secrets::without_key_store();
    run(secrets.save(SecretId::for_host("github.com"), Secret::new("hush")));
    assert_eq!(format!("{secrets:?}"), "Secrets(…)");
}
