//! What the updates of agents turn into, kept beside this test. Each conversation has the forms in
//! which one agent writes them, by the ACP schema's `session/update`:
//! <https://agentclientprotocol.com/protocol/schema>.

use crate::acp::ACP_SHELL;
use crate::test_env::TestEnv;
use regatta_protocol::event::Event;
use std::fmt::Write;

/// Claude Code: a call with its raw input first, the command's output in fences, a plan, a cost.
const CLAUDE_CODE: &str = r#"
update '{"sessionUpdate":"available_commands_update","availableCommands":[{"name":"init","description":"x"}]}'
update '{"sessionUpdate":"agent_thought_chunk","content":{"type":"text","text":"The cart first."}}'
update '{"sessionUpdate":"plan","entries":[{"content":"Read the cart","priority":"medium","status":"in_progress"},{"content":"Mend it","priority":"medium","status":"pending"}]}'
update '{"sessionUpdate":"tool_call","toolCallId":"toolu_1","title":"Read File","kind":"read","status":"pending","rawInput":{"file_path":"'"$PWD"'/src/cart.txt"},"locations":[{"path":"'"$PWD"'/src/cart.txt","line":1}]}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"toolu_1","status":"completed","content":[{"type":"content","content":{"type":"text","text":"```\none\ntwo\n```"}}]}'
update '{"sessionUpdate":"tool_call","toolCallId":"toolu_2","title":"Edit","kind":"edit","status":"pending","content":[{"type":"diff","path":"'"$PWD"'/src/cart.txt","oldText":"two\n","newText":"2\n"}],"locations":[{"path":"'"$PWD"'/src/cart.txt"}]}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"toolu_2","status":"completed"}'
update '{"sessionUpdate":"tool_call","toolCallId":"toolu_3","title":"`npm test`","kind":"execute","status":"pending","rawInput":{"command":"npm test","description":"Run the tests"}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"toolu_3","status":"failed","content":[{"type":"content","content":{"type":"text","text":"```console\n1 failed\n```"}}]}'
update '{"sessionUpdate":"usage_update","used":12000,"size":200000,"cost":{"amount":0.12,"currency":"USD"}}'
say 'It fails **still**.'
"#;

/// Codex: titles that are the command, output in the raw output with an exit code.
const CODEX: &str = r#"
update '{"sessionUpdate":"tool_call","toolCallId":"call_1","title":"cat src/cart.txt","kind":"read","status":"in_progress","rawInput":{"command":["bash","-lc","cat src/cart.txt"],"cwd":"'"$PWD"'"}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"call_1","status":"completed","rawOutput":{"exit_code":0,"stdout":"one\n"}}'
update '{"sessionUpdate":"tool_call","toolCallId":"call_2","title":"cargo test","kind":"execute","status":"in_progress","rawInput":{"command":["bash","-lc","cargo test"]}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"call_2","status":"completed","rawOutput":{"exit_code":101},"content":[{"type":"content","content":{"type":"text","text":"test result: FAILED"}}]}'
say 'Two of them '; say 'fail.'
"#;

/// Gemini CLI and opencode: updates that come before their call, or never get one.
const OTHERS: &str = r#"
update '{"sessionUpdate":"tool_call_update","toolCallId":"late","status":"completed","title":"WriteFile","kind":"edit","content":[{"type":"diff","path":"'"$PWD"'/notes.md","oldText":null,"newText":"a\nb\n"}]}'
update '{"sessionUpdate":"tool_call","toolCallId":"open","title":"bash","kind":"execute","rawInput":{"command":"sleep 1"}}'
update '{"sessionUpdate":"current_mode_update","currentModeId":"yolo"}'
update '{"sessionUpdate":"something_new","of":"tomorrow"}'
say 'Written.'
"#;

/// What a person sees of it, an event a line, without times.
fn format_events(script: &str) -> String {
    let test_env = TestEnv::new();
    let script = format!("{ACP_SHELL}\nbegin\n{script}\nend");
    let worker = test_env.run_task(&test_env.acp_task(&script));
    let mut all = String::new();
    for event in worker.events() {
        match event {
            Event::Step(step) => {
                let files: Vec<_> = step.files.iter().map(|file| &file.path).collect();
                let (kind, state) = (step.kind, step.state);
                writeln!(all, "step {kind:?} {state:?} {:?} {files:?}", step.title)
            }
            Event::Output { kind, text, .. } => writeln!(all, "line {kind:?} {text:?}"),
            Event::Plan { entries } => {
                let entries: Vec<_> = entries.iter().map(|one| (&one.text, one.state)).collect();
                writeln!(all, "plan {entries:?}")
            }
            Event::Outcome(outcome) => writeln!(
                all,
                "outcome {:?} {:?} tests {:?}",
                outcome.status, outcome.last_message, outcome.tests
            ),
            _ => Ok(()),
        }
        .expect("a string takes everything");
    }
    all.replace(test_env.root().to_str().expect("its path is text"), "ROOT")
}

#[test]
fn updates_turn_into_lines_and_steps() {
    let agents = [("Claude Code", CLAUDE_CODE), ("Codex", CODEX), ("others", OTHERS)];
    let all: Vec<_> = agents
        .iter()
        .map(|(name, script)| format!("# {name}\n{}", format_events(script)))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}
