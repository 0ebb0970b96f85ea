//! How the practice agent takes being stopped: well, unless it was told to behave badly.

use agent_client_protocol::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What the process ignores from now on.
#[derive(Debug, Default)]
pub(crate) struct StopBehaviour {
    ignores_cancel: AtomicBool,
    ignores_everything: AtomicBool,
}

impl StopBehaviour {
    /// A cancelled turn goes on all the same.
    pub(crate) fn ignore_cancel(&self) {
        self.ignores_cancel.store(true, Ordering::SeqCst);
    }

    /// Nothing but a kill ends the process.
    pub(crate) fn ignore_all_stops(&self) -> Result<(), Error> {
        self.ignore_cancel();
        self.ignores_everything.store(true, Ordering::SeqCst);
        ignore_signals().map_err(Error::into_internal_error)
    }

    /// Whether the end of its input ends the process.
    pub(crate) fn ends_with_input(&self) -> bool {
        !self.ignores_everything.load(Ordering::SeqCst)
    }

    /// Waits until the turn is cancelled and that isn't ignored.
    pub(crate) async fn wait_for_cancel(&self, mut asked: watch::Receiver<bool>) {
        // An error: the session is gone, and with it whoever could cancel.
        if asked.wait_for(|asked| *asked).await.is_err()
            || self.ignores_cancel.load(Ordering::SeqCst)
        {
            std::future::pending::<()>().await;
        }
    }
}

/// A signal that somebody listens to no longer ends the process, even when the listener
/// is gone again.
#[cfg(unix)]
fn ignore_signals() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        drop(signal(kind)?);
    }
    Ok(())
}

#[cfg(not(unix))]
fn ignore_signals() -> std::io::Result<()> {
    tokio::signal::windows::ctrl_c().map(drop)
}
