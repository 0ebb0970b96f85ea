//! What a sandbox shuts off that isn't a file: sockets that have a name and no file, on which a
//! session bus or a display may listen, and the kernel's keyring.
//!
//! A thread can give these up only for itself and for what it starts, and with them the right
//! to start a program that has more rights (`no_new_privs`). Bubblewrap is such a program where
//! it is installed setuid, so the worker can't give them up before it starts one. Therefore
//! our own program is what a sandbox starts: it gives them up and becomes the agent (`enter`).

use landlock::{Ruleset, RulesetAttr, RulesetStatus, Scope};
use libc::{EPERM, SYS_add_key, SYS_keyctl, SYS_request_key};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::error::Error;

/// The calls of the keyring.
const KEYRING_SYSCALLS: [i64; 3] = [SYS_add_key, SYS_keyctl, SYS_request_key];
/// The bit that the same calls have for programs with short pointers (x32). Nothing else has it.
const X32_SYSCALL_BIT: i64 = 0x4000_0000;

/// Something that this system can't shut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unrestricted {
    /// Sockets without a file: Linux can since 6.12.
    Sockets,
    /// The kernel's keyring.
    Keyring,
}

impl Unrestricted {
    /// What is said of it.
    pub(crate) const fn description(self) -> &'static str {
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
pub(crate) fn restrict_self() -> Vec<Unrestricted> {
    let sockets = (!try_restrict_sockets()).then_some(Unrestricted::Sockets);
    let keyring = restrict_keyring().is_err().then_some(Unrestricted::Keyring);
    [sockets, keyring].into_iter().flatten().collect()
}

/// What can't be shut off here, tried by a thread that ends with it.
pub(crate) fn probe_unrestricted() -> Vec<Unrestricted> {
    std::thread::spawn(restrict_self).join().expect("BUG: shutting off panicked")
}

/// Sockets that are made inside can be reached inside.
fn try_restrict_sockets() -> bool {
    let ruleset = Ruleset::default().scope(Scope::AbstractUnixSocket).and_then(Ruleset::create);
    let shut = ruleset.and_then(landlock::RulesetCreated::restrict_self);
    shut.is_ok_and(|status| status.ruleset == RulesetStatus::FullyEnforced)
}

fn restrict_keyring() -> Result<(), Box<dyn Error>> {
    let calls = KEYRING_SYSCALLS.into_iter().flat_map(|call| [call, call | X32_SYSCALL_BIT]);
    let filter = SeccompFilter::new(
        calls.map(|call| (call, Vec::new())).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(EPERM.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    Ok(seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?)
}
