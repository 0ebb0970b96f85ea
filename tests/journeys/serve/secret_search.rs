//! A search for secrets wherever they could end up.

use base64::Engine as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What is searched for: secrets as they are, and as they go over the wire.
#[derive(Debug, Clone)]
pub(super) struct SecretPatterns(Vec<String>);

/// What a search looked at and found.
#[derive(Debug, Default)]
pub(super) struct SearchReport {
    /// How many files, objects, rows or processes.
    pub(super) searched_count: usize,
    /// Where a secret is.
    pub(super) found: Vec<String>,
    /// The processes' arguments.
    pub(super) command_lines: Vec<String>,
}

impl SecretPatterns {
    pub(super) fn new(secrets: &[&str]) -> Self {
        let coded = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
        let forms = secrets.iter().flat_map(|secret| {
            // Without the last few signs, which depend on what follows.
            let mut login = coded(format!("x-access-token:{secret}"));
            login.truncate(login.len() - 6);
            [(*secret).to_owned(), login]
        });
        Self(forms.collect())
    }

    pub(super) fn are_found_in(&self, bytes: &[u8]) -> bool {
        let first = |needle: &String| needle.as_bytes()[0];
        self.0.iter().any(|needle| {
            let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first(needle));
            starts.into_iter().any(|(at, _)| bytes[at..].starts_with(needle.as_bytes()))
        })
    }

    fn check(&self, search: &mut SearchReport, place: String, bytes: &[u8]) {
        search.searched_count += 1;
        if self.are_found_in(bytes) {
            search.found.push(place);
        }
    }

    /// Every name and file below the folder, every row of a store, every object of a
    /// repository.
    pub(super) fn search_folder(&self, folder: &Path) -> SearchReport {
        let mut search = SearchReport::default();
        self.add_folder(folder, &mut search);
        search
    }

    fn add_folder(&self, folder: &Path, search: &mut SearchReport) {
        if folder.join("objects").is_dir() && folder.join("HEAD").is_file() {
            self.add_objects(folder, search);
        }
        // What is at work may take away what was just listed.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let place = path.display().to_string();
            let name = entry.file_name();
            self.check(search, format!("{place}: its name"), name.as_encoded_bytes());
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                self.add_folder(&path, search);
            } else if kind.is_ok_and(|kind| kind.is_file()) {
                self.check(search, place.clone(), &fs::read(&path).unwrap_or_default());
                if path.extension().is_some_and(|extension| extension == "db") {
                    self.add_rows(&path, search);
                }
            }
        }
    }

    fn add_objects(&self, repository: &Path, search: &mut SearchReport) {
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(repository);
        git.args(["cat-file", "--batch-all-objects", "--unordered", "--batch"]);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.check(search, format!("{}: an object", repository.display()), &output.stdout);
    }

    fn add_rows(&self, store: &Path, search: &mut SearchReport) {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(store, flags).unwrap();
        let list = |sql: &str| -> Vec<String> {
            let mut asked = connection.prepare(sql).unwrap();
            let rows = asked.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        for table in list("SELECT name FROM sqlite_schema WHERE type = 'table'") {
            let mut asked = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let columns = asked.column_count();
            let mut rows = asked.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    let value = row.get_ref(column).unwrap();
                    if let Ok(bytes) = value.as_bytes() {
                        self.check(search, format!("{}: {table}", store.display()), bytes);
                    }
                }
            }
        }
    }

    /// The arguments and the environment of every process below `parent` or at `folder`.
    pub(super) fn search_processes(&self, parent: u32, folder: &Path) -> SearchReport {
        let mut search = SearchReport::default();
        let all = processes();
        let is_below = |id: u32| {
            let parent_of = |id: u32| all.iter().find(|one| one.0 == id).map(|one| one.1);
            std::iter::successors(Some(id), |id| parent_of(*id)).any(|id| id == parent && id != 0)
        };
        for (id, _) in &all {
            let read = |name: &str| fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
            let arguments = read("cmdline");
            let shown = String::from_utf8_lossy(&arguments).replace('\0', " ");
            let place = fs::read_link(format!("/proc/{id}/cwd")).unwrap_or_default();
            let is_here = place.starts_with(folder) || shown.contains(folder.to_str().unwrap());
            if is_here || is_below(*id) {
                let both = [arguments, read("environ")].concat();
                self.check(&mut search, format!("{id}: {shown}"), &both);
                search.command_lines.push(shown);
            }
        }
        search
    }
}

/// The processes of this computer, each with its parent.
fn processes() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let with_parent = ids.filter_map(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let after_name = stat.rsplit_once(") ")?.1;
        Some((id, after_name.split(' ').nth(1)?.parse().ok()?))
    });
    with_parent.collect()
}

/// Looks at processes again and again.
pub(super) struct ProcessWatcher {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<SearchReport>,
}

impl ProcessWatcher {
    pub(super) fn start(parent: u32, folder: &Path, needles: SecretPatterns) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, folder) = (Arc::clone(&is_over), folder.to_owned());
        let thread = std::thread::spawn(move || {
            let mut all = SearchReport::default();
            while !over.load(Ordering::Relaxed) {
                let one = needles.search_processes(parent, &folder);
                all.searched_count += one.searched_count;
                all.found.extend(one.found);
                all.command_lines.extend(
                    one.command_lines
                        .into_iter()
                        .filter(|name| !all.command_lines.contains(name))
                        .collect::<Vec<_>>(),
                );
            }
            all
        });
        Self { is_over, thread }
    }

    pub(super) fn stop(self) -> SearchReport {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
