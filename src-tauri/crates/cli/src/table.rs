//! A batch's tasks as a table: outcome, what changed, branch.

use crate::sanitize::{sanitize, task_label, truncate};
use comfy_table::{ContentArrangement, Table, presets};
use regatta_protocol::TaskView;

/// The widest a cell gets, in characters.
const MAX_CELL_CHARS: usize = 60;
/// How many files a row names.
const MAX_FILES_NAMED: usize = 2;

/// One row a task under a row of titles, in columns; wrapped to `width` columns of the terminal
/// where that is known.
pub(crate) fn format_table(tasks: &[TaskView], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.set_header(["Task", "Outcome", "Changed", "Branch"]);
    table.add_rows(tasks.iter().map(table_row));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

fn table_row(task: &TaskView) -> [String; 4] {
    let branch = match (&task.branch, has_result(task)) {
        (Some(branch), _) => sanitize(branch),
        (None, true) => "not added yet".to_owned(),
        (None, false) => "-".to_owned(),
    };
    [task_label(&task.name), task.status.label().to_owned(), changed_cell(task), branch]
}

/// Whether there is something to bring into the project.
pub(crate) fn has_result(task: &TaskView) -> bool {
    task.outcome.as_ref().is_some_and(|outcome| outcome.commit.is_some())
}

fn changed_cell(task: &TaskView) -> String {
    let totals = task.totals;
    if totals.files == 0 {
        return "nothing".to_owned();
    }
    let mut files: Vec<String> =
        task.files.iter().take(MAX_FILES_NAMED).map(|file| sanitize(&file.path)).collect();
    let more = (totals.files as usize).saturating_sub(files.len());
    if more > 0 {
        files.push(format!("{more} more"));
    }
    let files = truncate(&files.join(", "), MAX_CELL_CHARS);
    format!("{files} (+{} -{})", totals.added, totals.removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regatta_protocol::event::{ChangeTotals, FileDiffStat};
    use serde_json::{Value, json};

    fn task_with(changes: Value) -> TaskView {
        let fixture = include_str!("../../protocol/fixtures/task_view.over.json");
        let mut view: Value = serde_json::from_str(fixture).expect("a fixture");
        for (key, value) in changes.as_object().expect("an object") {
            view[key] = value.clone();
        }
        serde_json::from_value(view).expect("a task")
    }

    #[test]
    fn each_task_is_a_row_in_columns() {
        let finished = task_with(json!({
            "name": "Guide", "status": "finished", "branch": "regatta/b/guide",
            "totals": {"files": 1, "added": 3, "removed": 0},
            "files": [{"path": "docs/guide.md", "added": 3, "removed": 0}],
        }));
        let failed = task_with(json!({"name": "\u{1b}[31mX", "branch": null}));
        let idle = task_with(json!({
            "name": "Idle", "status": "finished", "branch": null, "outcome": null,
            "totals": {"files": 0, "added": 0, "removed": 0},
        }));
        let expected = "\
Task   Outcome   Changed                                Branch
Guide  Finished  docs/guide.md (+3 -0)                  regatta/b/guide
X      Failed    checkout/errors.ts, 1 more (+112 -38)  not added yet
Idle   Finished  nothing                                -
";
        let tasks = [finished, failed, idle];
        assert_eq!(format_table(&tasks, None), expected);
        assert_eq!(format_table(&tasks, Some(200)), expected);
        insta::assert_snapshot!(format_table(&tasks, Some(60)));
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let wide = task_with(json!({"name": "港と船⛵", "branch": "regatta/b/港"}));
        let combined = task_with(json!({"name": "e\u{301}te\u{301}", "branch": "regatta/b/ete"}));
        insta::assert_snapshot!(format_table(&[wide, combined], None));
    }

    #[test]
    fn hostile_paths_are_neutralised_and_cut() {
        let mut view = task_with(json!({}));
        view.totals = ChangeTotals { files: 2, added: 0, removed: 0 };
        let path = format!("\u{1b}[2J{}\n", "x".repeat(300));
        view.files = vec![FileDiffStat { path, added: 0, removed: 0 }];
        let cell = changed_cell(&view);
        assert!(cell.chars().count() < 80 && !cell.contains(['\u{1b}', '\n']), "{cell}");
    }
}
