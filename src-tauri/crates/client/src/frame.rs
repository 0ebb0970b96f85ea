//! Cuts a stream of bytes into server-sent events. Pure: bytes in, frames out. Source:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.
//!
//! `eventsource-stream` reads an event's fields. It panics on a byte-order mark, keeps back
//! whatever follows one byte that isn't UTF-8, and reads an unfinished line again from its
//! start with each piece that comes. So here the ends of lines and events are found, without
//! looking at a byte twice, and it is only ever given one whole event of valid text.

use bytes::Bytes;
use eventsource_stream::EventStream;
use futures::{FutureExt, StreamExt, stream};
use std::borrow::Cow;
use std::convert::Infallible;
use std::mem;

pub use eventsource_stream::Event;

/// The largest event that is taken, in bytes.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;
/// How much room is kept for the next event when one was larger.
const RETAINED_CAPACITY: usize = 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// A larger event is handed over line by line, as what follows a line is copied for each.
const SMALL_EVENT_BYTES: usize = 512;

/// What was found in the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// An event that has data.
    Event(Event),
    /// A comment; servers send them as heartbeats.
    Comment,
}

/// An event is larger than is taken. Nothing after it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTooLarge;

/// Takes the bytes of one stream and gives its frames.
#[derive(Debug)]
pub struct Framer {
    max_event_bytes: usize,
    input: Bytes,
    /// How much of `input` was read.
    input_read: usize,
    /// The event's lines so far, each ended by one LF, and what came of the next line.
    block: Vec<u8>,
    /// Where in `block` the unfinished line begins.
    line: usize,
    /// Whether a CR ended the last line, so that a LF that follows belongs to it.
    after_cr: bool,
    is_first_line: bool,
}

impl Default for Framer {
    fn default() -> Self {
        Self::with_limit(MAX_EVENT_BYTES)
    }
}

impl Framer {
    /// Takes events of at most that many bytes.
    #[must_use]
    pub fn with_limit(max_event_bytes: usize) -> Self {
        Self {
            max_event_bytes,
            input: Bytes::new(),
            input_read: 0,
            block: Vec::new(),
            line: 0,
            after_cr: false,
            is_first_line: true,
        }
    }

    /// Takes the stream's next bytes. Only when [`Self::next_frame`] gave none.
    pub fn feed(&mut self, bytes: Bytes) {
        debug_assert!(self.input_read == self.input.len(), "BUG: bytes before these weren't read");
        (self.input, self.input_read) = (bytes, 0);
    }

    /// The next frame; `None` if more bytes are needed. An event that the stream's end cuts off
    /// never comes.
    ///
    /// # Errors
    /// [`EventTooLarge`], from then on each time.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, EventTooLarge> {
        while self.complete_line()? {
            let line = &self.block[self.line..];
            if line.starts_with(b":") {
                self.block.truncate(self.line);
                return Ok(Some(Frame::Comment));
            }
            if !line.is_empty() {
                self.block.push(b'\n');
                self.line = self.block.len();
                continue;
            }
            if self.block.is_empty() {
                continue; // An empty line more.
            }
            self.block.push(b'\n');
            let event = parse_fields(&self.block);
            self.block.clear();
            self.line = 0;
            self.block.shrink_to(RETAINED_CAPACITY);
            if let Some(event) = event {
                return Ok(Some(Frame::Event(event)));
            }
        }
        Ok(None)
    }

    /// The event that the stream's end cuts off, as far as its lines came whole. By the standard
    /// it is to be left out; but what a server said of a task is kept, whatever is missing.
    pub fn finish(&mut self) -> Option<Event> {
        self.block.truncate(self.line);
        self.block.push(b'\n');
        let event = parse_fields(&self.block);
        (self.block, self.line) = (Vec::new(), 0);
        event
    }

    /// Moves bytes from the input to the block up to the end of a line, which is left out.
    fn complete_line(&mut self) -> Result<bool, EventTooLarge> {
        let mut rest = &self.input[self.input_read..];
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            if let Some(after) = rest.strip_prefix(b"\n") {
                (rest, self.input_read) = (after, self.input_read + 1);
            }
        }
        let end = memchr::memchr2(b'\n', b'\r', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        if self.block.len().saturating_add(line.len()) > self.max_event_bytes {
            return Err(EventTooLarge);
        }
        self.block.extend_from_slice(line);
        let Some(end) = end else {
            self.input_read = self.input.len();
            return Ok(false);
        };
        self.after_cr = rest[end] == b'\r';
        self.input_read += end + 1;
        if mem::take(&mut self.is_first_line) && self.block.starts_with(BYTE_ORDER_MARK) {
            self.block.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(true)
    }
}

/// The fields of one event: whole lines and the empty one, each ended by LF. `None` if it has no
/// data.
fn parse_fields(block: &[u8]) -> Option<Event> {
    // Mending as one goes is slow, and next to never needed.
    let text = str::from_utf8(block).map_or_else(|_| String::from_utf8_lossy(block), Cow::Borrowed);
    // A comment first: what would be a mark at the start of a stream isn't one here.
    let start = text.starts_with('\u{feff}').then_some(":\n");
    let mut rest = &*text;
    let pieces = std::iter::from_fn(|| {
        let end = if rest.len() <= SMALL_EVENT_BYTES { rest.len() } else { rest.find('\n')? + 1 };
        let (piece, after) = rest.split_at_checked(end).filter(|(piece, _)| !piece.is_empty())?;
        rest = after;
        Some(piece)
    });
    let pieces = stream::iter(start.into_iter().chain(pieces).map(Ok::<_, Infallible>));
    EventStream::new(pieces).next().now_or_never()??.ok()
}
