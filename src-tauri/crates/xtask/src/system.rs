//! What the system has to bring: found, or named and installed.

use crate::step::{Step, report_skipped};
use crate::{XtaskResult, paths};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::Stdio;

/// Something that the system has to bring, and the package that holds it.
pub(crate) struct Requirement {
    detection: Detection,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

/// How to see that it is there.
enum Detection {
    /// One of these programs is on the PATH.
    Program(&'static [&'static str]),
    /// pkg-config knows this library. Only Linux has to bring it.
    Library(&'static str),
}

/// The programs that may be the browser of the page tests, the first one preferred.
pub(crate) const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// For any batch at all.
pub(crate) const GIT: Requirement = program_requirement(&["git"], ["git", "git", "git"]);
/// To build and to open the window.
pub(crate) const WINDOW: [Requirement; 1] = [Requirement {
    detection: Detection::Library("webkit2gtk-4.1"),
    debian: "libwebkit2gtk-4.1-dev",
    fedora: "webkit2gtk4.1-devel",
    arch: "webkit2gtk-4.1",
}];
/// To build the loop of the fuzz targets.
pub(crate) const CPP: Requirement =
    program_requirement(&["c++", "clang++"], ["g++", "gcc-c++", "gcc"]);
/// To see what real agents connect to.
pub(crate) const STRACE: Requirement = program_requirement(&["strace"], ["strace"; 3]);
/// To test the pages in a browser, the server with the documented call, the window on a
/// display of its own, keys in a key store of their own, and agents that try to get out of their
/// sandbox.
const TEST_REQUIREMENTS: [Requirement; 9] = [
    program_requirement(&BROWSERS, ["chromium"; 3]),
    program_requirement(&["curl"], ["curl"; 3]),
    program_requirement(
        &["WebKitWebDriver"],
        ["webkit2gtk-driver", "/usr/bin/WebKitWebDriver", "webkitgtk-6.0"],
    ),
    program_requirement(&["Xvfb"], ["xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"]),
    program_requirement(&["dbus-run-session"], ["dbus", "dbus-daemon", "dbus"]),
    program_requirement(&["gnome-keyring-daemon"], ["gnome-keyring"; 3]),
    program_requirement(&["ssh-agent"], ["openssh-client", "openssh-clients", "openssh"]),
    program_requirement(&["bwrap"], ["bubblewrap"; 3]),
    program_requirement(&["python3"], ["python3", "python3", "python"]),
];

/// What the tests need here: the real window is driven on Linux only.
pub(crate) fn test_requirements() -> &'static [Requirement] {
    if cfg!(target_os = "linux") { &TEST_REQUIREMENTS } else { &TEST_REQUIREMENTS[..2] }
}

const fn program_requirement(
    names: &'static [&'static str],
    packages: [&'static str; 3],
) -> Requirement {
    let [debian, fedora, arch] = packages;
    Requirement { detection: Detection::Program(names), debian, fedora, arch }
}

/// Whether to ask before installing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Said on the command line, or nobody is there to be asked.
    Given,
    /// A person has to say so.
    Ask,
}

/// Has everything there, or says what is missing and what to do.
pub(crate) fn ensure_installed(needs: &[&Requirement], consent: Consent) -> XtaskResult {
    const NAME: &str = "System packages";
    let missing: Vec<&Requirement> =
        needs.iter().copied().filter(|need| !need.is_installed()).collect();
    if missing.is_empty() {
        report_skipped(NAME, "all there");
        return Ok(());
    }
    let Platform::Debian = Platform::detect() else {
        return Err(Platform::detect().install_advice(&missing));
    };
    let packages: BTreeSet<&str> = missing.iter().map(|need| need.debian).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    println!("{NAME} to install: {}", packages.join(" "));
    if consent == Consent::Ask && !ask_yes_no("Install them now?")? {
        return Err(format!("Install them: {}", apt_command_line(&packages)));
    }
    install(&packages)?;
    match missing.iter().find(|need| !need.is_installed()) {
        Some(need) => Err(format!(
            "{} is installed, and what is needed of it is still not found. Is it on the PATH?",
            need.debian
        )),
        None => Ok(()),
    }
}

impl Requirement {
    fn is_installed(&self) -> bool {
        match self.detection {
            Detection::Program(names) => {
                names.iter().any(|name| paths::find_on_path(name).is_some())
            }
            Detection::Library(_) if !cfg!(target_os = "linux") => true,
            Detection::Library(name) => {
                let mut asked = paths::command_in_repository("pkg-config");
                asked.args(["--exists", name]).stderr(Stdio::null());
                asked.status().is_ok_and(|status| status.success())
            }
        }
    }
}

fn install(packages: &[&str]) -> XtaskResult {
    const HELP: &str = "Look at what apt-get says, mend that, and run this again.";
    let apt = |args: &[&str]| {
        let mut command = as_root("apt-get")?;
        command.args(args).args(["-y", "-q"]).env("DEBIAN_FRONTEND", "noninteractive");
        Ok::<_, String>(command)
    };
    Step::new("Package lists", apt(&["update"])?, HELP).run()?;
    let mut command = apt(&["install", "--no-install-recommends"])?;
    command.args(packages);
    Step::new("System packages", command, HELP).run()
}

/// The program, through `sudo` where this isn't the administrator.
fn as_root(name: &str) -> Result<std::process::Command, String> {
    let asked = paths::command_in_repository("id").arg("-u").output();
    if asked.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Ok(paths::command_in_repository(name));
    }
    if paths::find_on_path("sudo").is_none() {
        return Err("Packages can be installed by the administrator only, and there is no sudo. \
                    Run this once as root."
            .to_owned());
    }
    // Asks for the password here, where it can be typed; the steps have no input.
    let asked = paths::command_in_repository("sudo").arg("-v").status();
    if !asked.is_ok_and(|status| status.success()) {
        return Err("sudo did not let us install packages.".to_owned());
    }
    let mut command = paths::command_in_repository("sudo");
    command.args(["-n", "--preserve-env=DEBIAN_FRONTEND", name]);
    Ok(command)
}

/// What a person answers; without one, no.
pub(crate) fn ask_yes_no(question: &str) -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("{question} [Y/n] ");
    io::stdout().flush().map_err(|problem| problem.to_string())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|problem| problem.to_string())?;
    // An end of input is no answer.
    Ok(!answer.is_empty() && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn apt_command_line(packages: &[&str]) -> String {
    format!(
        "apt-get install --no-install-recommends {}   (as root; or run this again with --yes)",
        packages.join(" ")
    )
}

/// The kinds of systems that we can say something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Debian,
    Fedora,
    Arch,
    OtherLinux,
    MacOs,
    Windows,
}

impl Platform {
    fn detect() -> Self {
        if cfg!(windows) {
            return Self::Windows;
        }
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        Self::from_os_release(&fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// By the system's own description of itself.
    fn from_os_release(os_release: &str) -> Self {
        let values = os_release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")));
        let names = values.flat_map(|value| value.trim_matches('"').split_whitespace());
        let mut known = names.filter_map(|name| match name {
            "debian" | "ubuntu" => Some(Self::Debian),
            "fedora" | "rhel" => Some(Self::Fedora),
            "arch" => Some(Self::Arch),
            _ => None,
        });
        known.next().unwrap_or(Self::OtherLinux)
    }

    /// What to install by hand.
    fn install_advice(self, missing: &[&Requirement]) -> String {
        let list = |package: fn(&Requirement) -> &'static str| {
            let packages: BTreeSet<&str> = missing.iter().map(|need| package(need)).collect();
            packages.into_iter().collect::<Vec<_>>().join(" ")
        };
        let how = match self {
            Self::Fedora => format!("sudo dnf install {}", list(|need| need.fedora)),
            Self::Arch => format!("sudo pacman -S --needed {}", list(|need| need.arch)),
            Self::MacOs => "xcode-select --install   (compiler and git); for the tests also \
                            Chromium on the PATH"
                .to_owned(),
            Self::Windows => "Visual Studio Build Tools (Desktop development with C++), the \
                              WebView2 runtime, and Git for Windows"
                .to_owned(),
            Self::Debian | Self::OtherLinux => {
                format!("the packages that Debian calls {}", list(|need| need.debian))
            }
        };
        format!(
            "Something that Regatta needs is missing on this system. Install it, then run this again:\n  {how}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_their_own_description() {
        let cases = [
            ("ID=debian\n", Platform::Debian),
            ("NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Platform::Debian),
            ("ID=fedora\nVERSION_ID=43\n", Platform::Fedora),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", Platform::Fedora),
            ("ID=endeavouros\nID_LIKE=arch\n", Platform::Arch),
            ("ID=nixos\nVERSION_ID=debian\n", Platform::OtherLinux),
            ("", Platform::OtherLinux),
        ];
        for (text, system) in cases {
            assert_eq!(Platform::from_os_release(text), system, "{text}");
        }
    }

    #[test]
    fn each_system_is_told_its_own_packages() {
        let needs: Vec<&Requirement> = WINDOW.iter().chain([&GIT]).collect();
        assert!(
            Platform::Fedora
                .install_advice(&needs)
                .ends_with("dnf install git webkit2gtk4.1-devel")
        );
        assert!(Platform::Arch.install_advice(&needs).ends_with("--needed git webkit2gtk-4.1"));
        assert!(Platform::MacOs.install_advice(&needs).contains("xcode-select"));
        assert!(Platform::Windows.install_advice(&needs).contains("WebView2"));
        assert!(Platform::OtherLinux.install_advice(&needs).ends_with("git libwebkit2gtk-4.1-dev"));
    }

    #[test]
    fn a_missing_program_is_seen() {
        let there = program_requirement(&["no-such-program-here", "cargo"], [""; 3]);
        let missing = program_requirement(&["no-such-program-here"], [""; 3]);
        assert!(there.is_installed());
        assert!(!missing.is_installed());
    }
}
