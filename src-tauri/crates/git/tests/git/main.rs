//! The door to git on real repositories in temporary folders.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]
#![expect(clippy::disallowed_methods, reason = "tests look from outside")]

mod caches;
mod changes;
mod copies;
mod environment;
mod hostile;
mod main_path;
mod projects;
mod publishing;
mod save_points;
mod test_env;
