//! Names that nobody types: ids are made by us and are safe in a path, a ref and a URL.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes `text` as an id when it has only ASCII letters, digits and `-`, at most 64.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let ok = !text.is_empty()
                    && text.len() <= 64
                    && !text.starts_with('-')
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                ok.then(|| Self(text.to_owned()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or("this is no id of ours")
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A batch; on the wire its `run_id`.
    BatchId
);
id!(
    /// A task, unique on this computer (its `task_name` is unique only inside its batch).
    TaskId
);
id!(
    /// An endpoint among the settings.
    EndpointId
);
id!(
    /// A place where tasks run.
    PlaceId
);

impl From<&EndpointId> for PlaceId {
    fn from(id: &EndpointId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_holds_what_a_path_or_a_ref_could_trip_over() {
        for bad in ["", "..", "a/b", "-x", "a b", "a.lock", "é", &"a".repeat(65)] {
            assert_eq!(TaskId::parse(bad), None, "{bad:?}");
            let json = serde_json::to_string(bad).expect("a string");
            assert!(serde_json::from_str::<TaskId>(&json).is_err(), "{bad:?}");
        }
        assert!(TaskId::parse("0192f0c1-7c3e-7b3a-8000-0123456789ab").is_some());
    }
}
