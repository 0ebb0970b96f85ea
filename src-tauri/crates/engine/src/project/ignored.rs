//! What a first version leaves out: what package managers and builds make, passwords and keys.
//! Patterns as in gitignore(5).

use std::path::Path;

/// The most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 1_000;

/// Left out of every project. Source: <https://github.com/github/gitignore>.
const ALWAYS: &str = "\
# Passwords and keys
.env
.env.*
!.env.example
!.env.sample
!.env.template
*.key
*.p12
*.pem
*.pfx
id_dsa
id_ecdsa
id_ed25519
id_rsa
.aws/
.gnupg/
.netrc
.ssh/

# Made by the system
.DS_Store
Thumbs.db
";

/// A kind of project: its name, files that tell it (`*.x`: any of that ending), and what its
/// tools make.
type Kind = (&'static str, &'static [&'static str], &'static [&'static str]);

const KINDS: &[Kind] = &[
    (
        "JavaScript",
        &["package.json"],
        &["node_modules/", "dist/", ".next/", ".nuxt/", ".svelte-kit/", ".turbo/"],
    ),
    ("Rust", &["Cargo.toml"], &["target/"]),
    (
        "Python",
        &["pyproject.toml", "requirements.txt", "setup.py", "Pipfile", "*.py"],
        &["__pycache__/", "*.pyc", ".venv/", "venv/", ".tox/", ".pytest_cache/", "*.egg-info/"],
    ),
    ("Maven", &["pom.xml"], &["target/"]),
    ("Gradle", &["build.gradle", "build.gradle.kts"], &[".gradle/", "build/"]),
    (".NET", &["*.sln", "*.csproj", "*.fsproj"], &["bin/", "obj/"]),
    ("PHP", &["composer.json"], &["vendor/"]),
    ("Ruby", &["Gemfile"], &[".bundle/", "vendor/bundle/"]),
    ("CMake", &["CMakeLists.txt"], &["build/", "cmake-build-*/"]),
    ("Dart", &["pubspec.yaml"], &[".dart_tool/", "build/"]),
    ("Swift", &["Package.swift"], &[".build/"]),
    ("Elixir", &["mix.exs"], &["_build/", "deps/"]),
    ("Terraform", &["*.tf"], &[".terraform/", "*.tfstate", "*.tfstate.*"]),
];

/// The patterns for `dir`, by the kinds of project that are in it or in its folders.
pub(super) fn patterns_for(dir: &Path) -> String {
    let names = names_in(dir);
    let below = names.iter().map(|name| dir.join(name)).filter(|path| is_plain_folder(path));
    let names: Vec<String> =
        names.iter().cloned().chain(below.flat_map(|f| names_in(&f))).collect();
    let mut text = ALWAYS.to_owned();
    for (kind, told_by, made) in KINDS {
        if told_by.iter().any(|sign| names.iter().any(|name| is_sign(name, sign))) {
            text.push_str(&format!("\n# Made by {kind}'s tools\n{}\n", made.join("\n")));
        }
    }
    text
}

fn is_sign(name: &str, sign: &str) -> bool {
    match sign.strip_prefix('*') {
        Some(ending) => name.len() > ending.len() && name.ends_with(ending),
        None => name == sign,
    }
}

/// The names in a folder, as far as they can be read.
pub(super) fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().take(MAX_ENTRIES).flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Whether a folder is there that isn't a link.
pub(super) fn is_plain_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_goes_by_the_kinds_that_are_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let plain = patterns_for(dir.path());
        assert!(plain.contains("\n.env\n") && plain.contains("\nid_rsa\n"), "{plain}");
        assert!(!plain.contains("node_modules") && !plain.contains("target"), "{plain}");

        std::fs::write(dir.path().join("tool.py"), "").expect("a file");
        std::fs::create_dir(dir.path().join("web")).expect("a folder");
        std::fs::write(dir.path().join("web/package.json"), "{}").expect("a file");
        let both = patterns_for(dir.path());
        assert!(both.contains("\nnode_modules/\n") && both.contains("\nvenv/\n"), "{both}");
        assert!(!both.contains("target/"), "{both}");
    }

    #[test]
    fn a_sign_is_a_name_or_an_ending() {
        assert!(is_sign("a.py", "*.py") && is_sign("Gemfile", "Gemfile"));
        assert!(!is_sign(".py", "*.py") && !is_sign("a.pyc", "*.py"));
        assert!(!is_sign("Gemfile.lock", "Gemfile"));
    }
}
