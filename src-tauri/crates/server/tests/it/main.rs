//! The server over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod agent_selection;
mod answers;
mod auth;
mod http_client;
mod idempotency;
mod limits;
mod openapi;
mod openapi_conformance;
mod requests;
mod server_env;
mod streams;
