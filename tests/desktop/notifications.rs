//! What the desktop is told while nobody looks at the window: a desktop of the test's own
//! takes the notifications, and clicks on one.

use super::locators::{button, containing, write_task};
use super::virtual_display::VirtualDisplay;
use super::{TIMEOUT, open_batch_form, wait_for_statuses};
use regatta_tests::wait_until;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use zbus::Message;
use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::zvariant::OwnedValue;

const SERVICE_NAME: &str = "org.freedesktop.Notifications";
const OBJECT_PATH: &str = "/org/freedesktop/Notifications";
/// A bus that starts nothing by itself, so that nothing is left of it.
const BUS_CONFIG: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>"#;

/// What `Notify` is called with: the app, which one it replaces, icon, title, body, actions,
/// hints, and how long it is shown.
type NotifyArguments =
    (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);

/// A session bus with a desktop on it that shows notifications.
struct NotificationServer {
    bus: Child,
    connection: Connection,
    /// Number, title and body of each.
    notifications: Receiver<(u32, String, String)>,
}

impl NotificationServer {
    fn new(folder: &Path) -> Self {
        let socket = folder.join("bus");
        let rules = folder.join("bus.conf");
        fs::write(&rules, BUS_CONFIG.replace("SOCKET", &socket.to_string_lossy())).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(rules);
        let bus = command.spawn().expect("dbus-daemon starts; without it: apt-get install dbus");
        assert!(wait_until(TIMEOUT, || socket.exists()), "the bus listens");
        let address = bus_address(folder);
        let connect =
            || connection::Builder::address(address.as_str())?.name(SERVICE_NAME)?.build();
        let connection = connect().expect("the bus takes a desktop");
        let (tell, notifications) = mpsc::channel();
        let serving = connection.clone();
        std::thread::spawn(move || {
            let calls = MessageIterator::from(&serving).flatten();
            for (call, number) in calls.filter(is_notify).zip(1..) {
                let (_, _, _, title, body, ..): NotifyArguments =
                    call.body().deserialize().unwrap();
                serving.reply(&call.header(), &number).unwrap();
                if tell.send((number, title, body)).is_err() {
                    return; // The test is over.
                }
            }
        });
        Self { bus, connection, notifications }
    }

    /// Clicks on a notification.
    fn click(&self, number: u32) {
        let to_all = None::<&str>;
        let clicked = (number, "default");
        self.connection
            .emit_signal(to_all, OBJECT_PATH, SERVICE_NAME, "ActionInvoked", &clicked)
            .unwrap();
    }
}

impl Drop for NotificationServer {
    fn drop(&mut self) {
        if let Err(error) = self.bus.kill().and_then(|()| self.bus.wait()) {
            eprintln!("The bus could not be ended: {error}");
        }
    }
}

fn bus_address(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}

fn is_notify(message: &Message) -> bool {
    message.header().member().is_some_and(|member| member == "Notify")
}

#[test]
fn a_question_is_told_on_the_desktop_with_task_and_reason_and_a_click_opens_it() {
    let screen = VirtualDisplay::new();
    let desktop = NotificationServer::new(screen.home());
    let go = screen.home().join("go");
    let app = screen.open_on_bus(&bus_address(screen.home()));
    let page = &app.session;
    open_batch_form(page, "Repairs");
    let hold = format!("run until [ -e {} ]; do sleep 0.1; done", go.display());
    write_task(page, 1, "Prices", "say They are right.\nhang");
    write_task(page, 2, "Fix footer", &format!("{hold}\nask May it install a font? | Yes | No"));
    page.click(&button("Start 2 tasks"));
    wait_for_statuses(&app, &[("Prices", ", Working,"), ("Fix footer", ", Working,")]);
    page.click(&button("Home"));
    app.remove_focus();
    let looked_at = || page.execute_script("return document.hasFocus()", json!([])).unwrap();
    assert!(wait_until(TIMEOUT, || looked_at() == json!(false)), "nobody looks at it");

    fs::write(go, "").unwrap();
    let (number, title, body) = desktop.notifications.recv_timeout(TIMEOUT).expect("it is told");
    assert_eq!(title, "Fix footer needs you");
    assert!(body.starts_with("May it install a font?"), "{body}");
    desktop.click(number);
    page.wait_for(&button("Not allowed"));
    page.wait_for(&containing("May it install a font?"));
    let open = page.texts("[role=tab][aria-selected=true]");
    assert!(open.iter().any(|tab| tab.starts_with("Fix footer")), "{open:?}");
    app.close_window();
    page.click(&button("Stop and quit"));
    app.assert_gone();
}
