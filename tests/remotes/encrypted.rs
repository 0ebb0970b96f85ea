//! Https, and what a process inherits. A process can't safely change its own environment, so
//! tests start this very program again, with one test and another environment.

use crate::RemoteEnv;
use regatta_git::{Git, GitError, Remote, RemoteErrorKind};
use regatta_protocol::Secret;
use regatta_tests::{GitHost, TOKEN, regatta_program};
use std::path::Path;
use std::process::Command;

/// Runs the test `name` of this module by itself, with `environment` on top.
fn run_in_subprocess(name: &str, environment: &[(&str, &Path)]) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("encrypted::{name}")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

fn test_address() -> String {
    std::env::var("TEST_ADDRESS").unwrap()
}

#[tokio::test]
async fn an_encrypted_host_whose_certificate_is_known_is_read_and_written() {
    let remote_env = RemoteEnv::with_host(GitHost::https()).await;
    let address = remote_env.host.url("shop");
    let cache = remote_env.cache_dir();
    let test = [("TEST_ADDRESS", Path::new(&address)), ("TEST_CACHE", &cache)];
    let known = remote_env.host.certificate();
    run_in_subprocess("it_is_used", &[test[0], test[1], ("GIT_SSL_CAINFO", &known)]);
    assert!(remote_env.branches().contains(&format!("r/t {}", remote_env.start_commit)));
    let seen = remote_env.host.requests().len();
    run_in_subprocess("it_is_not_trusted", &test);
    // Whatever the person's own settings say.
    let home = remote_env.env.root().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[http]\n\tsslVerify = false\n").unwrap();
    let careless = Path::new("1");
    run_in_subprocess(
        "it_is_not_trusted",
        &[test[0], test[1], ("HOME", &home), ("GIT_SSL_NO_VERIFY", careless)],
    );
    assert_eq!(remote_env.host.requests().len(), seen);
}

#[tokio::test]
#[ignore = "run by an_encrypted_host_whose_certificate_is_known_is_read_and_written"]
async fn it_is_used() {
    let (git, cache) = (Git::find().await.unwrap(), std::env::var_os("TEST_CACHE").unwrap());
    let remote =
        Remote::parse(&test_address()).unwrap().with_token(&Secret::new(TOKEN), &regatta_program());
    let heads = git.remote_heads(&remote).await.unwrap();
    let start = heads.commit("main").unwrap();
    git.update_cache_from_remote(&remote, Path::new(&cache), start).await.unwrap();
    assert_eq!(git.push(Path::new(&cache), start, &remote, "r/t").await.unwrap(), "r/t");
    assert_eq!(
        git.look_up_remote_branch(&remote, None, "r/t", start).await.unwrap().commits_ahead,
        Some(0)
    );
}

#[tokio::test]
#[ignore = "run by an_encrypted_host_whose_certificate_is_known_is_read_and_written"]
async fn it_is_not_trusted() {
    let git = Git::find().await.unwrap();
    let remote =
        Remote::parse(&test_address()).unwrap().with_token(&Secret::new(TOKEN), &regatta_program());
    let error = git.remote_heads(&remote).await.unwrap_err();
    assert!(
        matches!(error, GitError::Remote { kind: RemoteErrorKind::CertificateUntrusted, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn no_password_of_the_persons_own_is_used() {
    let remote_env = RemoteEnv::new().await;
    let home = remote_env.env.root().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(
        home.join(".netrc"),
        format!("machine 127.0.0.1 login x-access-token password {TOKEN}\n"),
    )
    .unwrap();
    let mark = home.join("asked");
    let helper = remote_env.env.script(
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
    let address = remote_env.host.url("shop");
    run_in_subprocess(
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
        remote_env.host.requests().iter().all(|line| line.ends_with("401 nobody")),
        "{:?}",
        remote_env.host.requests()
    );
}

#[tokio::test]
#[ignore = "run by no_password_of_the_persons_own_is_used"]
async fn there_is_no_token() {
    let git = Git::find().await.unwrap();
    let error = git.remote_heads(&Remote::parse(&test_address()).unwrap()).await.unwrap_err();
    assert!(matches!(error, GitError::TokenRefused { had_token: false, .. }), "{error:?}");
}
