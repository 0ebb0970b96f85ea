//! The door to git on real repositories in temporary folders.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod main_path;
mod room;
