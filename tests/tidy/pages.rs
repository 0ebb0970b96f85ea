//! The pages that explain the repository: short enough, whole, and true where that can be seen.

use crate::{assert_none, read_sources, repository, repository_paths};
use std::fs;

/// In bytes: "under 10 KB".
const MAX_README: usize = 10_000;

/// The rooms that are too big to be understood from their `lib.rs`.
const BIG_ROOMS: [&str; 5] = [
    "src-tauri/crates/engine",
    "src-tauri/crates/worker",
    "src-tauri/crates/server",
    "ui",
    "tests",
];

/// What each of their pages has, by its headings.
const HEADINGS: [&str; 4] =
    ["The life of one", "What may not be in here", "Words of this room", "What is not there yet"];

/// Endings of files that a page may name.
const NAMED_FILES: [&str; 6] = [".rs", ".ts", ".svelte", ".mjs", ".toml", ".json"];

struct Page {
    /// Its path from the top folder.
    path: String,
    text: String,
}

impl Page {
    /// The path of the folder that it is in, with a `/` at its end, or nothing.
    fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |end| &self.path[..=end])
    }
}

fn pages() -> Vec<Page> {
    let paths = repository_paths().into_iter().filter(|path| path.ends_with(".md"));
    let read = paths.filter_map(|path| {
        let text = fs::read_to_string(repository().join(&path)).ok()?;
        Some(Page { path, text })
    });
    read.collect()
}

/// The targets of the links in a text of Markdown.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Files that a text names between backticks, as `` `stream.rs` ``.
fn named_files(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let spans = prose.flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let is_name = |span: &&str| {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "./_-".contains(sign);
        !span.starts_with('/')
            && span.chars().all(plain)
            && NAMED_FILES.iter().any(|ending| span.ends_with(ending))
    };
    spans.filter(is_name).collect()
}

#[test]
fn the_first_page_is_short() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    assert!(readme.len() < MAX_README, "README.md has {} bytes", readme.len());
}

#[test]
fn each_big_room_has_a_page_that_says_the_same_things() {
    let pages = pages();
    let missing: Vec<String> = BIG_ROOMS
        .iter()
        .flat_map(|room| {
            let path = format!("{room}/README.md");
            let page = pages.iter().find(|page| page.path == path);
            let text = page.map_or("", |page| page.text.as_str());
            let lacks = |heading: &&&str| !text.contains(&format!("\n## {heading}"));
            let lacking: Vec<_> = HEADINGS.iter().filter(lacks).collect();
            lacking.into_iter().map(|heading| format!("{path}: {heading}")).collect::<Vec<_>>()
        })
        .collect();
    assert_none("what the pages of big rooms lack", &missing);
}

#[test]
fn what_pages_link_to_is_there() {
    let mut missing = Vec::new();
    for page in pages() {
        let inside = link_targets(&page.text).filter(|link| !link.contains("://"));
        for link in inside {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = repository().join(page.folder()).join(file);
            let target = if file.is_empty() { repository().join(&page.path) } else { target };
            let text = fs::read_to_string(&target).unwrap_or_default();
            if !target.exists() || !(heading.is_empty() || has_heading(&text, heading)) {
                missing.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert_none("links that lead nowhere", &missing);
}

/// Whether a text of Markdown has a heading that a link calls `anchor`.
fn has_heading(text: &str, anchor: &str) -> bool {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|line| line.trim_start_matches('#').trim().to_lowercase()).any(|heading| {
        let kept = heading.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        kept.collect::<String>().replace(' ', "-") == anchor
    })
}

#[test]
fn files_that_pages_name_are_there() {
    let paths = repository_paths();
    let mut missing = Vec::new();
    for page in pages() {
        for name in named_files(&page.text) {
            let is_it = |path: &&String| **path == name || path.ends_with(&format!("/{name}"));
            if !paths.iter().any(|path| is_it(&path)) {
                missing.push(format!("{}: {name}", page.path));
            }
        }
    }
    assert_none("files that pages name and that aren't there", &missing);
}

/// The lines at which an example begins in the comments of a Rust file that `cargo test --doc`
/// would run.
fn doc_tests(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut is_open = false;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(language) = doc.and_then(|doc| doc.trim().strip_prefix("```")) else { continue };
        is_open = !is_open;
        if is_open && (language.is_empty() || language.starts_with("rust")) {
            found.push(number);
        }
    }
    found
}

#[test]
fn no_example_in_a_comment_goes_untested() {
    let rust = read_sources().into_iter().filter(|source| source.has_extension(&[".rs"]));
    let examples = rust.flat_map(|source| {
        let lines = doc_tests(&source.text);
        lines.into_iter().map(|line| format!("{}:{line}", source.path)).collect::<Vec<_>>()
    });
    let found: Vec<String> = examples.collect();
    assert_none("examples that no runner runs: make each a test, or call it text", &found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_in_comments_only() {
        let fence = "`".repeat(3);
        let text = format!(
            "/// {fence}\n/// let a = 1;\n/// {fence}\n//! {fence}rust\n//! {fence}\n/// {fence}text\n\
             /// {fence}\n// {fence}\nlet a = \"{fence}\";\n    /// {fence}json\n    /// {fence}\n"
        );
        assert_eq!(doc_tests(&text), [1, 4]);
    }

    #[test]
    fn links_are_found_and_what_only_looks_so_is_not() {
        let text = "[one](a/b.md) and ![two](c.png#x), (not) [this] [three](https://a.example/)";
        let found: Vec<_> = link_targets(text).collect();
        assert_eq!(found, ["a/b.md", "c.png#x", "https://a.example/"]);
    }

    #[test]
    fn files_are_found_in_prose_only() {
        let text = "See `stream.rs`, `backend/tauri.ts`, `cargo x`, `*.rs`, `/api.json`, plain.rs.\n\
                    ```sh\ncat `none.rs`\n```\nThen `{a,b}.ts` and `deny.toml`.";
        assert_eq!(named_files(text), ["stream.rs", "backend/tauri.ts", "deny.toml"]);
    }

    #[test]
    fn headings_are_called_as_links_call_them() {
        let text = "# The tests\n## What is not there, yet!\ntext\n";
        assert!(has_heading(text, "the-tests") && has_heading(text, "what-is-not-there-yet"));
        assert!(!has_heading(text, "text") && !has_heading(text, "The tests"));
    }
}
