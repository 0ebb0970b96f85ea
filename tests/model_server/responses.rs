//! OpenAI Responses.

use super::{
    ConversationItem, ModelAction, ToolDefinition, WireFormat, chat, parse_content, parse_tools,
};
use serde_json::{Value, json};

pub(super) const WIRE: WireFormat =
    WireFormat { items, tools, answer, refusal: chat::WIRE.refusal };

fn items(request: &Value) -> Vec<ConversationItem> {
    if request["input"].is_string() {
        return parse_content(&request["input"]);
    }
    let input = request["input"].as_array().into_iter().flatten();
    input
        .flat_map(|item| match item["type"].as_str() {
            Some("function_call_output" | "custom_tool_call_output") => {
                vec![ConversationItem::ToolResult]
            }
            _ if item["role"] == "user" => parse_content(&item["content"]),
            _ => Vec::new(),
        })
        .collect()
}

fn tools(request: &Value) -> Vec<ToolDefinition> {
    parse_tools(&request["tools"], |tool| (&tool["name"], &tool["parameters"]))
}

fn answer(next: &ModelAction, step: usize, streams: bool) -> Vec<(String, Value)> {
    let (call, id) = (format!("call_{step}"), format!("item_{step}"));
    let item = match next {
        ModelAction::ToolCall { name, fields } => json!({ "type": "function_call", "id": id,
            "call_id": call, "name": name, "arguments": fields.to_string() }),
        ModelAction::FreeformToolCall { name, text } => {
            json!({ "type": "custom_tool_call", "id": id,
            "call_id": call, "name": name, "input": text })
        }
        ModelAction::Say(text) => json!({ "type": "message", "role": "assistant", "id": id,
            "content": [{ "type": "output_text", "text": text, "annotations": [] }] }),
        other => unreachable!("{other:?} has no message of this kind"),
    };
    let usage = json!({ "input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens_details": { "reasoning_tokens": 0 } });
    let response = json!({ "id": format!("resp_{step}"), "object": "response", "created_at": 1,
        "model": "scripted", "status": "completed", "output": [item], "usage": usage });
    if !streams {
        return vec![(String::new(), response)];
    }
    let begun = json!({ "id": response["id"], "status": "in_progress", "output": [] });
    let events = [
        json!({ "type": "response.created", "response": begun }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": item }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
        json!({ "type": "response.completed", "response": response }),
    ];
    let name = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
    events.into_iter().map(|event| (name(&event), event)).collect()
}
