//! The window's calls and the shell's commands have the same names and the same arguments.

use crate::repository;
use std::collections::BTreeMap;
use std::fs;

/// What a command takes from Tauri and not from the window.
const TAURI_PARAMETERS: [&str; 4] = ["app", "window", "webview", "state"];

/// Commands by name, each with its arguments in the order of the alphabet.
type CommandArguments = BTreeMap<String, Vec<String>>;

#[test]
fn every_command_is_called_by_its_name_and_with_its_arguments() {
    let (called, taken) = (called_commands(), shell_commands());
    assert!(taken.len() > 30, "only {} commands found in the shell", taken.len());
    assert_eq!(called, taken, "left: the window calls, right: the shell takes");
}

/// The calls in `ui/src/backend/tauri.ts`: `call('name', { one, two })`.
fn called_commands() -> CommandArguments {
    let path = repository().join("ui/src/backend/tauri.ts");
    let text = fs::read_to_string(path).expect("the window's backend");
    let calls = text.split("call('").skip(1).filter_map(|rest| rest.split_once('\''));
    calls.map(|(name, rest)| (name.to_owned(), argument_names(rest))).collect()
}

/// The names inside of `, { … }` at the start of `rest`; none where that isn't there.
fn argument_names(rest: &str) -> Vec<String> {
    let object = rest.strip_prefix(", {").and_then(|rest| rest.split_once('}'));
    let names = object.map_or("", |(names, _)| names).split(',').map(str::trim);
    sorted(names.filter(|name| !name.is_empty()).map(str::to_owned))
}

/// The functions marked `#[command]` in `src-tauri/src/commands/`.
fn shell_commands() -> CommandArguments {
    let files = fs::read_dir(repository().join("src-tauri/src/commands")).expect("the commands");
    let paths = files.map(|file| file.expect("an entry").path()).filter(|path| path.is_file());
    let texts = paths.map(|path| fs::read_to_string(path).expect("a source"));
    let mut found = CommandArguments::new();
    for text in texts {
        for rest in text.split("#[command]").skip(1) {
            let (_, rest) = rest.split_once("fn ").expect("a function");
            let name = rest.split(['<', '(']).next().expect("its name").to_owned();
            let (_, rest) = rest.split_once('(').expect("its parameters");
            let (parameters, _) = rest.split_once(") ->").expect("its answer");
            found.insert(name, parameter_names(parameters));
        }
    }
    found
}

/// The words before each `: ` that the window has to give, as it writes them.
fn parameter_names(parameters: &str) -> Vec<String> {
    let parts = parameters.split(": ").filter_map(|part| part.rsplit([' ', '\n']).next());
    let count = parameters.matches(": ").count();
    let names = parts.take(count).filter(|name| !TAURI_PARAMETERS.contains(name));
    sorted(names.map(to_camel_case))
}

fn to_camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name + letters.as_str()
    })
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
