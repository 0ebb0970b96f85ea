//! The Cloud Coding API from the caller's side. [`send`] makes the calls, [`stream`] holds an
//! answer's events, which [`frame`] cuts out of the bytes and [`decode`] makes into what they
//! say ([`received`]); [`resume`] goes on where a connection was lost, as far as that was
//! offered. [`github`] lists repositories. Nothing here keeps anything.

pub mod address;
mod answer;
pub mod body;
pub mod decode;
pub mod error;
pub mod frame;
pub mod github;
pub mod pulse;
pub mod received;
pub mod resume;
pub mod send;
pub mod stream;

pub use address::{Address, RunId};
pub use body::{InvokeBody, Work};
pub use error::{Broken, CallError};
pub use github::GitHub;
pub use received::{Item, Received};
pub use resume::{Heard, Session, SessionEnd, Timing};
pub use send::{Client, Order};
pub use stream::Stream;
