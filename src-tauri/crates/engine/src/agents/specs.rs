//! The agents that Regatta knows: one row each. Facts of their programs, tried, not assumed.

use super::telemetry_off::TelemetryOffFile;
use regatta_protocol::KnownAgent;

/// What is known of an agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgentSpec {
    /// Its own program.
    pub(crate) program: &'static str,
    /// The small program through which it speaks ACP, and the variable in which that one wants
    /// the path of the agent's own; `None` if the agent speaks it itself.
    pub(crate) adapter: Option<(&'static str, &'static str)>,
    /// The arguments with which it speaks ACP; with `{prompt}`, those of a command.
    pub(crate) args: &'static [&'static str],
    /// The npm packages that Regatta can install: adapter or agent. Empty means none.
    pub(crate) packages: &'static [&'static str],
    /// The variable that carries its key; empty if it takes none.
    pub(crate) key_name: &'static str,
    /// Variables of its own that it may find.
    pub(crate) inherited_env: &'static [&'static str],
    /// Variables that keep it from telling, updating and asking around.
    pub(crate) telemetry_off_env: &'static [(&'static str, &'static str)],
    /// The file that does so where no variable can; `None` if none is needed, or known of.
    pub(crate) telemetry_off_file: Option<TelemetryOffFile>,
    /// Variables that make it ask before it acts.
    pub(crate) asking_env: &'static [(&'static str, &'static str)],
    /// The modes in which it asks; empty if it has none, or asks by its variables. The first is
    /// set at every safety level: our policy answers what the level allows, so the never-list
    /// holds.
    pub(crate) asking_modes: &'static [&'static str],
    /// Whether it runs commands that only read without asking, also in that mode.
    pub(crate) reads_without_asking: bool,
    /// Variables that it needs beside a key, and inside a sandbox.
    pub(crate) env_with_key: &'static [(&'static str, &'static str)],
    pub(crate) env_in_sandbox: &'static [(&'static str, &'static str)],
    /// What it writes outside its copy, below the home folder.
    pub(crate) state_paths: &'static [&'static str],
    /// The arguments with which its own program says whether somebody is signed in, by ending
    /// well or not; empty if it has no such word.
    pub(crate) sign_in_status_args: &'static [&'static str],
    /// How a person signs in, in a terminal.
    pub(crate) sign_in_command: &'static str,
    /// Whether it can keep to a number of turns.
    pub(crate) limits_turns: bool,
    /// Whether it says what it costs.
    pub(crate) reports_cost: bool,
}

impl AgentSpec {
    /// Whether it speaks ACP, and so can ask and be told something.
    pub(crate) fn can_ask(&self) -> bool {
        !self.args.contains(&"{prompt}")
    }
}

const CLAUDE_CODE: AgentSpec = AgentSpec {
    program: "claude",
    adapter: Some(("claude-agent-acp", "CLAUDE_CODE_EXECUTABLE")),
    args: &[],
    packages: &["@agentclientprotocol/claude-agent-acp"],
    key_name: "ANTHROPIC_API_KEY",
    inherited_env: &[
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_MODEL",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_MAX_RETRIES",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CONFIG_DIR",
    ],
    telemetry_off_env: &[
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_TELEMETRY", "1"),
    ],
    telemetry_off_file: None,
    asking_env: &[],
    asking_modes: &["default", "plan"],
    reads_without_asking: true,
    env_with_key: &[],
    // As root it works only where it is told that it is in one.
    env_in_sandbox: &[("IS_SANDBOX", "1")],
    // It also writes a `.claude.json` beside its folder, by a file of another name: inside a
    // sandbox it can't, and goes on without. Its sign-in is kept in the folder.
    state_paths: &[".claude", ".cache/claude-cli-nodejs"],
    sign_in_status_args: &["auth", "status"],
    sign_in_command: "claude auth login",
    limits_turns: true,
    reports_cost: true,
};

const CODEX: AgentSpec = AgentSpec {
    program: "codex",
    adapter: Some(("codex-acp", "CODEX_PATH")),
    args: &[],
    packages: &["@agentclientprotocol/codex-acp"],
    key_name: "OPENAI_API_KEY",
    inherited_env: &["CODEX_API_KEY", "CODEX_HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL"],
    telemetry_off_env: &[],
    telemetry_off_file: Some(TelemetryOffFile::WithoutPlugins),
    asking_env: &[],
    asking_modes: &["read-only"],
    reads_without_asking: true,
    env_with_key: &[("DEFAULT_AUTH_REQUEST", r#"{"methodId":"api-key"}"#)],
    env_in_sandbox: &[],
    state_paths: &[".codex"],
    sign_in_status_args: &["login", "status"],
    sign_in_command: "codex login",
    limits_turns: false,
    reports_cost: false,
};

const GEMINI: AgentSpec = AgentSpec {
    program: "gemini",
    adapter: None,
    args: &["--acp"],
    packages: &["@google/gemini-cli"],
    key_name: "GEMINI_API_KEY",
    inherited_env: &[
        "GEMINI_API_KEY",
        "GEMINI_CLI_HOME",
        "GEMINI_CLI_SYSTEM_DEFAULTS_PATH",
        "GEMINI_CLI_SYSTEM_SETTINGS_PATH",
        "GEMINI_MODEL",
        "GOOGLE_API_KEY",
        "GOOGLE_CLOUD_LOCATION",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_GEMINI_BASE_URL",
    ],
    telemetry_off_env: &[("GEMINI_CLI_TRUST_WORKSPACE", "true")],
    telemetry_off_file: Some(TelemetryOffFile::Settings {
        prefix: "GEMINI_CLI",
        system: [
            "/etc/gemini-cli/system-defaults.json",
            "/Library/Application Support/GeminiCli/system-defaults.json",
        ],
    }),
    asking_env: &[],
    asking_modes: &["default", "plan"],
    reads_without_asking: true,
    env_with_key: &[],
    env_in_sandbox: &[],
    state_paths: &[".gemini"],
    sign_in_status_args: &[],
    sign_in_command: "gemini",
    limits_turns: false,
    reports_cost: false,
};

const OPENCODE: AgentSpec = AgentSpec {
    program: "opencode",
    adapter: None,
    args: &["acp"],
    packages: &["opencode-ai"],
    key_name: "",
    inherited_env: &[
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "OPENAI_API_KEY",
        "OPENCODE_API_KEY",
        "OPENCODE_CONFIG",
        "OPENCODE_CONFIG_CONTENT",
        "OPENCODE_CONFIG_DIR",
        "OPENROUTER_API_KEY",
    ],
    telemetry_off_env: &[
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
    ],
    telemetry_off_file: None,
    asking_env: &[("OPENCODE_PERMISSION", r#"{"edit":"ask","bash":"ask","webfetch":"ask"}"#)],
    asking_modes: &[],
    reads_without_asking: false,
    env_with_key: &[],
    env_in_sandbox: &[],
    state_paths: &[
        ".cache/opencode",
        ".config/opencode",
        ".local/share/opencode",
        ".local/state/opencode",
    ],
    sign_in_status_args: &[],
    sign_in_command: "opencode auth login",
    limits_turns: false,
    reports_cost: true,
};

const COPILOT: AgentSpec = AgentSpec {
    program: "copilot",
    adapter: None,
    args: &["--acp"],
    packages: &["@github/copilot"],
    key_name: "",
    inherited_env: &[
        "COPILOT_MODEL",
        "COPILOT_OFFLINE",
        "COPILOT_PROVIDER_API_KEY",
        "COPILOT_PROVIDER_BASE_URL",
    ],
    telemetry_off_env: &[("COPILOT_AUTO_UPDATE", "false")],
    telemetry_off_file: None,
    asking_env: &[],
    asking_modes: &[],
    reads_without_asking: false,
    env_with_key: &[],
    env_in_sandbox: &[],
    state_paths: &[".cache/Microsoft", ".cache/copilot", ".copilot"],
    sign_in_status_args: &[],
    sign_in_command: "copilot login",
    limits_turns: false,
    reports_cost: false,
};

const QWEN: AgentSpec = AgentSpec {
    program: "qwen",
    adapter: None,
    args: &["--acp"],
    packages: &["@qwen-code/qwen-code"],
    key_name: "OPENAI_API_KEY",
    inherited_env: &[
        "DASHSCOPE_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        "QWEN_CODE_SYSTEM_DEFAULTS_PATH",
        "QWEN_CODE_SYSTEM_SETTINGS_PATH",
    ],
    telemetry_off_env: &[],
    telemetry_off_file: Some(TelemetryOffFile::Settings {
        prefix: "QWEN_CODE",
        system: [
            "/etc/qwen-code/system-defaults.json",
            "/Library/Application Support/QwenCode/system-defaults.json",
        ],
    }),
    asking_env: &[],
    asking_modes: &["default", "plan"],
    reads_without_asking: true,
    env_with_key: &[],
    env_in_sandbox: &[],
    state_paths: &[".qwen"],
    sign_in_status_args: &[],
    sign_in_command: "qwen",
    limits_turns: false,
    reports_cost: false,
};

const AIDER: AgentSpec = AgentSpec {
    program: "aider",
    adapter: None,
    args: &[
        "--yes-always",
        "--no-check-update",
        "--analytics-disable",
        "--no-pretty",
        "--no-auto-commits",
        "--message",
        "{prompt}",
    ],
    packages: &[],
    key_name: "",
    inherited_env: &[
        "AIDER_MODEL",
        "ANTHROPIC_API_KEY",
        "DEEPSEEK_API_KEY",
        "GEMINI_API_KEY",
        "OPENAI_API_BASE",
        "OPENAI_API_KEY",
        "OPENROUTER_API_KEY",
    ],
    telemetry_off_env: &[],
    telemetry_off_file: None,
    asking_env: &[],
    asking_modes: &[],
    reads_without_asking: false,
    env_with_key: &[],
    env_in_sandbox: &[],
    state_paths: &[".aider"],
    sign_in_status_args: &[],
    sign_in_command: "",
    limits_turns: false,
    reports_cost: false,
};

/// What is known of an agent.
pub(crate) const fn spec(id: KnownAgent) -> &'static AgentSpec {
    match id {
        KnownAgent::ClaudeCode => &CLAUDE_CODE,
        KnownAgent::Codex => &CODEX,
        KnownAgent::Gemini => &GEMINI,
        KnownAgent::Opencode => &OPENCODE,
        KnownAgent::Copilot => &COPILOT,
        KnownAgent::Qwen => &QWEN,
        KnownAgent::Aider => &AIDER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_how_the_agent_asks_and_where_it_writes() {
        for id in KnownAgent::ALL {
            let row = spec(id);
            let asks_by_itself = matches!(id, KnownAgent::Copilot);
            let made_to_ask = !row.asking_modes.is_empty() || !row.asking_env.is_empty();
            assert_eq!(row.can_ask(), made_to_ask || asks_by_itself, "{id:?}");
            assert!(row.state_paths.iter().all(|path| path.starts_with('.')), "{id:?}");
            assert!(row.key_name.is_empty() || row.inherited_env.contains(&row.key_name), "{id:?}");
            let secret = |name: &&str| name.starts_with("GIT") || name.starts_with("REGATTA");
            assert!(!row.inherited_env.iter().any(secret), "{id:?}");
        }
    }
}
