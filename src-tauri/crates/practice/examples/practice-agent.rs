//! The practice agent as a program of its own, for this crate's tests.

fn main() -> std::process::ExitCode {
    regatta_practice::main()
}
