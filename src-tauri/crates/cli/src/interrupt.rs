//! Ctrl-C, the polite signal to end, or the end of the terminal.

use regatta_process::TerminationSignals;
use std::io;

/// A wish to end.
#[derive(Debug)]
pub(crate) struct Interrupt(TerminationSignals);

impl Interrupt {
    /// From now on a signal is kept until [`Interrupt::wait`] is asked.
    pub(crate) fn watch() -> io::Result<Self> {
        TerminationSignals::listen().map(Self)
    }

    /// Waits until it comes.
    pub(crate) async fn wait(&mut self) {
        self.0.recv().await;
    }
}
