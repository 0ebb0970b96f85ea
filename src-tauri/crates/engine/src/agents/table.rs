//! The agents that Regatta knows: one row each. Facts of their programs, tried, not assumed.

use super::quiet::QuietFile;
use regatta_protocol::KnownAgent;

/// What is known of an agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Its own program.
    pub(crate) program: &'static str,
    /// The small program through which it speaks ACP, and the variable in which that one wants
    /// the path of the agent's own; none: the agent speaks it itself.
    pub(crate) adapter: Option<(&'static str, &'static str)>,
    /// The arguments with which it speaks ACP; with `{prompt}`, those of a command.
    pub(crate) args: &'static [&'static str],
    /// The npm packages that Regatta can install: adapter or agent. Empty: none.
    pub(crate) packages: &'static [&'static str],
    /// The variable that carries its key; empty: it takes none.
    pub(crate) key_name: &'static str,
    /// Variables of its own that it may find.
    pub(crate) variables: &'static [&'static str],
    /// Variables that keep it from telling, updating and asking around.
    pub(crate) quiet: &'static [(&'static str, &'static str)],
    /// The file that does so where no variable can; none: none is needed, or known of.
    pub(crate) quiet_file: Option<QuietFile>,
    /// Variables that make it ask before it acts.
    pub(crate) asking: &'static [(&'static str, &'static str)],
    /// The modes in which it asks; empty: it has none, or asks by its variables. The first is
    /// set at every safety level: our policy answers what the level allows, so the never-list
    /// holds.
    pub(crate) asking_modes: &'static [&'static str],
    /// Whether it runs commands that only read without asking, also in that mode.
    pub(crate) reads_unasked: bool,
    /// Variables that it needs beside a key, and inside a sandbox.
    pub(crate) with_key: &'static [(&'static str, &'static str)],
    pub(crate) in_sandbox: &'static [(&'static str, &'static str)],
    /// What it writes outside its copy, below the home folder.
    pub(crate) state: &'static [&'static str],
    /// The arguments with which its own program says whether somebody is signed in, by ending
    /// well or not; empty: it has no such word.
    pub(crate) status: &'static [&'static str],
    /// How a person signs in, in a terminal.
    pub(crate) sign_in: &'static str,
    /// Whether it can keep to a number of turns.
    pub(crate) limits_turns: bool,
    /// Whether it says what it costs.
    pub(crate) reports_cost: bool,
}

impl Row {
    /// Whether it speaks ACP, and so can ask and be told something.
    pub(crate) fn asks(&self) -> bool {
        !self.args.contains(&"{prompt}")
    }
}

const CLAUDE_CODE: Row = Row {
    program: "claude",
    adapter: Some(("claude-agent-acp", "CLAUDE_CODE_EXECUTABLE")),
    args: &[],
    packages: &["@agentclientprotocol/claude-agent-acp"],
    key_name: "ANTHROPIC_API_KEY",
    variables: &[
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
    quiet: &[
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_TELEMETRY", "1"),
    ],
    quiet_file: None,
    asking: &[],
    asking_modes: &["default", "plan"],
    reads_unasked: true,
    with_key: &[],
    // As root it works only where it is told that it is in one.
    in_sandbox: &[("IS_SANDBOX", "1")],
    // It also writes a `.claude.json` beside its folder, by a file of another name: inside a
    // sandbox it can't, and goes on without. Its sign-in is kept in the folder.
    state: &[".claude", ".cache/claude-cli-nodejs"],
    status: &["auth", "status"],
    sign_in: "claude auth login",
    limits_turns: true,
    reports_cost: true,
};

const CODEX: Row = Row {
    program: "codex",
    adapter: Some(("codex-acp", "CODEX_PATH")),
    args: &[],
    packages: &["@agentclientprotocol/codex-acp"],
    key_name: "OPENAI_API_KEY",
    variables: &["CODEX_API_KEY", "CODEX_HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL"],
    quiet: &[],
    quiet_file: Some(QuietFile::WithoutPlugins),
    asking: &[],
    asking_modes: &["read-only"],
    reads_unasked: true,
    with_key: &[("DEFAULT_AUTH_REQUEST", r#"{"methodId":"api-key"}"#)],
    in_sandbox: &[],
    state: &[".codex"],
    status: &["login", "status"],
    sign_in: "codex login",
    limits_turns: false,
    reports_cost: false,
};

const GEMINI: Row = Row {
    program: "gemini",
    adapter: None,
    args: &["--acp"],
    packages: &["@google/gemini-cli"],
    key_name: "GEMINI_API_KEY",
    variables: &[
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
    quiet: &[("GEMINI_CLI_TRUST_WORKSPACE", "true")],
    quiet_file: Some(QuietFile::Settings {
        prefix: "GEMINI_CLI",
        system: [
            "/etc/gemini-cli/system-defaults.json",
            "/Library/Application Support/GeminiCli/system-defaults.json",
        ],
    }),
    asking: &[],
    asking_modes: &["default", "plan"],
    reads_unasked: true,
    with_key: &[],
    in_sandbox: &[],
    state: &[".gemini"],
    status: &[],
    sign_in: "gemini",
    limits_turns: false,
    reports_cost: false,
};

const OPENCODE: Row = Row {
    program: "opencode",
    adapter: None,
    args: &["acp"],
    packages: &["opencode-ai"],
    key_name: "",
    variables: &[
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "OPENAI_API_KEY",
        "OPENCODE_API_KEY",
        "OPENCODE_CONFIG",
        "OPENCODE_CONFIG_CONTENT",
        "OPENCODE_CONFIG_DIR",
        "OPENROUTER_API_KEY",
    ],
    quiet: &[
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
    ],
    quiet_file: None,
    asking: &[("OPENCODE_PERMISSION", r#"{"edit":"ask","bash":"ask","webfetch":"ask"}"#)],
    asking_modes: &[],
    reads_unasked: false,
    with_key: &[],
    in_sandbox: &[],
    state: &[
        ".cache/opencode",
        ".config/opencode",
        ".local/share/opencode",
        ".local/state/opencode",
    ],
    status: &[],
    sign_in: "opencode auth login",
    limits_turns: false,
    reports_cost: true,
};

const COPILOT: Row = Row {
    program: "copilot",
    adapter: None,
    args: &["--acp"],
    packages: &["@github/copilot"],
    key_name: "",
    variables: &[
        "COPILOT_MODEL",
        "COPILOT_OFFLINE",
        "COPILOT_PROVIDER_API_KEY",
        "COPILOT_PROVIDER_BASE_URL",
    ],
    quiet: &[("COPILOT_AUTO_UPDATE", "false")],
    quiet_file: None,
    asking: &[],
    asking_modes: &[],
    reads_unasked: false,
    with_key: &[],
    in_sandbox: &[],
    state: &[".cache/Microsoft", ".cache/copilot", ".copilot"],
    status: &[],
    sign_in: "copilot login",
    limits_turns: false,
    reports_cost: false,
};

const QWEN: Row = Row {
    program: "qwen",
    adapter: None,
    args: &["--acp"],
    packages: &["@qwen-code/qwen-code"],
    key_name: "OPENAI_API_KEY",
    variables: &[
        "DASHSCOPE_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        "QWEN_CODE_SYSTEM_DEFAULTS_PATH",
        "QWEN_CODE_SYSTEM_SETTINGS_PATH",
    ],
    quiet: &[],
    quiet_file: Some(QuietFile::Settings {
        prefix: "QWEN_CODE",
        system: [
            "/etc/qwen-code/system-defaults.json",
            "/Library/Application Support/QwenCode/system-defaults.json",
        ],
    }),
    asking: &[],
    asking_modes: &["default", "plan"],
    reads_unasked: true,
    with_key: &[],
    in_sandbox: &[],
    state: &[".qwen"],
    status: &[],
    sign_in: "qwen",
    limits_turns: false,
    reports_cost: false,
};

const AIDER: Row = Row {
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
    variables: &[
        "AIDER_MODEL",
        "ANTHROPIC_API_KEY",
        "DEEPSEEK_API_KEY",
        "GEMINI_API_KEY",
        "OPENAI_API_BASE",
        "OPENAI_API_KEY",
        "OPENROUTER_API_KEY",
    ],
    quiet: &[],
    quiet_file: None,
    asking: &[],
    asking_modes: &[],
    reads_unasked: false,
    with_key: &[],
    in_sandbox: &[],
    state: &[".aider"],
    status: &[],
    sign_in: "",
    limits_turns: false,
    reports_cost: false,
};

/// What is known of an agent.
pub(crate) const fn row(id: KnownAgent) -> &'static Row {
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
            let row = row(id);
            let asks_by_itself = matches!(id, KnownAgent::Copilot);
            let made_to_ask = !row.asking_modes.is_empty() || !row.asking.is_empty();
            assert_eq!(row.asks(), made_to_ask || asks_by_itself, "{id:?}");
            assert!(row.state.iter().all(|path| path.starts_with('.')), "{id:?}");
            assert!(row.key_name.is_empty() || row.variables.contains(&row.key_name), "{id:?}");
            let secret = |name: &&str| name.starts_with("GIT") || name.starts_with("REGATTA");
            assert!(!row.variables.iter().any(secret), "{id:?}");
        }
    }
}
