//! Results as branches of their repository: by themselves, or when a person says so.

use crate::EngineError;
use crate::access::Access;
use crate::queue::Carrier;
use crate::runner::{AttemptId, Runner};
use crate::store::{Entry, TaskFacts, read};
use regatta_git::{Git, GitError, slug};
use regatta_protocol::event::Outcome;
use regatta_protocol::{Event, Notice};
use std::time::Duration;
use tokio::time::timeout;

/// How long bringing one result may take.
const SHARE_TIME: Duration = Duration::from_secs(300);

impl<R: Runner> Carrier<R> {
    /// Makes the result of an attempt a branch of its repository, if its batch is shared, and
    /// gives that for the log. When it doesn't work out, the outcome says so; what it is stays.
    pub(crate) async fn share(&self, id: &AttemptId, outcome: &mut Outcome) -> Option<Entry> {
        let commit = outcome.commit.clone()?;
        let task = id.task.clone();
        // A store that can't be read now is told of when the end is written.
        let facts = self.log.readers.with(move |conn| read::facts(conn, &task)).await.ok()?;
        if !facts.start.share {
            return None;
        }
        let bringing = bring(&self.access, &facts, &commit);
        let brought = timeout(SHARE_TIME, bringing).await;
        match brought.unwrap_or_else(|_| Err(GitError::TooSlow { call: "git push".into() }.into()))
        {
            Ok(branch) => {
                let (at, event) = ((self.now)(), Event::Added { branch, commit });
                Some(Entry { task: id.task.clone(), attempt: id.number, at, event })
            }
            Err(error) => {
                say(outcome, not_shared(error.notice()));
                None
            }
        }
    }
}

/// Brings `commit`, a task's result, into its repository as a new branch; gives its name.
pub(crate) async fn bring(
    access: &Access,
    facts: &TaskFacts,
    commit: &str,
) -> Result<String, EngineError> {
    let remote = access.repository(facts).await?;
    let cache = access.dirs.cache(&facts.start.cache);
    Ok(Git::find().await?.push(&cache, commit, &remote, &branch(facts)).await?)
}

/// What the branch with a task's result is called, if the name is free.
pub(crate) fn branch(facts: &TaskFacts) -> String {
    format!("regatta/{}/{}", slug(&facts.batch_title), slug(&facts.asked.task_name))
}

fn not_shared(why: Notice) -> Notice {
    Notice {
        what: format!("The result could not be brought to its repository. {}", why.what),
        safe: "The result is kept here.".to_owned(),
        ..why
    }
}

/// Adds a notice to an outcome. Why a task failed comes first.
fn say(outcome: &mut Outcome, notice: Notice) {
    outcome.notice = Some(match outcome.notice.take() {
        None => notice,
        Some(first) => {
            let more = notice.details.iter().fold(notice.to_string(), |more, d| more + "\n" + d);
            let details = first.details.iter().fold(String::new(), |all, d| all + d + "\n") + &more;
            first.with_details(details)
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::{ErrorCode, Status};

    #[test]
    fn why_a_task_failed_comes_before_that_it_is_not_shared() {
        let notice =
            |what: &str| Notice::new(ErrorCode::RemoteFailed, what, "", "").with_details("d");
        let mut outcome = Outcome::without_work(Status::Finished);
        say(&mut outcome, not_shared(notice("Nobody answers.")));
        let first = outcome.notice.clone().expect("a notice");
        assert_eq!(
            first.what,
            "The result could not be brought to its repository. Nobody answers."
        );
        outcome.notice = Some(notice("It failed."));
        say(&mut outcome, first);
        let both = outcome.notice.expect("a notice");
        assert_eq!((both.what.as_str(), outcome.status), ("It failed.", Status::Finished));
        assert!(
            both.details.expect("details").contains("Nobody answers. The result is kept here.")
        );
    }
}
