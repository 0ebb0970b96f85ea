//! The worker and the practice agent as one program, for this crate's tests.

fn main() -> std::process::ExitCode {
    let probes = std::env::args().nth(2).as_deref() == Some("--probe");
    match std::env::args().nth(1).as_deref() {
        Some("worker") if probes => regatta_worker::probe(),
        Some("worker") => regatta_worker::main(regatta_trace::LevelFilter::OFF),
        Some("practice-agent") => regatta_practice::main(),
        Some("enter") => {
            regatta_worker::sandbox_exec(&std::env::args_os().skip(3).collect::<Vec<_>>())
        }
        _ => std::process::ExitCode::from(2),
    }
}
