//! `cargo xtask bundle`: a package that people can install.

use crate::step::Step;
use crate::system::{self, Consent, Requirement};
use crate::{XtaskResult, node, paths};
use std::fs;
use std::io;
use std::path::PathBuf;

/// Builds the app and the program `regatta` for release and puts both into a .deb.
pub(crate) fn bundle(said_yes: bool) -> XtaskResult {
    if !cfg!(target_os = "linux") {
        return Err("Only a .deb can be made so far, and that only on Linux.".to_owned());
    }
    let consent = if said_yes { Consent::Given } else { Consent::Ask };
    let needs: Vec<&Requirement> = system::WINDOW.iter().chain([&system::GIT]).collect();
    system::ensure_installed(&needs, consent)?;
    node::install_packages()?;
    node::build_ui()?;
    let program = paths::cargo(&["build", "--release", "-p", "regatta-cli"]);
    Step::new("Program regatta", program, "Mend what the compiler says.").run()?;
    copy_sidecar()?;
    let mut tauri = paths::command_in_repository("node");
    tauri.args(["ui/node_modules/@tauri-apps/cli/tauri.js", "build", "--bundles", "deb"]);
    tauri.args(["--config", "src-tauri/tauri.bundle.json"]);
    Step::new("Package", tauri, "Read what Tauri says.").run()?;
    for package in
        built_packages().map_err(|problem| format!("The package isn't there: {problem}."))?
    {
        println!("\nMade {}", package.display());
        println!("Install it with: sudo apt-get install {}", package.display());
    }
    println!(
        "Not made here: an AppImage (its tools are downloaded while it is made), .dmg and .msi \
         (they need macOS and Windows)."
    );
    Ok(())
}

/// Puts the program `regatta` where Tauri looks for a program to pack, under the name that
/// it wants there.
fn copy_sidecar() -> XtaskResult {
    let told = paths::command_in_repository("rustc").arg("-vV").output();
    let told = told.map_err(|problem| format!("rustc: {problem}."))?;
    let told = String::from_utf8_lossy(&told.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc doesn't say which system it builds for.")?;
    let folder = paths::repository().join("src-tauri/binaries");
    let copied = fs::create_dir_all(&folder).and_then(|()| {
        let to = folder.join(format!("regatta-{host}"));
        fs::copy(paths::built_program("release", "regatta"), to)
    });
    copied.map(|_| ()).map_err(|problem| format!("{}: {problem}.", folder.display()))
}

fn built_packages() -> io::Result<Vec<PathBuf>> {
    let folder = paths::target_dir().join("release/bundle/deb");
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let all: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    Ok(all.into_iter().filter(|path| path.extension().is_some_and(|e| e == "deb")).collect())
}
