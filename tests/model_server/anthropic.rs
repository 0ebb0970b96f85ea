//! Anthropic Messages.

use super::{
    ConversationItem, ModelAction, ToolDefinition, WireFormat, parse_content, parse_tools,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) const WIRE: WireFormat = WireFormat { items, tools, answer, refusal };

fn items(request: &Value) -> Vec<ConversationItem> {
    let messages = request["messages"].as_array().into_iter().flatten();
    messages.filter(|m| m["role"] == "user").flat_map(|m| parse_content(&m["content"])).collect()
}

fn tools(request: &Value) -> Vec<ToolDefinition> {
    parse_tools(&request["tools"], |tool| (&tool["name"], &tool["input_schema"]))
}

fn answer(next: &ModelAction, step: usize, streams: bool) -> Vec<(String, Value)> {
    let (block, delta, stop) = match next {
        ModelAction::ToolCall { name, fields } => (
            json!({ "type": "tool_use", "id": format!("toolu_{step}"), "name": name, "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": fields.to_string() }),
            "tool_use",
        ),
        ModelAction::Say(text) => (
            json!({ "type": "text", "text": "" }),
            json!({ "type": "text_delta", "text": text }),
            "end_turn",
        ),
        other => unreachable!("{other:?} has no message of this kind"),
    };
    let usage = json!({ "input_tokens": 10, "output_tokens": 5 });
    let mut message = json!({
        "id": format!("msg_{step}"), "type": "message", "role": "assistant", "model": "scripted",
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    if !streams {
        message["content"] = match next {
            ModelAction::ToolCall { fields, .. } => {
                let mut whole = block;
                whole["input"] = fields.clone();
                json!([whole])
            }
            _ => json!([{ "type": "text", "text": delta["text"] }]),
        };
        message["stop_reason"] = json!(stop);
        return vec![(String::new(), message)];
    }
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "usage": { "output_tokens": 5 },
            "delta": { "stop_reason": stop, "stop_sequence": null } }),
        json!({ "type": "message_stop" }),
    ];
    let name = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
    events.into_iter().map(|event| (name(&event), event)).collect()
}

fn refusal(status: StatusCode, words: &str) -> Value {
    let kind = match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        _ => "rate_limit_error",
    };
    json!({ "type": "error", "error": { "type": kind, "message": words } })
}
