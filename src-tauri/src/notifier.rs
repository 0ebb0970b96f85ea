//! Notifications of the desktop, while nobody looks at the window.

use crate::notifications::{Notification, Notifications};
use crate::window_events::{self, OpenRequest};
use crate::{state, window};
use regatta_engine::ChangeSet;
use regatta_protocol::view::PlaceView;
use tauri::{AppHandle, Runtime};
use tauri_plugin_notification::{ActionPerformed, NotificationExt};
use tracing::warn;

/// Tells the desktop what is new.
pub(crate) struct Notifier<R: Runtime> {
    app: AppHandle<R>,
    notifications: Notifications,
}

impl<R: Runtime> Notifier<R> {
    /// Begins where `place` stands so. A click on what it tells brings up the window.
    pub(crate) fn new(app: &AppHandle<R>, place: &PlaceView) -> Self {
        let handle = app.clone();
        let listening = app.notification().on_action(move |action| handle_click(&handle, action));
        if let Err(error) = listening {
            warn!(%error, "a click on a notification won't open its task");
        }
        Self { app: app.clone(), notifications: Notifications::starting_from(place) }
    }

    /// Tells what is new in what changed, when the person wants it and doesn't see it anyway.
    pub(crate) fn notify_changes(&mut self, changed: &ChangeSet) {
        for notification in self.notifications.collect_new(changed) {
            let wanted = state::store(&self.app).is_ok_and(|store| store.settings().notify);
            if wanted && !window::is_focused(&self.app) {
                self.show(notification);
            }
        }
    }

    fn show(&self, notification: Notification) {
        let builder = self.app.notification().builder();
        let shown = builder
            .title(notification.title)
            .body(notification.body)
            .extra("batch", &notification.batch)
            .extra("task", &notification.task)
            .show();
        if let Err(error) = shown {
            warn!(%error, "the desktop took no notification");
        }
    }
}

fn handle_click<R: Runtime>(app: &AppHandle<R>, action: &ActionPerformed) {
    window::show(app);
    if let Some(extra) = action.notification().map(|n| n.extra()) {
        let part = |name| extra.get(name).cloned().unwrap_or_default();
        window_events::ask_to_open(app, OpenRequest { batch: part("batch"), task: part("task") });
    }
}
