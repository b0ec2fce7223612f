//! The members of a tool's definition (MCP "Tools: Data Types"), each as it came.

use crate::json::Budget;
use crate::json::cursor::{Cursor, FoundMembers, Read, given, last};

/// A tool of a list. A member that is missing or null is `None`.
pub(super) struct Tool<'a> {
    pub(super) name: Option<&'a [u8]>,
    pub(super) title: Option<&'a [u8]>,
    /// Servers before 2025-06-18 keep the title among the annotations.
    pub(super) old_title: Option<&'a [u8]>,
    pub(super) description: Option<&'a [u8]>,
    /// Read only, destructive, idempotent, open world.
    pub(super) hints: [Option<&'a [u8]>; 4],
    /// `taskSupport` of `execution`.
    pub(super) tasks: Option<&'a [u8]>,
    pub(super) input: Option<&'a [u8]>,
    pub(super) output: Option<&'a [u8]>,
}

impl<'a> Tool<'a> {
    const MEMBERS: [&'static str; 7] =
        ["name", "title", "description", "annotations", "execution", "inputSchema", "outputSchema"];

    /// The next tool of a list, of which nothing is known if it is no object; `None` at
    /// the end.
    pub(super) async fn next(
        tools: &mut Cursor<'a>,
        budget: &mut Budget,
    ) -> Read<Option<Tool<'a>>> {
        let Some((_, members)) = tools.entry(&Tool::MEMBERS, budget).await? else {
            return Ok(None);
        };
        Ok(Some(Tool::of(members.unwrap_or_default(), budget).await))
    }

    /// The tool of a definition.
    pub(super) async fn read(definition: &'a [u8], budget: &mut Budget) -> Read<Tool<'a>> {
        let members = last(definition, &Tool::MEMBERS, budget).await?;
        Ok(Tool::of(members, budget).await)
    }

    async fn of(members: FoundMembers<'a, 7>, budget: &mut Budget) -> Tool<'a> {
        let [name, title, description, annotations, execution, input, output] = members.map(given);
        let hints = ["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
        let notes = last(annotations.unwrap_or_default(), &hints, budget).await;
        let [old_title, hints @ ..] = notes.unwrap_or_default().map(given);
        let tasks = last(execution.unwrap_or_default(), &["taskSupport"], budget).await;
        let [tasks] = tasks.unwrap_or_default().map(given);
        Tool { name, title, old_title, description, hints, tasks, input, output }
    }

    /// Whether it is called as a task alone.
    pub(super) fn needs_tasks(&self) -> bool {
        self.tasks == Some(br#""required""#)
    }
}
