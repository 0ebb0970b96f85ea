//! Whole batches through the real program, worker and practice agent, on real repositories.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod bad_agents;
mod bad_input;
mod canary;
mod crash;
mod finish;
mod log;
mod names;
mod questions;
mod remote;
mod sandbox;
mod serve;
mod task_control;
mod terminal;
