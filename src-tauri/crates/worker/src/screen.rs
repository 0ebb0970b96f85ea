//! The last lines of an output, as a terminal without a bottom shows them. Pure.
//!
//! A line is given out when the next one begins. A program that moves up and draws lines
//! anew changes them here; those that differ are given out once more when it goes on below
//! them. So what a display's thousands of redraws come to is its first and its last state.
//!
//! What the sequences mean: [ECMA-48](https://ecma-international.org/publications-and-standards/standards/ecma-48/).
//! Those that are neither text, colour nor movement are dropped.

mod style;

use crate::text::floor_char_boundary;
use std::collections::VecDeque;
use style::Style;
use unicode_width::UnicodeWidthChar;
use vte::{Params, Perform};

/// How many lines can be moved back to.
const MAX_ROWS: usize = 200;
/// How far right the cursor can be moved, and how long a line may be to be moved back to.
const MAX_COLUMNS: usize = 1_024;
/// Columns from tab stop to tab stop.
const TAB: usize = 8;
/// Stands in a column that belongs to the character before it.
const COVERED: char = '\0';
/// The cursor's column behind text that has no cells yet.
const AT_END: usize = usize::MAX;

/// The lines that can still change, and the cursor.
#[derive(Debug)]
pub(crate) struct Screen {
    rows: VecDeque<Row>,
    row: usize,
    column: usize,
    style: Style,
    /// The first row that may have changed since rows were given out.
    first_touched: usize,
    ready: Vec<String>,
}

/// One line.
#[derive(Debug, Default)]
struct Row {
    /// What was given out last, or what is there as long as it has no cells.
    text: String,
    /// What is there, once something was moved or coloured.
    cells: Option<Vec<Cell>>,
    /// The length of all marks in `cells`.
    mark_bytes: usize,
    /// Whether `text` was given out.
    is_given: bool,
}

#[derive(Debug, Clone)]
struct Cell {
    char: char,
    style: Style,
    /// Characters without a width of their own, such as accents.
    #[expect(clippy::box_collection, reason = "most cells have none, and there are many")]
    marks: Option<Box<String>>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self {
            rows: VecDeque::from([Row::default()]),
            row: 0,
            column: 0,
            style: Style::default(),
            first_touched: 0,
            ready: Vec::new(),
        }
    }

    /// Writes text that holds no control characters but tabs.
    pub(crate) fn write(&mut self, text: &str) {
        let row = &mut self.rows[self.row];
        let is_at_end = self.column == AT_END || row.text.is_empty() && self.column == 0;
        // The usual case needs no cells.
        if is_at_end && row.cells.is_none() && !row.is_given && self.style == Style::default() {
            row.text.push_str(text);
            self.column = AT_END;
            return;
        }
        for char in text.chars() {
            self.print(char);
        }
    }

    /// Ends the line at the cursor.
    pub(crate) fn end_line(&mut self) {
        self.column = 0;
        self.row += 1;
        if self.row < self.rows.len() {
            return;
        }
        self.give_out();
        self.rows.push_back(Row::default());
        let is_long = self.rows[self.row - 1].size() > MAX_COLUMNS;
        self.forget(if is_long { self.row } else { self.rows.len().saturating_sub(MAX_ROWS) });
        self.first_touched = self.row;
    }

    /// Returns the beginning of the last line if the line is longer than `max` bytes; it
    /// can't be changed any more.
    pub(crate) fn cut_long_line(&mut self, max: usize) -> Option<String> {
        if self.rows[self.row].size() <= max {
            return None;
        }
        let mut row = self.rows.remove(self.row)?;
        self.give_out();
        self.rows = VecDeque::from([Row::default()]);
        (self.row, self.first_touched) = (0, 0);
        if row.cells.is_some() {
            self.column = 0;
            return Some(row.render());
        }
        self.rows[0].text = row.text.split_off(floor_char_boundary(&row.text, max));
        Some(row.text)
    }

    /// Whether something is there that wasn't given out.
    pub(crate) fn has_more(&self) -> bool {
        let mut touched = self.rows.range(self.first_touched..);
        touched.any(|row| if row.is_given { row.cells.is_some() } else { row.size() > 0 })
    }

    /// Gives out what there is, as nothing more will come.
    pub(crate) fn finish(&mut self) {
        if self.rows.back().is_some_and(|row| row.size() == 0 && !row.is_given) {
            self.rows.pop_back();
        }
        self.give_out();
        *self = Self { ready: std::mem::take(&mut self.ready), ..Self::new() };
    }

    /// The lines that are to be given out.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ready)
    }

    /// How much memory the lines take.
    #[cfg(test)]
    pub(crate) fn kept_bytes(&self) -> usize {
        let size = |row: &Row| {
            let cells = row.cells.as_ref().map_or(0, Vec::capacity);
            row.text.capacity() + cells * size_of::<Cell>() + 2 * row.mark_bytes
        };
        self.rows.iter().map(size).sum()
    }

    fn give_out(&mut self) {
        for row in self.rows.iter_mut().skip(self.first_touched) {
            let text = row.render();
            // A line that was given out and then erased has nothing to say.
            if !row.is_given || (text != row.text && !text.is_empty()) {
                self.ready.push(text.clone());
            }
            (row.text, row.is_given) = (text, true);
        }
    }

    fn forget(&mut self, rows: usize) {
        self.rows.drain(..rows);
        self.row -= rows;
    }

    /// Begins anew below everything. What was not ended is erased.
    fn clear_page(&mut self) {
        if self.rows.back().is_some_and(|row| !row.is_given) {
            self.rows.pop_back();
        }
        self.give_out();
        self.rows = VecDeque::from([Row::default()]);
        (self.row, self.column, self.first_touched) = (0, 0, 0);
    }

    /// The cells of the row at the cursor.
    fn cells(&mut self) -> &mut Vec<Cell> {
        let row = &mut self.rows[self.row];
        if row.cells.is_none() {
            row.cells = Some(Vec::new());
            let text = row.text.clone();
            for char in text.chars() {
                row.put(usize::MAX, char, Style::default());
            }
        }
        let cells = row.cells.as_mut().expect("BUG: they were made just now");
        if self.column == AT_END {
            self.column = cells.len();
        }
        cells
    }

    fn move_to_row(&mut self, row: usize) {
        self.cells();
        self.row = row.min(self.rows.len() - 1);
        self.first_touched = self.first_touched.min(self.row);
    }

    fn move_to_column(&mut self, column: usize) {
        self.cells();
        self.column = column.min(self.column.max(MAX_COLUMNS - 1));
    }

    fn erase_in_line(&mut self, mode: u16) {
        self.cells();
        let (row, column) = (&mut self.rows[self.row], self.column);
        match mode {
            0 => row.truncate(column),
            1 => (0..=column).for_each(|at| {
                row.put(at, ' ', Style::default());
            }),
            _ => row.truncate(0),
        }
    }

    fn erase_in_page(&mut self, mode: u16) {
        let erased = match mode {
            0 => self.row + 1..self.rows.len(),
            1 => 0..self.row,
            _ => return self.clear_page(),
        };
        self.erase_in_line(mode);
        self.first_touched = self.first_touched.min(erased.start);
        for row in self.rows.range_mut(erased) {
            row.cells.get_or_insert_default();
            row.truncate(0);
        }
    }

    fn tab(&mut self) {
        let end = self.cells().len();
        if self.column >= end {
            self.print('\t');
        } else {
            self.column += TAB - self.column % TAB;
        }
    }
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        let c = match c {
            '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
            '\t' => c,
            c if c.is_control() => return,
            c => c,
        };
        self.cells();
        self.column += self.rows[self.row].put(self.column, c, self.style);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x08 => {
                self.cells();
                self.column = self.column.saturating_sub(1);
            }
            b'\t' => self.tab(),
            b'\r' => self.column = 0,
            0x80.. => self.print(char::REPLACEMENT_CHARACTER),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, marks: &[u8], is_cut: bool, action: char) {
        // Those with a mark are a terminal's own modes.
        if is_cut || !marks.is_empty() {
            return;
        }
        let mut numbers = params.iter().map(|param| param.first().copied().unwrap_or_default());
        let (first, second) = (numbers.next().unwrap_or_default(), numbers.next());
        let count = usize::from(first.max(1));
        self.cells();
        match action {
            'A' | 'F' => self.move_to_row(self.row.saturating_sub(count)),
            'B' | 'E' | 'e' => self.move_to_row(self.row + count),
            'C' | 'a' => self.move_to_column(self.column + count),
            'D' => self.move_to_column(self.column.saturating_sub(count)),
            'G' | '`' => self.move_to_column(count - 1),
            'd' => self.move_to_row(count - 1),
            'H' | 'f' => {
                self.move_to_row(count - 1);
                self.column =
                    usize::from(second.unwrap_or_default().max(1) - 1).min(MAX_COLUMNS - 1);
            }
            'J' => self.erase_in_page(first),
            'K' => self.erase_in_line(first),
            'm' => self.style.apply(params),
            _ => {}
        }
        if matches!(action, 'E' | 'F') {
            self.column = 0;
        }
    }

    fn esc_dispatch(&mut self, marks: &[u8], _is_cut: bool, byte: u8) {
        match byte {
            b'c' if marks.is_empty() => self.clear_page(),
            b'M' if marks.is_empty() => self.move_to_row(self.row.saturating_sub(1)),
            _ => {}
        }
    }
}

impl Row {
    /// How much there is to keep.
    fn size(&self) -> usize {
        self.cells.as_ref().map_or(self.text.len(), |cells| cells.len() + self.mark_bytes)
    }

    fn render(&self) -> String {
        let Some(cells) = &self.cells else { return self.text.clone() };
        let (mut text, mut style) = (String::with_capacity(cells.len()), Style::default());
        for cell in cells.iter().filter(|cell| cell.char != COVERED) {
            cell.style.push_change(style, &mut text);
            style = cell.style;
            text.push(cell.char);
            text.extend(cell.marks.as_ref().map(|marks| marks.as_str()));
        }
        Style::default().push_change(style, &mut text);
        text
    }

    /// Puts a character at `column`, or behind the last one if that is [`AT_END`]. Returns
    /// how many columns it takes.
    fn put(&mut self, column: usize, char: char, style: Style) -> usize {
        let cells = self.cells.get_or_insert_default();
        let column = if column == AT_END { cells.len() } else { column };
        let width = match char {
            '\t' => TAB - column % TAB,
            char => char.width().unwrap_or(1),
        };
        if width == 0 && column > 0 && column <= cells.len() {
            let base = (0..column).rev().find(|at| cells[*at].char != COVERED);
            let marks = &mut cells[base.unwrap_or_default()].marks;
            marks.get_or_insert_default().push(char);
            self.mark_bytes += char.len_utf8();
            return 0;
        }
        let blank = |char| Cell { char, style: Style::default(), marks: None };
        cells.resize(cells.len().max(column), blank(' '));
        let end = column + width.max(1);
        self.uncover(column);
        self.uncover(end);
        let cells = self.cells.get_or_insert_default();
        cells.resize(cells.len().max(end), blank(' '));
        cells[column] = Cell { char, style, marks: None };
        cells[column + 1..end].fill(blank(COVERED));
        width.max(1)
    }

    /// Turns the wide character that `column` is the middle of into spaces.
    fn uncover(&mut self, column: usize) {
        let cells = self.cells.get_or_insert_default();
        if cells.get(column).is_none_or(|cell| cell.char != COVERED) {
            return;
        }
        let start = (0..column).rev().find(|at| cells[*at].char != COVERED).unwrap_or_default();
        let covered = cells[start + 1..].iter().take_while(|cell| cell.char == COVERED).count();
        for cell in &mut cells[start..=start + covered] {
            (cell.char, cell.marks) = (' ', None);
        }
    }

    fn truncate(&mut self, column: usize) {
        self.uncover(column);
        self.cells.get_or_insert_default().truncate(column);
        if column == 0 {
            self.mark_bytes = 0;
        }
    }
}
