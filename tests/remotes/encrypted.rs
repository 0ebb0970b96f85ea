//! Https, and what a process inherits. A process can't safely change its own environment, so
//! tests start this very program again, with one test and another environment.

use crate::Room;
use regatta_git::{Git, GitError, Remote, Trouble};
use regatta_protocol::Secret;
use regatta_tests::{GitHost, TOKEN, program};
use std::path::Path;
use std::process::Command;

/// Runs the test `name` of this module by itself, with `environment` on top.
fn run_alone(name: &str, environment: &[(&str, &Path)]) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("encrypted::{name}")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

fn address() -> String {
    std::env::var("TEST_ADDRESS").unwrap()
}

#[tokio::test]
async fn an_encrypted_host_whose_certificate_is_known_is_read_and_written() {
    let room = Room::of(GitHost::https()).await;
    let address = room.host.address("shop");
    let cache = room.cache();
    let test = [("TEST_ADDRESS", Path::new(&address)), ("TEST_CACHE", &cache)];
    let known = room.host.certificate();
    run_alone("it_is_used", &[test[0], test[1], ("GIT_SSL_CAINFO", &known)]);
    assert!(room.branches().contains(&format!("r/t {}", room.start)));
    let seen = room.host.seen().len();
    run_alone("it_is_not_trusted", &test);
    // Whatever the person's own settings say.
    let home = room.yard.root().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[http]\n\tsslVerify = false\n").unwrap();
    let careless = Path::new("1");
    run_alone(
        "it_is_not_trusted",
        &[test[0], test[1], ("HOME", &home), ("GIT_SSL_NO_VERIFY", careless)],
    );
    assert_eq!(room.host.seen().len(), seen);
}

#[tokio::test]
#[ignore = "run by an_encrypted_host_whose_certificate_is_known_is_read_and_written"]
async fn it_is_used() {
    let (git, cache) = (Git::find().await.unwrap(), std::env::var_os("TEST_CACHE").unwrap());
    let remote = Remote::parse(&address()).unwrap().with_token(&Secret::new(TOKEN), &program());
    let heads = git.remote_heads(&remote).await.unwrap();
    let start = heads.commit("main").unwrap();
    git.update_cache_from(&remote, Path::new(&cache), start).await.unwrap();
    assert_eq!(git.push(Path::new(&cache), start, &remote, "r/t").await.unwrap(), "r/t");
    assert_eq!(git.look_up(&remote, None, "r/t", start).await.unwrap().commits, Some(0));
}

#[tokio::test]
#[ignore = "run by an_encrypted_host_whose_certificate_is_known_is_read_and_written"]
async fn it_is_not_trusted() {
    let git = Git::find().await.unwrap();
    let remote = Remote::parse(&address()).unwrap().with_token(&Secret::new(TOKEN), &program());
    let error = git.remote_heads(&remote).await.unwrap_err();
    assert!(matches!(error, GitError::Remote { trouble: Trouble::Untrusted, .. }), "{error:?}");
}

#[tokio::test]
async fn no_password_of_the_persons_own_is_used() {
    let room = Room::new().await;
    let home = room.yard.root().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(
        home.join(".netrc"),
        format!("machine 127.0.0.1 login x-access-token password {TOKEN}\n"),
    )
    .unwrap();
    let mark = home.join("asked");
    let helper = room.yard.script(
        "helper",
        &format!(
            "#!/bin/sh\ntouch '{}'\necho username=x-access-token\necho password={TOKEN}\n",
            mark.display()
        ),
    );
    let settings = format!(
        "[credential]\n\thelper = {0}\n[core]\n\taskPass = {0}\n[http]\n\tfollowRedirects = true\n",
        helper.display()
    );
    std::fs::write(home.join(".gitconfig"), settings).unwrap();
    let address = room.host.address("shop");
    run_alone(
        "there_is_no_token",
        &[
            ("TEST_ADDRESS", Path::new(&address)),
            ("HOME", &home),
            ("XDG_CONFIG_HOME", &home),
            ("GIT_ASKPASS", &helper),
            ("SSH_ASKPASS", &helper),
            ("GIT_CONFIG_GLOBAL", &home.join(".gitconfig")),
        ],
    );
    assert!(!mark.exists());
    assert!(
        room.host.seen().iter().all(|line| line.ends_with("401 nobody")),
        "{:?}",
        room.host.seen()
    );
}

#[tokio::test]
#[ignore = "run by no_password_of_the_persons_own_is_used"]
async fn there_is_no_token() {
    let git = Git::find().await.unwrap();
    let error = git.remote_heads(&Remote::parse(&address()).unwrap()).await.unwrap_err();
    assert!(matches!(error, GitError::TokenRefused { given: false, .. }), "{error:?}");
}
