//! Rows of named cells, for listings, menus and filters.
//!
//! A leaf: whoever has something to list fills one, and a host that knows no
//! more than names of columns can show, sort and filter it.
//!
//! All cells lie in one text: a table of a million of them is freed at once.
//!
//! Invariant: every row has as many cells as there are columns.

use crate::chunks::Chunks;
use crate::room;

/// Rows of named cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: &'static [&'static str],
    text: String,
    /// Bytes that all cells are expected to have together at most.
    most: usize,
    /// Where each cell ends in the text.
    ends: Chunks<u32>,
}

impl Table {
    /// A table without rows. There is at least one column.
    pub fn new(columns: &'static [&'static str]) -> Table {
        Table::with_room(columns, 0)
    }

    /// A table without rows whose cells have at most `most` bytes together: then no
    /// megabytes are moved while it grows.
    pub fn with_room(columns: &'static [&'static str], most: usize) -> Table {
        Table { columns, text: room::text(most), most, ends: Chunks::new() }
    }

    /// Adds a row. What is missing is empty, what is too much is dropped.
    pub fn push(&mut self, row: impl IntoIterator<Item = String>) {
        let mut row = row.into_iter();
        for _ in self.columns {
            self.append(row.next().as_deref().unwrap_or_default());
            self.end_cell();
        }
    }

    /// Adds to the cell that is next. Whoever fills cells by hand ends as many as
    /// there are columns.
    pub fn append(&mut self, text: &str) {
        room::make(&mut self.text, text.len(), self.most);
        self.text.push_str(text);
    }

    /// The cell that is next is complete.
    pub fn end_cell(&mut self) {
        // Nothing has 4 GiB: lines end at 16 MiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// How long the cell that is next has become, in bytes.
    pub fn appended(&self) -> usize {
        self.text.len() - self.ends.last().map_or(0, |end| *end as usize)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// The names of the columns.
    pub fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// How many bytes all cells have together.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// What the table is made of: the text of all cells, one behind the other, and
    /// where each ends. For who has to give much memory back bit by bit.
    pub fn into_parts(self) -> (String, Chunks<u32>) {
        (self.text, self.ends)
    }

    /// A cell by position.
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.columns.len() {
            return None;
        }
        let at = row.checked_mul(self.columns.len())?.checked_add(column)?;
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.text.get(start.unwrap_or(0) as usize..end as usize)
    }

    /// A cell by the name of its column.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| *name == column)?;
        self.cell(row, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_wide_as_the_table_and_nothing_lies_past_the_end() {
        let mut table = Table::new(&["a", "b"]);
        assert_eq!((table.rows(), table.cell(0, 0)), (0, None));
        table.push(["1".to_owned()]);
        table.push(["2", "3", "4"].map(str::to_owned));
        assert_eq!(table.rows(), 2);
        assert_eq!((table.cell(0, 1), table.get(1, "b")), (Some(""), Some("3")));
        assert_eq!((table.cell(0, 2), table.cell(2, 0), table.get(0, "c")), (None, None, None));
        assert_eq!(table.cell(usize::MAX, 1), None);
    }
}
