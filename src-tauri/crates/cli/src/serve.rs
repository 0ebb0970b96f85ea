//! `regatta serve`: the Cloud Coding API for other programs.

use crate::args::ServeArgs;
use crate::data;
use crate::interrupt::Interrupt;
use crate::print::{out, tell};
use crate::refusal::Refusal;
use regatta_protocol::Notice;
use regatta_server::{Agents, Key, Limits, Options, Server, Tls};
use std::process::ExitCode;

/// Serves until it is told to end.
pub(crate) async fn serve(args: &ServeArgs) -> Result<ExitCode, Refusal> {
    let mut interrupt = Interrupt::watch()?;
    make_room_for_streams();
    let (key, made) = match &args.api_key_file {
        Some(file) => (Key::read(file)?, None),
        None => Key::make().map(|(key, text)| (key, Some(text)))?,
    };
    let server = Server::bind(options(args, key)?).await?;
    let engine = data::open(args.data_dir.as_deref(), args.max_parallel).await?;
    out(&format!("Regatta listens on {}\n", server.url()))?;
    if let Some(key) = made {
        out(&format!("API key (shown only now): {key}\n"))?;
    }
    if args.allow_root.is_empty() {
        tell("Projects of this computer can't be named: no folder is given with --allow-root.");
    }
    let end = async {
        interrupt.came().await;
        tell("Ending; tasks are stopped, and what they did is saved.");
    };
    server.run(engine, end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Each stream is an open file; a thousand is all that many systems give at first.
fn make_room_for_streams() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        const WANTED: u64 = 8_192;
        if let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE)
            && now < WANTED.min(most)
            && setrlimit(Resource::RLIMIT_NOFILE, WANTED.min(most), most).is_err()
        {
            tell("Only as many streams as this system's limit on open files allows can be open.");
        }
    }
}

fn options(args: &ServeArgs, key: Key) -> Result<Options, Notice> {
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    Ok(Options {
        listen: args.listen,
        key,
        hosts: args.host.clone(),
        tls: tls.map(|(cert, key)| Tls { cert, key }),
        insecure_http: args.insecure_http,
        roots: args.allow_root.clone(),
        agents: Agents::new(args.agent.clone())?,
        safety: args.safety.map(Into::into).unwrap_or_default(),
        limits: Limits::default(),
    })
}
