//! Where a task stands, and which step may follow which.

use serde::{Deserialize, Serialize};

/// Where a task stands. It comes from facts that we own (the process, the stream, the
/// terminal event, git), never from silence or from an exit code alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In the queue.
    Waiting,
    /// Its agent is at work.
    Working,
    /// Its agent asked a person something and waits for the answer.
    NeedsYou,
    /// Held by us (no disk space, a usage limit); goes on by itself.
    Paused,
    /// The agent ended its turn by its own word and the result is saved.
    Finished,
    /// It ended without a result that can be trusted; the outcome says why.
    Failed,
    /// A person stopped it.
    Stopped,
    /// We ended while it worked.
    Interrupted,
    /// The place can't be reached, so nobody here knows how it ended.
    Unknown,
}

impl Status {
    /// Every status, in the order in which counts are shown.
    pub const ALL: [Self; 9] = [
        Self::Finished,
        Self::Working,
        Self::NeedsYou,
        Self::Paused,
        Self::Waiting,
        Self::Failed,
        Self::Stopped,
        Self::Interrupted,
        Self::Unknown,
    ];

    /// The word that people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Working => "Working",
            Self::NeedsYou => "Needs you",
            Self::Paused => "Paused",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::Interrupted => "Interrupted",
            Self::Unknown => "Connection lost, outcome unknown",
        }
    }

    /// Whether the attempt is over, so that only a new attempt changes it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Failed | Self::Stopped | Self::Interrupted | Self::Unknown
        )
    }

    /// Whether a process of ours is at work on it (or is held in mid-work).
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Working | Self::NeedsYou | Self::Paused)
    }

    /// Whether a task may go from `self` to `next`. This is the whole state machine.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        use Status::{
            Failed, Finished, Interrupted, NeedsYou, Paused, Stopped, Unknown, Waiting, Working,
        };
        match self {
            // A waiting task can fail before any agent started (its program is gone), and a
            // place may be out of reach before it said that a task had begun.
            Waiting => matches!(next, Working | Paused | Stopped | Failed | Interrupted | Unknown),
            Working => !matches!(next, Waiting | Working),
            NeedsYou => !matches!(next, Waiting | NeedsYou),
            Paused => !matches!(next, Paused),
            // Looking at the place again may still tell how it ended.
            Unknown => matches!(next, Working | Finished | Failed | Stopped | Waiting),
            // Only a new attempt follows an end.
            Finished | Failed | Stopped | Interrupted => matches!(next, Waiting),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: from. Columns: to, in the order of the letters. `x` = allowed.
    const TABLE: [(Status, &str); 9] = [
        //                      W w n p F f s i u
        (Status::Waiting, "     . x . x . x x x x"),
        (Status::Working, "     . . x x x x x x x"),
        (Status::NeedsYou, "    . x . x x x x x x"),
        (Status::Paused, "      x x x . x x x x x"),
        (Status::Finished, "    x . . . . . . . ."),
        (Status::Failed, "      x . . . . . . . ."),
        (Status::Stopped, "     x . . . . . . . ."),
        (Status::Interrupted, " x . . . . . . . ."),
        (Status::Unknown, "     x x . . x x x . ."),
    ];

    const COLUMNS: [Status; 9] = [
        Status::Waiting,
        Status::Working,
        Status::NeedsYou,
        Status::Paused,
        Status::Finished,
        Status::Failed,
        Status::Stopped,
        Status::Interrupted,
        Status::Unknown,
    ];

    #[test]
    fn the_state_machine_is_this_table() {
        for (from, row) in TABLE {
            let cells: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(cells.len(), COLUMNS.len());
            for (to, cell) in COLUMNS.into_iter().zip(cells) {
                assert_eq!(from.can_become(to), cell == "x", "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn every_status_is_waiting_active_or_over() {
        for status in Status::ALL {
            let kinds = [status == Status::Waiting, status.is_active(), status.is_over()];
            assert_eq!(kinds.iter().filter(|k| **k).count(), 1, "{status:?}");
        }
    }
}
