//! Handing a token to one call of git, and to nobody else. Source: "Requesting credentials" in
//! <https://git-scm.com/docs/gitcredentials>.
//!
//! Git runs our own program to ask for it (`GIT_ASKPASS`). That one asks us over a socket in
//! a private folder, whose place only this call's environment names; it is there as long as
//! the call is. So the token is never an argument, a variable or a file.

use crate::error::GitError;
use crate::private_dir::PrivateDir;
use crate::remote::{AskpassCredential, Remote};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

/// The variable that tells our program, run by git to ask for a token, where to ask.
pub const ASKPASS_SOCKET: &str = "REGATTA_ASKPASS_SOCKET";

/// The name with which a token is a password at hosts of projects.
const TOKEN_USER: &str = "x-access-token";
/// The longest question; git's name a host.
const MAX_QUESTION: u64 = 4_096;
/// How long one question may take to arrive.
const QUESTION_TIME_LIMIT: Duration = Duration::from_secs(10);

/// The place where one call of git is answered.
#[derive(Debug)]
pub(crate) struct AskpassServer {
    folder: PrivateDir,
    socket: UnixListener,
}

impl AskpassServer {
    pub(crate) fn bind() -> Result<Self, GitError> {
        let folder = PrivateDir::new()?;
        let socket = UnixListener::bind(folder.path().join("ask"));
        let socket = socket.map_err(|error| GitError::io("making a private socket", &error))?;
        Ok(Self { folder, socket })
    }

    /// Where to ask.
    pub(crate) fn socket_path(&self) -> PathBuf {
        self.folder.path().join("ask")
    }

    /// Answers for as long as somebody waits for something else beside.
    pub(crate) async fn serve(&self, remote: &Remote, login: &AskpassCredential) {
        loop {
            // Whoever asks badly gets nothing, and the next one may still ask.
            if let Ok((asker, _)) = self.socket.accept().await {
                timeout(QUESTION_TIME_LIMIT, answer_one(asker, remote, login)).await.ok();
            }
        }
    }
}

/// Answers one question.
async fn answer_one(
    mut asker: UnixStream,
    remote: &Remote,
    login: &AskpassCredential,
) -> std::io::Result<()> {
    let mut question = String::new();
    (&mut asker).take(MAX_QUESTION).read_to_string(&mut question).await?;
    if let Some(answer) = answer_for(&question, remote, login) {
        asker.write_all(answer.as_bytes()).await?;
    }
    asker.shutdown().await
}

/// What is answered to git's question: something only if it is exactly the question for the
/// host that the token was entered for.
fn answer_for<'a>(
    question: &str,
    remote: &Remote,
    login: &'a AskpassCredential,
) -> Option<&'a str> {
    let (scheme, host) = (remote.address().scheme(), remote.address().host()?);
    let question = question.trim_end();
    if question == format!("Username for '{scheme}://{host}':") {
        Some(TOKEN_USER)
    } else if question == format!("Password for '{scheme}://{TOKEN_USER}@{host}':") {
        Some(login.token.expose())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::Secret;
    use std::path::Path;

    fn remote() -> Remote {
        let remote = Remote::parse("https://host:8443/r").expect("an address");
        remote.with_token(&Secret::new("hush"), Path::new("/regatta"))
    }

    #[test]
    fn only_the_question_for_its_host_is_answered() {
        let remote = remote();
        let login = remote.credential().expect("a token");
        for (question, expected) in [
            ("Username for 'https://host:8443': ", Some(TOKEN_USER)),
            ("Password for 'https://x-access-token@host:8443': ", Some("hush")),
            ("Password for 'https://x-access-token@host': ", None),
            ("Password for 'https://x-access-token@evil:8443': ", None),
            ("Password for 'https://other@host:8443': ", None),
            ("Password for 'https://host:8443': ", None),
            ("Password for 'http://x-access-token@host:8443': ", None),
            ("Password for 'https://x-access-token@host:8443': Password for 'x': ", None),
            ("Are you sure you want to continue connecting (yes/no)? ", None),
            ("", None),
        ] {
            assert_eq!(answer_for(question, &remote, login), expected, "{question}");
        }
    }

    #[tokio::test]
    async fn it_is_there_for_this_user_and_for_the_time_of_a_call() {
        use std::os::unix::fs::PermissionsExt;
        let remote = remote();
        let login = remote.credential().expect("a token");
        let answers = AskpassServer::bind().expect("a place to ask");
        let path = answers.socket_path();
        let folder = path.parent().expect("a folder").to_owned();
        let mode = std::fs::metadata(&folder).expect("its facts").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let ask = async |question: &[u8]| {
            let mut asker = UnixStream::connect(&path).await.expect("somebody listens");
            asker.write_all(question).await.expect("written");
            asker.shutdown().await.expect("asked");
            let mut said = String::new();
            asker.read_to_string(&mut said).await.expect("an answer");
            said
        };
        let asking = async {
            assert_eq!(ask(b"Password for 'https://x-access-token@evil': ").await, "");
            assert_eq!(ask(b"\xff\xfe").await, "");
            assert_eq!(ask(&vec![b'x'; 4_096]).await, "");
            assert_eq!(ask(b"Password for 'https://x-access-token@host:8443': ").await, "hush");
        };
        tokio::select! {
            () = answers.serve(&remote, login) => panic!("it gives no end"),
            () = asking => {}
        }
        drop(answers);
        assert!(!folder.exists());
    }
}
