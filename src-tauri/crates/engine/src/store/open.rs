//! Opening the store: one Regatta to a data folder, a newer file left alone, a damaged one
//! set aside.

use super::command::StoreCommand;
use super::damage::is_damage;
use super::lock::acquire_lock;
use super::read::{self, ReaderPool};
use super::schema;
use super::view_cache::ViewCache;
use super::writer::{PublishedState, Writer};
use crate::EngineError;
use regatta_protocol::view::PlaceView;
use regatta_protocol::{ErrorCode, Millis, UserMessage};
use regatta_trace::LogDropped;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::watch;

const DB_FILE: &str = "regatta.db";
/// Made when damage was met while working; the next start then looks at the whole file.
const SUSPECT_FILE: &str = "regatta.db.suspect";
/// Files up to this size are looked at as a whole at every start: that takes a moment only.
const FULL_CHECK_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// How many pages the write-ahead log holds before they are moved into the file.
const CHECKPOINT_PAGES: u32 = 4_000;

/// An open store.
pub(crate) struct OpenStore {
    pub(crate) commands: mpsc::Sender<StoreCommand>,
    pub(crate) readers: Arc<ReaderPool>,
    pub(crate) published: watch::Receiver<PublishedState>,
    /// Why nothing can be written just now, if so.
    pub(crate) store_error: watch::Receiver<Option<UserMessage>>,
    /// What a person should know of the opening.
    pub(crate) notice: Option<UserMessage>,
}

/// Opens the store of a data folder, which is made if it isn't there.
pub(crate) fn open(dir: &Path, now: Millis) -> Result<OpenStore, EngineError> {
    let lock = acquire_lock(dir)?;
    let path = dir.join(DB_FILE);
    refuse_newer(&path)?;
    let (conn, notice) = match connect(dir, &path) {
        Err(error) if is_damage(&error) => {
            let aside = set_aside(dir, now).map_err(|e| EngineError::data_read_only(dir, &e))?;
            (connect(dir, &path)?, Some(damaged_notice(&aside, &error)))
        }
        other => (other?, None),
    };
    let version = schema::version(&conn)?;
    if version > schema::VERSION {
        // The newer program ended before the number reached the file's beginning.
        return Err(EngineError::StoreTooNew { found: version, known: schema::VERSION });
    }
    let revision = read::revision(&conn)?;
    let place =
        PlaceView { busy: 0, limit: 0, waiting: 0, pause_reason: None, agent_pauses: Vec::new() };
    let (published_tx, published) =
        watch::channel(PublishedState { revision, place, active: Default::default() });
    let (trouble_tx, trouble) = watch::channel(None);
    let (messages, received) = mpsc::channel();
    let writer = Writer {
        conn,
        views: ViewCache::starting_at(revision),
        published: published_tx,
        store_error: trouble_tx,
        lock,
    };
    std::thread::Builder::new()
        .name("store".into())
        .spawn(move || writer.run(&received))
        .map_err(|error| EngineError::data_read_only(dir, &error))?;
    Ok(OpenStore {
        commands: messages,
        readers: ReaderPool::new(&path),
        published,
        store_error: trouble,
        notice,
    })
}

/// Reads the version from the file's first bytes, so that a newer file isn't even opened
/// by this program's SQLite.
fn refuse_newer(path: &Path) -> Result<(), EngineError> {
    let mut header = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let version = u32::from_be_bytes([header[60], header[61], header[62], header[63]]);
    // A file that is missing, short or not SQLite's is the next step's business.
    if read.is_ok() && header.starts_with(b"SQLite format 3\0") && version > schema::VERSION {
        // Damage can make any number of these bytes; a version is small.
        if version < 10_000 {
            return Err(EngineError::StoreTooNew { found: version, known: schema::VERSION });
        }
    }
    Ok(())
}

fn connect(dir: &Path, path: &Path) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open(path)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    check_integrity(&conn, dir, path)?;
    schema::migrate(&mut conn)?;
    Ok(conn)
}

/// Looks for damage: in the whole file where that is quick or was asked for.
fn check_integrity(conn: &Connection, dir: &Path, path: &Path) -> rusqlite::Result<()> {
    let suspect = dir.join(SUSPECT_FILE);
    let size = fs::metadata(path).map_or(0, |file| file.len());
    if size > FULL_CHECK_MAX_BYTES && !suspect.exists() {
        return conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    }
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(code, Some(verdict)));
    }
    fs::remove_file(suspect).log_dropped("removing a mark"); // Usually it isn't there.
    Ok(())
}

/// Gives the damaged file another name; returns that name. It is never overwritten.
fn set_aside(dir: &Path, now: Millis) -> std::io::Result<PathBuf> {
    let mut aside = dir.join(format!("{DB_FILE}.damaged-{now}"));
    for n in 2.. {
        if !aside.exists() {
            break;
        }
        aside = dir.join(format!("{DB_FILE}.damaged-{now}-{n}"));
    }
    fs::rename(dir.join(DB_FILE), &aside)?;
    for ending in ["-wal", "-shm"] {
        let mut to = aside.clone().into_os_string();
        to.push(ending);
        match fs::rename(dir.join(format!("{DB_FILE}{ending}")), to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // It was about the file that is gone.
    fs::remove_file(dir.join(SUSPECT_FILE)).log_dropped("removing a mark");
    Ok(aside)
}

fn damaged_notice(aside: &Path, error: &rusqlite::Error) -> UserMessage {
    let name = aside.file_name().unwrap_or_default().to_string_lossy();
    UserMessage::new(
        ErrorCode::StoreCorrupt,
        format!("The file with your batches is damaged; it was set aside as \"{name}\"."),
        "Your projects and the branches you added are untouched.",
        "Regatta starts with an empty history; keep the file if someone may be able to read it.",
    )
    .with_details(format!("{}: {error}", aside.display()))
}
