//! Events made by hand, asked as C asks them.

// A test asks one event many questions.
#![allow(clippy::multiple_unsafe_ops_per_block)]

use super::*;
use std::ffi::CStr;
use std::time::Duration;

use tmcp::engine::{QuestionId, RequestId};
use tmcp::error::{Error, Kind};

struct HeldEvent(*mut tmcp_event);

impl HeldEvent {
    fn new(event: Event) -> HeldEvent {
        HeldEvent(adopt(event, HostLog::new(None, ptr::null_mut())))
    }

    fn text(&self) -> String {
        let mut len = usize::MAX;
        // SAFETY: a living event and a local.
        let text = unsafe { CStr::from_ptr(tmcp_event_text(self.0, &mut len)) };
        assert_eq!(text.to_bytes().len(), len);
        text.to_str().unwrap().to_owned()
    }

    fn json(&self) -> String {
        let mut len = usize::MAX;
        // SAFETY: a living event and a local.
        let json = unsafe { CStr::from_ptr(tmcp_event_json(self.0, &mut len)) };
        assert_eq!(json.to_bytes().len(), len);
        json.to_str().unwrap().to_owned()
    }

    fn result(&self) -> i32 {
        // SAFETY: a living event.
        unsafe { tmcp_event_result(self.0) }
    }
}

impl Drop for HeldEvent {
    fn drop(&mut self) {
        // SAFETY: a living event, freed once.
        unsafe { tmcp_event_free(self.0) };
    }
}

fn done(outcome: Result<Reply, Error>) -> HeldEvent {
    HeldEvent::new(Event::Done(Completion {
        id: RequestId(7),
        user_data: 0x1234,
        server: "files".into(),
        tool: "read".into(),
        elapsed: Duration::from_micros(1500),
        outcome,
    }))
}

fn tool(is_error: bool, result: &str) -> HeldEvent {
    done(Ok(Reply::Tool { is_error, result: result.as_bytes().into(), only_text: None }))
}

#[test]
fn the_only_text_is_read_where_it_lies() {
    let json = r#"{"content":[{"type":"text","text":"a\n\u0000\ud83d\u00e9"}]}"#;
    let place = json.find("\"a").unwrap()..json.len() - 4;
    let found = |only_text| {
        done(Ok(Reply::Tool { is_error: false, result: json.as_bytes().into(), only_text }))
    };
    let wanted = "a\n\u{fffd}\u{fffd}\u{e9}";
    assert_eq!(found(None).text(), wanted);
    assert_eq!(found(Some(place)).text(), wanted);
    assert_eq!(found(Some(0..1000)).text(), "");
}

#[test]
fn a_result_has_its_text_and_its_bytes() {
    let json = r#"{"content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}"#;
    let event = tool(false, json);
    assert_eq!(event.text(), "one\ntwo");
    assert_eq!(event.json(), json);
    assert_eq!(event.result(), tmcp_result::Ok as i32);
    // SAFETY: a living event.
    unsafe {
        assert_eq!(tmcp_event_type(event.0), tmcp_event_type::Done as u32);
        assert_eq!(tmcp_event_id(event.0), 7);
        assert_eq!(tmcp_event_user_data(event.0).addr(), 0x1234);
        assert_eq!(tmcp_event_elapsed_us(event.0), 1500);
        assert_eq!(CStr::from_ptr(tmcp_event_server(event.0)), c"files");
        assert_eq!(CStr::from_ptr(tmcp_event_tool(event.0)), c"read");
        assert!(tmcp_event_progress(event.0) < 0.0);
        assert_eq!(tmcp_event_text(event.0, ptr::null_mut()), {
            let mut len = 0;
            tmcp_event_text(event.0, &mut len)
        });
    }
}

#[test]
fn a_tool_error_keeps_its_text_and_an_error_has_its_sentence() {
    let event = tool(true, r#"{"content":[{"type":"text","text":"no"}],"isError":true}"#);
    assert_eq!((event.result(), event.text().as_str()), (tmcp_result::Tool as i32, "no"));

    let event = done(Err(Error::new(Kind::Timeout, "files: no answer")));
    assert_eq!(event.result(), tmcp_result::Timeout as i32);
    assert_eq!((event.text().as_str(), event.json().as_str()), ("files: no answer", ""));
}

#[test]
fn every_kind_of_error_has_its_own_number() {
    let kinds = [
        Kind::Invalid,
        Kind::Busy,
        Kind::Timeout,
        Kind::Cancelled,
        Kind::Server,
        Kind::Protocol,
        Kind::Io,
        Kind::OutcomeUnknown,
        Kind::Closed,
        Kind::Internal,
    ];
    let mut seen: Vec<i32> = kinds.map(|kind| done(Err(Error::new(kind, "x"))).result()).to_vec();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), kinds.len());
    assert!(seen.iter().all(|code| *code < 0));
}

#[test]
fn a_nul_inside_a_result_does_not_cut_its_text() {
    let event = tool(false, r#"{"content":[{"type":"text","text":"a\u0000b"}]}"#);
    assert_eq!(event.text(), "a\u{fffd}b");
}

#[test]
fn tools_are_listed_and_kept_raw() {
    let event = done(Ok(Reply::List {
        what: Listing::Tools,
        items: br#"[{"name":"echo","description":"Echoes"}]"#[..].into(),
    }));
    assert!(event.text().starts_with("echo  Echoes"), "{}", event.text());
    assert_eq!(event.json(), r#"[{"name":"echo","description":"Echoes"}]"#);
}

#[test]
fn progress_is_a_fraction_or_negative() {
    let progress = |progress, total| {
        let event = HeldEvent::new(Event::Progress(Progress {
            id: RequestId(9),
            user_data: 1,
            server: "s".into(),
            tool: "t".into(),
            progress,
            total,
            message: Some("half".into()),
        }));
        assert_eq!(event.text(), "half");
        assert_eq!(event.result(), 0);
        // SAFETY: a living event.
        unsafe { tmcp_event_progress(event.0) }
    };
    assert_eq!(progress(1.0, Some(2.0)), 0.5);
    assert_eq!(progress(5.0, Some(2.0)), 1.0);
    assert!(progress(1.0, None) < 0.0);
    assert!(progress(1.0, Some(0.0)) < 0.0);
    assert!(progress(f64::NAN, Some(2.0)) < 0.0);
}

#[test]
fn the_other_events_say_whom_and_why() {
    let event = HeldEvent::new(Event::ConfigLoaded {
        problems: vec!["a".into(), "b".into(), "c".into()],
        fresh: vec!["a".into(), "b".into()],
    });
    assert_eq!(event.text(), "a\nb");
    let event = HeldEvent::new(Event::ServerDown { server: "s".into(), reason: "gone".into() });
    assert_eq!(event.text(), "gone");
    let event = HeldEvent::new(Event::ToolsChanged { server: "s".into() });
    // SAFETY: a living event.
    unsafe {
        assert_eq!(tmcp_event_type(event.0), 6);
        assert_eq!(CStr::from_ptr(tmcp_event_server(event.0)), c"s");
        assert_eq!(CStr::from_ptr(tmcp_event_tool(event.0)), c"");
        assert_eq!(tmcp_event_id(event.0), 0);
        assert!(tmcp_event_user_data(event.0).is_null());
    }
}

#[test]
fn a_question_carries_its_form_and_where_it_comes_from() {
    let schema = r#"{"properties":{"a":{"type":"string"}}}"#;
    let asked = |asks| {
        HeldEvent::new(Event::Question(Question {
            id: QuestionId(3),
            request: Some(RequestId(7)),
            user_data: 5,
            server: "s".into(),
            tool: "t".into(),
            asks,
        }))
    };
    let form = asked(Asks::Form { message: "who?".into(), schema: schema.into() });
    assert_eq!((form.text().as_str(), form.json().as_str()), ("who?", schema));
    let url = asked(Asks::Url { message: "go".into(), url: "https://x/?a\0b".into() });
    assert_eq!((url.text().as_str(), url.json().as_str()), ("go", ""));
    let sample = asked(Asks::Sample { params: b"{}"[..].into() });
    assert_eq!((sample.text().as_str(), sample.json().as_str()), ("", "{}"));
    let gone = HeldEvent::new(Event::QuestionGone(QuestionId(3)));
    for (event, kind) in [(&form, 1), (&url, 2), (&sample, 3), (&gone, 0)] {
        // SAFETY: a living event.
        unsafe {
            assert_eq!(crate::tmcp_event_question(event.0), kind);
            assert_eq!(tmcp_event_id(event.0), 3);
            assert_eq!(crate::tmcp_event_request(event.0), if kind == 0 { 0 } else { 7 });
            assert_eq!(tmcp_event_user_data(event.0).addr(), if kind == 0 { 0 } else { 5 });
            let url = CStr::from_ptr(crate::tmcp_event_url(event.0));
            assert_eq!(url, if kind == 2 { c"https://x/?a\u{fffd}b" } else { c"" });
        }
    }
}

#[test]
fn memory_that_is_no_event_is_answered_like_null() {
    let zeros = [0_u64; size_of::<tmcp_event>() / 8 + 1];
    for event in [ptr::null(), zeros.as_ptr().cast::<tmcp_event>()] {
        let mut len = 5;
        // SAFETY: NULL, or readable memory as large as an event.
        unsafe {
            assert_eq!(tmcp_event_type(event), 0);
            assert_eq!(CStr::from_ptr(tmcp_event_text(event.cast_mut(), &mut len)), c"");
            assert_eq!(len, 0);
            assert!(tmcp_event_result(event) < 0);
            tmcp_event_free(event.cast_mut());
        }
    }
}
