//! Rows of named cells, for listings, menus and filters.
//!
//! A leaf: whoever has something to list fills one, and a host that knows no
//! more than names of columns can show, sort and filter it.
//!
//! Invariant: every row has as many cells as there are columns.

/// Rows of named cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: &'static [&'static str],
    cells: Vec<String>,
}

impl Table {
    /// A table without rows. There is at least one column.
    pub fn new(columns: &'static [&'static str]) -> Table {
        Table { columns, cells: Vec::new() }
    }

    /// Adds a row. What is missing is empty, what is too much is dropped.
    pub fn push(&mut self, row: impl IntoIterator<Item = String>) {
        let end = self.cells.len() + self.columns.len();
        self.cells.extend(row.into_iter().take(self.columns.len()));
        self.cells.resize(end, String::new());
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// The names of the columns.
    pub fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// A cell by position.
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.columns.len() {
            return None;
        }
        let at = row.checked_mul(self.columns.len())?.checked_add(column)?;
        self.cells.get(at).map(String::as_str)
    }

    /// A cell by the name of its column.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| *name == column)?;
        self.cell(row, at)
    }
}
