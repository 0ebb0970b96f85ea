//! What the agent says it used, and whether that is more than it may.

use agent_client_protocol::v1::schema::UsageUpdate;
use regatta_protocol::event::Usage;
use regatta_trace::LogDropped;
use tokio::sync::oneshot;

/// The agent's own figures.
#[derive(Debug)]
pub(super) struct UsageMeter {
    limit_cents: Option<u32>,
    cost_usd: Option<f64>,
    /// Told once, when the limit is reached.
    limit_reached: Option<oneshot::Sender<()>>,
}

impl UsageMeter {
    /// And what tells that the limit is reached.
    pub(super) fn with_limit(limit_cents: Option<u32>) -> (Self, oneshot::Receiver<()>) {
        let (over, told) = oneshot::channel();
        (Self { limit_cents, cost_usd: None, limit_reached: Some(over) }, told)
    }

    /// What was used so far.
    pub(super) fn update(&mut self, update: &UsageUpdate) -> Usage {
        let dollars = update.cost.as_ref().filter(|cost| cost.currency == "USD");
        self.cost_usd = dollars.map(|cost| cost.amount).or(self.cost_usd);
        let reached =
            |limit: u32| self.cost_usd.is_some_and(|cost| cost * 100.0 >= f64::from(limit));
        if self.limit_cents.is_some_and(reached)
            && let Some(over) = self.limit_reached.take()
        {
            // An error: the conversation is over anyway.
            over.send(()).log_failed("ending a turn that costs too much");
        }
        self.usage(update.used)
    }

    /// The tokens of a turn, with the cost that was told before.
    pub(super) const fn usage(&self, tokens: u64) -> Usage {
        Usage { tokens, cost_usd: self.cost_usd }
    }
}
