//! Which slips in others' objects are dangerous.
//!
//! `fetch.fsckObjects` refuses whatever git's own check finds, and so also honest histories of old
//! programs, which git itself clones. Here each kind of finding of [git fsck][fsck] has its place:
//! dangerous is what can lead a later git out of its folder or to a program that somebody else
//! chose, and what can't be read at all. Those that aren't named here are refused.
//!
//! [fsck]: https://git-scm.com/docs/git-fsck#_fsck_messages

/// Slips that mean nothing but that an old or careless program wrote them.
const IGNORED: [&str; 19] = [
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTagName",
    "badTimezone",
    "extraHeaderEntry",
    "gitattributesLarge",
    "gitattributesLineLength",
    "gitmodulesParse",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "missingTaggerEntry",
    "multipleAuthors",
    "nulInCommit",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
];
/// Slips that git reads past, and that are said in the log.
const WARNED: [&str; 8] = [
    "badFilemode",
    "duplicateEntries",
    "gitattributesBlob",
    "gitmodulesBlob",
    "gitmodulesLarge",
    "largePathname",
    "nullSha1",
    "treeNotSorted",
];
/// An address of a submodule that isn't one, or that begins with a dash and would be an option.
/// In a project's own history it is old, and git looks again before it uses it; in a result it is
/// new, and doesn't come into the project.
const MODULES_URL: &str = "gitmodulesUrl";
/// What is refused and can be found in a result, with what it means. What git finds besides
/// is named by its own word.
const REFUSED: [(&str, &str); 11] = [
    ("emptyName", "a file without a name"),
    ("fullPathname", "a file whose name is a path"),
    ("gitmodulesName", "a .gitmodules file with a name that leads out of its folder"),
    ("gitmodulesPath", "a .gitmodules file with a path that would be taken for an option"),
    ("gitmodulesSymlink", "a .gitmodules file that is a link"),
    ("gitmodulesUpdate", "a .gitmodules file that names a command to run"),
    (MODULES_URL, "a .gitmodules file with an address that git doesn't take"),
    ("hasDot", "a file named \u{201c}.\u{201d}"),
    ("hasDotdot", "a file named \u{201c}..\u{201d}"),
    ("hasDotgit", "a folder named .git inside the history"),
    ("symlinkPointsToGitDir", "a link into the .git folder"),
];

/// Whose objects are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Those of a project, which git has already.
    Project,
    /// Those of a result, which is to come into a project.
    Result,
}

/// The settings under which a fetch refuses what is dangerous only.
pub(crate) fn settings(origin: Origin) -> impl Iterator<Item = String> {
    let old = (origin == Origin::Project).then(|| format!("fetch.fsck.{MODULES_URL}=warn"));
    let ignored = IGNORED.iter().map(|id| format!("fetch.fsck.{id}=ignore"));
    let warned = WARNED.iter().map(|id| format!("fetch.fsck.{id}=warn"));
    ignored.chain(warned).chain(old)
}

/// Something dangerous that a fetch found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The object's id.
    pub(crate) object: String,
    /// What it is, in words.
    pub(crate) what: String,
}

/// What a fetch found that is dangerous; `None` if that isn't why it failed. `said` is what git
/// complained about: `error: object 1234: hasDotgit: contains '.git'`.
pub(crate) fn find_refused(said: &str) -> Option<Refused> {
    said.lines().find_map(|line| {
        let (object, finding) = line.strip_prefix("error: object ")?.split_once(": ")?;
        let (id, _) = finding.split_once(": ")?;
        let known = REFUSED.iter().find(|(refused, _)| *refused == id);
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let what = match known {
            Some((_, words)) => (*words).to_owned(),
            None => format!("what git calls {id}"),
        };
        Some(Refused { object: object.to_owned(), what })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_place() {
        let refused = REFUSED.iter().map(|(id, _)| *id);
        let mut all: Vec<&str> = IGNORED.iter().chain(&WARNED).copied().chain(refused).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        let count = IGNORED.len() + WARNED.len();
        assert_eq!(settings(Origin::Result).count(), count);
        assert_eq!(settings(Origin::Project).count(), count + 1);
    }

    #[test]
    fn what_is_refused_is_told_from_other_troubles() {
        let said =
            "error: object 9b6f: hasDotgit: contains '.git'\nfatal: fsck error in packed object";
        let refused = |what: &str| Some(Refused { object: "9b6f".into(), what: what.into() });
        assert_eq!(find_refused(said), refused("a folder named .git inside the history"));
        let said = "error: object 9b6f: missingTree: invalid format - expected 'tree' line";
        assert_eq!(find_refused(said), refused("what git calls missingTree"));
        for said in [
            "error: object 9b6f is a tree, not a blob",
            "error: object 9b6f: it is gone",
            "warning: object 9b6f: duplicateEntries: contains duplicate file entries",
            "fatal: not our ref 9b6f",
            "",
        ] {
            assert_eq!(find_refused(said), None, "{said}");
        }
    }
}
