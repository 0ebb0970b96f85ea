//! What a server says to a start that it refuses, and TLS.

use super::{TestServer, http_client::TIMEOUT, serve_command, write_file};
use regatta_tests::{RunOutput, TestEnv};
use std::process::{Command, Stdio};

fn assert_refused(env: &TestEnv, more: &[&str], words: &str) {
    let output = serve_command(env, more).stderr(Stdio::piped()).output().unwrap();
    let ran = RunOutput::from_output(output);
    assert_eq!((ran.exit_code, ran.stdout.as_str()), (Some(2), ""), "{more:?}: {}", ran.stderr);
    assert!(ran.stderr.contains(words), "{more:?}: {}", ran.stderr);
}

#[test]
fn a_second_start_on_the_same_data_is_refused() {
    let env = TestEnv::new();
    let mut first = TestServer::start(&env, &[]);
    assert_refused(&env, &[], "Another Regatta is using the same data folder.");
    assert_eq!(first.terminate(), Some(0));
    let mut again = TestServer::start(&env, &[]);
    assert_ne!(again.client.key, first.client.key, "a key is made for one start");
    assert_eq!(again.terminate(), Some(0));
}

#[test]
fn a_start_that_would_not_be_safe_is_refused() {
    let env = TestEnv::new();
    let empty = write_file(&env, "empty.txt", "\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["--listen", "0.0.0.0:0"], "Without TLS"),
        (&["--listen", "[::]:0"], "Without TLS"),
        (&["--listen", "0.0.0.0:0", "--insecure-http"], "by which names it is called"),
        (&["--api-key-file", empty.to_str().unwrap()], "key can't be used"),
        (&["--api-key-file", "gone.txt"], "gone.txt can't be read"),
        (&["--allow-root", "gone"], "gone can't be allowed"),
        (&["--listen", &taken], "can't listen on"),
        (&["--agent", "practice", "--agent", "practice"], "Two agents are called"),
    ];
    for (more, words) in cases {
        assert_refused(&env, more, words);
    }
    for agent in ["other", "a=bot:x", "a=acp:", "=acp:x", "a=acp:'x"] {
        assert_refused(&env, &["--agent", agent], "--agent");
    }
    assert_refused(&env, &["--tls-cert", "cert.pem"], "--tls-key");
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let env = TestEnv::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]);
    let made = made.unwrap();
    let cert = write_file(&env, "cert.pem", &made.cert.pem());
    let key = write_file(&env, "key.pem", &made.signing_key.serialize_pem());
    let api_key = write_file(&env, "api-key.txt", "sesame\n");
    let (said, warned) = (env.root().join("said.txt"), env.root().join("warned.txt"));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::set_permissions(&api_key, std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let mut child = serve_command(&env, &["--tls-cert"])
        .arg(&cert)
        .arg("--tls-key")
        .arg(&key)
        .arg("--api-key-file")
        .arg(&api_key)
        .stdout(std::fs::File::create(&said).unwrap())
        .stderr(std::fs::File::create(&warned).unwrap())
        .spawn()
        .unwrap();
    let read = || std::fs::read_to_string(&said).unwrap_or_default();
    assert!(regatta_tests::wait_until(TIMEOUT, || read().ends_with('\n')), "it starts");
    assert_eq!(read().lines().count(), 1, "a key that was given isn't said: {}", read());
    let url = read().trim().replace("Regatta listens on ", "");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let warned = std::fs::read_to_string(&warned).unwrap();
    let warnings: Vec<_> = warned.lines().filter(|line| line.contains("can read")).collect();
    assert!(matches!(&warnings[..], [one] if one.contains("api-key.txt")), "{warned}");
    let ask = |url: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "--cacert"]);
        let output = curl.arg(&cert).args(["-H", "x-api-key: sesame", url]).output();
        String::from_utf8(output.expect("curl is on this computer").stdout).unwrap()
    };
    let answers = [
        ask(&format!("{url}/v1/agents")),
        ask(&format!("{}/v1/agents", url.replace("127.0.0.1", "localhost"))),
        ask(&format!("{}/v1/agents", url.replace("https", "http"))),
    ];
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(answers[..2], ["200 1.1", "200 1.1"]);
    assert!(answers[2].starts_with("000"), "{}", answers[2]);
}
