//! The places that an engine knows: which requests run where, what can be done there, and the
//! scheduler of each.

use crate::runner::Runner;
use crate::scheduler::{AttemptDriver, PersistedQueue, Scheduler};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{Capability, Place, PlaceId};
use std::sync::Arc;

/// What people call the place of requests that name no endpoint.
const LOCAL_LABEL: &str = "This computer";

/// Which requests run in a kind of place, and what can be done there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaceSpec {
    kind: &'static str,
    /// Whether tasks run there whose request names this endpoint, or none.
    accepts: fn(Option<&Endpoint>) -> bool,
    capabilities: &'static [Capability],
}

impl PlaceSpec {
    /// With the capabilities of its runner.
    pub(crate) fn new(
        kind: &'static str,
        accepts: fn(Option<&Endpoint>) -> bool,
        runner: &impl Runner,
    ) -> Self {
        Self { kind, accepts, capabilities: runner.capabilities() }
    }

    /// Whether something can be done there.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// The place itself, of a request that runs there.
    pub(crate) fn place(&self, endpoint: Option<&Endpoint>) -> Place {
        let (id, label) = match endpoint {
            Some(endpoint) => ((&endpoint.id).into(), endpoint.name.clone()),
            None => {
                (PlaceId::parse(self.kind).expect("BUG: a kind is an id"), LOCAL_LABEL.to_owned())
            }
        };
        let capabilities = self.capabilities.to_vec();
        Place { id, kind: self.kind.to_owned(), label, capabilities }
    }
}

/// The first of `specs` where tasks run whose request names this endpoint, or none.
pub(crate) fn find_spec<'a>(
    specs: impl IntoIterator<Item = &'a PlaceSpec>,
    endpoint: Option<&Endpoint>,
) -> &'a PlaceSpec {
    let found = specs.into_iter().find(|spec| (spec.accepts)(endpoint));
    found.expect("BUG: one of the places takes each request")
}

/// A kind of place with its scheduler, which all places of the kind share.
#[derive(Debug)]
pub(crate) struct PlaceHost {
    pub(crate) spec: PlaceSpec,
    pub(crate) scheduler: Scheduler,
}

impl PlaceHost {
    /// Starts its scheduler, with what was suspended when the one before ended.
    pub(crate) fn start<R: Runner>(
        spec: PlaceSpec,
        driver: Arc<AttemptDriver<R>>,
        limit: u32,
        suspended: PersistedQueue,
    ) -> Self {
        Self { spec, scheduler: Scheduler::start(driver, limit, suspended) }
    }
}

/// All places of an engine.
#[derive(Debug)]
pub(crate) struct Places(pub(crate) Vec<PlaceHost>);

impl Places {
    /// The place where tasks run whose request names this endpoint, or none.
    pub(crate) fn place_of(&self, endpoint: Option<&Endpoint>) -> Place {
        find_spec(self.0.iter().map(|host| &host.spec), endpoint).place(endpoint)
    }

    /// The scheduler of a place.
    pub(crate) fn scheduler(&self, place: &Place) -> &Scheduler {
        let host = self.0.iter().find(|host| host.spec.kind == place.kind);
        &host.expect("BUG: places are made from hosts").scheduler
    }

    /// The schedulers of all places.
    pub(crate) fn schedulers(&self) -> impl Iterator<Item = &Scheduler> {
        self.0.iter().map(|host| &host.scheduler)
    }

    /// The schedulers of the places where something can be done.
    pub(crate) fn schedulers_with(
        &self,
        capability: Capability,
    ) -> impl Iterator<Item = &Scheduler> {
        self.0.iter().filter(move |host| host.spec.can(capability)).map(|host| &host.scheduler)
    }
}

/// A place with these capabilities.
#[cfg(test)]
pub(crate) fn sample_place(capabilities: &[Capability]) -> Place {
    Place {
        id: PlaceId::parse("sample").expect("an id"),
        kind: "sample".to_owned(),
        label: "Sample".to_owned(),
        capabilities: capabilities.to_vec(),
    }
}
