//! Whether a quiet connection is still alive, told by its heartbeats. Pure: the time is
//! passed in.

use std::time::{Duration, Instant};

/// After how many of its periods without a sign a heartbeat is taken for stopped.
const PERIODS: u32 = 3;

/// The heartbeats of one connection.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// The period while it isn't known.
    assumed: Duration,
    /// The longest time between two heartbeats with nothing between them.
    measured: Option<Duration>,
    /// When anything came last.
    heard: Instant,
    /// When the last heartbeat came, if no event came after it.
    beat: Option<Instant>,
    has_beaten: bool,
}

impl Pulse {
    /// No heartbeat was seen yet; `assumed` stands for their period until two were.
    #[must_use]
    pub fn new(assumed: Duration, now: Instant) -> Self {
        Self { assumed, measured: None, heard: now, beat: None, has_beaten: false }
    }

    /// Bytes came, whatever they are: a slow connection isn't a dead one.
    pub fn sign(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A heartbeat came.
    pub fn beat(&mut self, now: Instant) {
        if let Some(last) = self.beat {
            let between = now.saturating_duration_since(last);
            self.measured = Some(self.measured.unwrap_or_default().max(between));
        }
        (self.beat, self.has_beaten) = (Some(now), true);
        self.sign(now);
    }

    /// An event came.
    pub fn event(&mut self, now: Instant) {
        self.beat = None;
        self.sign(now);
    }

    /// When the connection is dead if nothing comes until then; none: that can't be told, as
    /// there were no heartbeats.
    #[must_use]
    pub fn dead_at(&self) -> Option<Instant> {
        // Beats that were held up on the way come at once and measure nothing: the assumed
        // period is the least.
        let period = self.measured.unwrap_or_default().max(self.assumed);
        self.has_beaten.then(|| self.heard + period * PERIODS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn without_heartbeats_silence_means_nothing() {
        let start = Instant::now();
        let mut pulse = Pulse::new(S(5), start);
        assert_eq!(pulse.dead_at(), None);
        pulse.event(start + S(9));
        assert_eq!(pulse.dead_at(), None);
    }

    #[test]
    fn three_periods_of_silence_are_death() {
        let start = Instant::now();
        let mut pulse = Pulse::new(S(5), start);
        pulse.beat(start + S(1));
        assert_eq!(pulse.dead_at(), Some(start + S(16)), "assumed");
        pulse.beat(start + S(21));
        assert_eq!(pulse.dead_at(), Some(start + S(81)), "measured");
        pulse.beat(start + S(22));
        assert_eq!(pulse.dead_at(), Some(start + S(82)), "the longest counts");
        pulse.sign(start + S(25));
        assert_eq!(pulse.dead_at(), Some(start + S(85)), "bytes of something");
        pulse.event(start + S(30));
        assert_eq!(pulse.dead_at(), Some(start + S(90)));
        pulse.beat(start + S(300));
        assert_eq!(pulse.dead_at(), Some(start + S(360)), "events between: not a period");
    }
}
