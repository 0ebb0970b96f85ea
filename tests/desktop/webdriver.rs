//! WebKitWebDriver, spoken to over plain HTTP on loopback: as much of WebDriver as a person
//! needs who looks, clicks and types.

use regatta_tests::wait_until;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How WebDriver names an element in JSON.
const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How WebDriver names the key.
const ENTER_KEY: &str = "\u{E007}";
/// Longer than the app and its page ever take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One session: the app, started by the driver, and its page.
pub(crate) struct WebDriverSession {
    port: u16,
    id: String,
}

impl WebDriverSession {
    /// Has the driver at `port` start the program `app`.
    pub(crate) fn start(port: u16, app: &str) -> Result<Self, String> {
        let options = json!({ "binary": app, "args": [] });
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer = send_request(port, "POST", "/session", &wanted)?;
        let id = answer["sessionId"].as_str().ok_or_else(|| format!("no session: {answer}"))?;
        Ok(Self { port, id: id.to_owned() })
    }

    /// Runs `script` as the body of a function in the page and returns what it returns.
    pub(crate) fn execute_script(&self, script: &str, args: Value) -> Result<Value, String> {
        self.send_command("POST", "/execute/sync", &json!({ "script": script, "args": args }))
    }

    /// Calls a command of the shell as the page does; `Err` is the command's own error.
    pub(crate) fn invoke(&self, command: &str, args: Value) -> Result<Value, Value> {
        let script = "const [command, args, done] = arguments;
            window.__TAURI_INTERNALS__.invoke(command, args)
                .then((ok) => done({ ok }), (err) => done({ err }));";
        let body = json!({ "script": script, "args": [command, args] });
        let mut answer = self.send_command("POST", "/execute/async", &body).map_err(Value::from)?;
        if answer.get("err").is_some() {
            Err(answer["err"].take())
        } else {
            Ok(answer["ok"].take())
        }
    }

    /// Clicks the element that `xpath` finds, once it is there to be hit.
    pub(crate) fn click(&self, xpath: &str) {
        self.retry_on_element(xpath, |element| {
            self.send_command("POST", &format!("/element/{element}/click"), &json!({}))
        });
    }

    /// Types `text` into the element that `xpath` finds; a line's end is the Enter key.
    pub(crate) fn type_into(&self, xpath: &str, text: &str) {
        self.retry_on_element(xpath, |element| {
            let text = json!({ "text": text.replace('\n', ENTER_KEY) });
            self.send_command("POST", &format!("/element/{element}/value"), &text)
        });
    }

    /// Empties the field that `xpath` finds.
    pub(crate) fn clear(&self, xpath: &str) {
        self.retry_on_element(xpath, |element| {
            self.send_command("POST", &format!("/element/{element}/clear"), &json!({}))
        });
    }

    /// Waits until `xpath` finds something.
    pub(crate) fn wait_for(&self, xpath: &str) {
        self.retry_on_element(xpath, |_| Ok(Value::Null));
    }

    /// Waits until `xpath` finds nothing.
    pub(crate) fn wait_until_gone(&self, xpath: &str) {
        let gone = wait_until(TIMEOUT, || self.find_element(xpath).is_err());
        assert!(gone, "{xpath} is there still; the page says: {}", self.page_text());
    }

    /// The text of the elements that `selector` (CSS) finds, with what only a screen reader
    /// reads.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let script = r"return [...document.querySelectorAll(arguments[0])]
            .map((element) => element.textContent.replace(/\s+/g, ' ').trim());";
        let texts = self.execute_script(script, json!([selector])).expect("the page answers");
        let texts = texts.as_array().into_iter().flatten();
        texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Everything that is written in the window.
    pub(crate) fn page_text(&self) -> String {
        self.texts("body").concat()
    }

    /// What the window shows, as the base64 text of a PNG.
    pub(crate) fn take_screenshot(&self) -> Result<String, String> {
        // A picture is of the frame that was painted last, so what is there now must get to
        // be painted first.
        let frames = r"const [done] = arguments;
            const after = (n) => (n === 0 ? done() : requestAnimationFrame(() => after(n - 1)));
            document.fonts.ready.then(() => after(4));";
        self.send_command("POST", "/execute/async", &json!({ "script": frames, "args": [] }))?;
        let picture = self.send_command("GET", "/screenshot", &Value::Null)?;
        picture.as_str().map(str::to_owned).ok_or_else(|| "no picture".to_owned())
    }

    /// Does `what` to the element that `xpath` finds, again until it can be done: a page
    /// needs its time.
    fn retry_on_element(&self, xpath: &str, what: impl Fn(&str) -> Result<Value, String>) {
        let mut last = String::new();
        let done = wait_until(TIMEOUT, || {
            let outcome = self.find_element(xpath).and_then(|element| what(&element));
            outcome.map_err(|error| last = error).is_ok()
        });
        assert!(done, "{xpath}: {last}; the page says: {}", self.page_text());
    }

    fn find_element(&self, xpath: &str) -> Result<String, String> {
        let wanted = json!({ "using": "xpath", "value": xpath });
        let found = self.send_command("POST", "/element", &wanted)?;
        found[ELEMENT_KEY].as_str().map(str::to_owned).ok_or_else(|| format!("{xpath}: {found}"))
    }

    fn send_command(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        send_request(self.port, method, &format!("/session/{}{path}", self.id), body)
    }
}

/// Whether a driver answers at `port`.
pub(crate) fn is_ready(port: u16) -> bool {
    send_request(port, "GET", "/status", &Value::Null).is_ok()
}

fn send_request(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = exchange_http(port, method, path, &body).map_err(|e| format!("{path}: {e}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without an end of head")?;
    let mut answer: Value = serde_json::from_str(body).map_err(|e| format!("{e} in {body:?}"))?;
    let value = answer["value"].take();
    let status = head.lines().next().unwrap_or_default();
    if status.contains(" 200 ") { Ok(value) } else { Err(format!("{path}: {value}")) }
}

fn exchange_http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
