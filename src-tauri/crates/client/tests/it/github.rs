//! Lists of repositories, against a few lines that speak like GitHub.

use crate::loopback::{LoopbackServer, http_response};
use regatta_client::{Client, GitHub};
use regatta_protocol::{ErrorCode, Secret};

fn at(server: &LoopbackServer) -> GitHub {
    let token = Secret::new("the-token");
    GitHub::new(&Client::new(), server.address.base(), token).expect("an address")
}

const PAGE: &str = r#"[{"full_name":"o/r","clone_url":"https://github.com/o/r.git","private":true,
    "default_branch":"dev","permissions":{"push":true,"pull":true},"stars":3},
    {"full_name":"o/s","clone_url":"https://github.com/o/s.git"}]"#;

#[tokio::test]
async fn pages_follow_each_other_by_their_links() {
    let server = LoopbackServer::responding(|request| {
        let is_first = request.line.ends_with("&page=1");
        let links = if is_first {
            "link: <https://x/user/repos?page=2>; rel=\"next\", <https://x/?page=9>; rel=\"last\"\r\n"
        } else {
            "link: <https://x/user/repos?page=1>; rel=\"prev\"\r\n"
        };
        http_response("200 OK", &format!("x-oauth-scopes: gist, repo\r\n{links}"), PAGE)
    })
    .await;
    let github = at(&server);
    let page = github.repositories(1).await.expect("a page");
    assert_eq!((page.next_page, page.notice), (Some(2), None));
    let first = &page.repositories[0];
    assert_eq!((first.full_name.as_str(), first.default_branch.as_str()), ("o/r", "dev"));
    assert!(first.is_private && first.can_write && !page.repositories[1].can_write);
    assert_eq!(github.repositories(2).await.expect("a page").next_page, None);
    let request = &server.requests()[0];
    assert_eq!(request.line, "GET /user/repos?sort=pushed&per_page=100&page=1");
    assert!(request.headers.lines().any(|line| line == "authorization: bearer the-token"));
    assert!(request.headers.contains("user-agent: regatta/") && request.body().is_none());
}

#[tokio::test]
async fn a_token_that_may_do_too_little_is_said() {
    for (scopes, is_enough) in [
        ("x-oauth-scopes: \r\n", false),
        ("x-oauth-scopes: read:user, gist\r\n", false),
        ("x-oauth-scopes: public_repo\r\n", true),
        ("", true),
    ] {
        let server = LoopbackServer::responding(move |request| {
            let body = if request.line.contains("/repos") { "[]" } else { r#"{"login":"ana"}"# };
            http_response("200 OK", scopes, body)
        })
        .await;
        let page = at(&server).repositories(1).await.expect("a page");
        let code = page.notice.map(|notice| notice.code);
        assert_eq!(code, (!is_enough).then_some(ErrorCode::TokenRefused), "{scopes}");
        let tested = at(&server).test_token().await;
        assert_eq!(tested.passed, is_enough, "{scopes}");
        assert_eq!(tested.message == "The token works. It is ana's.", is_enough);
    }
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let cases = [
        ("401 No", "", ErrorCode::TokenRefused),
        ("403 No", "", ErrorCode::TokenRefused),
        ("403 No", "x-ratelimit-remaining: 0\r\n", ErrorCode::UsageLimit),
        ("429 No", "", ErrorCode::UsageLimit),
        ("404 No", "", ErrorCode::NotFound),
        ("301 There", "location: /x\r\n", ErrorCode::EndpointProtocol),
        ("500 Oh", "", ErrorCode::EndpointFailed),
        ("200 OK", "", ErrorCode::EndpointProtocol),
    ];
    for (status, headers, code) in cases {
        let server =
            LoopbackServer::responding(move |_| http_response(status, headers, "<html>")).await;
        let notice = at(&server).repositories(1).await.expect_err("refused");
        assert_eq!(notice.code, code, "{status}");
        assert!(!at(&server).test_token().await.passed);
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn branches_are_listed_by_the_repositorys_address() {
    let server = LoopbackServer::responding(|request| {
        let link =
            if request.line.ends_with("page=1") { "link: <x>; rel=\"next\"\r\n" } else { "" };
        let name = &request.line[request.line.len() - 1..];
        http_response("200 OK", link, &format!(r#"[{{"name":"b{name}"}}]"#))
    })
    .await;
    let names = at(&server).branches("https://github.com/o/r.git").await.expect("names");
    assert_eq!(names, ["b1", "b2"]);
    assert_eq!(server.requests()[0].line, "GET /repos/o/r/branches?per_page=100&page=1");
    let bad = at(&server).branches("https://github.com/o").await.expect_err("no name");
    assert_eq!(bad.code, ErrorCode::BadRequest);
}
