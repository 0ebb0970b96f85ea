//! The worker as the engine meets it: a program at the end of two pipes.

#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod acp;
mod acp_traffic;
mod bad_acp;
mod command;
mod flood;
mod practice;
mod probe;
mod restrict;
mod sandbox;
mod session;
mod start_failures;
mod stopping;
mod test_env;
