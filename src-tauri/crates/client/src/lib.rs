//! The Cloud Coding API from the caller's side.
