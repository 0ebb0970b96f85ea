//! Whether a quiet connection is still alive, told by its heartbeats. Pure: the time is
//! passed in.

use std::time::{Duration, Instant};

/// After how many of its periods without a sign a heartbeat is taken for stopped.
const MISSED_PERIODS: u32 = 3;

/// The heartbeats of one connection.
#[derive(Debug, Clone)]
pub struct HeartbeatMonitor {
    /// The period while it isn't known.
    assumed_period: Duration,
    /// The longest time between two heartbeats with nothing between them.
    measured_period: Option<Duration>,
    /// When anything came last.
    last_bytes_at: Instant,
    /// When the last heartbeat came, if no event came after it.
    last_heartbeat_at: Option<Instant>,
    has_heartbeats: bool,
}

impl HeartbeatMonitor {
    /// No heartbeat was seen yet; `assumed` stands for their period until two were.
    #[must_use]
    pub fn new(assumed_period: Duration, now: Instant) -> Self {
        Self {
            assumed_period,
            measured_period: None,
            last_bytes_at: now,
            last_heartbeat_at: None,
            has_heartbeats: false,
        }
    }

    /// Bytes came, whatever they are: a slow connection isn't a dead one.
    pub fn on_bytes(&mut self, now: Instant) {
        self.last_bytes_at = now;
    }

    /// A heartbeat came.
    pub fn on_heartbeat(&mut self, now: Instant) {
        if let Some(last) = self.last_heartbeat_at {
            let between = now.saturating_duration_since(last);
            self.measured_period = Some(self.measured_period.unwrap_or_default().max(between));
        }
        (self.last_heartbeat_at, self.has_heartbeats) = (Some(now), true);
        self.on_bytes(now);
    }

    /// An event came.
    pub fn on_event(&mut self, now: Instant) {
        self.last_heartbeat_at = None;
        self.on_bytes(now);
    }

    /// When the connection is dead if nothing comes until then; `None` if that can't be told, as
    /// there were no heartbeats.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        // Beats that were held up on the way come at once and measure nothing: the assumed
        // period is the least.
        let period = self.measured_period.unwrap_or_default().max(self.assumed_period);
        self.has_heartbeats.then(|| self.last_bytes_at + period * MISSED_PERIODS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn without_heartbeats_silence_means_nothing() {
        let start = Instant::now();
        let mut pulse = HeartbeatMonitor::new(S(5), start);
        assert_eq!(pulse.deadline(), None);
        pulse.on_event(start + S(9));
        assert_eq!(pulse.deadline(), None);
    }

    #[test]
    fn three_periods_of_silence_are_death() {
        let start = Instant::now();
        let mut pulse = HeartbeatMonitor::new(S(5), start);
        pulse.on_heartbeat(start + S(1));
        assert_eq!(pulse.deadline(), Some(start + S(16)), "assumed");
        pulse.on_heartbeat(start + S(21));
        assert_eq!(pulse.deadline(), Some(start + S(81)), "measured");
        pulse.on_heartbeat(start + S(22));
        assert_eq!(pulse.deadline(), Some(start + S(82)), "the longest counts");
        pulse.on_bytes(start + S(25));
        assert_eq!(pulse.deadline(), Some(start + S(85)), "bytes of something");
        pulse.on_event(start + S(30));
        assert_eq!(pulse.deadline(), Some(start + S(90)));
        pulse.on_heartbeat(start + S(300));
        assert_eq!(pulse.deadline(), Some(start + S(360)), "events between: not a period");
    }
}
