use super::super::chunk::MAX_CHUNK_BYTES;
use super::super::{lines as page, search};
use super::*;
use proptest::prelude::*;
use regatta_protocol::view::{MAX_LINE_SHOWN, TranscriptLine};
use rusqlite::Connection;

/// What is handed in, and the plain list of lines it makes.
type EntriesAndLines = (Vec<Entry>, Vec<(LineKind, String)>);

fn entries_and_lines(texts: Vec<(bool, Vec<(u8, usize)>)>) -> EntriesAndLines {
    let mut entries = Vec::new();
    let mut plain = Vec::new();
    for (is_err, lines) in texts {
        let kind = if is_err { LineKind::Stderr } else { LineKind::Stdout };
        let lines: Vec<String> =
            lines.into_iter().map(|(c, n)| char::from(b'a' + c).to_string().repeat(n)).collect();
        let text = lines.join("\n");
        plain.extend(lines.into_iter().map(|line| (kind, line)));
        entries.push(entry(0, Event::Output { kind, text, first_line: 0 }));
    }
    (entries, plain)
}

fn any_texts() -> impl Strategy<Value = Vec<(bool, Vec<(u8, usize)>)>> {
    let length = prop_oneof![8 => 0usize..60, 2 => 4_000usize..70_000, 1 => 130_000usize..200_000];
    let line = (0u8..26, length);
    prop::collection::vec((any::<bool>(), prop::collection::vec(line, 1..20)), 1..8)
}

/// A store that holds what was handed in; the connection reads it.
async fn store_entries(entries: Vec<Entry>) -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(new_batch(1)).await.unwrap();
    store.append(entries).await;
    store.close().await;
    let conn = Connection::open(dir.path().join("regatta.db")).unwrap();
    (dir, conn)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_page_equals_the_plain_list(
        texts in any_texts(),
        pages in prop::collection::vec((0usize..200, 0u32..60), 10)
    ) {
        let (entries, plain) = entries_and_lines(texts);
        let (_dir, conn) = block_on(store_entries(entries));
        for (from, max) in pages {
            let found = page::read_page(&conn, &task(0), from as u64, max).unwrap();
            let expected: Vec<TranscriptLine> = plain
                .iter()
                .enumerate()
                .skip(from)
                .take(max as usize)
                .map(|(n, (kind, text))| TranscriptLine {
                    number: n as u64,
                    kind: *kind,
                    at: NOW,
                    text: text.chars().take(MAX_LINE_SHOWN).collect(),
                    is_truncated: text.len() > MAX_LINE_SHOWN,
                })
                .collect();
            prop_assert_eq!(found.lines, expected);
            prop_assert_eq!(found.total, plain.len() as u64);
        }
        let mut file = Vec::new();
        let bytes = page::write_transcript(&conn, &task(0), &mut file).unwrap().unwrap();
        let whole: String = plain.iter().map(|(_, text)| format!("{text}\n")).collect();
        prop_assert_eq!(bytes, whole.len() as u64);
        prop_assert!(String::from_utf8(file).unwrap() == whole, "the saved file differs");
    }

    #[test]
    fn a_search_finds_what_the_plain_list_holds(texts in any_texts(), wanted in "[a-d]{1,3}") {
        let (entries, plain) = entries_and_lines(texts);
        let (_dir, conn) = block_on(store_entries(entries));
        let found = search::search(&conn, &task(0), &wanted.to_uppercase()).unwrap();
        let expected: Vec<u64> =
            (0..).zip(&plain).filter(|(_, line)| line.1.contains(&wanted)).map(|(n, _)| n).collect();
        prop_assert_eq!(found.lines, expected);
    }
}

#[tokio::test]
async fn rows_stay_small_and_a_page_stays_under_its_limit() {
    let long = "é".repeat(500_000);
    let many = "short\n".repeat(50_000);
    let (_dir, conn) = store_entries(vec![output(0, &long), output(0, &many)]).await;
    let largest: usize = conn
        .query_row("SELECT max(length(CAST(text AS BLOB))) FROM chunks", [], |row| row.get(0))
        .unwrap();
    assert!(largest <= MAX_CHUNK_BYTES, "{largest}");
    let found = page::read_page(&conn, &task(0), 0, u32::MAX).unwrap();
    assert_eq!((found.lines.len(), found.total), (1_000, 50_002));
    assert!(found.lines[0].is_truncated);
    let end = page::read_page(&conn, &task(0), 50_000, 10).unwrap();
    assert_eq!(end.lines.len(), 2);
    assert_eq!(page::read_page(&conn, &task(0), u64::MAX, 10).unwrap().lines, []);
}

#[tokio::test]
async fn a_match_across_the_parts_of_a_long_line_is_found() {
    let long = format!("{}NEEDLE{}", "x".repeat(MAX_CHUNK_BYTES - 3), "y".repeat(10));
    let coloured = "\u{1b}[1mnee\u{1b}[0mdle";
    let (_dir, conn) =
        store_entries(vec![output(0, "a"), output(0, &long), output(0, coloured)]).await;
    let found = search::search(&conn, &task(0), "needle").unwrap();
    assert_eq!((found.lines, found.has_more), (vec![1, 2], false));
    assert_eq!(search::search(&conn, &task(0), "").unwrap().lines, [0u64; 0]);
}

#[tokio::test]
async fn matches_have_a_limit() {
    let (_dir, conn) = store_entries(vec![output(0, &"x\n".repeat(10_001))]).await;
    let found = search::search(&conn, &task(0), "x").unwrap();
    assert_eq!((found.lines.len(), found.has_more), (10_000, true));
}
