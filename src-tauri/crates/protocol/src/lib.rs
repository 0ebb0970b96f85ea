//! The words that every room shares: what is asked for ([`request`]), what happened
//! ([`event`]), where a task stands ([`status`]), what a person is shown ([`view`],
//! [`app`]), what went wrong ([`user_message`]) and why ([`cause`]), where that is read ([`Edge`]), what the engine and a worker say to each other
//! over a pipe ([`worker`]), which agents there are ([`agent`]) and how they are named
//! ([`agent_name`]), where tasks run ([`place`]), which places there are besides this computer
//! ([`endpoint`]), where a repository is ([`repository_address`]), what is said over the
//! network ([`wire`]), and how others' JSON is
//! repaired ([`json_text`]) and read ([`reading`]). Only serde: no I/O, no time, no randomness.

pub mod agent;
pub mod agent_name;
pub mod app;
pub mod cause;
mod edge;
pub mod endpoint;
pub mod event;
pub mod id;
pub mod json_text;
mod outcome;
pub mod place;
pub mod question;
pub mod reading;
pub mod repository_address;
pub mod request;
mod request_problems;
pub mod secret;
pub mod status;
pub mod user_message;
pub mod view;
pub mod wire;
pub mod worker;

pub use agent::{KnownAgent, Safety};
pub use cause::Cause;
pub use edge::Edge;
pub use endpoint::Endpoint;
pub use event::{Event, LogEvent};
pub use id::{BatchId, EndpointId, PlaceId, TaskId};
pub use place::{Capability, Place};
pub use repository_address::{AddressProblem, RepositoryAddress};
pub use request::{AgentChoice, BatchRequest, TaskRequest};
pub use secret::Secret;
pub use status::Status;
pub use user_message::{ErrorCode, UserMessage};
pub use view::{BatchView, TaskView};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;
