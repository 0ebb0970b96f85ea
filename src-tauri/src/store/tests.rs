use super::*;
use regatta_protocol::app::{GITHUB_API, ProjectState, Theme};
use regatta_protocol::endpoint::Endpoint;
use regatta_protocol::{EndpointId, TaskRequest};
use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
use tempfile::TempDir;

struct OpenStore {
    _app: tauri::App<MockRuntime>,
    store: Store<MockRuntime>,
}

fn open_store(dir: &TempDir) -> OpenStore {
    let app = mock_builder()
        .plugin(tauri_plugin_store::Builder::new().build())
        .build(mock_context(noop_assets()))
        .expect("a mock app");
    let store = Store::open(app.handle(), dir.path()).expect("a store");
    OpenStore { _app: app, store }
}

fn temp_dir() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn dark_settings() -> Settings {
    Settings { theme: Theme::Dark, limit: 7, ..Settings::default() }
}

fn recipe(id: &str, name: &str) -> Recipe {
    Recipe {
        id: id.into(),
        name: name.into(),
        tasks: vec![TaskRequest::default()],
        agent: None,
        safety: None,
    }
}

fn project(path: &str) -> ProjectView {
    ProjectView {
        path: path.into(),
        shown_path: path.into(),
        name: path.into(),
        state: ProjectState::Ready,
        current: "main".into(),
        branches: Vec::new(),
        has_uncommitted_changes: false,
        notice: None,
    }
}

#[test]
fn an_empty_folder_has_the_defaults_and_nothing_to_say() {
    let dir = temp_dir();
    let opened = open_store(&dir);
    assert_eq!(opened.store.settings(), Settings::default());
    assert_eq!(opened.store.draft(), None);
    assert_eq!(opened.store.take_notices(), []);
}

/// The file as version 0.1 wrote it, with something in each of its parts.
const VERSION_1: &str = include_str!("../../fixtures/settings-v1.json");

#[test]
fn nothing_of_an_earlier_version_is_lost() {
    let dir = temp_dir();
    fs::write(dir.path().join(FILE), VERSION_1).expect("written");
    let before: Value = serde_json::from_str(VERSION_1).expect("JSON");
    let store = open_store(&dir).store;
    assert_eq!(store.take_notices(), []);
    let shown = serde_json::json!({
        "settings": store.settings(),
        "draft": store.draft(),
        "templates": store.recipes(),
        "projects": store.projects(),
        "repositories": store.repositories(),
    });
    assert_eq!(shown, before);

    // Also when each part is written again.
    store.save_settings(store.settings()).expect("saved");
    store.save_draft(store.draft().expect("a draft")).expect("saved");
    store.recipes().into_iter().for_each(|recipe| store.save_recipe(recipe).expect("saved"));
    let written = fs::read(dir.path().join(FILE)).expect("there");
    assert_eq!(serde_json::from_slice::<Value>(&written).expect("JSON"), before);
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let dir = temp_dir();
    let draft = Draft { title: "Checkout".into(), max_parallel: 3, ..Draft::default() };
    {
        let store = open_store(&dir).store;
        store.save_settings(dark_settings()).expect("saved");
        store.save_draft(draft.clone()).expect("saved");
        store.save_recipe(recipe("a", "old")).expect("saved");
        store.save_recipe(recipe("b", "other")).expect("saved");
        store.save_recipe(recipe("a", "new")).expect("saved");
    }
    let store = open_store(&dir).store;
    assert_eq!(store.settings(), dark_settings());
    assert_eq!(store.draft(), Some(draft));
    assert_eq!(store.recipes(), [recipe("a", "new"), recipe("b", "other")]);
    store.remove_recipe("a").expect("removed");
    assert_eq!(store.recipes(), [recipe("b", "other")]);
}

#[test]
fn a_damaged_file_is_set_aside_and_the_last_good_one_is_used() {
    for damaged in ["", "{\"settings\":{\"limi", "[]", "{\"settings\":{\"limit\":\"many\"}}"] {
        let dir = temp_dir();
        open_store(&dir).store.save_settings(dark_settings()).expect("saved");
        fs::write(dir.path().join(FILE), damaged).expect("written");
        let store = open_store(&dir).store;
        assert_eq!(store.settings(), dark_settings(), "{damaged:?}");
        let aside = fs::read_to_string(dir.path().join("settings.damaged-1.json"));
        assert_eq!(aside.expect("set aside"), damaged);
        let notices = store.take_notices();
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].code, ErrorCode::SettingsCorrupt);
        assert!(notices[0].impact.contains("settings.damaged-1.json"), "{}", notices[0]);
        assert_eq!(store.take_notices(), [], "told once");
    }
}

#[test]
fn two_damaged_files_are_both_kept_and_without_a_good_one_the_defaults_are_used() {
    let dir = temp_dir();
    for n in 1..=2 {
        fs::write(dir.path().join(FILE), format!("damage {n}")).expect("written");
        let store = open_store(&dir).store;
        assert_eq!(store.settings(), Settings::default());
        assert_eq!(store.take_notices().len(), 1);
    }
    let second = fs::read_to_string(dir.path().join("settings.damaged-2.json"));
    assert_eq!(second.expect("set aside"), "damage 2");
}

#[test]
fn fields_of_a_newer_version_stay() {
    let dir = temp_dir();
    let newer = r#"{"settings":{"limit":5,"sound":"bell"},"shelf":[1]}"#;
    fs::write(dir.path().join(FILE), newer).expect("written");
    let store = open_store(&dir).store;
    assert_eq!(store.settings().limit, 5);
    store.save_settings(dark_settings()).expect("saved");
    let bytes = fs::read(dir.path().join(FILE)).expect("the file");
    let file: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(file["settings"]["sound"], "bell");
    assert_eq!(file["settings"]["limit"], 7);
    assert_eq!(file["shelf"], serde_json::json!([1]));
}

#[test]
fn settings_are_brought_into_range() {
    let dir = temp_dir();
    let wild = Settings { limit: 0, text_size: 900, ..Settings::default() };
    let saved = open_store(&dir).store.save_settings(wild).expect("saved");
    assert_eq!((saved.limit, saved.text_size), (1, 200));
}

#[test]
fn a_project_used_again_comes_first_and_only_the_newest_stay() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    for n in 0..25 {
        store.remember_project(&project(&format!("/p{n}")));
    }
    store.remember_project(&project("/p10"));
    assert_eq!(store.take_notices(), []);
    let paths: Vec<_> = store.projects().into_iter().map(|p| p.path).collect();
    assert_eq!(paths.len(), MAX_PROJECTS);
    assert_eq!(paths[..2], ["/p10", "/p24"]);
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    fs::create_dir(dir.path().join(FILE)).expect("a folder in the file's place");
    let notice = store.save_settings(dark_settings()).expect_err("it can't be saved");
    assert_eq!(notice.code, ErrorCode::DataReadOnly);
}

fn endpoint(id: &str, name: &str, address: &str) -> Endpoint {
    let id = EndpointId::parse(id).expect("an id");
    Endpoint { id, name: name.into(), address: address.into() }
}

#[test]
fn an_endpoint_is_saved_replaced_and_removed() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    let ours = endpoint("new", " Ours ", "http://127.0.0.1:8787/");
    assert_eq!(store.save_endpoint(&ours).expect("saved"), None);
    let theirs = endpoint("new", "Theirs", "https://api.example.com");
    store.save_endpoint(&theirs).expect("saved");
    let [saved, other] = &store.settings().endpoints[..] else { panic!("two endpoints") };
    assert_eq!((&*saved.name, &*saved.address), ("Ours", "http://127.0.0.1:8787"));
    assert_ne!(saved.id, other.id);

    let moved = Endpoint { address: "https://a.example.com".into(), ..saved.clone() };
    assert_eq!(store.save_endpoint(&moved).expect("saved").as_ref(), Some(saved));
    assert_eq!(open_store(&dir).store.endpoint(&saved.id).expect("kept"), moved);
    assert_eq!(store.remove_endpoint(&saved.id).expect("removed"), moved);
    let gone = store.remove_endpoint(&saved.id).expect_err("it is gone");
    assert_eq!(gone.code, ErrorCode::EndpointMissing);
    assert_eq!(store.save_endpoint(&moved).expect_err("it is gone").code, gone.code);
    assert_eq!(store.settings().endpoints, std::slice::from_ref(other));
}

#[test]
fn a_wrong_endpoint_is_refused_and_nothing_changes() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    store.save_endpoint(&endpoint("new", "Ours", "https://a.example.com")).expect("saved");
    let before = store.settings();
    let long = format!("https://a.example.com/{}", "x".repeat(400));
    for (name, address) in [
        ("", "https://b.example.com"),
        ("ours", "https://b.example.com"),
        ("a\nb", "https://b.example.com"),
        (&*"x".repeat(81), "https://b.example.com"),
        ("Other", "http://b.example.com"),
        ("Other", "https://user:word@b.example.com"),
        ("Other", "b.example.com"),
        ("Other", &*long),
    ] {
        let refused = store.save_endpoint(&endpoint("new", name, address));
        assert_eq!(refused.expect_err(name).code, ErrorCode::BadRequest, "{name} {address}");
    }
    assert_eq!(store.settings(), before);
}

#[test]
fn settings_from_the_window_leave_endpoints_as_they_are() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    store.save_endpoint(&endpoint("new", "Ours", "https://a.example.com")).expect("saved");
    assert_eq!(store.set_github_api("https://hub.example.com/api/v3").expect("set"), GITHUB_API);
    let kept = store.settings();
    let forged = endpoint("forged", "Forged", "https://elsewhere.example.com");
    let api = "https://elsewhere.example.com".to_owned();
    let settings = Settings { endpoints: vec![forged], github_api: api, ..dark_settings() };
    let saved = store.save_settings(settings).expect("saved");
    assert_eq!((saved.endpoints, saved.github_api), (kept.endpoints, kept.github_api));
    assert_eq!(store.settings().theme, Theme::Dark);
    let before = store.set_github_api(" ").expect("set");
    assert_eq!(before, "https://hub.example.com/api/v3");
    assert_eq!(store.settings().github_api, GITHUB_API);
}

#[test]
fn repositories_are_remembered_beside_the_projects() {
    let dir = temp_dir();
    let store = open_store(&dir).store;
    store.remember_project(&project("/p"));
    store.remember_repository("https://github.com/shop/boats.git");
    store.remember_repository("/srv/boats");
    store.remember_repository("https://github.com/shop/boats.git");
    let names: Vec<_> = store.repositories().into_iter().map(|r| (r.name, r.path)).collect();
    let expected = [("boats", "https://github.com/shop/boats.git"), ("boats", "/srv/boats")];
    assert_eq!(names, expected.map(|(name, path)| (name.to_owned(), path.to_owned())));
    assert_eq!(store.projects().len(), 1);
}
