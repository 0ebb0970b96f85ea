//! What to do about a cause, at each edge. A cause without a sentence doesn't compile.

use super::Cause;
use crate::Edge;

/// In the app's window: there are settings, and a person at this computer.
pub(super) const fn in_window(cause: &Cause) -> &'static str {
    use Cause as C;
    match cause {
        C::EndpointUnknown => "Choose another place, or add it again.",
        C::EndpointKeyMissing { .. } => "Enter it in the settings, under Endpoints.",
        C::EndpointKeyInvalid => "Enter it again in the settings.",
        C::EndpointKeyRefused => "Enter the key again in the settings, or ask who gave it to you.",
        C::EndpointHostUnknown { .. } => {
            "Check the address in the settings, and that this computer is online."
        }
        C::EndpointUnproven { .. } => {
            "Check the address in the settings; don't enter a key anywhere until you know why."
        }
        C::EndpointSilent { .. } => "Check that this computer is online, and try again.",
        C::EndpointUnreachable { .. } => {
            "Check the address in the settings, and that the endpoint runs."
        }
        C::EndpointCallUnknown
        | C::EndpointIsWebPage
        | C::EndpointIsAnotherApi
        | C::HostIsAnotherApi => "Check the address in the settings.",
        C::EndpointRedirects => "Enter the address that it really is in the settings.",
        C::EndpointRefused { .. } => "",
        C::HostTokenMissing { .. } => "Enter one in the settings.",
        C::AgentProgramMissing { .. } => "Install it, or name the program with its whole path.",
        C::AgentSignedOut => "Sign in again with the agent's own program, then try again.",
        C::Git(cause) => cause.hint(Edge::Window),
        C::Store(cause) => cause.hint(Edge::Window),
    }
}

/// On the command line: the address stands in the batch's file, the key in a file of its own.
pub(super) const fn in_terminal(cause: &Cause) -> &'static str {
    use Cause as C;
    match cause {
        C::EndpointUnknown => "Write the endpoint with its address into the batch's file.",
        C::EndpointKeyMissing { .. } => {
            "Put the endpoint's key into a file and name it with --endpoint-key-file."
        }
        C::EndpointKeyInvalid => {
            "Look at the file that --endpoint-key-file names: it holds the key alone."
        }
        C::EndpointKeyRefused => {
            "Look at the key in the file that --endpoint-key-file names, or ask who gave it to you."
        }
        C::EndpointHostUnknown { .. } => {
            "Check the endpoint's address in the batch's file, and that this computer is online."
        }
        C::EndpointUnproven { .. } => {
            "Check the endpoint's address in the batch's file; don't send a key until you know why."
        }
        C::EndpointSilent { .. } => "Check that this computer is online, and try again.",
        C::EndpointUnreachable { .. } => {
            "Check the endpoint's address in the batch's file, and that the endpoint runs."
        }
        C::EndpointCallUnknown | C::EndpointIsWebPage | C::EndpointIsAnotherApi => {
            "Check the endpoint's address in the batch's file."
        }
        C::EndpointRedirects => "Write the address that it really is into the batch's file.",
        C::EndpointRefused { .. } => "",
        C::HostTokenMissing { .. } => "Write one into the batch's file.",
        C::HostIsAnotherApi => "Check the address.",
        C::AgentProgramMissing { .. } => "Install it, or name the program with its whole path.",
        C::AgentSignedOut => "Sign in again with the agent's own program, then try again.",
        C::Git(cause) => cause.hint(Edge::Terminal),
        C::Store(cause) => cause.hint(Edge::Terminal),
    }
}

/// In an answer of our server: only whoever runs it can mend what is amiss on its computer.
pub(super) const fn in_api(cause: &Cause) -> &'static str {
    use Cause as C;
    match cause {
        C::EndpointUnknown => "Ask whoever runs this server to look at its endpoints.",
        C::EndpointKeyMissing { .. } | C::EndpointKeyInvalid | C::EndpointKeyRefused => {
            "Ask whoever runs this server to look at the endpoint's key."
        }
        C::EndpointHostUnknown { .. }
        | C::EndpointUnproven { .. }
        | C::EndpointUnreachable { .. }
        | C::EndpointCallUnknown
        | C::EndpointRedirects
        | C::EndpointIsWebPage
        | C::EndpointIsAnotherApi => {
            "Ask whoever runs this server to look at the endpoint's address."
        }
        C::EndpointSilent { .. } => "Try again later.",
        C::EndpointRefused { .. } => "",
        C::HostTokenMissing { .. } => "Send one in github_token.",
        C::HostIsAnotherApi => {
            "Ask whoever runs this server to look at the address of its repositories' host."
        }
        C::AgentProgramMissing { .. } => {
            "Ask whoever runs this server to install it, or name another agent."
        }
        C::AgentSignedOut => {
            "Ask whoever runs this server to sign in to the agent there, then try again."
        }
        C::Git(cause) => cause.hint(Edge::Api),
        C::Store(cause) => cause.hint(Edge::Api),
    }
}
