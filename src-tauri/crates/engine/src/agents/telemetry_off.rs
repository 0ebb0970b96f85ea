//! What keeps agents quiet that no variable keeps so: a file of ours for each, which counts only
//! where nobody else says anything. No file of a person's or of a system's is written.

use super::environment::EnvMap;
use crate::ids::new_id;
use regatta_trace::LogDropped;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How an agent is kept quiet by a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TelemetryOffFile {
    /// As Gemini CLI, and what was made from it: settings that are weaker than all others.
    Settings {
        /// How its variables begin.
        prefix: &'static str,
        /// Where the system's own settings of that kind are.
        system: [&'static str; 2],
    },
    /// As Codex: each time it starts it brings its list of plugins up to date from the internet.
    /// Only an argument keeps it from that; its adapter gives it none, so a script does.
    WithoutPlugins,
}

/// No updates, no statistics.
const SETTINGS_JSON: &str = r#"{
  "general": { "enableAutoUpdate": false, "enableAutoUpdateNotification": false },
  "privacy": { "usageStatisticsEnabled": false }
}
"#;

/// The variable in which an adapter finds Codex, and the one in which the script does.
const CODEX_VARIABLES: (&str, &str) = ("CODEX_PATH", "CODEX_WITHOUT_PLUGINS");
const CODEX_SCRIPT: &str = "#!/bin/sh
exec \"$CODEX_WITHOUT_PLUGINS\" -c features.plugins=false \"$@\"
";
/// Where a system says how Codex works.
const CODEX_SYSTEM_FILES: [&str; 2] = ["/etc/codex/config.toml", "/etc/codex/managed_config.toml"];

/// Has an agent find its file, which is in `folder`. Where that can't be written it goes on as
/// it does by itself.
pub(super) fn turn_telemetry_off(how: TelemetryOffFile, folder: &Path, env: &mut EnvMap) {
    match how {
        TelemetryOffFile::Settings { prefix, system } => {
            apply_settings_file(prefix, system, folder, env)
        }
        TelemetryOffFile::WithoutPlugins => apply_plugins_wrapper(folder, env),
    }
}

fn apply_settings_file(prefix: &str, system: [&str; 2], folder: &Path, env: &mut EnvMap) {
    let variable = format!("{prefix}_SYSTEM_DEFAULTS_PATH");
    // A company's file of that kind counts: ours would be in its place.
    let named = [variable.clone(), format!("{prefix}_SYSTEM_SETTINGS_PATH")];
    let is_theirs = named.iter().any(|name| env.contains_key(name))
        || system.iter().any(|file| Path::new(file).exists());
    if !is_theirs
        && let Some(file) =
            write_file_atomically(folder, "quiet-settings.json", SETTINGS_JSON, false)
                .log_dropped("writing an agent's settings")
    {
        env.insert(variable, file.display().to_string());
    }
}

fn apply_plugins_wrapper(folder: &Path, env: &mut EnvMap) {
    let path = |name: &str| env.get(name).map(PathBuf::from);
    let home = path("CODEX_HOME").or_else(|| Some(path("HOME")?.join(".codex")));
    let own = home.into_iter().map(|home| home.join("config.toml"));
    // An argument is stronger than all of them, so whoever says anything of plugins is left it.
    let says = |file: PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("plugin"));
    let (finds, hands_on) = CODEX_VARIABLES;
    if let Some(codex) = env.get(finds).cloned()
        && !own.chain(CODEX_SYSTEM_FILES.map(PathBuf::from)).any(says)
        && let Some(script) =
            write_file_atomically(folder, "codex-without-plugins", CODEX_SCRIPT, true)
                .log_dropped("writing an agent's wrapper")
    {
        env.insert(hands_on.to_owned(), codex);
        env.insert(finds.to_owned(), script.display().to_string());
    }
}

/// The file with this text. An agent that starts now reads the whole of it or the one before.
fn write_file_atomically(
    folder: &Path,
    name: &str,
    text: &str,
    is_program: bool,
) -> io::Result<PathBuf> {
    let file = folder.join(name);
    if fs::read_to_string(&file).is_ok_and(|kept| kept == text) {
        return Ok(file);
    }
    fs::create_dir_all(folder)?;
    let fresh = folder.join(format!("{name}-{}", new_id()));
    fs::write(&fresh, text)?;
    regatta_process::set_executable(&fresh, is_program)?;
    fs::rename(&fresh, &file)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests look from outside")]

    use super::super::find::tests::write_program;
    use super::*;
    use std::process::Command;

    fn env(variables: &[(&str, &Path)]) -> EnvMap {
        variables.iter().map(|(name, path)| ((*name).into(), path.display().to_string())).collect()
    }

    #[test]
    fn settings_of_ours_are_named_unless_a_system_has_its_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs.json"));
        let theirs = theirs.to_str().expect("text");
        let how =
            TelemetryOffFile::Settings { prefix: "X", system: [theirs, "/nowhere"].map(leak) };
        let mut quiet = EnvMap::new();
        turn_telemetry_off(how, &ours, &mut quiet);
        let text = fs::read_to_string(&quiet["X_SYSTEM_DEFAULTS_PATH"]).expect("it is there");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");

        for name in ["X_SYSTEM_DEFAULTS_PATH", "X_SYSTEM_SETTINGS_PATH"] {
            let mut named = env(&[(name, Path::new("/theirs"))]);
            let before = named.clone();
            turn_telemetry_off(how, &ours, &mut named);
            assert_eq!(named, before);
        }
        fs::write(theirs, "{}").expect("a file");
        let mut left = EnvMap::new();
        turn_telemetry_off(how, &ours, &mut left);
        assert_eq!(left, EnvMap::new());
    }

    fn leak(text: &str) -> &'static str {
        text.to_owned().leak()
    }

    #[test]
    fn codex_is_started_without_plugins_unless_its_settings_speak_of_them() {
        let dir = tempfile::tempdir().expect("a folder");
        let codex = write_program(dir.path(), "codex", 0o755);
        fs::write(&codex, "#!/bin/sh\necho \"$@\"\n").expect("a file");
        let home = dir.path().join(".codex");
        let given = env(&[("HOME", dir.path()), ("CODEX_PATH", &codex)]);
        let mut quiet = given.clone();
        turn_telemetry_off(
            TelemetryOffFile::WithoutPlugins,
            &dir.path().join("of ours"),
            &mut quiet,
        );
        let mut started = Command::new(&quiet["CODEX_PATH"]);
        let said = started.arg("app-server").env_clear().envs(&quiet).output().expect("it starts");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(said, "-c features.plugins=false app-server\n");

        fs::create_dir(&home).expect("a folder");
        fs::write(home.join("config.toml"), "[plugins.\"a@b\"]\nenabled = true\n").expect("a file");
        let mut left = given.clone();
        turn_telemetry_off(
            TelemetryOffFile::WithoutPlugins,
            &dir.path().join("of ours"),
            &mut left,
        );
        assert_eq!(left, given);
    }
}
