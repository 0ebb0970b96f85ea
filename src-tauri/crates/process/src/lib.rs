//! The only door to the operating system's processes: a program that is started with a tree of
//! its own and ended with all of it ([`Process`]), one that is known again after a restart
//! ([`ProcessIdentity`]), one in a session of its own ([`session_command`]), questions that a
//! program asks us ([`QuestionSocket`]), and what else differs from system to system where
//! programs are started: who may start a file, the memory, the room on the disk.
//!
//! # One file an operating system
//! Everything a system does in its own way is in the module `system`, which is one file for each:
//! `linux.rs` today. The rest of the crate, and all other crates, ask only that module. Another
//! system is one more file, and one more line at `mod system`. It has to offer the same names:
//!
//! | name | Linux | macOS | Windows |
//! |---|---|---|---|
//! | `become_session_leader` | `setsid`, child subreaper | `setsid` | nothing: the job holds the tree |
//! | `ProcessTree`: start, hold, end, sweep | process group, `/proc`, signals | process group and session, libproc, signals | Job Object that kills on close; threads are suspended one by one |
//! | `start_ticks`, `boot_id`, `find_family`, `kill` | `/proc` | libproc, `kern.boottime` | creation time, boot time, the job's list |
//! | `memory_use` | `/proc` | libproc | `GetProcessMemoryInfo` |
//! | `Signals`, `TerminationSignals` | signals | the same | console events; a child's end needs none |
//! | `set_own_group`, `session_command`, `end_session` | `setsid`, `killpg` | the same | `CREATE_NEW_PROCESS_GROUP`; there is no login shell |
//! | `exec`, `exit_signal` | `execvp`, wait status | the same | start and wait; none |
//! | `QuestionSocket`, `ask` | Unix socket | the same | named pipe: first instance, for this user only, random name |
//! | `is_program`, `is_readable_by_others`, `set_executable`, `create_private_dir` | mode bits | the same | the name's ending; inherited access lists |
//! | `free_disk_bytes`, `raise_open_file_limit` | `statvfs`, `setrlimit` | the same | `GetDiskFreeSpaceEx`; nothing |
//!
//! Where Linux and macOS do "the same", it is in `unix.rs`, which both hand on. On macOS reading
//! `/proc` compiles and finds nothing: that is why nobody else may.

mod identity;
mod process;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod system;
#[cfg(unix)]
mod unix;

pub use identity::ProcessIdentity;
pub use process::{GracePeriod, Process, ProgramExit, StdioPipes};
pub use system::{
    MemoryUse, QuestionSocket, Signals, TerminationSignals, ask, become_session_leader,
    create_private_dir, end_session, exec, free_disk_bytes, is_program, is_readable_by_others,
    memory_use, raise_open_file_limit, session_command, set_executable, set_own_group,
};
