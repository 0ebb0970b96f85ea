//! What a source file defines, found by its first words: line by line, as rustfmt and prettier
//! write them. Prose, comments and uses of a name are no definitions. Pure.

/// A name that a file gives to something of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The keyword before it, such as `struct` or `class`.
    pub(crate) keyword: &'static str,
    pub(crate) name: String,
    /// From 1.
    pub(crate) line: usize,
}

const RUST_KEYWORDS: [&str; 9] =
    ["struct", "enum", "union", "trait", "type", "fn", "mod", "const", "static"];
/// What may stand before one of them, besides `pub(…)`.
const RUST_MODIFIERS: [&str; 5] = ["pub", "async", "unsafe", "const", "default"];

const SCRIPT_KEYWORDS: [&str; 6] = ["class", "interface", "type", "enum", "function", "const"];
const SCRIPT_MODIFIERS: [&str; 5] = ["export", "default", "async", "abstract", "declare"];

/// What a Rust file defines. The associated types of an `impl` or a `trait` are not its own names.
pub(crate) fn in_rust(text: &str) -> Vec<Definition> {
    let mut found = Vec::new();
    // The blocks that are open, each with the column of its first word and whether it is a module.
    let mut blocks: Vec<(usize, bool)> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let code = line.trim_start();
        let column = line.len() - code.len();
        if code.is_empty() || code.starts_with("//") || code.starts_with('#') {
            continue;
        }
        while blocks.last().is_some_and(|(opened, _)| *opened >= column) {
            blocks.pop();
        }
        let definition = first_definition(code, &RUST_KEYWORDS, &RUST_MODIFIERS);
        let is_module = definition.as_ref().is_some_and(|(keyword, _)| *keyword == "mod");
        let in_module = blocks.iter().all(|(_, is_module)| *is_module);
        if let Some((keyword, name)) = definition
            && (keyword != "type" || in_module)
        {
            found.push(Definition { keyword, name, line: number });
        }
        if code.ends_with('{') {
            blocks.push((column, is_module));
        }
    }
    found
}

/// What a file of the UI defines. A constant that isn't exported is a local variable.
pub(crate) fn in_script(text: &str) -> Vec<Definition> {
    let lines = text.lines().zip(1..);
    let found = lines.filter_map(|(line, number)| {
        let code = line.trim_start();
        let (keyword, name) = first_definition(code, &SCRIPT_KEYWORDS, &SCRIPT_MODIFIERS)?;
        let is_local = keyword == "const" && !code.starts_with("export ");
        (!is_local).then_some(Definition { keyword, name, line: number })
    });
    found.collect()
}

fn first_definition(
    code: &str,
    keywords: &[&'static str],
    modifiers: &[&str],
) -> Option<(&'static str, String)> {
    let mut rest = code;
    loop {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        let after = after.trim_start();
        let plain = word.split('(').next().unwrap_or_default();
        let keyword = keywords.iter().find(|keyword| **keyword == word);
        // `const` may be either: before `fn` it only says more about it.
        let is_modifier = modifiers.contains(&plain)
            && (keyword.is_none() || keywords.iter().any(|next| starts_with_word(after, next)));
        if let (Some(keyword), false) = (keyword, is_modifier) {
            let end = after.find(|sign: char| !sign.is_alphanumeric() && sign != '_');
            let name = &after[..end.unwrap_or(after.len())];
            return (!name.is_empty()).then(|| (*keyword, name.to_owned()));
        }
        if !is_modifier {
            return None;
        }
        rest = after;
    }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: Vec<Definition>) -> Vec<(&'static str, String, usize)> {
        found.into_iter().map(|it| (it.keyword, it.name, it.line)).collect()
    }

    fn named(all: &[(&'static str, &str, usize)]) -> Vec<(&'static str, String, usize)> {
        all.iter().map(|(keyword, name, line)| (*keyword, (*name).to_owned(), *line)).collect()
    }

    #[test]
    fn rust_is_read_as_rustfmt_writes_it() {
        let text = "\
pub(crate) struct Desk<'a> {
    told: Told,
}
pub enum Sort { One }
type Alias = Vec<Told>;
const fn look() {}
pub(super) async fn take<T>(it: T) -> Wish {
    let told = 1;
    fn inner() {}
}
impl Iterator for Desk<'_> {
    type Item = Told;
    fn next(&mut self) -> Option<Told> {}
}
pub const LIMIT: usize = 3;
mod tests {
    type Local = u8;
    pub(crate) struct Yard;
}
pub trait Runner: Send {
    type Task;
}
";
        let wanted = [
            ("struct", "Desk", 1),
            ("enum", "Sort", 4),
            ("type", "Alias", 5),
            ("fn", "look", 6),
            ("fn", "take", 7),
            ("fn", "inner", 9),
            ("fn", "next", 13),
            ("const", "LIMIT", 15),
            ("mod", "tests", 16),
            ("type", "Local", 17),
            ("struct", "Yard", 18),
            ("trait", "Runner", 20),
        ];
        assert_eq!(names(in_rust(text)), named(&wanted));
    }

    #[test]
    fn prose_uses_and_what_only_begins_so_define_nothing_in_rust() {
        let text = "\
//! struct Desk: the loop's state.
/// fn look() finds it.
// type Told = u8;
use crate::desk::{Desk, Told};
let structure = Desk::new();
typed(Told);
fnord struct Desk;
modify(Desk);
#[derive(Told)]
\"pub struct Quoted {\"
const { assert!(true) };
$vis struct $name;
";
        assert_eq!(names(in_rust(text)), named(&[]));
    }

    #[test]
    fn the_uis_files_are_read_alike() {
        let text = "\
<!-- class Sheet -->
export class Sheet {
  told = 1;
}
export interface Row {}
type Told = () => void;
export async function look(): Promise<void> {}
export default function again() {}
export const LIMIT = 1;
  const inner = 1;
const { a, b } = props;
import type { Sheet } from './sheet';
export type { Row } from './row';
// function look()
 * const told = 1
functional(look);
<p class=\"Sheet\">class Sheet</p>
";
        let wanted = [
            ("class", "Sheet", 2),
            ("interface", "Row", 5),
            ("type", "Told", 6),
            ("function", "look", 7),
            ("function", "again", 8),
            ("const", "LIMIT", 9),
        ];
        assert_eq!(names(in_script(text)), named(&wanted));
    }
}
