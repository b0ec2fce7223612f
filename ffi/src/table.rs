//! Tables as C reads them.
//!
//! Invariants:
//! - a table is a value of its own and needs neither client nor event any more;
//! - every string is NUL-terminated without a NUL inside, never NULL.

use std::ffi::{CString, c_char};
use std::time::Instant;

use tmcp::json::Budget;
use tmcp::json::task::Task;
use tmcp::table::Table;

use crate::arena::Arena;
use crate::guard::FailureValue;
use crate::handle::{self, tmcp_client};
use crate::made::{self, Kept};
use crate::result::tmcp_result;
use crate::strings;
use crate::tagged::{Tag, Tagged};

/// Rows of named cells, for listings, menus, prompts and filters. Columns may be
/// added by later versions, at the end.
///
/// Threads: any thread may ask, and several may ask at a time; nobody may ask
/// any more when one frees it.
///
/// Methods: tmcp_event_table, tmcp_client_tool_arguments,
/// tmcp_client_prompt_arguments, tmcp_client_jobs, tmcp_client_unknown and
/// tmcp_client_servers make it, tmcp_table_prepare makes it in pieces,
/// tmcp_table_free ends it.
#[derive(Debug)]
pub struct tmcp_table {
    cells: Kept<Cells>,
}

#[derive(Debug)]
struct Cells {
    rows: usize,
    columns: Vec<CString>,
    texts: Arena,
}

/// Gives C a table; `None` is NULL.
pub fn adopt(table: Option<Table>) -> *mut tmcp_table {
    give(table.map(|table| {
        tmcp_table::begun(Task::new(
            |mut budget| async move { Cells::of(table, &mut budget).await },
        ))
    }))
}

pub fn give(table: Option<tmcp_table>) -> *mut tmcp_table {
    table.map_or(std::ptr::null_mut(), |table| Tagged::give(Tag::Table, table))
}

impl tmcp_table {
    /// The table with its cells as C strings, copied in steps.
    pub async fn of(table: Table, budget: &mut Budget) -> tmcp_table {
        let cells = Cells::of(table, budget).await;
        tmcp_table::begun(Task::new(|_| async move { cells }))
    }

    /// A table that `task` makes.
    fn begun(task: Task<'static, Cells>) -> tmcp_table {
        tmcp_table { cells: Kept::begun(task) }
    }
}

impl Cells {
    async fn of(table: Table, budget: &mut Budget) -> Cells {
        let (rows, columns) = (table.rows(), table.columns());
        let mut texts = Arena::with_room(table.bytes(), rows * columns.len());
        for row in 0..rows {
            for column in 0..columns.len() {
                texts.push(table.cell(row, column).unwrap_or_default(), budget).await;
            }
            budget.spend(64).await;
        }
        let (text, mut ends) = table.into_parts();
        budget.release(text).await;
        while ends.shed() {
            budget.spend(4096).await;
        }
        Cells {
            rows,
            columns: columns.iter().map(|name| strings::terminated((*name).to_owned())).collect(),
            texts,
        }
    }

    fn cell(&self, row: usize, column: usize) -> *const c_char {
        if row >= self.rows || column >= self.columns.len() {
            return c"".as_ptr();
        }
        self.texts.get(row * self.columns.len() + column).unwrap_or(c"".as_ptr())
    }
}

/// Goes on making a table for about budget_us microseconds, 0 for the default of
/// 500. The schema of a tool may take milliseconds to look through: a host that
/// has a loop prepares the table of its arguments turn by turn, and a getter of a
/// table that is not prepared makes all of it at once.
///
/// Returns 1 when there is more to do: call again soon. Returns 0 when the table
/// is whole.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: TMCP_RESULT_INVALID for what is no table, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_prepare(table: *const tmcp_table, budget_us: u32) -> i32 {
    guard! {
        if table.is_null() {
            return 0;
        }
        let end = Instant::now() + made::budget(budget_us);
        // SAFETY: what this function asks of its caller.
        let more = unsafe { ask(table, |table| table.cells.advance(end)) };
        more.map_or(tmcp_result::Invalid as i32, i32::from)
    }
}

/// How many rows there are.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no table.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_rows(table: *const tmcp_table) -> usize {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { cells(table, |cells| cells.rows) }.unwrap_or(0)
    }
}

/// How many columns there are.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no table.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_columns(table: *const tmcp_table) -> usize {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { cells(table, |cells| cells.columns.len()) }.unwrap_or(0)
    }
}

/// The name of a column; "" past the end.
///
/// Ownership: the table's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no table.
/// Lifetime: until tmcp_table_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_column(
    table: *const tmcp_table,
    column: usize,
) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { cells(table, |cells| cells.columns.get(column).map(|name| name.as_ptr())) }
            .flatten()
            .unwrap_or(c"".as_ptr())
    }
}

/// A cell by position; "" past the end. UTF-8 as the server sent it, control
/// characters included.
///
/// Ownership: the table's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no table.
/// Lifetime: until tmcp_table_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_cell(
    table: *const tmcp_table,
    row: usize,
    column: usize,
) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { cells(table, |cells| cells.cell(row, column)) }.unwrap_or(c"".as_ptr())
    }
}

/// A cell by the name of its column; "" past the end and for a column that does
/// not exist. UTF-8 as the server sent it, control characters included.
///
/// Ownership: the table's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no table.
/// Lifetime: until tmcp_table_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_get(
    table: *const tmcp_table,
    row: usize,
    column: *const c_char,
) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        let name = unsafe { strings::optional(column, "column") }.ok().flatten();
        let Some(name) = name else { return c"".as_ptr() };
        // SAFETY: as above.
        unsafe { cells(table, |cells| {
            let at = cells.columns.iter().position(|column| column.as_bytes() == name.as_bytes());
            at.map(|column| cells.cell(row, column))
        }) }
        .flatten()
        .unwrap_or(c"".as_ptr())
    }
}

/// Frees a table and everything borrowed from it.
///
/// Ownership: table is consumed.
/// NULL: does nothing.
/// Errors: none; what is no table is left alone.
/// Lifetime: at most once per table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_table_free(table: *mut tmcp_table) {
    guard! {
        // SAFETY: what this function asks of its caller, who frees it once.
        drop(unsafe { Tagged::take(table, Tag::Table) });
    }
}

/// The arguments of a tool, to be made by tmcp_table_prepare: one row each,
/// required ones first, else in the server's order: name type required default
/// choices description title minimum maximum format multiple choice_titles shape open secret choice_values item.
/// Members of an object have rows of their own, named like address.street. type
/// is a type of JSON Schema, or several joined by " or "; required, multiple,
/// open and secret are "1" or ""; choices, choice_titles and choice_values have
/// one a line: the word, the title ("" when no choice has one) and the JSON of
/// each; open is "1" when other values are taken as well; secret is "1" for what
/// must not be seen while it is typed; multiple is "1" for an array of choices;
/// item is the type of an array's items; minimum and maximum are of the length
/// when the type is string; shape is an outline of the JSON that a list or an
/// object wants, such as {"name": string, "age"?: number}, "" when no more is
/// known than the type.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: client, server and tool must not be NULL; NULL is returned when the
/// server's tools were not listed yet, or have none of that name.
/// Errors: NULL; tmcp_client_error says why.
/// Lifetime: until tmcp_table_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_tool_arguments(
    client: *mut tmcp_client,
    server: *const c_char,
    tool: *const c_char,
) -> *mut tmcp_table {
    guard! {
        let task = handle::attempt(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let tool = unsafe { strings::required(tool, "tool") }?;
            Ok(client.tool_arguments(&server, &tool)?)
        });
        give(task.map(|task| tmcp_table::begun(Task::new(|mut budget| async move {
            let table = task.within(&mut budget).await;
            Cells::of(table, &mut budget).await
        }))))
    }
}

/// The requests that have not ended, oldest first: id server tool state age_us
/// progress message who. tool is the method when no tool was called; state is
/// "waiting", "running" or "asking"; progress is a whole percentage, "" when it
/// is not known; who is the agent that asked (tmcp_client_listen), "" for requests
/// of the host.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: NULL.
/// Errors: NULL for a client that cannot be used.
/// Lifetime: until tmcp_table_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_jobs(client: *mut tmcp_client) -> *mut tmcp_table {
    guard! { adopt(handle::ask(client, |client| client.jobs_table())) }
}

/// The last calls that may have run and of which nobody knows, at most 100, the
/// oldest first: id server tool ago_us elapsed_us message. They are never
/// repeated by themselves.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: NULL.
/// Errors: NULL for a client that cannot be used.
/// Lifetime: until tmcp_table_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_unknown(client: *mut tmcp_client) -> *mut tmcp_table {
    guard! { adopt(handle::ask(client, |client| client.unknown_table())) }
}

/// The servers, sorted by name: name state transport status socket_path inflight
/// queued calls errors p50 p95 p99 p999 avg rate hit_rate tools last_error
/// spark offers scope id reason here. They are those in force at the directory of
/// the last tmcp_client_refresh, with here "1", and those of other projects that
/// are in use. id is the name by which functions find a server, "" for an entry
/// that is not used, whose state and reason say why; scope is "user", or "local" or
/// "project" and a directory. state is one word as in the format key, status is as in the
/// report, tools is a count, "" when they were not listed yet; numbers that are
/// not known are "-". offers are the words of what the server declared (tools
/// resources prompts completions), "" before its first handshake.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: NULL.
/// Errors: NULL for a client that cannot be used.
/// Lifetime: until tmcp_table_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_servers(client: *mut tmcp_client) -> *mut tmcp_table {
    guard! { adopt(handle::ask(client, |client| client.servers_table())) }
}

impl FailureValue for *mut tmcp_table {
    fn fallback() -> *mut tmcp_table {
        std::ptr::null_mut()
    }
}

/// One question to the cells of a table, which are made now if they were not.
///
/// # Safety
/// As [`ask`].
unsafe fn cells<T>(table: *const tmcp_table, question: impl FnOnce(&Cells) -> T) -> Option<T> {
    // SAFETY: what this function asks of its caller.
    unsafe { ask(table, |table| table.cells.whole().map(question)) }.flatten()
}

/// One question to a table; `None` for NULL and for what is no table.
///
/// # Safety
/// `table` is NULL, or came from `adopt` and was not freed, or is another value with a tag.
unsafe fn ask<T>(table: *const tmcp_table, question: impl FnOnce(&tmcp_table) -> T) -> Option<T> {
    // SAFETY: what this function asks of its caller.
    unsafe { Tagged::find(table, Tag::Table) }.map(question)
}

#[cfg(test)]
mod tests {
    // A test asks one table many questions.
    #![allow(clippy::multiple_unsafe_ops_per_block)]

    use super::*;
    use std::ffi::CStr;

    #[test]
    fn a_table_answers_inside_and_outside() {
        let mut table = Table::new(&["a", "b"]);
        table.push(["1".to_owned(), "x\0y".to_owned()]);
        let table = adopt(Some(table));
        // SAFETY: a living table, freed once, and literals.
        unsafe {
            assert_eq!((tmcp_table_rows(table), tmcp_table_columns(table)), (1, 2));
            assert_eq!(CStr::from_ptr(tmcp_table_column(table, 1)), c"b");
            assert_eq!(CStr::from_ptr(tmcp_table_get(table, 0, c"b".as_ptr())), c"x\u{fffd}y");
            for outside in [
                tmcp_table_column(table, 2),
                tmcp_table_cell(table, 1, 0),
                tmcp_table_cell(table, 0, 2),
                tmcp_table_cell(table, usize::MAX, usize::MAX),
                tmcp_table_get(table, 0, c"c".as_ptr()),
                tmcp_table_get(table, 0, std::ptr::null()),
            ] {
                assert_eq!(CStr::from_ptr(outside), c"");
            }
            tmcp_table_free(table);
        }
        assert!(adopt(None).is_null());
    }
}
