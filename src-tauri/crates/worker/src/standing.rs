//! Where the task stands while its agent is at work, and how much of its time is left.

use crate::output::Events;
use regatta_protocol::{Event, Status};
use std::time::Duration;
use tokio::time::Instant;

/// Working, asking or held; told whenever it changes.
#[derive(Debug)]
pub(crate) struct Standing {
    events: Events,
    told: Option<Status>,
    asking: bool,
    held: bool,
    clock: Clock,
}

impl Standing {
    /// The agent's program is up.
    pub(crate) fn begin(events: Events, limit: Option<Duration>) -> Self {
        let clock = Clock { left: limit, since: None };
        let mut standing = Self { events, told: None, asking: false, held: false, clock };
        standing.tell();
        standing
    }

    /// A person is asked, or no longer.
    pub(crate) fn set_asking(&mut self, asking: bool) {
        self.asking = asking;
        self.tell();
    }

    /// The agent is held, or no longer.
    pub(crate) fn set_held(&mut self, held: bool) {
        self.held = held;
        self.tell();
    }

    /// Whether the agent is held.
    pub(crate) const fn is_held(&self) -> bool {
        self.held
    }

    /// Waits until the agent has used up its time.
    pub(crate) async fn time_is_up(&self) {
        match self.clock.end() {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    }

    fn tell(&mut self) {
        let status = match (self.held, self.asking) {
            (true, _) => Status::Paused,
            (false, true) => Status::NeedsYou,
            (false, false) => Status::Working,
        };
        if self.told != Some(status) {
            self.told = Some(status);
            self.clock.run(status == Status::Working);
            self.events.send(Event::Status { status, notice: None });
        }
    }
}

/// The agent's time, which runs only while it works.
#[derive(Debug)]
struct Clock {
    /// None: it has no limit.
    left: Option<Duration>,
    /// Since when it runs; none: it stands.
    since: Option<Instant>,
}

impl Clock {
    fn run(&mut self, runs: bool) {
        if let (Some(left), Some(since)) = (&mut self.left, self.since) {
            *left = left.saturating_sub(since.elapsed());
        }
        self.since = runs.then(Instant::now);
    }

    /// When it runs out, if it goes on like this.
    fn end(&self) -> Option<Instant> {
        Some(self.since? + self.left?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_runs_only_while_the_agent_works() {
        let mut clock = Clock { left: Some(Duration::from_secs(10)), since: None };
        assert_eq!(clock.end(), None);
        clock.run(true);
        tokio::time::advance(Duration::from_secs(4)).await;
        clock.run(false);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(clock.end(), None, "it stands");
        clock.run(true);
        assert_eq!(clock.end(), Some(Instant::now() + Duration::from_secs(6)));
        let mut endless = Clock { left: None, since: None };
        endless.run(true);
        assert_eq!(endless.end(), None);
    }
}
