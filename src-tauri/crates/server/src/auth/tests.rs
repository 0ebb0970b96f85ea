//! Each part of what a request shows, alone.

use super::*;
use axum::http::StatusCode;

const LOOPBACK: &str = "127.0.0.1:8787";

fn policy(address: &str, more: &[&str], is_tls: bool) -> AuthPolicy {
    let more: Vec<String> = more.iter().map(|name| (*name).to_owned()).collect();
    let address = address.parse().expect("an address");
    AuthPolicy::new(ApiKey::parse("sesame").expect("a key"), address, &more, is_tls)
}

fn check_status(gate: &AuthPolicy, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = axum::http::Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    gate.check(&parts).map_or_else(|refusal| refusal.status(), |()| StatusCode::OK)
}

#[test]
fn a_host_is_one_of_the_list_or_none() {
    let check = |gate: &AuthPolicy, host| {
        check_status(gate, "/", &[("host", host), ("x-api-key", "sesame")])
    };
    let here = policy(LOOPBACK, &[], false);
    for host in ["127.0.0.1:8787", "localhost:8787", "LocalHost:8787", "[::1]:8787"] {
        assert_eq!(check(&here, host), StatusCode::OK, "{host}");
    }
    for host in ["127.0.0.1", "localhost", "evil.example:8787", "127.0.0.1:8788", "127.1:8787", ""]
    {
        assert_eq!(check(&here, host), StatusCode::FORBIDDEN, "{host}");
    }
    let usual = policy("127.0.0.1:443", &[], true);
    assert_eq!(check(&usual, "localhost"), StatusCode::OK);
    let named = policy("0.0.0.0:8787", &["Boats.example", "front.example:443"], true);
    for host in ["boats.example:8787", "boats.example", "front.example:443", "front.example"] {
        assert_eq!(check(&named, host), StatusCode::OK, "{host}");
    }
    assert_eq!(check(&named, "0.0.0.0:8787"), StatusCode::FORBIDDEN);
    let twice = [("host", LOOPBACK), ("host", LOOPBACK), ("x-api-key", "sesame")];
    assert_eq!(check_status(&here, "/", &twice), StatusCode::FORBIDDEN);
    assert_eq!(check_status(&here, "/", &[("x-api-key", "sesame")]), StatusCode::FORBIDDEN);
    let other = [("host", LOOPBACK), ("x-api-key", "sesame")];
    assert_eq!(check_status(&here, "http://evil.example/", &other), StatusCode::FORBIDDEN);
}

#[test]
fn a_key_comes_once_and_by_one_of_two_headers() {
    let gate = policy(LOOPBACK, &[], false);
    let check = |shown: &[(&str, &str)]| {
        let headers: Vec<_> = [("host", LOOPBACK)].iter().chain(shown).copied().collect();
        check_status(&gate, "/v1/runs", &headers)
    };
    for right in [("x-api-key", "sesame"), ("authorization", "bearer sesame")] {
        assert_eq!(check(&[right]), StatusCode::OK);
    }
    let wrong: [&[(&str, &str)]; 6] = [
        &[],
        &[("x-api-key", "")],
        &[("authorization", "sesame")],
        &[("authorization", "Basic sesame")],
        &[("x-api-key", "sesame"), ("x-api-key", "sesame")],
        &[("x-api-key", "wrong"), ("authorization", "Bearer sesame")],
    ];
    for shown in wrong {
        assert_eq!(check(shown), StatusCode::UNAUTHORIZED, "{shown:?}");
    }
    assert_eq!(check_status(&gate, PUBLIC_PATH, &[("host", LOOPBACK)]), StatusCode::OK);
}

#[test]
fn a_page_of_another_place_is_refused_with_the_right_key_too() {
    let gate = policy(LOOPBACK, &[], false);
    let check = |origin| {
        let shown = [("host", LOOPBACK), ("x-api-key", "sesame"), ("origin", origin)];
        check_status(&gate, PUBLIC_PATH, &shown)
    };
    assert_eq!(check("http://127.0.0.1:8787"), StatusCode::OK);
    for origin in ["null", "", "https://127.0.0.1:8787", "http://localhost", "tauri://localhost"] {
        assert_eq!(check(origin), StatusCode::FORBIDDEN, "{origin}");
    }
}
