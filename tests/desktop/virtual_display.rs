//! A display, a driver and a home folder of the test's own, and the app in them.

use super::webdriver::{self, WebDriverSession};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regatta_tests::wait_until;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, InputFocus, Window,
};
use x11rb::wrapper::ConnectionExt as _;

const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A display with nothing on it and a home folder with nothing in it.
pub(crate) struct VirtualDisplay {
    home: TempDir,
    display: String,
    /// What the app finds in its environment besides.
    environment: Vec<(String, String)>,
    x: Child,
}

impl VirtualDisplay {
    /// Starts Xvfb, which picks a display that is free.
    pub(crate) fn new() -> Self {
        let home = TempDir::with_prefix("regatta-desktop-").expect("a temporary folder");
        let mut x = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts; without it: apt-get install xvfb");
        let mut number = String::new();
        let out = x.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut number).expect("the display's number");
        Self { home, display: format!(":{}", number.trim()), environment: Vec::new(), x }
    }

    /// Adds to what the app finds in its environment.
    pub(crate) fn add_environment(&mut self, more: Vec<(String, String)>) {
        self.environment.extend(more);
    }

    /// The folder that everything of this test is in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Opens the app, as its menu entry would, without a session bus.
    pub(crate) fn open(&self) -> RunningApp<'_> {
        self.open_on_bus("")
    }

    /// Opens the app on the session bus at this address.
    pub(crate) fn open_on_bus(&self, bus: &str) -> RunningApp<'_> {
        let (driver, port) = self.start_driver(bus);
        let app = built_app();
        let session = WebDriverSession::start(port, &app.to_string_lossy()).expect("the app opens");
        let app = child_processes(driver.id());
        assert_eq!(app.len(), 1, "the driver started the app");
        RunningApp { screen: self, driver, app: app[0], session }
    }

    /// The processes of this test's app that are there still: those that look for their home
    /// where the test put it, without the driver.
    pub(crate) fn app_processes(&self, driver: u32) -> Vec<(u32, String)> {
        let mark = format!("HOME={}", self.home().display());
        all_processes()
            .filter(|id| *id != driver)
            .filter(|id| proc_file(*id, "environ").split('\0').any(|entry| entry == mark))
            .map(|id| (id, proc_file(id, "cmdline").replace('\0', " ")))
            .filter(|(_, command)| !command.is_empty())
            .collect()
    }

    /// Ends the own processes of an agent of the cache, as a crash would.
    pub(crate) fn crash_agent(&self, agent: &str) {
        let own = format!("test-agents/{agent}/");
        let is_own = |line: &str| line.contains(&own) && !line.contains("bwrap ");
        let own: Vec<u32> = self
            .app_processes(0)
            .into_iter()
            .filter(|(_, line)| is_own(line))
            .map(|(id, _)| id)
            .collect();
        assert!(!own.is_empty(), "{agent} runs: {:?}", self.app_processes(0));
        for id in own {
            let id = Pid::from_raw(i32::try_from(id).expect("a process id"));
            kill(id, Signal::SIGKILL).ok(); // One may end with another.
        }
    }

    fn start_driver(&self, bus: &str) -> (Child, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        drop(listener);
        let mut driver = Command::new("WebKitWebDriver");
        if bus.is_empty() {
            driver.env_remove("DBUS_SESSION_BUS_ADDRESS");
        } else {
            driver.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        let driver = driver
            .arg(format!("--port={port}"))
            .env_remove("WAYLAND_DISPLAY")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("DISPLAY", &self.display)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("HOME", self.home())
            .env("XDG_DATA_HOME", self.home().join("data"))
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_CACHE_HOME", self.home().join("cache"))
            .env("XDG_RUNTIME_DIR", self.home())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("WebKitWebDriver starts; without it: apt-get install webkit2gtk-driver");
        assert!(wait_until(START_TIMEOUT, || webdriver::is_ready(port)), "the driver answers");
        (driver, port)
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        kill_child(&mut self.x);
    }
}

/// The app with its window on the screen.
pub(crate) struct RunningApp<'a> {
    screen: &'a VirtualDisplay,
    driver: Child,
    app: u32,
    /// What is in the window.
    pub(crate) session: WebDriverSession,
}

impl RunningApp<'_> {
    /// Closes the window as a window manager does when its cross is clicked.
    pub(crate) fn close_window(&self) {
        let (x, screen) = x11rb::connect(Some(&self.screen.display)).expect("the display");
        let root = x.setup().roots[screen].root;
        let atom = |name: &str| {
            let cookie = x.intern_atom(false, name.as_bytes()).expect("a request");
            cookie.reply().expect("an atom").atom
        };
        let window = find_window(&x, root, "Regatta").expect("a window named Regatta");
        let message = [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
        let event = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), message);
        x.send_event(false, window, EventMask::NO_EVENT, event).expect("a request");
        // What a client sent right before it left may be lost with it.
        x.sync().expect("an answer to everything sent");
    }

    /// Takes the keyboard away from the window, as when another one is in front.
    pub(crate) fn remove_focus(&self) {
        let (x, _) = x11rb::connect(Some(&self.screen.display)).expect("the display");
        let nowhere = x11rb::NONE;
        x.set_input_focus(InputFocus::NONE, nowhere, x11rb::CURRENT_TIME).expect("a request");
        x.sync().expect("an answer to everything sent");
    }

    /// Whether the app's own process runs.
    pub(crate) fn is_running(&self) -> bool {
        child_processes(self.driver.id()).contains(&self.app)
    }

    /// Waits until the app and all that it started are gone.
    pub(crate) fn assert_gone(&self) {
        let mut left = Vec::new();
        let gone = wait_until(Duration::from_secs(20), || {
            left = self.screen.app_processes(self.driver.id());
            left.is_empty()
        });
        assert!(gone, "still there: {left:?}");
    }

    /// Keeps what the window shows as `target/desktop-shots/<name>.png`.
    pub(crate) fn save_screenshot(&self, name: &str) {
        let folder = target_dir().join("desktop-shots");
        fs::create_dir_all(&folder).expect("the pictures' folder");
        let mut picture = Vec::new();
        // The first frames of a page show nothing yet, and a picture of nothing is small.
        let painted = wait_until(START_TIMEOUT, || {
            let shown = self.session.take_screenshot().expect("a picture");
            picture = BASE64_STANDARD.decode(shown).expect("base64");
            picture.len() > 12_000
        });
        assert!(painted, "the window stays empty");
        fs::write(folder.join(format!("{name}.png")), picture).expect("written");
    }
}

impl Drop for RunningApp<'_> {
    fn drop(&mut self) {
        // After a failed test the app is there still: the driver doesn't take it along. What
        // the app started ends with it.
        if self.is_running() {
            let pid = Pid::from_raw(i32::try_from(self.app).expect("a process id"));
            if let Err(error) = kill(pid, Signal::SIGKILL) {
                eprintln!("The app could not be ended: {error}");
            }
        }
        kill_child(&mut self.driver);
    }
}

fn find_window<C: Connection>(x: &C, window: Window, name: &str) -> Option<Window> {
    let title = x
        .get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)
        .ok()
        .and_then(|cookie| cookie.reply().ok());
    if title.is_some_and(|t| t.value == name.as_bytes() && has_wm_protocols(x, window)) {
        return Some(window);
    }
    let tree = x.query_tree(window).ok()?.reply().ok()?;
    tree.children.into_iter().find_map(|child| find_window(x, child, name))
}

/// Whether it is a window of its own: such a one names the messages that it takes.
fn has_wm_protocols<C: Connection>(x: &C, window: Window) -> bool {
    let protocols = x.intern_atom(false, b"WM_PROTOCOLS").ok().and_then(|c| c.reply().ok());
    let Some(protocols) = protocols else { return false };
    let taken = x
        .get_property(false, window, protocols.atom, AtomEnum::ATOM, 0, 16)
        .ok()
        .and_then(|cookie| cookie.reply().ok());
    taken.is_some_and(|t| t.value_len > 0)
}

/// The built app, beside the tests' own folder.
fn built_app() -> PathBuf {
    let app = profile_dir().join("regatta-desktop");
    assert!(
        app.exists(),
        "{} is missing: cargo build -p regatta-desktop -p regatta-cli",
        app.display()
    );
    let _worker = regatta_tests::regatta_program();
    app
}

fn profile_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.ancestors().nth(2).expect("the target folder").to_owned()
}

fn target_dir() -> PathBuf {
    profile_dir().parent().expect("the target folder").to_owned()
}

fn all_processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn child_processes(parent: u32) -> Vec<u32> {
    let is_child = |id: &u32| {
        let stat = proc_file(*id, "stat");
        // The name may hold anything; the state and the parent come after its last bracket.
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let (state, its_parent) = (fields.next(), fields.next());
        state != Some("Z") && its_parent == Some(parent.to_string().as_str())
    };
    all_processes().filter(is_child).collect()
}

fn proc_file(id: u32, name: &str) -> String {
    let bytes = fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn kill_child(child: &mut Child) {
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        eprintln!("A process of the test could not be ended: {error}");
    }
}
