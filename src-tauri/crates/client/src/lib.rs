//! The Cloud Coding API from the caller's side. [`send`] makes the calls, [`stream`] holds an
//! answer's events, which [`frame`] cuts out of the bytes and [`decode`] makes into what they
//! say ([`event`]); [`resume`] goes on where a connection was lost, as far as that was
//! offered. [`github`] lists repositories. Nothing here keeps anything.

pub mod address;
pub mod decode;
pub mod error;
pub mod event;
pub mod frame;
pub mod github;
pub mod heartbeat;
pub mod invoke_body;
mod response_error;
pub mod resume;
pub mod send;
pub mod stream;

pub use address::{Address, RunId};
pub use error::{CallError, StreamError};
pub use event::{DecodedEvent, EventPart};
pub use github::GitHub;
pub use invoke_body::{InvokeBody, Work};
pub use resume::{Session, SessionEnd, SessionEvent, Timing};
pub use send::{Client, RunCommand};
pub use stream::ResponseStream;
