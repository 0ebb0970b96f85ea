//! Notifications of the desktop, while nobody looks at the window.

use crate::bridge::{self, OpenAsked};
use crate::news::{Headline, News};
use crate::{state, window};
use regatta_engine::Changed;
use regatta_protocol::view::PlaceView;
use tauri::{AppHandle, Runtime};
use tauri_plugin_notification::{ActionPerformed, NotificationExt};

/// Tells the desktop what is new.
pub(crate) struct Announcer<R: Runtime> {
    app: AppHandle<R>,
    news: News,
}

impl<R: Runtime> Announcer<R> {
    /// Begins where `place` stands so. A click on what it tells brings up the window.
    pub(crate) fn new(app: &AppHandle<R>, place: &PlaceView) -> Self {
        let handle = app.clone();
        let listening = app.notification().on_action(move |action| clicked(&handle, action));
        if let Err(error) = listening {
            eprintln!("A click on a notification won't open its task: {error}");
        }
        Self { app: app.clone(), news: News::since(place) }
    }

    /// Tells what is new in what changed, when the person wants it and doesn't see it anyway.
    pub(crate) fn read(&mut self, changed: &Changed) {
        let views = (changed.tasks.as_slice(), changed.batches.as_slice());
        for headline in self.news.read(views, &changed.place) {
            let wanted = state::store(&self.app).is_ok_and(|store| store.settings().notify);
            if wanted && !window::is_focused(&self.app) {
                self.show(headline);
            }
        }
    }

    fn show(&self, headline: Headline) {
        let notification = self.app.notification().builder();
        let shown = notification
            .title(headline.title)
            .body(headline.body)
            .extra("batch", &headline.batch)
            .extra("task", &headline.task)
            .show();
        if let Err(error) = shown {
            eprintln!("The desktop took no notification: {error}");
        }
    }
}

fn clicked<R: Runtime>(app: &AppHandle<R>, action: &ActionPerformed) {
    window::show(app);
    if let Some(extra) = action.notification().map(|n| n.extra()) {
        let part = |name| extra.get(name).cloned().unwrap_or_default();
        bridge::ask_to_open(app, OpenAsked { batch: part("batch"), task: part("task") });
    }
}
