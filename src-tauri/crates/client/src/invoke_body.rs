//! The body of the call that starts work.

use regatta_protocol::wire::ChatMessage;
use regatta_protocol::{Secret, TaskRequest};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The body of `POST {base}/invoke/stdout`. What is empty is left out.
#[derive(Debug, Clone, Copy)]
pub struct InvokeBody<'a> {
    /// The repository's address.
    pub repo_url: &'a str,
    /// The token for the repository's host.
    pub token: &'a Secret,
    /// What is to be done.
    pub work: Work<'a>,
    /// The branch to start from.
    pub branch: &'a str,
    /// Whether the smaller, quicker model is wanted.
    pub haiku: bool,
    /// The thread that goes on.
    pub thread_id: &'a str,
    /// Ours: the batch's title.
    pub name: &'a str,
    /// Ours: how many tasks may work at the same time.
    pub max_parallel: Option<u32>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub enum Work<'a> {
    /// Named tasks at the same time.
    Tasks(&'a [TaskRequest]),
    /// A single task without a name, or what is said next in a thread.
    Message(&'a str),
}

impl Serialize for InvokeBody<'_> {
    /// The one place where the token is written out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("repo_url", self.repo_url)?;
        map.serialize_entry("github_token", self.token.expose())?;
        match self.work {
            Work::Tasks(tasks) => map.serialize_entry("parallel_tasks", tasks)?,
            Work::Message(content) => {
                let message = ChatMessage { kind: "human".to_owned(), content: content.to_owned() };
                map.serialize_entry("messages", &[message])?;
            }
        }
        for (key, text) in
            [("branch", self.branch), ("thread_id", self.thread_id), ("name", self.name)]
        {
            if !text.is_empty() {
                map.serialize_entry(key, text)?;
            }
        }
        if self.haiku {
            map.serialize_entry("haiku", &true)?;
        }
        if let Some(most) = self.max_parallel {
            map.serialize_entry("max_parallel", &most)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::wire::InvokeRequest;
    use serde_json::json;

    #[test]
    fn only_what_is_said_is_sent_and_our_server_reads_it() {
        let token = Secret::new("hush");
        let tasks =
            [TaskRequest { task_name: "a".into(), prompt: "go".into(), ..TaskRequest::default() }];
        let mut body = InvokeBody {
            repo_url: "https://example.com/r",
            token: &token,
            work: Work::Tasks(&tasks),
            branch: "",
            haiku: false,
            thread_id: "",
            name: "",
            max_parallel: None,
        };
        let documented = json!({ "repo_url": "https://example.com/r", "github_token": "hush",
            "parallel_tasks": [{ "task_name": "a", "prompt": "go" }] });
        assert_eq!(serde_json::to_value(body).expect("JSON"), documented);
        assert!(!format!("{body:?}").contains("hush"));

        body.work = Work::Message("next");
        (body.branch, body.haiku, body.thread_id) = ("dev", true, "t1");
        let text = serde_json::to_string(&body).expect("JSON");
        let read: InvokeRequest = serde_json::from_str(&text).expect("our server's body");
        assert_eq!(read.messages[0].content, "next");
        assert_eq!((read.branch.as_str(), read.haiku), ("dev", true));
        assert_eq!(read.thread_id.as_deref(), Some("t1"));
    }
}
