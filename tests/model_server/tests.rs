use super::*;

const PROMPT: &str = "Do this:\n>> write a.txt: hello\n>> run make test\n>> say Done, all of it.";

fn tool(name: &str, fields: Value) -> Tool {
    let required: Vec<String> = fields.as_object().expect("fields").keys().cloned().collect();
    let schema = json!({ "properties": fields, "required": required });
    Tool { name: name.into(), schema, free: false }
}

#[test]
fn the_step_is_told_by_the_results_since_the_script() {
    let text = json!({ "type": "string" });
    let tools = [
        tool("Write", json!({ "file_path": text, "content": text })),
        tool("Bash", json!({ "command": text, "description": text })),
    ];
    let mut items = vec![Item::Result, Item::Said(PROMPT.into())];
    let call = |name: &str, fields| Move::Call { name: name.into(), fields };
    let expected = [
        call("Write", json!({ "file_path": "a.txt", "content": "hello" })),
        call("Bash", json!({ "command": "make test", "description": "As the task says" })),
        Move::Say("Done, all of it.".into()),
        Move::Say("All done.".into()),
    ];
    for expected in expected {
        assert_eq!(next_move(&items, &tools).0, expected);
        items.push(Item::Result);
    }
    assert_eq!(next_move(&items, &[]).0, Move::Say("A task".into()));
    items.push(Item::Said(">> status 429 retry 2".into()));
    let status = Move::Status(StatusCode::TOO_MANY_REQUESTS, Some("2".into()));
    assert_eq!(next_move(&items, &tools).0, status);
}

#[test]
fn each_wire_format_is_read() {
    let said = Item::Said("hi".into());
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
        let wire = wire_of(path).expect("a format");
        assert_eq!(
            (wire.items)(&request),
            [&said, &Item::Result].map(|i| match i {
                Item::Said(text) => Item::Said(text.clone()),
                Item::Result => Item::Result,
            }),
            "{path}"
        );
    }
}
