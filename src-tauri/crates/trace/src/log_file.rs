//! The log's file, and the few before it. Written by hand, as the kept ones don't fit:
//! `tracing-appender` turns by the clock and so has no bound in bytes, and `file-rotate` panics
//! when somebody else moves a file or its folder away.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name of the file that is being written; older ones have a number behind it.
const NAME: &str = "regatta.log";
/// After how many bytes the next file begins.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// How many older files are kept.
const MAX_OLD_FILES: u32 = 3;
/// The longest line, in bytes; what is over is cut off.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// A file that is appended to, a line a write, and that begins anew before it gets too large.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    max_bytes: u64,
}

impl LogFile {
    /// Opens the file in `folder`, which is made if need be.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Self::open_with_limit(folder, MAX_FILE_BYTES)
    }

    fn open_with_limit(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        create_private_dir(folder)?;
        let path = folder.join(NAME);
        let file = private_file().append(true).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, max_bytes })
    }

    fn numbered(&self, number: u32) -> PathBuf {
        match number {
            0 => self.path.clone(),
            _ => self.path.with_file_name(format!("{NAME}.{number}")),
        }
    }

    /// Gives each file the next number, the last one's place to the one before, and begins a
    /// new one.
    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..MAX_OLD_FILES).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = private_file().append(true).open(&self.path)?;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = to_one_line(line);
        let length = text.len() as u64;
        if self.size + length > self.max_bytes {
            // Where it can't be moved away, it is emptied: the bound holds in any case.
            if self.rotate().is_err() {
                self.file.set_len(0)?;
            }
            self.size = 0;
        }
        self.file.write_all(text.as_bytes())?;
        self.size += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line, whatever stands in it: control characters (and what else ends a line or turns
/// its direction) are written as escapes, so that nobody's text makes a line of its own or
/// speaks to the terminal in which the log is read.
fn to_one_line(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.trim_end_matches('\n').chars() {
        if safe.len() > MAX_LINE_BYTES {
            safe.push('…');
            break;
        }
        let is_hidden = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || is_hidden {
            write!(safe, "{}", c.escape_default()).expect("BUG: a string takes everything");
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}

fn create_private_dir(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_and_texts(folder: &Path) -> Vec<(String, String)> {
        let entries =
            fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
        let mut found: Vec<(String, String)> = entries
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).expect("a text");
                (entry.file_name().to_string_lossy().into_owned(), text)
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn old_files_are_few_and_small_and_the_newest_lines_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("data/logs");
        for number in 0..20 {
            // Opened anew each time, as after a start of the program.
            let mut file = LogFile::open_with_limit(&logs, 16).expect("a log");
            file.write_all(format!("line {number}\n").as_bytes()).expect("a line");
        }
        let found = names_and_texts(&logs);
        let texts: Vec<(&str, &str)> =
            found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let expected = [
            ("regatta.log", "line 18\nline 19\n"),
            ("regatta.log.1", "line 16\nline 17\n"),
            ("regatta.log.2", "line 14\nline 15\n"),
            ("regatta.log.3", "line 12\nline 13\n"),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_file_that_cannot_be_moved_is_emptied() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = LogFile::open_with_limit(folder.path(), 16).expect("a log");
        fs::create_dir_all(folder.path().join("regatta.log.1/in the way")).expect("a folder");
        for number in 0..9 {
            file.write_all(format!("line {number}\n").as_bytes()).expect("a line");
        }
        let text = fs::read_to_string(folder.path().join(NAME)).expect("a text");
        assert_eq!(text, "line 8\n");
    }

    #[test]
    fn a_line_stays_one_line_of_bounded_length() {
        let text = to_one_line("a\r\nb\u{1b}[2J\u{9b}\u{202e}c\u{2028}é\n".as_bytes());
        assert_eq!(text, "a\\r\\nb\\u{1b}[2J\\u{9b}\\u{202e}c\\u{2028}é\n");
        let long = to_one_line("é".repeat(100_000).as_bytes());
        assert!(long.len() < MAX_LINE_BYTES + 20 && long.ends_with("…\n"), "{}", long.len());
        assert_eq!(to_one_line(b"\xff"), "\u{fffd}\n");
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_their_users_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("logs");
        let mut file = LogFile::open_with_limit(&logs, 1).expect("a log");
        file.write_all(b"a\n").expect("a line");
        let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&logs), 0o700);
        assert_eq!([NAME, "regatta.log.1"].map(|name| mode(&logs.join(name))), [0o600, 0o600]);
    }
}
