//! Who takes what our rooms write, and in which form.

use crate::Filter;
use crate::log_file::LogFile;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{self, DefaultGuard};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Filter as LayerFilter, Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// From now on, all of this process writes into `logs/regatta.log` below `data_dir`: a line an
/// event, with its time (UTC), level, spans and room. The file is its user's only, and it and
/// the few before it stay below a bound.
///
/// # Errors
/// The folder or the file can't be made.
///
/// # Panics
/// When the process has a log already.
pub fn log_to_file(data_dir: &Path, filter: Filter) -> io::Result<()> {
    let file = LogFile::open(&data_dir.join("logs"))?;
    let lines = fmt::layer().with_ansi(false).log_internal_errors(false);
    let lines = lines.with_writer(Mutex::new(file)).with_filter(filter.0.and(is_ours()));
    registry().with(lines).init();
    Ok(())
}

/// Hands each line of this thread, with its level, to `send`, until the guard is dropped. The
/// line has neither a time nor a level: whoever writes it adds both.
#[must_use]
pub fn log_to(
    level: LevelFilter,
    send: impl Fn(Level, String) + Send + Sync + 'static,
) -> DefaultGuard {
    let lines = fmt::layer().with_ansi(false).without_time().with_level(false);
    let lines = lines.with_writer(LineSender(send)).with_filter(level.and(is_ours()));
    subscriber::set_default(registry().with(lines))
}

/// Lets our own rooms through and nothing else.
fn is_ours<S: Subscriber>() -> impl LayerFilter<S> {
    filter_fn(|metadata| metadata.target().starts_with("regatta"))
        .with_max_level_hint(LevelFilter::TRACE)
}

/// Makes a writer for each line, which knows its level.
struct LineSender<F>(F);

impl<'a, F: Fn(Level, String) + 'a> MakeWriter<'a> for LineSender<F> {
    type Writer = LineWriter<'a, F>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter { level: Level::INFO, send: &self.0 }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        LineWriter { level: *metadata.level(), send: &self.0 }
    }
}

struct LineWriter<'a, F> {
    level: Level,
    send: &'a F,
}

impl<F: Fn(Level, String)> io::Write for LineWriter<'_, F> {
    /// Takes a whole line, as the layer writes each at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        (self.send)(self.level, String::from_utf8_lossy(line).trim_end().to_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tracing::{debug, error_span, info, warn};

    #[test]
    fn our_lines_come_with_their_spans_and_nobody_elses_do() {
        let (send, lines) = mpsc::channel();
        let guard = log_to(LevelFilter::INFO, move |level, line| {
            send.send((level, line)).expect("it is read");
        });
        error_span!("attempt", task = "t1", attempt = 2).in_scope(|| warn!(left = 3, "slow"));
        debug!("too fine");
        info!(target: "hyper::proto", "a header");
        drop(guard);
        let lines: Vec<(Level, String)> = lines.iter().collect();
        let expected =
            "attempt{task=\"t1\" attempt=2}: regatta_trace::subscriber::tests: slow left=3";
        assert_eq!(lines, [(Level::WARN, expected.to_owned())]);
    }
}
