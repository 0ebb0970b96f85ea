//! `regatta serve`: the Cloud Coding API for other programs.

use crate::args::ServeArgs;
use crate::error::CommandError;
use crate::interrupt::Interrupt;
use crate::print::{write_stderr, write_stdout};
use crate::{open_engine, secrets};
use regatta_engine::NoCredentials;
use regatta_protocol::UserMessage;
use regatta_server::{AgentRegistry, ApiKey, Limits, Server, ServerOptions, Tls};
use std::process::ExitCode;
use std::sync::Arc;

/// Serves until it is told to end.
pub(crate) async fn serve(args: &ServeArgs) -> Result<ExitCode, CommandError> {
    let mut interrupt = Interrupt::watch()?;
    raise_open_file_limit();
    let (key, made) = match &args.api_key_file {
        Some(file) => (ApiKey::from_file(file)?, None),
        None => ApiKey::generate().map(|(key, text)| (key, Some(text)))?,
    };
    let secret_files = [args.api_key_file.as_deref(), args.tls_key.as_deref()];
    secret_files.into_iter().flatten().for_each(secrets::warn_if_others_can_read);
    let server = Server::bind(server_options(args, key)?).await?;
    open_engine::start_log(args.data_dir.as_deref(), args.log.clone())?;
    let (dir, limit) = (args.data_dir.as_deref(), args.max_parallel);
    let engine = open_engine::open_engine(dir, limit, Arc::new(NoCredentials)).await?;
    write_stdout(&format!("Regatta listens on {}\n", server.url()))?;
    if let Some(key) = made {
        write_stdout(&format!("API key (shown only now): {key}\n"))?;
    }
    if args.allow_root.is_empty() {
        write_stderr(
            "Projects of this computer can't be named: no folder is given with --allow-root.",
        );
    }
    let end = async {
        interrupt.wait().await;
        write_stderr("Ending; tasks are stopped, and what they did is saved.");
    };
    server.run(engine, end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Each stream is an open file; a thousand is all that many systems give at first.
fn raise_open_file_limit() {
    const WANTED: u64 = 8_192;
    if regatta_process::raise_open_file_limit(WANTED).is_err() {
        write_stderr(
            "Only as many streams as this system's limit on open files allows can be open.",
        );
    }
}

fn server_options(args: &ServeArgs, key: ApiKey) -> Result<ServerOptions, UserMessage> {
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    Ok(ServerOptions {
        listen: args.listen,
        key,
        hosts: args.host.clone(),
        tls: tls.map(|(cert, key)| Tls { cert, key }),
        allow_insecure_http: args.insecure_http,
        roots: args.allow_root.clone(),
        agents: AgentRegistry::new(args.agent.clone())?,
        safety: args.safety.map(Into::into).unwrap_or_default(),
        limits: Limits::default(),
    })
}
