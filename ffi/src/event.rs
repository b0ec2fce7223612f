//! What a host pulls: events and the questions it can ask them.
//!
//! An event is a value of its own: it needs no client any more. What C reads
//! from it is made when it is first asked for, because most hosts look at a
//! fraction of what an event carries, and kept until the event is freed.
//!
//! What takes long can be made before, in pieces (`made`).
//!
//! Invariants:
//! - getters take the event shared, so that threads may read it together;
//! - every string is NUL-terminated without a NUL inside, never NULL.

use std::ffi::{CString, c_char, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tmcp::engine::{AgentCall, Asks, Completion, Event, Listing, Progress, Question, Reply};
use tmcp::json::task::Task;
use tmcp::mcp::render::blob::{self, Blobs};
use tmcp::mcp::render::rows;
use tmcp::mcp::render::{content, listing, pointer, tool_details};
use tmcp::mcp::schema::fields;
use tmcp::release;
use tmcp::table::Table;

use crate::arena::Arena;
use crate::event_type::tmcp_event_type;
use crate::guard::{self, FailureValue};
use crate::log::HostLog;
use crate::made::{Given, Kept};
use crate::result::{self, tmcp_result};
use crate::strings::{self, Terminated};
use crate::table::tmcp_table;
use crate::tagged::{Tag, Tagged};
use crate::want::tmcp_want;

/// Something that happened.
///
/// Threads: any thread may ask, and several may ask at a time; nobody may ask
/// any more when one frees it.
///
/// Methods: tmcp_client_next_event makes it, tmcp_event_free ends it;
/// tmcp_event_type says what it is about.
#[derive(Debug)]
pub struct tmcp_event {
    event: Event,
    log: Arc<HostLog>,
    answer: RawAnswer,
    server: OnceLock<CString>,
    tool: OnceLock<CString>,
    url: OnceLock<CString>,
    who: OnceLock<CString>,
    text: Kept<Terminated>,
    blobs: Kept<Binary>,
    table: Given<(), Option<tmcp_table>>,
    pretty: Given<(), Option<CString>>,
    part: Given<String, Option<CString>>,
    tool_text: Given<String, Option<CString>>,
    tool_json: Given<String, Option<CString>>,
}

/// The raw answer, shared with what is being made of it.
#[derive(Clone, Debug)]
pub struct RawAnswer(Arc<AnswerBuffer>);

#[derive(Debug)]
struct AnswerBuffer {
    /// Ends with the raw answer and a NUL; empty when there is none.
    buffer: Vec<u8>,
    /// Where the raw answer begins in it.
    start: usize,
}

/// The binary parts of an answer.
#[derive(Debug)]
struct Binary {
    blobs: Blobs,
    mimes: Arena,
}

/// The rows of an import, a line for each.
fn lines(table: &Table) -> String {
    let line = |row| {
        let cell = |column| table.get(row, column).unwrap_or_default();
        let reason = cell("reason");
        let colon = if reason.is_empty() { "" } else { ": " };
        format!("{}: {}{colon}{reason}\n", cell("name"), cell("outcome"))
    };
    (0..table.rows()).map(line).collect()
}

/// Gives C an event.
pub fn adopt(event: Event, log: Arc<HostLog>) -> *mut tmcp_event {
    Tagged::give(Tag::Event, tmcp_event::new(event, log))
}

impl tmcp_event {
    fn new(mut event: Event, log: Arc<HostLog>) -> tmcp_event {
        let (mut json, json_start) = match &mut event {
            Event::Done(Completion { outcome: Ok(Reply::Tool { result, .. }), .. })
            | Event::Done(Completion {
                outcome: Ok(Reply::List { items: result, .. } | Reply::Result(result)),
                ..
            }) => std::mem::take(result).into_buffer(),
            // The error of a server is its answer, too.
            Event::Done(Completion { outcome: Err(error), .. }) => {
                (error.json().as_bytes().to_vec(), 0)
            }
            Event::Question(Question { asks: Asks::Sample { params }, .. }) => {
                std::mem::take(params).into_buffer()
            }
            Event::Question(Question { asks: Asks::Form { schema, .. }, .. }) => {
                (std::mem::take(schema).into_boxed_bytes().into_vec(), 0)
            }
            Event::AgentCall(call) => (std::mem::take(&mut call.arguments).into_string().into(), 0),
            _ => (Vec::new(), 0),
        };
        if !json.is_empty() {
            json.reserve_exact(1);
            json.push(0);
        }
        tmcp_event {
            event,
            log,
            answer: RawAnswer(Arc::new(AnswerBuffer { buffer: json, start: json_start })),
            server: OnceLock::new(),
            tool: OnceLock::new(),
            url: OnceLock::new(),
            who: OnceLock::new(),
            text: Kept::default(),
            blobs: Kept::default(),
            table: Given::default(),
            pretty: Given::default(),
            part: Given::default(),
            tool_text: Given::default(),
            tool_json: Given::default(),
        }
    }

    /// Ends it; a large answer and what was made of it are given back in steps.
    fn shed(self) {
        if let Some(text) = self.text.into_made() {
            release::later(text.into_buffer());
        }
        if let Ok(json) = Arc::try_unwrap(self.answer.0) {
            release::later(json.buffer);
        }
    }

    /// What happened, as the core told it, but for the raw answer.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The question of the event.
    pub fn question(&self) -> Option<&Question> {
        match &self.event {
            Event::Question(question) => Some(question),
            _ => None,
        }
    }

    /// Which list was asked for, once it is there.
    pub fn listing(&self) -> Option<Listing> {
        match &self.event {
            Event::Done(Completion { outcome: Ok(Reply::List { what, .. }), .. }) => Some(*what),
            _ => None,
        }
    }

    /// What became of the entries of a file.
    fn imported(&self) -> Option<&Table> {
        match &self.event {
            Event::Done(Completion { outcome: Ok(Reply::Imported(table)), .. }) => Some(table),
            _ => None,
        }
    }

    /// The raw schema of the form that is to be filled in.
    pub fn form(&self) -> Option<&str> {
        let form =
            self.question().is_some_and(|question| matches!(question.asks, Asks::Form { .. }));
        form.then(|| std::str::from_utf8(self.json()).unwrap_or_default())
    }

    /// The request that made the server ask.
    pub fn request(&self) -> u64 {
        self.question().and_then(|question| question.request).map_or(0, |request| request.0)
    }

    /// The address that is to be visited.
    pub fn url(&self) -> &CString {
        self.url.get_or_init(|| {
            strings::terminated(match &self.event {
                Event::Question(Question { asks: Asks::Url { url, .. }, .. }) => url.clone(),
                Event::LoginPage { page, .. } => page.clone(),
                _ => String::new(),
            })
        })
    }

    /// How many binary parts the answer has.
    pub fn blob_count(&self) -> usize {
        match self.blobs.made() {
            Some(binary) => binary.blobs.len(),
            // Nothing is decoded to be counted.
            None => blob::count(self.json()),
        }
    }

    /// Type and bytes of one binary part of the answer.
    pub fn blob(&self, index: usize) -> Option<(*const c_char, &[u8])> {
        let binary = self.blobs.get(|| self.blobs_task());
        let (_, bytes) = binary.blobs.get(index)?;
        Some((binary.mimes.get(index)?, bytes))
    }

    /// The table of what was listed or read.
    pub fn table(&self) -> Option<tmcp_table> {
        self.table.take(&(), || self.table_task())
    }

    /// The data of the answer, laid out.
    pub fn pretty(&self) -> Option<CString> {
        self.pretty.take(&(), || self.pretty_task())
    }

    /// The part of the answer that `pointer` names.
    pub fn part(&self, pointer: String) -> Option<CString> {
        self.part.take(&pointer, || self.part_task(&pointer))
    }

    /// Everything about one of the tools that were listed.
    pub fn tool_text(&self, name: String) -> Option<CString> {
        self.tool_text.take(&name, || self.tool_task(&name, tool_details::text_task))
    }

    /// The definition of one of the tools that were listed.
    pub fn tool_json(&self, name: String) -> Option<CString> {
        self.tool_json.take(&name, || self.tool_task(&name, tool_details::definition_task))
    }

    /// Goes on making what is wanted until `end`; `pointer` names the part or the
    /// tool. Whether there is more to do.
    pub fn prepare(&self, want: tmcp_want, pointer: String, end: Instant) -> bool {
        match want {
            tmcp_want::Text => self.text.prepare(|| self.text_task(), end),
            tmcp_want::Table => self.table.prepare((), || self.table_task(), end),
            tmcp_want::Pretty => self.pretty.prepare((), || self.pretty_task(), end),
            tmcp_want::Pointer => {
                let task = self.part_task(&pointer);
                self.part.prepare(pointer, || task, end)
            }
            tmcp_want::Blobs => self.blobs.prepare(|| self.blobs_task(), end),
            tmcp_want::ToolText => {
                let task = self.tool_task(&pointer, tool_details::text_task);
                self.tool_text.prepare(pointer, || task, end)
            }
            tmcp_want::ToolJson => {
                let task = self.tool_task(&pointer, tool_details::definition_task);
                self.tool_json.prepare(pointer, || task, end)
            }
        }
    }

    fn table_task(&self) -> Task<'static, Option<tmcp_table>> {
        let answer = self.answer();
        if let Some(table) = self.imported() {
            let table = table.clone();
            return Task::new(|mut budget| async move {
                Some(tmcp_table::of(table, &mut budget).await)
            });
        }
        let table = if self.form().is_some() {
            present(fields::arguments_task(answer))
        } else if let Event::Done(Completion { outcome: Ok(Reply::Result(_)), .. }) = self.event() {
            rows::of_result_task(answer)
        } else if let Some(listing) = self.listing() {
            present(rows::list_task(answer, listing))
        } else {
            Task::new(|_| async { None })
        };
        Task::new(|mut budget| async move {
            match table.within(&mut budget).await {
                Some(table) => Some(tmcp_table::of(table, &mut budget).await),
                None => None,
            }
        })
    }

    fn blobs_task(&self) -> Task<'static, Binary> {
        let blobs = blob::blobs_task(self.answer());
        Task::new(|mut budget| async move {
            let blobs = blobs.within(&mut budget).await;
            let mut mimes = Arena::default();
            for index in 0..blobs.len() {
                let mime = blobs.get(index).map_or("", |(mime, _)| mime);
                mimes.push(mime, &mut budget).await;
                budget.spend(16).await;
            }
            Binary { blobs, mimes }
        })
    }

    fn pretty_task(&self) -> Task<'static, Option<CString>> {
        perhaps_terminated(pointer::pretty_task(self.answer()))
    }

    fn part_task(&self, pointer: &str) -> Task<'static, Option<CString>> {
        perhaps_terminated(pointer::pick_task(self.answer(), pointer.to_owned()))
    }

    fn tool_task(
        &self,
        name: &str,
        make: impl FnOnce(RawAnswer, String) -> Task<'static, Option<String>>,
    ) -> Task<'static, Option<CString>> {
        match self.listing() {
            Some(Listing::Tools) => perhaps_terminated(make(self.answer(), name.to_owned())),
            _ => Task::new(|_| async { None }),
        }
    }

    fn text_task(&self) -> Task<'static, Terminated> {
        let text = match self.done().map(|done| &done.outcome) {
            // The pass over the message has found the text already.
            Some(Ok(Reply::Tool { only_text: Some(place), .. })) => {
                let (answer, place) = (self.answer(), place.clone());
                return Task::new(|mut budget| async move {
                    let quoted = answer.as_ref().get(place).unwrap_or_default();
                    strings::unescaped(quoted, &mut budget).await
                });
            }
            Some(Ok(Reply::Tool { .. } | Reply::Result(_))) => content::text_task(self.answer()),
            Some(Ok(Reply::List { what, .. })) => listing::task(self.answer(), *what),
            _ => {
                let words = self.words();
                Task::new(|_| async { words })
            }
        };
        Task::new(|mut budget| async move {
            let text = text.within(&mut budget).await;
            strings::terminated_in_pieces(text, &mut budget).await.into()
        })
    }

    fn done(&self) -> Option<&Completion> {
        match &self.event {
            Event::Done(done) => Some(done),
            _ => None,
        }
    }

    fn id(&self) -> u64 {
        match &self.event {
            Event::Done(done) => done.id.0,
            Event::Progress(progress) => progress.id.0,
            Event::Question(question) => question.id.0,
            Event::QuestionGone(question) => question.0,
            Event::LoginPage { id, .. } => id.0,
            Event::AgentCall(call) => call.id.0,
            _ => 0,
        }
    }

    fn user_data(&self) -> u64 {
        match &self.event {
            Event::Done(done) => done.user_data,
            Event::Progress(progress) => progress.user_data,
            Event::Question(question) => question.user_data,
            Event::LoginPage { user_data, .. } => *user_data,
            _ => 0,
        }
    }

    /// The call of an agent.
    pub fn agent_call(&self) -> Option<&AgentCall> {
        match &self.event {
            Event::AgentCall(call) => Some(call),
            _ => None,
        }
    }

    /// Who made the call of an agent.
    pub fn who(&self) -> &CString {
        let who = || self.agent_call().map_or_else(String::new, |call| call.who.clone());
        self.who.get_or_init(|| strings::terminated(who()))
    }

    fn result(&self) -> tmcp_result {
        if let Some(call) = self.agent_call() {
            return match &call.failure {
                Some(error) => result::from_kind(error.kind()),
                None if call.is_error => tmcp_result::Tool,
                None => tmcp_result::Ok,
            };
        }
        match self.done().map(|done| &done.outcome) {
            Some(Ok(Reply::Tool { is_error: true, .. })) => tmcp_result::Tool,
            Some(Err(error)) => result::from_kind(error.kind()),
            Some(Ok(_)) | None => tmcp_result::Ok,
        }
    }

    fn server(&self) -> &CString {
        self.server.get_or_init(|| {
            strings::terminated(match &self.event {
                Event::Done(Completion { server, .. })
                | Event::Progress(Progress { server, .. })
                | Event::ServerUp { server }
                | Event::ServerDown { server, .. }
                | Event::BreakerChanged { server, .. }
                | Event::ToolsChanged { server }
                | Event::ResourceUpdated { server, .. }
                | Event::LoginPage { server, .. }
                | Event::Question(Question { server, .. }) => server.to_string(),
                Event::AgentCall(call) => call.server.to_string(),
                Event::ConfigLoaded { .. } | Event::QuestionGone(_) => String::new(),
            })
        })
    }

    fn tool(&self) -> &CString {
        self.tool.get_or_init(|| {
            strings::terminated(match &self.event {
                Event::Done(Completion { tool, .. })
                | Event::Progress(Progress { tool, .. })
                | Event::Question(Question { tool, .. }) => tool.to_string(),
                Event::AgentCall(call) => call.tool.to_string(),
                _ => String::new(),
            })
        })
    }

    fn text(&self) -> &Terminated {
        self.text.get(|| self.text_task())
    }

    /// The text of an event without an answer.
    fn words(&self) -> String {
        match &self.event {
            Event::Done(Completion { outcome: Err(error), .. }) => error.message().to_owned(),
            Event::Progress(progress) => progress.message.clone().unwrap_or_default(),
            Event::ConfigLoaded { fresh, .. } => fresh.join("\n"),
            Event::ServerDown { reason, .. } => reason.clone(),
            Event::ResourceUpdated { uri, .. } => uri.clone(),
            Event::BreakerChanged { state, .. } => (*state).to_owned(),
            Event::AgentCall(call) => {
                call.failure.as_ref().map_or_else(String::new, |error| error.message().to_owned())
            }
            Event::Question(question) => match &question.asks {
                Asks::Form { message, .. } | Asks::Url { message, .. } => message.clone(),
                Asks::Sample { .. } => String::new(),
            },
            Event::Done(Completion { outcome: Ok(Reply::Imported(table)), .. }) => lines(table),
            Event::Done(_)
            | Event::ServerUp { .. }
            | Event::ToolsChanged { .. }
            | Event::LoginPage { .. }
            | Event::QuestionGone(_) => String::new(),
        }
    }

    /// The raw answer and its NUL, or nothing.
    fn terminated_json(&self) -> &[u8] {
        self.answer.terminated()
    }

    /// The raw answer, without the NUL.
    pub fn json(&self) -> &[u8] {
        self.answer.as_ref()
    }

    /// The raw answer, to be kept while something is made of it.
    pub fn answer(&self) -> RawAnswer {
        self.answer.clone()
    }

    fn elapsed_us(&self) -> u64 {
        let call = self.agent_call().map(|call| call.elapsed);
        let elapsed = self.done().map(|done| done.elapsed).or(call);
        elapsed.map_or(0, |elapsed| u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    fn progress(&self) -> f64 {
        match &self.event {
            Event::Progress(Progress { progress, total: Some(total), .. })
                if *total > 0.0 && progress.is_finite() && total.is_finite() =>
            {
                (progress / total).clamp(0.0, 1.0)
            }
            _ => -1.0,
        }
    }
}

impl RawAnswer {
    fn terminated(&self) -> &[u8] {
        self.0.buffer.get(self.0.start..).unwrap_or_default()
    }
}

impl AsRef<[u8]> for RawAnswer {
    fn as_ref(&self) -> &[u8] {
        self.terminated().split_last().map_or(&[], |(_, json)| json)
    }
}

fn present(table: Task<'static, Table>) -> Task<'static, Option<Table>> {
    Task::new(|mut budget| async move { Some(table.within(&mut budget).await) })
}

impl FailureValue for *mut tmcp_event {
    fn fallback() -> *mut tmcp_event {
        ptr::null_mut()
    }
}

fn perhaps_terminated(text: Task<'static, Option<String>>) -> Task<'static, Option<CString>> {
    Task::new(|mut budget| async move {
        match text.within(&mut budget).await {
            Some(text) => Some(strings::terminated_in_pieces(text, &mut budget).await),
            None => None,
        }
    })
}

/// What the event is about: enum tmcp_event_type.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_type(event: *const tmcp_event) -> u32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, |event| tmcp_event_type::of(&event.event) as u32) }.unwrap_or(0)
    }
}

/// The request that DONE, PROGRESS, LOGIN and AGENT_CALL are about, the question that QUESTION
/// and QUESTION_GONE are about; 0 for the others.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_id(event: *const tmcp_event) -> u64 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, tmcp_event::id) }.unwrap_or(0)
    }
}

/// What the caller attached to the request that DONE, PROGRESS and LOGIN are about,
/// or that made the server ask the QUESTION.
///
/// Ownership: the caller's, as ever; after DONE it does not come again.
/// NULL: NULL; also for events that are about no request.
/// Errors: NULL for what is no event.
/// Lifetime: the caller's affair.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_user_data(event: *const tmcp_event) -> *mut c_void {
    guard! {
        // SAFETY: what this function asks of its caller.
        let user_data = unsafe { ask(event, tmcp_event::user_data) }.unwrap_or(0);
        ptr::with_exposed_provenance_mut(usize::try_from(user_data).unwrap_or(0))
    }
}

/// How the request of a DONE or AGENT_CALL event went: enum tmcp_result.
/// TMCP_RESULT_OK for every other event.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_INVALID for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_result(event: *const tmcp_event) -> i32 {
    guard! {
        let otherwise = if event.is_null() { tmcp_result::Null } else { tmcp_result::Invalid };
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, tmcp_event::result) }.unwrap_or(otherwise) as i32
    }
}

/// The server the event is about; "" when it is about none.
///
/// Ownership: the event's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_server(event: *const tmcp_event) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, |event| event.server().as_ptr()) }.unwrap_or(c"".as_ptr())
    }
}

/// The tool that was called, also when it asks a QUESTION; "" when none was.
///
/// Ownership: the event's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_tool(event: *const tmcp_event) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, |event| event.tool().as_ptr()) }.unwrap_or(c"".as_ptr())
    }
}

/// The event for people. DONE of a call: the joined text of the result, images
/// and the like as "[image image/png 1234 bytes]", or the sentence of the
/// error; of other requests: what their functions say. PROGRESS and QUESTION:
/// the server's words. CONFIG_LOADED: a line per problem. SERVER_DOWN: why.
/// RESOURCE_UPDATED: the URI. UTF-8 as the server sent it, control characters
/// included; *len counts the bytes without the NUL behind them.
///
/// Ownership: the event's; do not free it.
/// NULL: "" with *len 0; never returns NULL; len may be NULL.
/// Errors: "" with *len 0 for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_text(event: *mut tmcp_event, len: *mut usize) -> *const c_char {
    guard! {
        // SAFETY: NULL or writable. First, so that a panic leaves it set.
        unsafe { strings::store(len, 0) };
        // SAFETY: what this function asks of its caller.
        let text = unsafe { ask(event, |event| {
            let text = event.text();
            (text.as_ptr(), text.len())
        }) };
        let Some((text, bytes)) = text else { return c"".as_ptr() };
        // SAFETY: NULL or writable.
        unsafe { strings::store(len, bytes) };
        text
    }
}

/// The server's answer as it came: the result object of a call, the array of
/// a list, the error object when it answered with an error; of a QUESTION the
/// schema of its form, or the parameters of its sample; of an AGENT_CALL the
/// arguments, if they have 64 KiB at most. "" when there is none.
/// *len counts the bytes without the NUL behind them.
///
/// Ownership: the event's; do not free it.
/// NULL: "" with *len 0; never returns NULL; len may be NULL.
/// Errors: "" with *len 0 for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_json(
    event: *const tmcp_event,
    len: *mut usize,
) -> *const c_char {
    guard! {
        // SAFETY: NULL or writable.
        unsafe { strings::store(len, 0) };
        // SAFETY: what this function asks of its caller.
        let json = unsafe { ask(event, |event| {
            (event.terminated_json().as_ptr(), event.json().len())
        }) };
        match json {
            Some((json, bytes)) if bytes > 0 => {
                // SAFETY: NULL or writable.
                unsafe { strings::store(len, bytes) };
                json.cast::<c_char>()
            }
            _ => c"".as_ptr(),
        }
    }
}

/// How long the request of a DONE or AGENT_CALL event took, from the call to its
/// end, in microseconds.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event or about no request that ended.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_elapsed_us(event: *const tmcp_event) -> u64 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, tmcp_event::elapsed_us) }.unwrap_or(0)
    }
}

/// How far the request of a PROGRESS event has come, 0 to 1; negative when the
/// server did not say where it ends.
///
/// Ownership: none.
/// NULL: negative.
/// Errors: negative for what is no event or not PROGRESS.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_progress(event: *const tmcp_event) -> f64 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { ask(event, tmcp_event::progress) }.unwrap_or(-1.0)
    }
}

/// Frees an event and everything borrowed from it.
///
/// Ownership: event is consumed.
/// NULL: does nothing.
/// Errors: none; what is no event is left alone.
/// Lifetime: at most once per event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_free(event: *mut tmcp_event) {
    guard! {
        // SAFETY: what this function asks of its caller, who frees it once.
        if let Some(event) = unsafe { Tagged::take(event, Tag::Event) } {
            event.into_value().shed();
        }
    }
}

/// One question to an event; `None` for NULL and for what is no event.
///
/// # Safety
/// `event` is NULL, or came from `adopt` and was not freed, or is another value with a tag.
pub unsafe fn ask<T>(
    event: *const tmcp_event,
    question: impl FnOnce(&tmcp_event) -> T,
) -> Option<T> {
    // SAFETY: what this function asks of its caller.
    let event = unsafe { Tagged::find(event, Tag::Event) }?;
    let fuse = ReportPanic(event);
    let answer = question(event);
    std::mem::forget(fuse);
    Some(answer)
}

/// Names the log of the event whose getter panics.
struct ReportPanic<'a>(&'a tmcp_event);

impl Drop for ReportPanic<'_> {
    fn drop(&mut self) {
        guard::tell(&self.0.log);
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
