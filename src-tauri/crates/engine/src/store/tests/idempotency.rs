use super::super::idempotency::{KeyedRequest, find_key};
use super::*;

fn keyed(id: &str, key: &str, first_task: usize) -> NewBatch {
    let mut new = new_batch(1);
    new.id = batch(id);
    new.idempotency_key = Some(key.into());
    new.tasks[0].id = task(first_task);
    new
}

#[tokio::test]
async fn the_same_key_joins_and_never_starts_a_second_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    // Both at once, so that both are in one transaction.
    let (one, two) =
        tokio::join!(store.create(keyed("a", "k", 1)), store.create(keyed("b", "k", 2)));
    assert_eq!((one.unwrap(), two.unwrap()), (CreateResult::New, CreateResult::Joined(batch("a"))));
    let batches: u32 = store
        .readers
        .with(|c| c.query_row("SELECT count(*) FROM batches", [], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(batches, 1);

    let mut other = keyed("c", "k", 3);
    other.tasks[0].prompt = "something else".into();
    assert_eq!(store.create(other).await.unwrap(), CreateResult::KeyReused);
    assert_eq!(store.create(keyed("d", "another", 4)).await.unwrap(), CreateResult::New);
}

#[tokio::test]
async fn a_key_is_known_for_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    store.create(keyed("a", "k", 1)).await.unwrap();
    let day = 24 * 60 * 60 * 1000;
    let request = keyed("x", "k", 9).full_request();
    for (later, expected) in [(day - 1, Some(CreateResult::Joined(batch("a")))), (day, None)] {
        let request = request.clone();
        let look = move |c: &_| {
            let keyed = KeyedRequest { key: "k", request: &request, names_start: true };
            find_key(c, keyed, NOW + later)
        };
        assert_eq!(store.readers.with(look).await.unwrap(), expected);
    }
    let mut next_day = keyed("b", "k", 2);
    next_day.at = NOW + day;
    assert_eq!(store.create(next_day).await.unwrap(), CreateResult::New);
}
