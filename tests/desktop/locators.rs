//! Where things are in the window, as XPath: by what a person reads.

use super::webdriver::WebDriverSession;

/// A button that says `text`, alone or among other words.
pub(crate) fn button(text: &str) -> String {
    format!("//*[self::button or self::a][contains(normalize-space(.), '{text}')]")
}

/// An entry of an open menu.
pub(crate) fn menu_item(text: &str) -> String {
    format!("//*[starts-with(@role, 'menuitem')][contains(normalize-space(.), '{text}')]")
}

/// A tab: of a task by its name, or of a part of the open task.
pub(crate) fn tab(name: &str) -> String {
    format!("//*[@role='tab'][starts-with(normalize-space(.), '{name}')]")
}

/// A field with this label.
pub(crate) fn by_label(label: &str) -> String {
    format!("//*[@aria-label='{label}']")
}

/// The innermost element that says `text`.
pub(crate) fn containing(text: &str) -> String {
    format!("//body//*[not(self::script)][contains(text(), '{text}')]")
}

/// Writes the task at `place` (from 1) into the sheet: its name in the last row, then, in
/// its own row, what is to be done.
pub(crate) fn write_task(page: &WebDriverSession, place: usize, name: &str, prompt: &str) {
    let last_row = "Write a task, or paste a list: each line becomes a task";
    page.type_into(&by_label(last_row), &format!("{name}\n"));
    let row = format!("//li//button[contains(., 'Task {place}:')]");
    page.click(&row);
    let text = by_label(&format!("What is to be done in task {place}"));
    page.clear(&text);
    page.type_into(&text, prompt);
}
