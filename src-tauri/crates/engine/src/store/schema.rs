//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

/// Each entry takes the schema one version up. Never changed once released, only added to.
pub(super) const MIGRATIONS: &[&str] = &[V1, V2, V3, V4];

/// The version this program writes.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// What changes often (`view`) is apart from what is large and stays (`request`,
/// `prompt`): SQLite rewrites a row as a whole.
const V1: &str = "
CREATE TABLE projects (
    path    TEXT PRIMARY KEY,
    cache   TEXT NOT NULL UNIQUE,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    over       INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    view       TEXT NOT NULL
) STRICT;
CREATE INDEX batches_by_time ON batches (over, created_at);
CREATE INDEX batches_by_revision ON batches (revision);

CREATE TABLE requests (
    batch   INTEGER PRIMARY KEY REFERENCES batches (key),
    request TEXT NOT NULL,
    start   TEXT NOT NULL,
    title   TEXT NOT NULL,
    folded  TEXT NOT NULL,
    search  TEXT NOT NULL
) STRICT;

CREATE TABLE tasks (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    batch       INTEGER NOT NULL REFERENCES batches (key),
    position    INTEGER NOT NULL,
    status      TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    save_commit TEXT,
    view        TEXT NOT NULL,
    UNIQUE (batch, position)
) STRICT;
CREATE INDEX tasks_by_revision ON tasks (revision);
CREATE INDEX tasks_by_status ON tasks (status) WHERE status IN ('waiting', 'working', 'needs_you', 'paused');

CREATE TABLE prompts (
    task         INTEGER PRIMARY KEY REFERENCES tasks (key),
    name         TEXT NOT NULL,
    prompt       TEXT NOT NULL,
    time_limit_s INTEGER
) STRICT;

CREATE TABLE events (
    batch   INTEGER NOT NULL REFERENCES batches (key),
    seq     INTEGER NOT NULL,
    task    INTEGER REFERENCES tasks (key),
    attempt INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (batch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE chunks (
    task       INTEGER NOT NULL REFERENCES tasks (key),
    first_line INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    lines      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    text       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_by_line ON chunks (task, first_line, part);

CREATE TABLE steps (
    task    INTEGER NOT NULL REFERENCES tasks (key),
    attempt INTEGER NOT NULL,
    id      TEXT NOT NULL,
    number  INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (task, attempt, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX steps_by_number ON steps (task, number);
";

/// Places besides this computer. `invocations` is what was sent to an endpoint, and
/// `invoked` the attempts in it; a task's `wire` is the number of the last entry of the
/// place's own log that is in ours, `thread` the place's name for its conversation.
const V2: &str = "
ALTER TABLE projects DROP COLUMN used_at;
ALTER TABLE tasks ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN wire INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN thread TEXT;

CREATE TABLE idempotency (
    key   TEXT PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batches (key),
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invocations (
    key     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    batch   INTEGER NOT NULL REFERENCES batches (key),
    sent    INTEGER NOT NULL,
    run     TEXT,
    thread  TEXT,
    message TEXT
) STRICT;

CREATE TABLE invoked (
    task       INTEGER NOT NULL REFERENCES tasks (key),
    attempt    INTEGER NOT NULL,
    invocation INTEGER NOT NULL REFERENCES invocations (key),
    PRIMARY KEY (task, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX invoked_by_invocation ON invoked (invocation);
";

/// Agents for each task. `extra` is what a task was asked for besides its prompt; `copy_attempt`
/// the attempt that made the copy in which the present one works, `earlier` what the agent said
/// last at an end, `asks` whether a question of the task is open. Until then, each attempt had a
/// copy of its own, and each task a row.
const V3: &str = "
ALTER TABLE prompts ADD COLUMN extra TEXT;
ALTER TABLE tasks ADD COLUMN copy_attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tasks ADD COLUMN earlier TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET
    copy_attempt = json_extract(view, '$.attempt'),
    earlier = ifnull(json_extract(view, '$.outcome.last_words'), ''),
    asks = status = 'needs_you',
    view = json_set(view, '$.row', position, '$.agent', ifnull((
        SELECT CASE
            WHEN json_extract(b.view, '$.endpoint') IS NOT NULL THEN ''
            WHEN json_extract(b.view, '$.agent.kind') = 'practice' THEN 'Practice agent'
            ELSE substr(json_extract(b.view, '$.agent.command[0]'), 1, 60)
        END FROM batches b WHERE b.key = tasks.batch), ''));
CREATE INDEX tasks_that_ask ON tasks (key) WHERE asks = 1;

CREATE TABLE allowed (
    batch INTEGER NOT NULL REFERENCES batches (key),
    key   TEXT NOT NULL,
    PRIMARY KEY (batch, key)
) STRICT, WITHOUT ROWID;
";

/// What is held: `held` is what the queue has of it, in one piece. A task's `result` is what an
/// attempt left for the one that goes on with it.
const V4: &str = "
CREATE TABLE held (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL
) STRICT;

ALTER TABLE tasks ADD COLUMN result TEXT;
UPDATE tasks SET result = json_object('commit', json_extract(view, '$.outcome.commit'),
    'totals', json_extract(view, '$.outcome.totals'))
WHERE json_extract(view, '$.outcome.commit') IS NOT NULL;
";

/// The version of the file.
pub(super) fn version(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the file to [`VERSION`], each step in a transaction of its own.
pub(super) fn migrate(conn: &mut Connection) -> rusqlite::Result<()> {
    let found = version(conn)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", step as u32 + 1)?;
        tx.commit()?;
    }
    if found < VERSION {
        // So that the version can be read from the file's first bytes, without SQLite.
        conn.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
    }
    Ok(())
}
