//! Where the task stands while its agent is at work, and how much of its time is left.

use crate::output::EventSender;
use regatta_protocol::{Event, Status};
use std::time::Duration;
use tokio::time::Instant;

/// Working, asking or held; told whenever it changes.
#[derive(Debug)]
pub(crate) struct StatusTracker {
    events: EventSender,
    last_sent: Option<Status>,
    is_asking: bool,
    is_paused: bool,
    clock: WorkTimer,
}

impl StatusTracker {
    /// The agent's program is up.
    pub(crate) fn start(events: EventSender, limit: Option<Duration>) -> Self {
        let clock = WorkTimer { remaining: limit, running_since: None };
        let mut standing =
            Self { events, last_sent: None, is_asking: false, is_paused: false, clock };
        standing.publish();
        standing
    }

    /// A person is asked, or no longer.
    pub(crate) fn set_asking(&mut self, asking: bool) {
        self.is_asking = asking;
        self.publish();
    }

    /// The agent is held, or no longer.
    pub(crate) fn set_paused(&mut self, held: bool) {
        self.is_paused = held;
        self.publish();
    }

    /// Whether the agent is held.
    pub(crate) const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Waits until the agent has used up its time.
    pub(crate) async fn wait_for_time_limit(&self) {
        match self.clock.deadline() {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    }

    fn publish(&mut self) {
        let status = match (self.is_paused, self.is_asking) {
            (true, _) => Status::Paused,
            (false, true) => Status::NeedsYou,
            (false, false) => Status::Working,
        };
        if self.last_sent != Some(status) {
            self.last_sent = Some(status);
            self.clock.set_running(status == Status::Working);
            self.events.send(Event::Status { status, notice: None });
        }
    }
}

/// The agent's time, which runs only while it works.
#[derive(Debug)]
struct WorkTimer {
    /// `None` if it has no limit.
    remaining: Option<Duration>,
    /// Since when it runs; `None` if it stands.
    running_since: Option<Instant>,
}

impl WorkTimer {
    fn set_running(&mut self, runs: bool) {
        if let (Some(left), Some(since)) = (&mut self.remaining, self.running_since) {
            *left = left.saturating_sub(since.elapsed());
        }
        self.running_since = runs.then(Instant::now);
    }

    /// When it runs out, if it goes on like this.
    fn deadline(&self) -> Option<Instant> {
        Some(self.running_since? + self.remaining?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_runs_only_while_the_agent_works() {
        let mut clock = WorkTimer { remaining: Some(Duration::from_secs(10)), running_since: None };
        assert_eq!(clock.deadline(), None);
        clock.set_running(true);
        tokio::time::advance(Duration::from_secs(4)).await;
        clock.set_running(false);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(clock.deadline(), None, "it stands");
        clock.set_running(true);
        assert_eq!(clock.deadline(), Some(Instant::now() + Duration::from_secs(6)));
        let mut endless = WorkTimer { remaining: None, running_since: None };
        endless.set_running(true);
        assert_eq!(endless.deadline(), None);
    }
}
