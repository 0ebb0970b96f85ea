//! The one window: it shows our own pages and nothing else, and it doesn't close over work
//! that would be lost.

use crate::state;
use crate::window_events::{self, QuitRequest};
use regatta_engine::Engine;
use regatta_protocol::Capability;
use regatta_trace::LogDropped;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Runtime, Url, WebviewWindowBuilder, Window, WindowEvent};
use tracing::warn;

const LABEL: &str = "main";

/// Opens the window as the configuration has it.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let windows = &app.config().app.windows;
    let config = windows.iter().find(|w| w.label == LABEL).expect("BUG: no window is configured");
    WebviewWindowBuilder::from_config(app, config)?
        .on_navigation(is_our_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()?;
    Ok(())
}

/// Brings the window to the front.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        warn!(%error, "the window could not be brought to the front");
    }
}

/// Whether the person has the window before them.
pub(crate) fn is_focused<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.get_webview_window(LABEL).is_some_and(|window| {
        window.is_focused().log_dropped("asking whether the window is focused").unwrap_or(false)
    })
}

/// Closing the window is asking to leave.
pub(crate) fn on_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event {
        api.prevent_close();
        let app = window.app_handle().clone();
        tauri::async_runtime::spawn(async move { quit(&app, false).await });
    }
}

/// Ends the app. With tasks that aren't over it asks first, unless `stop_work` says that they
/// may be stopped.
pub(crate) async fn quit<R: Runtime>(app: &AppHandle<R>, stop_work: bool) {
    if let Some(engine) = state::engine(app).log_dropped("closing the engine") {
        let working = count_unfinished(&engine).await;
        if working > 0 && !stop_work {
            show(app);
            window_events::ask_to_quit(app, QuitRequest { working });
            return;
        }
        engine.close().await;
    }
    app.exit(0);
}

/// The tasks that wait or are at work and end with us. Others go on without us, and the next
/// start goes on with them.
async fn count_unfinished(engine: &Engine) -> u32 {
    // A store that can't be read any more must not keep the window open for ever.
    let running = engine.running_batches().await.log_dropped("counting what works");
    let running = running.unwrap_or_default();
    let ours = running.iter().filter(|batch| !batch.place.can(Capability::Detach));
    ours.map(|batch| batch.counts.total() - batch.counts.ended()).sum()
}

fn is_our_page(url: &Url) -> bool {
    // Where a webview can't have a scheme of ours, Tauri serves the pages under this host.
    let ours = url.scheme() == "tauri" && url.host_str() == Some("localhost");
    let ours_on_windows = cfg!(windows) && url.host_str() == Some("tauri.localhost");
    ours || ours_on_windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_opened() {
        for (url, opened) in [
            ("tauri://localhost/", true),
            ("tauri://localhost/index.html#/batch/1", true),
            ("tauri://elsewhere/", false),
            ("https://example.com/", false),
            ("http://localhost/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,hello", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_our_page(&url.parse().expect("a URL")), opened, "{url}");
        }
    }
}
