//! 1,000 tasks × 10,000 numbered lines, interleaved at random, through a socket, the client and
//! the store, and read back. Prints the time it takes and the most memory that was in use.
//!
//! `cargo run --release -p regatta-engine --example round_trip [LINES]`

mod plan;

use std::error::Error;
use std::process::ExitCode;

const LINES: u32 = 10_000;
const MEMORY_TARGET_MB: u64 = 150;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let lines = std::env::args().nth(1).map_or(Ok(LINES), |lines| lines.parse())?;
    let ran = plan::run(lines).await?;
    let total = u64::from(lines) * ran.tasks as u64;
    println!(
        "round trip: {} tasks × {lines} lines: received and stored in {:.1} s ({:.0} lines/s), \
         read back the same",
        ran.tasks,
        ran.took.as_secs_f64(),
        total as f64 / ran.took.as_secs_f64()
    );
    println!("round trip: most memory {} MB (wanted: under {MEMORY_TARGET_MB} MB)", ran.memory_mb);
    Ok(if ran.memory_mb < MEMORY_TARGET_MB { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
