//! What a server says to a start that it refuses, and TLS.

use super::{Served, caller::LONG, command, file};
use regatta_tests::{Ran, Yard};
use std::process::{Command, Stdio};

fn refused(yard: &Yard, more: &[&str], words: &str) {
    let output = command(yard, more).stderr(Stdio::piped()).output().unwrap();
    let ran = Ran::of(output);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{more:?}: {}", ran.err);
    assert!(ran.err.contains(words), "{more:?}: {}", ran.err);
}

#[test]
fn a_second_start_on_the_same_data_is_refused() {
    let yard = Yard::new();
    let mut first = Served::start(&yard, &[]);
    refused(&yard, &[], "Another Regatta is using the same data folder.");
    assert_eq!(first.end(), Some(0));
    let mut again = Served::start(&yard, &[]);
    assert_ne!(again.caller.key, first.caller.key, "a key is made for one start");
    assert_eq!(again.end(), Some(0));
}

#[test]
fn a_start_that_would_not_be_safe_is_refused() {
    let yard = Yard::new();
    let empty = file(&yard, "empty.txt", "\n");
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
        refused(&yard, more, words);
    }
    for agent in ["other", "a=bot:x", "a=acp:", "=acp:x", "a=acp:'x"] {
        refused(&yard, &["--agent", agent], "--agent");
    }
    refused(&yard, &["--tls-cert", "cert.pem"], "--tls-key");
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let yard = Yard::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]);
    let made = made.unwrap();
    let cert = file(&yard, "cert.pem", &made.cert.pem());
    let key = file(&yard, "key.pem", &made.signing_key.serialize_pem());
    let api_key = file(&yard, "api-key.txt", "sesame\n");
    let said = yard.root().join("said.txt");
    let mut child = command(&yard, &["--tls-cert"])
        .arg(&cert)
        .arg("--tls-key")
        .arg(&key)
        .arg("--api-key-file")
        .arg(&api_key)
        .stdout(std::fs::File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let read = || std::fs::read_to_string(&said).unwrap_or_default();
    assert!(regatta_tests::wait_until(LONG, || read().ends_with('\n')), "it starts");
    assert_eq!(read().lines().count(), 1, "a key that was given isn't said: {}", read());
    let url = read().trim().replace("Regatta listens on ", "");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
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
