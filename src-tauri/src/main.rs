//! The window of Regatta.

// A release build opens no console beside its window on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    regatta_desktop::run()
}
