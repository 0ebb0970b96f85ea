//! OpenAI Chat Completions.

use super::{
    ConversationItem, ModelAction, ToolDefinition, WireFormat, parse_content, parse_tools,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) const WIRE: WireFormat = WireFormat { items, tools, answer, refusal };

fn items(request: &Value) -> Vec<ConversationItem> {
    let messages = request["messages"].as_array().into_iter().flatten();
    messages
        .flat_map(|message| match message["role"].as_str() {
            Some("user") => parse_content(&message["content"]),
            Some("tool") => vec![ConversationItem::ToolResult],
            _ => Vec::new(),
        })
        .collect()
}

fn tools(request: &Value) -> Vec<ToolDefinition> {
    parse_tools(&request["tools"], |tool| {
        (&tool["function"]["name"], &tool["function"]["parameters"])
    })
}

fn answer(next: &ModelAction, step: usize, streams: bool) -> Vec<(String, Value)> {
    let (message, stop) = match next {
        ModelAction::ToolCall { name, fields } => {
            let function = json!({ "name": name, "arguments": fields.to_string() });
            let call = json!({ "index": 0, "id": format!("call_{step}"), "type": "function",
                "function": function });
            (json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls")
        }
        ModelAction::Say(text) => (json!({ "role": "assistant", "content": text }), "stop"),
        other => unreachable!("{other:?} has no message of this kind"),
    };
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 });
    let whole = |choice: Value, kind: &str| {
        json!({ "id": format!("chat_{step}"), "object": kind, "created": 1, "model": "scripted",
            "choices": [choice], "usage": usage })
    };
    if !streams {
        let choice = json!({ "index": 0, "message": message, "finish_reason": stop });
        return vec![(String::new(), whole(choice, "chat.completion"))];
    }
    let said = json!({ "index": 0, "delta": message, "finish_reason": null });
    let end = json!({ "index": 0, "delta": {}, "finish_reason": stop });
    let kind = "chat.completion.chunk";
    vec![
        (String::new(), whole(said, kind)),
        (String::new(), whole(end, kind)),
        (String::new(), json!("[DONE]")),
    ]
}

fn refusal(status: StatusCode, words: &str) -> Value {
    let kind = match status {
        StatusCode::UNAUTHORIZED => "invalid_api_key",
        _ => "rate_limit_exceeded",
    };
    json!({ "error": { "message": words, "type": kind, "code": kind } })
}
