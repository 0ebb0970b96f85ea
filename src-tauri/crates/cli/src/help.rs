//! The longer texts of `--help`.

/// `regatta --help`.
pub(crate) const REGATTA: &str = "\
Several coding tasks at the same time, each in its own copy of your project

Write a list of named tasks; each is done by a coding agent in a separate copy, and its result
is a branch. Nothing changes in your project until you say so:

  regatta run --repo my-project \\
    --task 'Guide=write docs/guide.md: How to sail' \\
    --task 'Look around=Describe this project.'
  regatta show 'Guide'           what happened, again
  regatta add 'Guide'            the results as branches of the project

The practice agent does the work where no other is named: it needs no network and costs nothing.";

/// `regatta run --help`.
pub(crate) const RUN: &str = "\
Start a batch, show its lines as they come, and a table at its end

The agent is the practice agent, one that Regatta knows (--agent claude-code; `regatta agents`
shows them), any program that speaks the Agent Client Protocol
(--agent acp --command 'opencode acp'), or any other program
(--agent command --command 'my-agent --print {prompt}').

A batch can be a file, too. It is the body of the Cloud Coding API's call POST /invoke/stdout;
what it doesn't know is left out:

  { \"name\": \"Spring clean\",
    \"parallel_tasks\": [
      { \"task_name\": \"Guide\", \"prompt\": \"Write a guide for new sailors.\" } ] }

`agent` and `model` may be named in it, for the batch and for each task. `repo_url` may be an
https address: `github_token` is then given to its host by askpass, and kept in memory only. With
{ \"endpoint\": { \"id\": \"cloud\", \"name\": \"Cloud\", \"address\": \"https://…\" } } the tasks run
there, with the key of --endpoint-key-file.";

/// `regatta serve --help`.
pub(crate) const SERVE: &str = "\
Offer the Cloud Coding API to other programs

The documented call works with nothing changed but the address:

  regatta serve --allow-root ~/projects     prints its address and, once, its key

  curl --no-buffer -X POST http://127.0.0.1:8787/invoke/stdout \\
    -H 'Content-Type: application/json' -H \"x-api-key: $KEY\" \\
    -d '{ \"repo_url\": \"/home/me/projects/shop\", \"github_token\": \"\",
          \"parallel_tasks\": [
            { \"task_name\": \"guide\", \"prompt\": \"write docs/guide.md: How to sail\" } ] }'

It answers with a stream of events, from the first to the end. `repo_url` is an https address,
or a folder (also as file://) under an --allow-root. The token reaches git by askpass only and
is kept in memory only. Each result is pushed as regatta/<batch>/<task>.

A request names an agent and a model among those that the server was started with, for the batch
or for each task. Which models there are is known once an agent was asked while somebody was
signed in: `regatta agents --check` does that. GET /v1/agents lists them, GET /openapi.json
describes every call.";

/// `regatta agents --help`.
pub(crate) const AGENTS: &str = "\
Show the agents of this computer and what they offer, as they said when last asked

An agent is found in the folders of PATH, in those of your login shell's, where such programs
usually are, and in Regatta's own folder. None is started to find it; --check starts each one
without a prompt and shows its version, its models and whether somebody is signed in.";

/// `regatta practice-agent --help`.
pub(crate) const PRACTICE_AGENT: &str = "\
The practice agent on standard input and output (speaks ACP)

Given any text, it reads the project and writes a short PRACTICE.md about it. A line that begins
with one of these words makes it do just that:

  write PATH: TEXT       put TEXT into a file, in place of what it holds
  append PATH: TEXT      put TEXT at the end of a file
  remove PATH            remove a file
  run COMMAND            run a command in a shell, and show what it prints
  say TEXT               say TEXT
  think TEXT             think TEXT
  plan A; B; C           show a plan; each further step is one of its entries
  print N lines          print so many lines
  wait SECONDS           do nothing for so long
  ask QUESTION | OPTION | OPTION
                         ask a person, and wait for the answer
  settings               say which of its settings were chosen
  cost CENTS             say that so much was used
  fail MESSAGE           end with an error
  exit CODE              end the program with this exit code
  hang                   never end
  ignore stop            go on when it is asked to stop";
