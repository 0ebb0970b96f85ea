//! The secrets that a command brings along. They are in memory only, and each goes only where
//! it was meant for.

use crate::print::write_stderr;
use crate::request::bad_request;
use regatta_engine::{BoxFuture, CredentialProvider, NoCredentials};
use regatta_protocol::UserMessage;
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::secret::Secret;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The longest key that is read, in bytes.
const MAX_KEY_BYTES: u64 = 16 * 1024;

/// Knows the key of the one endpoint that a batch names. Others that a data folder's batches
/// run at have none here.
#[derive(Debug)]
pub(crate) struct EndpointKey {
    address: String,
    key: Secret,
}

impl EndpointKey {
    /// The key of `endpoint`, out of its file.
    pub(crate) fn from_file(endpoint: &Endpoint, file: &Path) -> Result<Self, UserMessage> {
        warn_if_others_can_read(file);
        let key = read_key(file).map_err(|problem| {
            let what = format!("The key's file {} can't be read: {problem}.", file.display());
            bad_request(&what, "Check its path and who may read it.")
        })?;
        Ok(Self { address: endpoint.address.clone(), key })
    }
}

impl CredentialProvider for EndpointKey {
    fn endpoint_key<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Secret, UserMessage>> {
        if endpoint.address != self.address {
            return NoCredentials.endpoint_key(endpoint);
        }
        Box::pin(std::future::ready(Ok(self.key.clone())))
    }

    fn git_token<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<Secret>> {
        NoCredentials.git_token(host)
    }
}

/// Says that other users of this computer can read a secret, where they can.
pub(crate) fn warn_if_others_can_read(file: &Path) {
    if regatta_process::is_readable_by_others(file) {
        write_stderr(&format!(
            "Other users of this computer can read {}. Take that from them: chmod 600.",
            file.display()
        ));
    }
}

fn read_key(file: &Path) -> io::Result<Secret> {
    let mut text = String::new();
    File::open(file)?.take(MAX_KEY_BYTES + 1).read_to_string(&mut text)?;
    let key = Secret::new(&text);
    if key.is_empty() || text.len() as u64 > MAX_KEY_BYTES {
        return Err(io::Error::other("there is no key in it, or far more than a key"));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::EndpointId;

    fn endpoint(address: &str) -> Endpoint {
        let id = EndpointId::parse("e").expect("an id");
        Endpoint { id, name: "Cloud".into(), address: address.into() }
    }

    #[tokio::test]
    async fn a_key_goes_to_its_own_address_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("key");
        std::fs::write(&file, "hush\n").expect("a file");
        let ours = endpoint("https://cloud.example");
        let key = EndpointKey::from_file(&ours, &file).expect("a key");
        assert_eq!(key.endpoint_key(&ours).await.expect("its key").expose(), "hush");
        for other in ["https://cloud.example.evil", "http://cloud.example", ""] {
            key.endpoint_key(&endpoint(other)).await.expect_err("not for this one");
        }
        assert!(!format!("{key:?}").contains("hush"));
    }

    #[test]
    fn what_is_no_key_is_said_and_not_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let ours = endpoint("https://cloud.example");
        let long = "k".repeat(20_000);
        for (text, said) in [(" \n", "no key"), (&*long, "no key"), ("\u{0}", "")] {
            let file = dir.path().join("key");
            std::fs::write(&file, text).expect("a file");
            match EndpointKey::from_file(&ours, &file) {
                Err(problem) => assert!(problem.message.contains(said), "{}", problem.message),
                Ok(_) => assert!(said.is_empty(), "{said}"),
            }
        }
        let missing = EndpointKey::from_file(&ours, &dir.path().join("none"));
        assert!(missing.expect_err("no file").message.contains("can't be read"));
    }
}
