use super::*;

const PROMPT: &str = "Do this:\n>> write a.txt: hello\n>> run make test\n>> say Done, all of it.";

fn tool_with(name: &str, fields: Value) -> ToolDefinition {
    let required: Vec<String> = fields.as_object().expect("fields").keys().cloned().collect();
    let schema = json!({ "properties": fields, "required": required });
    ToolDefinition { name: name.into(), schema, is_freeform: false }
}

#[test]
fn the_step_is_told_by_the_results_since_the_script() {
    let text = json!({ "type": "string" });
    let tools = [
        tool_with("Write", json!({ "file_path": text, "content": text })),
        tool_with("Bash", json!({ "command": text, "description": text })),
    ];
    let mut items = vec![ConversationItem::ToolResult, ConversationItem::UserText(PROMPT.into())];
    let call = |name: &str, fields| ModelAction::ToolCall { name: name.into(), fields };
    let expected = [
        call("Write", json!({ "file_path": "a.txt", "content": "hello" })),
        call("Bash", json!({ "command": "make test", "description": "As the task says" })),
        ModelAction::Say("Done, all of it.".into()),
        ModelAction::Say("All done.".into()),
    ];
    for expected in expected {
        assert_eq!(next_action(&items, &tools).0, expected);
        items.push(ConversationItem::ToolResult);
    }
    assert_eq!(next_action(&items, &[]).0, ModelAction::Say("A task".into()));
    items.push(ConversationItem::UserText(">> status 429 retry 2".into()));
    let status = ModelAction::Status(StatusCode::TOO_MANY_REQUESTS, Some("2".into()));
    assert_eq!(next_action(&items, &tools).0, status);
}

#[test]
fn each_wire_format_is_read() {
    let said = ConversationItem::UserText("hi".into());
    let requests = [
        (
            "/v1/messages",
            json!({ "messages": [
            { "role": "user", "content": "hi" }, { "role": "assistant", "content": "x" },
            { "role": "user", "content": [{ "type": "tool_result", "content": "hi" }] }] }),
        ),
        (
            "/v1/chat/completions",
            json!({ "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "hi" }] },
            { "role": "tool", "content": "x" }] }),
        ),
        (
            "/v1/responses",
            json!({ "input": [
            { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "hi" }] },
            { "type": "function_call_output", "output": "x" }] }),
        ),
        (
            "/v1beta/models/m:streamGenerateContent",
            json!({ "contents": [
            { "role": "user", "parts": [{ "text": "hi" }] },
            { "role": "user", "parts": [{ "functionResponse": {} }] }] }),
        ),
    ];
    for (path, request) in requests {
        let wire = wire_format_for(path).expect("a format");
        assert_eq!(
            (wire.items)(&request),
            [&said, &ConversationItem::ToolResult].map(|i| match i {
                ConversationItem::UserText(text) => ConversationItem::UserText(text.clone()),
                ConversationItem::ToolResult => ConversationItem::ToolResult,
            }),
            "{path}"
        );
    }
}
