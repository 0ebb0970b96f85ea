//! The window's calls and the shell's commands have the same names, arguments and answers.
//!
//! `ui/src/bindings/commands.ts` is made of the commands' signatures, and is current:
//! `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract` writes it.

use crate::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

/// What a command takes from Tauri and not from the window.
const TAURI_PARAMETERS: [&str; 4] = ["app", "window", "webview", "state"];

const HEADER: &str = "\
// Made by `REGATTA_WRITE_BINDINGS=1 cargo test -p regatta-tests --test contract`.
// Do not edit: change src-tauri/src/commands instead.

";

/// Commands by name, each with its arguments in the order of the alphabet.
type CommandArguments = BTreeMap<String, Vec<String>>;

/// A command as the window sees it.
struct Signature {
    name: String,
    /// Names and types, as Rust writes them.
    parameters: Vec<(String, String)>,
    answer: String,
}

#[test]
fn every_command_is_called_by_its_name_and_with_its_arguments() {
    let taken: CommandArguments = signatures()
        .into_iter()
        .map(|command| {
            let names = command.parameters.into_iter().map(|(name, _)| to_camel_case(&name));
            (command.name, sorted(names))
        })
        .collect();
    let called = called_commands();
    assert!(taken.len() > 30, "only {} commands found in the shell", taken.len());
    assert_eq!(called, taken, "left: the window calls, right: the shell takes");
}

#[test]
fn the_windows_types_of_commands_are_the_shells() {
    let path = repository().join("ui/src/bindings/commands.ts");
    let current = bindings();
    if std::env::var_os("REGATTA_WRITE_BINDINGS").is_some() {
        fs::write(&path, &current).expect("write the bindings");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "{} is stale.\n{HEADER}", path.display());
}

fn bindings() -> String {
    let mut used = BTreeSet::new();
    let mut commands = String::new();
    for Signature { name, parameters, answer } in signatures() {
        let fields: Vec<String> = parameters
            .iter()
            .map(|(name, rust)| {
                format!("{}: {}", to_camel_case(name), to_typescript(rust, &mut used))
            })
            .collect();
        let args = match fields.is_empty() {
            true => "undefined".to_owned(),
            false => format!("{{ {} }}", fields.join("; ")),
        };
        let answer = to_typescript(&answer, &mut used);
        writeln!(commands, "  {name}: {{ args: {args}; answer: {answer} }};").expect("a string");
    }
    let used: Vec<String> = used.into_iter().collect();
    format!(
        "{HEADER}import type {{ {} }} from './protocol';\n\n/** The shell's commands: what each takes and answers. */\nexport interface Commands {{\n{commands}}}\n",
        used.join(", ")
    )
}

/// The type as the window has it. Those of `protocol` keep their names, which `used` collects.
fn to_typescript(rust: &str, used: &mut BTreeSet<String>) -> String {
    let inside = |outer: &str| rust.strip_prefix(outer).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inside("Vec<") {
        return format!("{}[]", to_typescript(inner, used));
    }
    if let Some(inner) = inside("Option<") {
        return format!("{} | null", to_typescript(inner, used));
    }
    match rust {
        "()" => "void",
        "bool" => "boolean",
        "String" | "PathBuf" | "Secret" => "string",
        "u32" | "u64" | "usize" | "Millis" => "number",
        ours => {
            used.insert(ours.to_owned());
            ours
        }
    }
    .to_owned()
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

/// The functions marked `#[command]` in `src-tauri/src/commands/`, by name.
fn signatures() -> Vec<Signature> {
    let files = fs::read_dir(repository().join("src-tauri/src/commands")).expect("the commands");
    let paths = files.map(|file| file.expect("an entry").path()).filter(|path| path.is_file());
    let texts = paths.map(|path| fs::read_to_string(path).expect("a source"));
    let mut found: Vec<Signature> = texts
        .flat_map(|text| text.split("#[command]").skip(1).map(signature).collect::<Vec<_>>())
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The signature of the function that `text` begins with.
fn signature(text: &str) -> Signature {
    let (_, rest) = text.split_once("fn ").expect("a function");
    let name = rest.split(['<', '(']).next().expect("its name").to_owned();
    let (_, rest) = rest.split_once('(').expect("its parameters");
    let (parameters, rest) = rest.split_once(") -> CommandResult<").expect("its answer");
    let (answer, _) = rest.split_once("> {").expect("its body");
    let parameters = parameters
        .split(',')
        .filter_map(|parameter| parameter.trim().split_once(": "))
        .filter(|(name, _)| !TAURI_PARAMETERS.contains(name))
        .map(|(name, rust)| (name.to_owned(), rust.to_owned()))
        .collect();
    Signature { name, parameters, answer: answer.to_owned() }
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
