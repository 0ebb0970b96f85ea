//! Agents that speak ACP in their own ways.

use crate::test_env::{TestEnv, Worker};
use regatta_protocol::event::{Event, LineKind, QuestionOptionKind, StepKind, StepState, Usage};
use regatta_protocol::{ErrorCode, Status};

/// An agent in shell: `begin` takes the conversation up to the prompt.
pub(crate) const ACP_SHELL: &str = r#"
ask() { IFS= read -r line; id=$(printf '%s\n' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9][0-9]*\).*/\1/'); }
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
update() { printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":%s}}\n' "$1"; }
say() { update '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"'"$1"'"}}'; }
begin() { ask; answer '{"protocolVersion":1}'; ask; answer '{"sessionId":"s"}'; ask; }
end() { answer '{"stopReason":"end_turn"}'; }
"#;

fn run_script(test_env: &TestEnv, script: &str) -> Worker {
    test_env.run_task(&test_env.acp_task(&format!("{ACP_SHELL}\n{script}")))
}

fn assert_finished(worker: &Worker) {
    assert_eq!(worker.outcome().status, Status::Finished, "{:#?}", worker.outcome());
}

#[test]
fn pieces_of_a_message_are_lines_and_one_step() {
    let test_env = TestEnv::new();
    let worker =
        run_script(&test_env, r"begin; say 'The for'; say 'm is\nred'; say '. Good.'; end");
    assert_finished(&worker);
    assert_eq!(worker.lines(LineKind::AgentMessage), ["The form is", "red. Good."]);
    assert_eq!(worker.outcome().last_message, "The form is\nred. Good.");
    let said: Vec<_> =
        worker.steps().into_iter().filter(|s| s.kind == StepKind::AgentMessage).collect();
    assert_eq!(said.len(), 1);
    assert_eq!(
        (said[0].title.as_str(), said[0].state),
        ("The form is\nred. Good.", StepState::Done)
    );
}

#[test]
fn a_line_that_is_not_ended_is_shown_when_nothing_more_comes() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(
        &test_env.acp_task(&format!("{ACP_SHELL}\nbegin; say 'thinking'; ask; say ' on'; end")),
    );
    worker.read_until_line("thinking");
    worker.send(&regatta_protocol::worker::WorkerControl::Stop);
    worker.finish();
    assert_eq!(worker.lines(LineKind::AgentMessage), ["thinking", " on"]);
}

#[test]
fn an_update_may_come_before_its_call_and_a_call_may_never_end() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin
update '{"sessionUpdate":"tool_call_update","toolCallId":"a","status":"completed"}'
update '{"sessionUpdate":"tool_call","toolCallId":"a","title":"Read File","kind":"read","status":"completed","locations":[{"path":"'"$PWD"'/src/cart.txt"}]}'
update '{"sessionUpdate":"tool_call","toolCallId":"b","title":"`npm test`","kind":"execute"}'
end"#,
    );
    assert_finished(&worker);
    let steps = worker.steps();
    let tools: Vec<_> = steps.iter().filter(|step| step.id.starts_with('t')).collect();
    assert_eq!(tools.len(), 2);
    assert_eq!((tools[0].title.as_str(), tools[0].state), ("Read cart.txt", StepState::Done));
    assert_eq!(tools[0].files[0].path, "src/cart.txt");
    assert_eq!((tools[1].title.as_str(), tools[1].state), ("Ran: npm test", StepState::Done));
}

#[test]
fn a_call_is_headed_when_it_is_known_what_it_is_about() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin
update '{"sessionUpdate":"tool_call","toolCallId":"a","title":"bash","kind":"execute","locations":[{"path":"'"$PWD"'"}]}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"a","rawInput":{"command":"make all"}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"a","status":"completed"}'
update '{"sessionUpdate":"tool_call","toolCallId":"b","title":"bash","kind":"execute"}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"b","content":[{"type":"content","content":{"type":"text","text":"out\n"}}]}'
end"#,
    );
    assert_finished(&worker);
    let headings = worker.lines(LineKind::Step);
    assert_eq!(headings[2..4], ["Ran: make all", "Ran a command"]);
    let first = worker.steps().into_iter().find(|step| step.id == "t1").expect("the step");
    assert!(first.files.is_empty(), "the copy itself is no file of it");
}

#[test]
fn output_of_a_call_is_shown_once_whether_whole_or_in_pieces() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin
call() { update '{"sessionUpdate":"tool_call_update","toolCallId":"'"$1"'",'"$2"'}'; }
text() { call a '"kind":"execute","content":[{"type":"content","content":{"type":"text","text":"'"$1"'"}}]'; }
text '```\na\n```'; text '```\na\nb\n```'; text '```\na\nb\nc\n```'
call a '"status":"completed"'
call b '"kind":"execute","_meta":{"terminal_output_delta":{"terminal_id":"b","data":"x\ny"}}'
call b '"_meta":{"terminal_output":{"terminal_id":"b","data":"z\n"}}'
call b '"status":"failed"'
end"#,
    );
    assert_finished(&worker);
    assert_eq!(worker.lines(LineKind::Stdout), ["a", "b", "c", "x", "yz"]);
}

#[test]
fn several_questions_at_once_are_shown_together_and_answered_each() {
    let test_env = TestEnv::new();
    let mut worker = test_env.start_task(&test_env.acp_task(&format!(
        r#"{ACP_SHELL}
begin; prompt=$id
may() {{ printf '{{"jsonrpc":"2.0","id":"%s","method":"session/request_permission","params":{{"sessionId":"s","toolCall":{{"toolCallId":"%s","title":"`%s`","kind":"execute"}},"options":[{{"optionId":"go","name":"Allow","kind":"allow_once"}},{{"optionId":"halt","name":"Reject","kind":"reject_once"}}]}}}}\n' "$1" "$1" "$2"; }}
may one 'make'; may two 'make test'; may three 'make clean'
for n in 1 2 3; do IFS= read -r line; printf '%s\n' "$line" >> answers.txt; done
id=$prompt; end"#
    )));
    let asked =
        [worker.read_until_question(), worker.read_until_question(), worker.read_until_question()];
    let kinds = [
        QuestionOptionKind::AllowOnce,
        QuestionOptionKind::RejectOnce,
        QuestionOptionKind::AllowOnce,
    ];
    let titles = ["Run: make", "Run: make test", "Run: make clean"];
    assert_eq!(asked.each_ref().map(|question| question.title.as_str()), titles);
    for (question, kind) in asked.iter().zip(kinds).rev() {
        let option = question.options.iter().find(|option| option.kind == kind).expect("it");
        worker.answer(question, &option.id);
    }
    worker.finish();
    assert_finished(&worker);
    let answers = test_env.read_copy_file("answers.txt").expect("three answers");
    for (id, option) in [("one", "go"), ("two", "halt"), ("three", "go")] {
        let id = format!("\"id\":\"{id}\"");
        let line = answers.lines().find(|line| line.contains(&id)).expect("an answer");
        assert!(line.contains(&format!("\"optionId\":\"{option}\"")), "{line}");
    }
    assert_eq!(worker.statuses(), [Status::Working, Status::NeedsYou, Status::Working]);
}

#[test]
fn a_question_without_an_answer_is_not_asked() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin; prompt=$id
printf '{"jsonrpc":"2.0","id":"q","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"1","title":"Sure?"},"options":[]}}\n'
IFS= read -r line; printf '%s\n' "$line" > reply.txt; id=$prompt; end"#,
    );
    assert_finished(&worker);
    assert!(test_env.read_copy_file("reply.txt").expect("a reply").contains("\"cancelled\""));
    assert_eq!(worker.statuses(), [Status::Working]);
}

#[test]
fn a_question_that_the_agent_takes_back_is_closed() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin; prompt=$id
printf '{"jsonrpc":"2.0","id":"q","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"1","title":"Sure?"},"options":[{"optionId":"y","name":"Yes","kind":"allow_once"}]}}\n'
sleep 0.3
printf '{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":"q"}}\n'
IFS= read -r line; id=$prompt; end"#,
    );
    assert_finished(&worker);
    assert!(worker.events().any(|e| matches!(e, Event::Answered { option: None, .. })));
}

#[test]
fn what_is_not_offered_is_refused_and_the_agent_goes_on() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin; prompt=$id
printf '{"jsonrpc":"2.0","id":7,"method":"fs/read_text_file","params":{"sessionId":"s","path":"/etc/passwd"}}\n'
IFS= read -r line; printf '%s\n' "$line" > reply.txt; id=$prompt; end"#,
    );
    assert_finished(&worker);
    let reply = test_env.read_copy_file("reply.txt").expect("a reply");
    assert!(reply.contains("-32601"), "{reply}");
}

#[test]
fn usage_is_taken_from_where_it_stands() {
    let test_env = TestEnv::new();
    let worker = run_script(
        &test_env,
        r#"begin
update '{"sessionUpdate":"usage_update","used":100,"size":200000,"cost":{"amount":0.5,"currency":"USD"}}'
answer '{"stopReason":"end_turn","usage":{"totalTokens":1234,"inputTokens":1,"outputTokens":2}}'"#,
    );
    assert_finished(&worker);
    let usage: Vec<_> = worker
        .events()
        .filter_map(|event| match event {
            Event::Usage(usage) => Some(*usage),
            _ => None,
        })
        .collect();
    let expected =
        [Usage { tokens: 100, cost_usd: Some(0.5) }, Usage { tokens: 1234, cost_usd: Some(0.5) }];
    assert_eq!(usage, expected);
}

#[test]
fn each_reason_for_an_end_is_told_for_what_it_is() {
    for (reason, code) in [
        ("refusal", ErrorCode::AgentFailed),
        ("max_tokens", ErrorCode::AgentFailed),
        ("max_turn_requests", ErrorCode::TurnLimit),
        ("cancelled", ErrorCode::AgentFailed),
        ("tired", ErrorCode::AgentProtocol),
    ] {
        let test_env = TestEnv::new();
        let script = format!("begin; echo x > a.txt; answer '{{\"stopReason\":\"{reason}\"}}'");
        let worker = run_script(&test_env, &script);
        worker.assert_failed(code);
        assert!(worker.outcome().commit.is_some(), "{reason}: its work is kept");
    }
}
