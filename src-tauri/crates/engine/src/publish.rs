//! Results as branches of their repository: by themselves, or when a person says so.

use crate::EngineError;
use crate::remote_access::RemoteAccess;
use crate::runner::{AttemptId, Runner};
use crate::scheduler::AttemptDriver;
use crate::store::{Entry, TaskFacts, read};
use regatta_git::{Git, GitError, slug};
use regatta_protocol::event::Outcome;
use regatta_protocol::{Event, UserMessage};
use regatta_trace::LogDropped;
use std::time::Duration;
use tokio::time::timeout;

/// How long bringing one result may take.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(300);

impl<R: Runner> AttemptDriver<R> {
    /// Makes the result of an attempt a branch of its repository, if its batch is shared, and
    /// gives that for the log. When it doesn't work out, the outcome says so; what it is stays.
    pub(crate) async fn publish_result(
        &self,
        id: &AttemptId,
        outcome: &mut Outcome,
    ) -> Option<Entry> {
        let commit = outcome.commit.clone()?;
        let task = id.task.clone();
        // A store that can't be read now is told of when the end is written.
        let facts = self.log.readers.with(move |conn| read::facts(conn, &task)).await;
        let facts = facts.log_dropped("reading whether a result becomes a branch")?;
        if !facts.start.publish {
            return None;
        }
        let bringing = publish(&self.access, &facts, &commit);
        let brought = timeout(PUBLISH_TIMEOUT, bringing).await;
        match brought.unwrap_or_else(|_| Err(GitError::TimedOut { call: "git push".into() }.into()))
        {
            Ok(branch) => {
                let (at, event) = ((self.now)(), Event::Published { branch, commit });
                Some(Entry { task: id.task.clone(), attempt: id.number, at, event })
            }
            Err(error) => {
                add_notice(outcome, not_published(error.notice()));
                None
            }
        }
    }
}

/// Brings `commit`, a task's result, into its repository as a new branch; gives its name.
pub(crate) async fn publish(
    access: &RemoteAccess,
    facts: &TaskFacts,
    commit: &str,
) -> Result<String, EngineError> {
    let remote = access.task_remote(facts).await?;
    let cache = access.dirs.cache(&facts.start.cache);
    Ok(Git::find().await?.push(&cache, commit, &remote, &branch_name(facts)).await?)
}

/// What the branch with a task's result is called, if the name is free.
pub(crate) fn branch_name(facts: &TaskFacts) -> String {
    format!("regatta/{}/{}", slug(&facts.batch_title), slug(&facts.task_request.task_name))
}

fn not_published(why: UserMessage) -> UserMessage {
    UserMessage {
        message: format!("The result could not be brought to its repository. {}", why.message),
        impact: "The result is kept here.".to_owned(),
        ..why
    }
}

/// Adds a notice to an outcome. Why a task failed comes first.
fn add_notice(outcome: &mut Outcome, notice: UserMessage) {
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
            |what: &str| UserMessage::new(ErrorCode::RemoteFailed, what, "", "").with_details("d");
        let mut outcome = Outcome::without_work(Status::Finished);
        add_notice(&mut outcome, not_published(notice("Nobody answers.")));
        let first = outcome.notice.clone().expect("a notice");
        assert_eq!(
            first.message,
            "The result could not be brought to its repository. Nobody answers."
        );
        outcome.notice = Some(notice("It failed."));
        add_notice(&mut outcome, first);
        let both = outcome.notice.expect("a notice");
        assert_eq!((both.message.as_str(), outcome.status), ("It failed.", Status::Finished));
        assert!(
            both.details.expect("details").contains("Nobody answers. The result is kept here.")
        );
    }
}
