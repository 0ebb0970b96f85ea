//! A model that does as the prompt says, at the addresses that real agents call: Anthropic
//! Messages, OpenAI Chat Completions and Responses, Gemini. It keeps nothing: the script is in
//! the prompt, and the step is told by how many results of tools came after it.
//!
//! A script is lines of a prompt that begin with `>>`:
//! `>> write FILE: text`, `>> run COMMAND`, `>> look COMMAND` (one that only reads), `>> say text`,
//! `>> status 401`, `>> status 429 retry 2`, `>> wait` (never answers). After the last one it says "All done."

mod anthropic;
mod chat;
mod gemini;
mod responses;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// The key that agents are given for it; no real one.
pub const MODEL_KEY: &str = "key-for-the-scripted-model";

/// A model that runs on this computer for as long as this is kept.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    requests: RequestLog,
    serving: tokio::task::JoinHandle<()>,
}

type RequestLog = Arc<Mutex<Vec<String>>>;

impl ModelServer {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let asked = RequestLog::default();
        let routes = Router::new().fallback(handle_request).with_state(Arc::clone(&asked));
        let serving = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self { address, requests: asked, serving }
    }

    /// Where it is, without a path.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were called, in order, with what was answered.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One thing of a conversation that matters to a script.
#[derive(Debug, PartialEq)]
enum ConversationItem {
    /// A person said it.
    UserText(String),
    /// A tool gave its result.
    ToolResult,
}

/// A tool that the agent offers.
#[derive(Debug)]
struct ToolDefinition {
    name: String,
    schema: Value,
    /// It takes one text instead of fields.
    is_freeform: bool,
}

/// What the model does next.
#[derive(Debug, Clone, PartialEq)]
enum ModelAction {
    /// Says something, which ends the turn.
    Say(String),
    /// Calls a tool with these fields.
    ToolCall { name: String, fields: Value },
    /// Calls a tool that takes one text.
    FreeformToolCall { name: String, text: String },
    /// Refuses with a status and, perhaps, the seconds to wait.
    Status(StatusCode, Option<String>),
    /// Never answers.
    Wait,
}

/// How a wire format is read and written.
#[derive(Debug, Clone, Copy)]
struct WireFormat {
    items: fn(&Value) -> Vec<ConversationItem>,
    tools: fn(&Value) -> Vec<ToolDefinition>,
    /// The events of a stream, or the one answer.
    answer: fn(&ModelAction, usize, bool) -> Vec<(String, Value)>,
    /// The body of a refusal.
    refusal: fn(StatusCode, &str) -> Value,
}

fn wire_format_for(path: &str) -> Option<WireFormat> {
    match path {
        p if p.ends_with("/messages") => Some(anthropic::WIRE),
        p if p.ends_with("/chat/completions") => Some(chat::WIRE),
        p if p.ends_with("/responses") => Some(responses::WIRE),
        p if p.contains("enerateContent") => Some(gemini::WIRE),
        _ => None,
    }
}

async fn handle_request(State(asked): State<RequestLog>, uri: Uri, body: Bytes) -> Response {
    let tell = |what: &str| {
        let line = format!("{} {what}", uri.path());
        asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    };
    let Some(wire) = wire_format_for(uri.path()) else {
        tell("other");
        return (StatusCode::OK, axum::Json(json!({ "data": [], "input_tokens": 1 })))
            .into_response();
    };
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (items, tools) = ((wire.items)(&request), (wire.tools)(&request));
    let (next, step) = next_action(&items, &tools);
    tell(&format!("{next:?}"));
    let streams = request["stream"] == json!(true) || uri.path().contains("streamGenerateContent");
    match next {
        ModelAction::Wait => std::future::pending().await,
        ModelAction::Status(status, retry) => {
            let words = if status == StatusCode::UNAUTHORIZED {
                "Incorrect API key provided."
            } else {
                "Rate limit reached. Please wait."
            };
            let mut answer = (status, axum::Json((wire.refusal)(status, words))).into_response();
            if let Some(value) = retry.and_then(|seconds| seconds.parse().ok()) {
                answer.headers_mut().insert(header::RETRY_AFTER, value);
            }
            answer
        }
        next => format_response(&(wire.answer)(&next, step, streams), streams),
    }
}

fn format_response(events: &[(String, Value)], streams: bool) -> Response {
    if !streams {
        let whole = events.first().map(|(_, value)| value.clone()).unwrap_or_default();
        return axum::Json(whole).into_response();
    }
    let text: String = events
        .iter()
        .map(|(name, value)| match (name.as_str(), value) {
            ("", Value::String(plain)) => format!("data: {plain}\n\n"),
            ("", value) => format!("data: {value}\n\n"),
            (name, value) => format!("event: {name}\ndata: {value}\n\n"),
        })
        .collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from(text)).into_response()
}

/// What the script says now, and which step that is. Requests without tools are an agent's own
/// errands, such as a title for the conversation.
fn next_action(items: &[ConversationItem], tools: &[ToolDefinition]) -> (ModelAction, usize) {
    let script = |item: &ConversationItem| match item {
        ConversationItem::UserText(text) => script_steps(text),
        ConversationItem::ToolResult => Vec::new(),
    };
    let last = items.iter().enumerate().rev().find(|(_, item)| !script(item).is_empty());
    let Some((at, item)) = last else { return (ModelAction::Say("Nothing to do.".to_owned()), 0) };
    let done = items[at..].iter().filter(|item| **item == ConversationItem::ToolResult).count();
    let steps = script(item);
    let step = steps.get(done).map_or("say All done.", String::as_str);
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    if tools.is_empty() && verb != "status" {
        return (ModelAction::Say("A task".to_owned()), 0);
    }
    let next = match verb {
        "write" => {
            let (file, text) = rest.split_once(": ").expect("`write FILE: text`");
            write_action(file, text, tools)
        }
        "run" => run_action(rest, ESCALATED_SANDBOX, tools),
        "look" => run_action(rest, "use_default", tools),
        "status" => {
            let mut words = rest.split(' ');
            let code = words.next().and_then(|code| code.parse().ok());
            let status = code.and_then(|code| StatusCode::from_u16(code).ok());
            ModelAction::Status(status.expect("a status"), words.nth(1).map(str::to_owned))
        }
        "wait" => ModelAction::Wait,
        _ => ModelAction::Say(rest.to_owned()),
    };
    (next, items.len())
}

/// The last block of a script: a prompt may quote an earlier one.
fn script_steps(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(|line| line.trim().strip_prefix(">> ")).collect();
    let block = lines.rsplit(Option::is_none).find(|block| !block.is_empty());
    block.into_iter().flatten().flatten().map(|step| step.trim().to_owned()).collect()
}

fn write_action(file: &str, text: &str, tools: &[ToolDefinition]) -> ModelAction {
    let named = |names: &[&str]| tools.iter().find(|tool| names.contains(&tool.name.as_str()));
    if let Some(tool) = named(&["apply_patch"]).filter(|tool| tool.is_freeform) {
        let patch = format!("*** Begin Patch\n*** Add File: {file}\n+{text}\n*** End Patch\n");
        return ModelAction::FreeformToolCall { name: tool.name.clone(), text: patch };
    }
    match named(&["Write", "write", "write_file", "create"]) {
        Some(tool) => fill_tool_call(tool, &[("path", file), ("text", text)]),
        None => run_action(&apply_patch_command(file, text), ESCALATED_SANDBOX, tools),
    }
}

/// How Codex's models write a file where they have nothing but a shell: Codex knows this command
/// for an edit and does it itself.
fn apply_patch_command(file: &str, text: &str) -> String {
    format!(
        "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: {file}\n+{text}\n*** End Patch\nEOF\n"
    )
}

/// Codex's models say which commands need more than its own sandbox gives.
const ESCALATED_SANDBOX: &str = "require_escalated";

fn run_action(command: &str, sandbox: &str, tools: &[ToolDefinition]) -> ModelAction {
    const SHELLS: [&str; 6] =
        ["Bash", "bash", "exec_command", "shell_command", "run_shell_command", "shell"];
    let tool = SHELLS.iter().find_map(|name| tools.iter().find(|tool| tool.name == *name));
    match tool {
        Some(tool) => fill_tool_call(tool, &[("command", command), ("sandbox", sandbox)]),
        None => {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            ModelAction::Say(format!("There is no tool to run a command among {names:?}."))
        }
    }
}

/// A call with the fields that the tool's schema names.
fn fill_tool_call(tool: &ToolDefinition, known: &[(&str, &str)]) -> ModelAction {
    let fields = tool.schema["properties"].as_object().cloned().unwrap_or_default();
    let required = tool.schema["required"].as_array().cloned().unwrap_or_default();
    let mut filled = Map::new();
    for (field, about) in &fields {
        let meaning = match field.as_str() {
            "file_path" | "filePath" | "path" => "path",
            "content" | "file_text" => "text",
            "command" | "cmd" => "command",
            "sandbox_permissions" => "sandbox",
            _ => "",
        };
        let value = known.iter().find(|(name, _)| *name == meaning).map(|(_, value)| *value);
        match (value, about["type"].as_str()) {
            (Some(command), Some("array")) => {
                filled.insert(field.clone(), json!(["bash", "-c", command]));
            }
            (Some(value), _) => drop(filled.insert(field.clone(), json!(value))),
            (None, kind) if required.contains(&json!(field)) => {
                drop(filled.insert(field.clone(), placeholder_value(kind)));
            }
            (None, _) => {}
        }
    }
    ModelAction::ToolCall { name: tool.name.clone(), fields: Value::Object(filled) }
}

fn placeholder_value(kind: Option<&str>) -> Value {
    match kind {
        Some("boolean") => json!(false),
        Some("integer" | "number") => json!(10_000),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => json!("As the task says"),
    }
}

/// The tools of a list, from where their names and schemas are.
fn parse_tools(list: &Value, read: fn(&Value) -> (&Value, &Value)) -> Vec<ToolDefinition> {
    let tools = list.as_array().into_iter().flatten().filter_map(|tool| {
        let (name, schema) = read(tool);
        let (name, free) = (name.as_str()?.to_owned(), tool["type"] == "custom");
        Some(ToolDefinition { name, schema: schema.clone(), is_freeform: free })
    });
    tools.collect()
}

/// The text of a message's content: a string, or parts that have one.
fn parse_content(content: &Value) -> Vec<ConversationItem> {
    match content {
        Value::String(text) => vec![ConversationItem::UserText(text.clone())],
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| match part["type"].as_str() {
                Some("tool_result") => Some(ConversationItem::ToolResult),
                _ => part["text"].as_str().map(|text| ConversationItem::UserText(text.to_owned())),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
