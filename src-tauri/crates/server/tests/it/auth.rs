//! Every route with every key, host and origin: only the right one passes.

use crate::openapi::{OpenApiDocument, Route};
use crate::server_env::{KEY, ServerEnv};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_key_host_and_origin_pass_on_every_route() {
    let env = ServerEnv::new().await;
    let run = env.run_batch(&["Finish"]).await.header("x-regatta-run").to_owned();
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    let routes = api.routes();
    assert!(routes.len() >= 12, "{routes:?}");
    let address = env.client.address.to_string();
    let port = env.client.address.port();
    let hosts = [
        (Some(address.clone()), true),
        (Some(format!("localhost:{port}")), true),
        (Some(format!("evil.example:{port}")), false),
        (None, false),
    ];
    let origins = [
        (None, true),
        (Some(format!("http://{address}")), true),
        (Some("null".to_owned()), false),
        (Some("https://evil.example".to_owned()), false),
    ];
    let keys = [
        (Some(("x-api-key", KEY.to_owned())), true),
        (Some(("authorization", format!("Bearer {KEY}"))), true),
        (Some(("x-api-key", format!("{KEY}x"))), false),
        (None, false),
    ];
    for route in &routes {
        let path = route.path.replace("{run_id}", &run).replace("{task_name}", "t0");
        for (host, good_host) in &hosts {
            for (origin, good_origin) in &origins {
                for (key, good_key) in &keys {
                    let mut headers: Vec<(&str, String)> = Vec::new();
                    headers.extend(host.clone().map(|host| ("host", host)));
                    headers.extend(origin.clone().map(|origin| ("origin", origin)));
                    headers.extend(key.clone());
                    let answer = env.client.send(&route.method, &path, &headers, b"").await;
                    let open = route.path == "/healthz";
                    let expected = match (*good_host && *good_origin, *good_key || open) {
                        (false, _) => Some(403),
                        (true, false) => Some(401),
                        (true, true) => None,
                    };
                    let case = format!("{route:?} {headers:?}: {}", answer.status);
                    match expected {
                        Some(status) => assert_eq!(answer.status, status, "{case}"),
                        None => assert!(![401, 403].contains(&answer.status), "{case}"),
                    }
                    assert_eq!(api.find_mismatch(route, &answer), None, "{case}");
                    let foreign =
                        |(name, _): &&(String, String)| name.starts_with("access-control");
                    assert_eq!(answer.headers.iter().find(foreign), None, "{case}");
                }
            }
        }
    }
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_not_is_not_told_without_a_key() {
    let env = ServerEnv::new().await;
    let host = ("host", env.client.address.to_string());
    for (method, path) in [("GET", "/nothing"), ("PUT", "/v1/runs"), ("OPTIONS", "/invoke/stdout")]
    {
        let answer = env.client.send(method, path, std::slice::from_ref(&host), b"").await;
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "unauthorized"), "{path}");
    }
    assert_eq!(env.client.request("GET", "/nothing").await.error_code(), "not_found");
    let put = env.client.request("PUT", "/v1/runs").await;
    assert_eq!(
        (put.status, put.error_code().as_str(), put.header("allow")),
        (405, "bad_request", "GET,HEAD")
    );
    env.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_exactly_the_routes_that_there_are() {
    let env = ServerEnv::new().await;
    let api = OpenApiDocument(env.client.request("GET", "/openapi.json").await.json());
    for Route { method, path } in api.routes() {
        let other = if method == "GET" { "POST" } else { "GET" };
        let both = api.routes().iter().any(|route| route.path == path && route.method == other);
        let path = path.replace("{run_id}", "r").replace("{task_name}", "t");
        let there = env.client.request(&method, &path).await;
        assert_ne!(there.status, 405, "{method} {path}");
        let not_there = env.client.request(other, &path).await;
        assert!(both || not_there.status == 405, "{other} {path}");
    }
    env.shut_down().await;
}
