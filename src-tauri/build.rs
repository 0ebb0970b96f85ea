//! Makes a permission of each command, and a set of all, so that the window can call these and
//! nothing else.

#[macro_use]
#[path = "src/commands/names.rs"]
mod names;

use std::fs;
use std::io;
use std::path::Path;

macro_rules! names {
    ($($module:ident::$name:ident,)*) => { &[$(stringify!($name)),*] };
}

const COMMANDS: &[&str] = commands!(names);

fn main() {
    write_permission_set(Path::new("permissions")).expect("the permissions can be written");
    let commands = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("the shell's configuration is complete");
}

/// The set `commands`: <https://v2.tauri.app/security/permissions/#permission-sets>.
fn write_permission_set(folder: &Path) -> io::Result<()> {
    let allowed = COMMANDS.iter().map(|name| format!("\"allow-{}\"", name.replace('_', "-")));
    let allowed = allowed.collect::<Vec<_>>().join(",");
    let set = format!(
        r#"{{"set":[{{"identifier":"commands","description":"All commands of the window.","permissions":[{allowed}]}}]}}"#
    );
    let path = folder.join("commands.json");
    // Cargo builds all anew when the file is newer.
    if fs::read_to_string(&path).is_ok_and(|kept| kept == set) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::write(path, set)
}
