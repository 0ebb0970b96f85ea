//! Makes a permission of each command, so that the window can call these and nothing else.

#[path = "src/commands/names.rs"]
mod names;

fn main() {
    let commands = tauri_build::AppManifest::new().commands(names::COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("the shell's configuration is complete");
}
