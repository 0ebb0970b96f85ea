//! Cuts a stream of bytes into server-sent events. Pure: bytes in, frames out. No byte is
//! looked at twice for the ends of lines, wherever the stream was cut into pieces.

use bytes::Bytes;
use std::mem;

/// The largest event that is taken, in bytes.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;
/// How much room is kept for the next event when one was larger.
const KEPT_BYTES: usize = 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An event's fields. What isn't UTF-8 is replaced; `retry` and unknown fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` when it names none.
    pub event: String,
    /// Its lines of data.
    pub data: String,
    /// Its own id, not that of an event before it; empty: none.
    pub id: String,
}

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
pub struct TooLarge;

/// Takes the bytes of one stream and gives its frames.
#[derive(Debug)]
pub struct Framer {
    most: usize,
    input: Bytes,
    /// How much of `input` was read.
    read: usize,
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
    pub fn with_limit(most: usize) -> Self {
        Self {
            most,
            input: Bytes::new(),
            read: 0,
            block: Vec::new(),
            line: 0,
            after_cr: false,
            is_first_line: true,
        }
    }

    /// Takes the stream's next bytes. Only when [`Self::next_frame`] gave none.
    pub fn feed(&mut self, bytes: Bytes) {
        debug_assert!(self.read == self.input.len(), "BUG: bytes before these weren't read");
        (self.input, self.read) = (bytes, 0);
    }

    /// The next frame; none: more bytes are needed. An event that the stream's end cuts off
    /// never comes.
    ///
    /// # Errors
    /// [`TooLarge`], from then on each time.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, TooLarge> {
        while self.end_line()? {
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
            self.line = 0;
            let event = read_fields(&self.block);
            self.block.clear();
            self.block.shrink_to(KEPT_BYTES);
            if let Some(event) = event {
                return Ok(Some(Frame::Event(event)));
            }
        }
        Ok(None)
    }

    /// Moves bytes from the input to the block up to the end of a line, which is left out.
    fn end_line(&mut self) -> Result<bool, TooLarge> {
        let mut rest = &self.input[self.read..];
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            if let Some(after) = rest.strip_prefix(b"\n") {
                (rest, self.read) = (after, self.read + 1);
            }
        }
        let end = memchr::memchr2(b'\n', b'\r', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        if self.block.len().saturating_add(line.len()) > self.most {
            return Err(TooLarge);
        }
        self.block.extend_from_slice(line);
        let Some(end) = end else {
            self.read = self.input.len();
            return Ok(false);
        };
        self.after_cr = rest[end] == b'\r';
        self.read += end + 1;
        if mem::take(&mut self.is_first_line) && self.block.starts_with(BYTE_ORDER_MARK) {
            self.block.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(true)
    }
}

/// The fields of one event: whole lines, each ended by LF. None: it has no data.
fn read_fields(block: &[u8]) -> Option<Event> {
    let text = String::from_utf8_lossy(block);
    let mut event = Event::default();
    let mut data: Option<String> = None;
    for line in text.split_terminator('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut data) {
            ("data", None) => data = Some(value.to_owned()),
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("event", _) => value.clone_into(&mut event.event),
            ("id", _) if !value.contains('\0') => value.clone_into(&mut event.id),
            _ => {}
        }
    }
    event.data = data?;
    if event.event.is_empty() {
        "message".clone_into(&mut event.event);
    }
    Some(event)
}
