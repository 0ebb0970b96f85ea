//! Real coding agents that `cargo xtask test --agents` installs, and what each needs to speak to
//! the scripted model instead of its own service.

#[path = "agents/cache.rs"]
mod cache;

use crate::MODEL_KEY;
use cache::{VERSIONS, agent_dir, is_installed};
use serde_json::json;
use std::path::Path;

/// Whether an agent is in the cache, whole and in the wanted version.
///
/// # Panics
/// When it has no versions.
#[must_use]
pub fn is_agent_installed(id: &str) -> bool {
    let wanted = VERSIONS.lines().find(|line| line.starts_with(&format!("{id} ")));
    is_installed(wanted.expect("its versions"))
}

/// The environment in which these agents are found and ask the model at this address. Their
/// settings go below `home`.
///
/// # Panics
/// When their settings can't be written.
#[must_use]
pub fn agents_environment(home: &Path, agents: &[&str], model: &str) -> Vec<(String, String)> {
    std::fs::create_dir_all(home.join(".gemini")).expect("a home folder");
    let own = agents.iter().filter_map(|id| Some(agent_dir(id)?.join("node_modules/.bin")));
    let system = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.chain(std::env::split_paths(&system)));
    let path = path.expect("a search path").into_string().expect("text");
    let mut env = vec![("HOME", home.display().to_string()), ("PATH", path)];
    env.extend(claude_env(model));
    env.extend(codex_env(home, model));
    env.extend(gemini_env(home, model));
    env.push(("OPENCODE_CONFIG_CONTENT", opencode_config(home, model)));
    env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn claude_env(model: &str) -> [(&'static str, String); 3] {
    let retries = ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned());
    let key = ("ANTHROPIC_API_KEY", MODEL_KEY.to_owned());
    [("ANTHROPIC_BASE_URL", model.to_owned()), key, retries]
}

fn codex_env(home: &Path, model: &str) -> [(&'static str, String); 2] {
    let folder = home.join(".codex");
    std::fs::create_dir_all(&folder).expect("its folder");
    let settings = format!(
        "model = \"scripted\"\nmodel_provider = \"m\"\n[model_providers.m]\nname = \"m\"\n\
         base_url = \"{model}/v1\"\nenv_key = \"OPENAI_API_KEY\"\nwire_api = \"responses\"\n\
         request_max_retries = 1\nstream_max_retries = 1\n"
    );
    std::fs::write(folder.join("config.toml"), settings).expect("its settings");
    [("CODEX_HOME", folder.display().to_string()), ("OPENAI_API_KEY", MODEL_KEY.to_owned())]
}

fn gemini_env(home: &Path, model: &str) -> [(&'static str, String); 3] {
    let settings = json!({ "security": { "auth": { "selectedType": "gemini-api-key" } } });
    std::fs::write(home.join(".gemini/settings.json"), settings.to_string()).expect("its settings");
    // Without a named model it asks another one first which to take.
    let named = ("GEMINI_MODEL", "gemini-2.5-pro".to_owned());
    [("GEMINI_API_KEY", MODEL_KEY.to_owned()), ("GOOGLE_GEMINI_BASE_URL", model.to_owned()), named]
}

/// As on a computer where it was used before: the first time it installs a package of its own
/// from npm into the folder of its settings.
fn opencode_config(home: &Path, model: &str) -> String {
    let folder = home.join(".config/opencode");
    std::fs::create_dir_all(folder.join("node_modules")).expect("its folder");
    let needs = json!({ "dependencies": { "@opencode-ai/plugin": "*" } });
    let lock = json!({ "packages": { "": needs } });
    for (name, content) in [("package.json", needs), ("package-lock.json", lock)] {
        std::fs::write(folder.join(name), content.to_string()).expect("its files");
    }
    let config = json!({ "model": "m/scripted", "small_model": "m/scripted", "provider": { "m": {
        "npm": "@ai-sdk/openai-compatible", "name": "m",
        "options": { "baseURL": format!("{model}/v1"), "apiKey": MODEL_KEY },
        "models": { "scripted": { "name": "scripted", "tool_call": true } },
    } } });
    config.to_string()
}
