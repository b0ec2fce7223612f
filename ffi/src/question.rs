//! Questions of servers to people, and what the host can do for servers.

use std::ffi::c_char;

use tmcp::client::{Abilities, Answer, Pair, QuestionId};
use tmcp::engine::{Asks, Question};

use crate::call::{self, tmcp_pair};
use crate::event::{self, tmcp_event};
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// What a server asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_question {
    /// Fields to be filled in.
    Form = 1,
    /// A page to be visited.
    Url = 2,
    /// A model's words.
    Sample = 3,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_answer {
    /// Yes, with what was asked for.
    Accept = 1,
    /// No.
    Decline = 2,
    /// Neither: the question was dismissed.
    Cancel = 3,
}

/// Somebody answers QUESTION events of forms and addresses.
pub const TMCP_ABILITY_ELICITATION: u32 = 1;
/// tmcp_client_set_roots is kept up to date.
pub const TMCP_ABILITY_ROOTS: u32 = 2;
/// Somebody answers QUESTION events that want a model's words.
pub const TMCP_ABILITY_SAMPLING: u32 = 4;

/// What a QUESTION asks: enum tmcp_question; 0 for every other event.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_question(event: *const tmcp_event) -> u32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, |event| event.question().map_or(0, kind)) }
            .unwrap_or(0)
    }
}

/// The request that made the server ask the QUESTION; 0 when that is not known
/// and for every other event.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_request(event: *const tmcp_event) -> u64 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, tmcp_event::request) }.unwrap_or(0)
    }
}

/// The whole address that a QUESTION of kind TMCP_QUESTION_URL or a LOGIN wants
/// visited; "" for every other event. Nobody but the person may decide to open it.
///
/// Ownership: the event's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_url(event: *const tmcp_event) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, |event| event.url().as_ptr()) }.unwrap_or(c"".as_ptr())
    }
}

/// Whether the form of an open question takes this value for the field key;
/// is_json: as in tmcp_pair. Nothing is sent.
///
/// Ownership: none.
/// NULL: client, key and value must not be NULL.
/// Errors: TMCP_RESULT_INVALID (it does not; tmcp_client_error says what is
/// wanted), TMCP_RESULT_NOT_FOUND (the question is not open any more),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_check_answer(
    client: *mut tmcp_client,
    question: u64,
    key: *const c_char,
    value: *const c_char,
    is_json: bool,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let key = unsafe { strings::required(key, "key") }?;
            // SAFETY: as above.
            let value = unsafe { strings::required(value, "value") }?;
            let question = QuestionId(question);
            if !client.is_open(question) {
                let message = "the question is not open any more";
                return Err(Failure::new(tmcp_result::NotFound, message));
            }
            client.check_answer(question, &Pair { key, value, is_json })?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Answers a question (enum tmcp_answer). With TMCP_ANSWER_ACCEPT a form takes
/// its fields as pairs, or its content as json; a sample takes a
/// CreateMessageResult as json; an address takes neither. Pairs and json are
/// ignored otherwise.
///
/// Ownership: none.
/// NULL: client must not be NULL, nor the key and value of a pair, nor pairs
/// unless npairs is 0; json NULL: pairs are used.
/// Errors: TMCP_RESULT_NOT_FOUND (it is not open any more); TMCP_RESULT_INVALID
/// (no such answer, or it does not fit: the question stays open);
/// TMCP_RESULT_NULL; TMCP_RESULT_POISONED; TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_answer(
    client: *mut tmcp_client,
    question: u64,
    answer: u32,
    pairs: *const tmcp_pair,
    npairs: usize,
    json: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            let known = [tmcp_answer::Accept, tmcp_answer::Decline, tmcp_answer::Cancel];
            let answer = match known.into_iter().find(|known| *known as u32 == answer) {
                None => return Err(Failure::invalid(format!("no answer {answer}"))),
                Some(tmcp_answer::Decline) => Answer::Decline,
                Some(tmcp_answer::Cancel) => Answer::Cancel,
                Some(tmcp_answer::Accept) => {
                    // SAFETY: what this function asks of its caller.
                    match unsafe { strings::optional(json, "json") }? {
                        Some(json) => Answer::Json(json),
                        // SAFETY: as above.
                        None => Answer::Accept(unsafe { call::pairs(pairs, npairs) }?),
                    }
                }
            };
            if !client.is_open(QuestionId(question)) {
                let message = "the question is not open any more";
                return Err(Failure::new(tmcp_result::NotFound, message));
            }
            client.answer(QuestionId(question), answer)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Says what the host can do for servers: TMCP_ABILITY_ELICITATION,
/// TMCP_ABILITY_ROOTS, TMCP_ABILITY_SAMPLING, added up; 0 at the start. Servers
/// learn it with the next handshake or request; what they ask beyond it is
/// refused for the host.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (an unknown ability, no living
/// client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_abilities(
    client: *mut tmcp_client,
    abilities: u32,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            let all = TMCP_ABILITY_ELICITATION | TMCP_ABILITY_ROOTS | TMCP_ABILITY_SAMPLING;
            if abilities & !all != 0 {
                return Err(Failure::invalid(format!("abilities {abilities:#x} are not known")));
            }
            client.set_abilities(Abilities {
                elicitation: abilities & TMCP_ABILITY_ELICITATION != 0,
                roots: abilities & TMCP_ABILITY_ROOTS != 0,
                sampling: abilities & TMCP_ABILITY_SAMPLING != 0,
            });
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Sets the roots that servers are told when they ask: URIs of directories,
/// NULL-terminated.
///
/// Ownership: none.
/// NULL: client must not be NULL; uris NULL is none.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (text that is not UTF-8, no
/// living client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: uris is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_roots(
    client: *mut tmcp_client,
    uris: *const *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let roots = unsafe { strings::list(uris, "uris") }?;
            client.set_roots(roots);
            Ok(tmcp_result::Ok as i32)
        })
    }
}

fn kind(question: &Question) -> u32 {
    let kind = match question.asks {
        Asks::Form { .. } => tmcp_question::Form,
        Asks::Url { .. } => tmcp_question::Url,
        Asks::Sample { .. } => tmcp_question::Sample,
    };
    kind as u32
}
