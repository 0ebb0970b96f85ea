//! Handing a token to one call of git, and to nobody else. Source: "Requesting credentials" in
//! <https://git-scm.com/docs/gitcredentials>.
//!
//! Git runs our own program to ask for it (`GIT_ASKPASS`). That one asks us over a socket in
//! a private folder, whose place only this call's environment names; it is there as long as
//! the call is. So the token is never an argument, a variable or a file.

use crate::error::GitError;
use crate::private_dir::PrivateDir;
use crate::remote::{AskpassCredential, Remote};
use regatta_process::QuestionSocket;
use std::path::PathBuf;

/// The variable that tells our program, run by git to ask for a token, where to ask.
pub const ASKPASS_SOCKET: &str = "REGATTA_ASKPASS_SOCKET";

/// The name with which a token is a password at hosts of projects.
const TOKEN_USER: &str = "x-access-token";

/// The place where one call of git is answered.
#[derive(Debug)]
pub(crate) struct AskpassServer {
    #[expect(dead_code, reason = "it is there as long as this is")]
    folder: PrivateDir,
    socket: QuestionSocket,
}

impl AskpassServer {
    pub(crate) fn bind() -> Result<Self, GitError> {
        let folder = PrivateDir::new()?;
        let socket = QuestionSocket::bind(folder.path());
        let socket = socket.map_err(|error| GitError::io("making a private socket", &error))?;
        Ok(Self { folder, socket })
    }

    /// Where to ask.
    pub(crate) fn socket_path(&self) -> PathBuf {
        self.socket.address().to_owned()
    }

    /// Answers for as long as somebody waits for something else beside.
    pub(crate) async fn serve(&self, remote: &Remote, login: &AskpassCredential) {
        self.socket.serve(|question| answer_for(question, remote, login)).await;
    }
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

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
