//! A batch's log as a stream of server-sent events.

use crate::end_summary::EndSummary;
use crate::error::ApiError;
use crate::sse;
use crate::state::AppState;
use crate::task_names::TaskNames;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use regatta_engine::{Engine, EngineError, Follower};
use regatta_protocol::wire::RUN_HEADER;
use regatta_protocol::{BatchId, Event, LogEvent};
use regatta_trace::LogDropped;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// Answers with the batch's events after number `after`: those that are there, and then
/// each as soon as it is in the log, until the batch is over.
pub(crate) async fn respond(
    state: &AppState,
    batch: &BatchId,
    after: u64,
    permit: OwnedSemaphorePermit,
) -> Result<Response, ApiError> {
    let feed = EventStream {
        engine: state.engine.clone(),
        follower: state.engine.follow(batch, after),
        batch: batch.clone(),
        names: state.task_names(batch).await?,
        end_summary: EndSummary::default(),
        heartbeat: state.limits.heartbeat_interval,
        _permit: permit,
    };
    // The next piece is made when the last one was taken: a slow reader makes nothing pile up.
    let pieces = stream::unfold(feed, |mut feed| async move {
        let piece = feed.next().await?;
        Some((Ok::<_, Infallible>(piece), feed))
    });
    let run = HeaderValue::from_str(batch.as_str()).expect("BUG: an id is plain");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        (HeaderName::from_static(RUN_HEADER), run),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// What one open stream holds.
struct EventStream {
    engine: Engine,
    follower: Follower,
    batch: BatchId,
    names: Arc<TaskNames>,
    end_summary: EndSummary,
    heartbeat: Duration,
    _permit: OwnedSemaphorePermit,
}

impl EventStream {
    /// What comes next: events, or a sign of life; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        // A follower that was left waiting has lost nothing.
        match tokio::time::timeout(self.heartbeat, self.follower.next()).await {
            Err(_) => Some(Bytes::from_static(sse::HEARTBEAT_COMMENT.as_bytes())),
            Ok(None) => None,
            Ok(Some(entries)) => {
                self.encode_entries(&entries).await.log_dropped("reading a stream's next events")
            }
        }
    }

    /// The entries as events. Fails when the engine was closed under it; whoever reads comes
    /// back for the rest.
    async fn encode_entries(&mut self, entries: &[LogEvent]) -> Result<Bytes, EngineError> {
        let mut text = String::new();
        for entry in entries {
            self.end_summary.record(entry);
            if matches!(entry.event, Event::End) {
                let views = self.engine.batch(&self.batch).await?.tasks;
                text +=
                    &sse::encode_end(&self.end_summary.end_event(entry.seq, &views, &self.names));
            } else {
                text += &sse::encode_entry(&self.batch, entry, &self.names);
            }
        }
        Ok(text.into())
    }
}
