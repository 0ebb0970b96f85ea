//! What a sandbox shuts off that isn't a file: sockets that have a name and no file, on which a
//! session bus or a display may listen, and the kernel's keyring.
//!
//! A thread can give these up only for itself and for what it starts, and with them the right
//! to start a program that has more rights (`no_new_privs`). Bubblewrap is such a program where
//! it is installed setuid, so the worker can't give them up before it starts one. Therefore
//! our own program is what a sandbox starts: it gives them up and becomes the agent (`enter`).

use landlock::{Ruleset, RulesetAttr, RulesetStatus, Scope};
use nix::libc::{EPERM, SYS_add_key, SYS_keyctl, SYS_request_key};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::error::Error;

/// The calls of the keyring.
const KEYRING: [i64; 3] = [SYS_add_key, SYS_keyctl, SYS_request_key];
/// The bit that the same calls have for programs with short pointers (x32). Nothing else has it.
const X32: i64 = 0x4000_0000;

/// Something that this system can't shut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// Sockets without a file: Linux can since 6.12.
    Sockets,
    /// The kernel's keyring.
    Keyring,
}

impl Open {
    /// What is said of it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Sockets => {
                "This system can't shut off sockets that have no file, so a session bus that \
                 listens on one could be reached."
            }
            Self::Keyring => "This system can't shut off the kernel's keyring.",
        }
    }
}

/// Shuts off this thread, and what it starts from now on; what could not be shut off.
pub(crate) fn shut_off() -> Vec<Open> {
    let sockets = (!sockets_are_shut()).then_some(Open::Sockets);
    let keyring = shut_keyring().is_err().then_some(Open::Keyring);
    [sockets, keyring].into_iter().flatten().collect()
}

/// What can't be shut off here, tried by a thread that ends with it.
pub(crate) fn left_open() -> Vec<Open> {
    std::thread::spawn(shut_off).join().expect("BUG: shutting off panicked")
}

/// Sockets that are made inside can be reached inside.
fn sockets_are_shut() -> bool {
    let ruleset = Ruleset::default().scope(Scope::AbstractUnixSocket).and_then(Ruleset::create);
    let shut = ruleset.and_then(landlock::RulesetCreated::restrict_self);
    shut.is_ok_and(|status| status.ruleset == RulesetStatus::FullyEnforced)
}

fn shut_keyring() -> Result<(), Box<dyn Error>> {
    let calls = KEYRING.into_iter().flat_map(|call| [call, call | X32]);
    let filter = SeccompFilter::new(
        calls.map(|call| (call, Vec::new())).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(EPERM.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    Ok(seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?)
}
