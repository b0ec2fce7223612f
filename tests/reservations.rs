//! How much memory is reserved at once for what is made of an answer of 15 MiB, and how much
//! is moved while it grows: a host may have a limit, and may share its thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tmcp::mcp::listing::Listing;
use tmcp::mcp::render::{blob, content, listing, pointer, rows};

/// Notes the largest reservation and the largest block that had to grow, of each thread.
struct Noting;

thread_local! {
    static RESERVED: Cell<usize> = const { Cell::new(0) };
    static MOVED: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)]
// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        RESERVED.set(RESERVED.get().max(layout.size()));
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from the same allocator.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() {
            RESERVED.set(RESERVED.get().max(size));
            MOVED.set(MOVED.get().max(layout.size()));
        }
        // SAFETY: `at` came from the same allocator.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static HEAP: Noting = Noting;

const MIB: usize = 1 << 20;
const LONG: usize = 15 * MIB;

/// What `make` makes, the largest reservation and the largest move on the way, in bytes.
fn noted<T>(make: impl FnOnce() -> T) -> (T, usize, usize) {
    RESERVED.set(0);
    MOVED.set(0);
    let made = make();
    (made, RESERVED.get(), MOVED.get())
}

/// `part` as often as it takes to `length` bytes, with commas between.
fn repeated(part: &str, length: usize) -> String {
    vec![part; length.div_ceil(part.len() + 1)].join(",")
}

#[test]
fn what_is_short_reserves_little_however_long_the_answer_is() {
    let data = "QUJD".repeat(LONG / 4);
    let image =
        format!(r#"{{"content":[{{"type":"image","mimeType":"image/png","data":"{data}"}}]}}"#);
    let (text, reserved, _) = noted(|| content::text(image.as_bytes()));
    assert!(text.starts_with("[image") && reserved < MIB, "{text}: {reserved}");

    let parts = format!(r#"{{"contents":[{{"uri":"a:b","blob":"{data}"}}]}}"#);
    let (table, reserved, _) = noted(|| rows::of_result_task(&parts).finish().expect("a table"));
    assert!(table.get(0, "size") == Some("11796480") && reserved < MIB, "{reserved}");

    let words = "word ".repeat(LONG / 5);
    let mixed = format!(
        r#"{{"content":[{{"type":"text","text":"{words}"}},{{"type":"image","data":"QUJD"}}]}}"#
    );
    let (blobs, reserved, _) = noted(|| blob::blobs_task(&mixed).finish());
    assert!(blobs.get(0) == Some(("", &b"ABC"[..])) && reserved < MIB, "{reserved}");

    let (part, reserved, _) = noted(|| pointer::pick(mixed.as_bytes(), "/content/1/data"));
    assert!(part.as_deref() == Some("QUJD") && reserved < MIB, "{reserved}");
}

#[test]
fn a_list_of_long_schemas_reserves_what_is_shown_of_it() {
    let long = format!(r#"{{"type":"object","$comment":"{}"}}"#, "x".repeat(200_000));
    let list = format!("[{}]", repeated(&format!(r#"{{"name":"a","inputSchema":{long}}}"#), LONG));
    let (text, reserved, _) = noted(|| listing::task(&list, Listing::Tools).finish());
    assert!(text.starts_with("a\n") && reserved < MIB, "{reserved}");
    let (table, reserved, _) = noted(|| rows::list_task(&list, Listing::Tools).finish());
    assert!(table.rows() == text.lines().count() && reserved < MIB, "{reserved}");
}

#[test]
fn a_long_text_is_reserved_once_and_never_moved_once_it_is_long() {
    let block = format!(r#"{{"type":"text","text":"{}"}}"#, "x".repeat(5000));
    let blocks = format!(r#"{{"content":[{}]}}"#, repeated(&block, LONG));
    let (text, reserved, moved) = noted(|| content::text(blocks.as_bytes()));
    assert!(text.len() > LONG - MIB && moved <= MIB, "{moved}");
    assert!(reserved <= blocks.len() + 1, "{reserved}");

    let words = format!(r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#, "x".repeat(LONG));
    let (text, reserved, moved) = noted(|| content::text(words.as_bytes()));
    assert_eq!((text.len(), moved), (LONG, 0));
    assert!(reserved <= words.len() + 1, "{reserved}");

    let digits = format!("[{}]", repeated("1", 2 * MIB));
    let (text, reserved, moved) = noted(|| pointer::pretty(digits.as_bytes()).expect("JSON"));
    assert_eq!((reserved, moved <= MIB), (text.len() + 1, true), "{moved}");

    let entry = format!(r#"{{"uri":"a:b","description":"{}"}}"#, "x".repeat(5000));
    let list = format!("[{}]", repeated(&entry, LONG));
    let (text, _, moved) = noted(|| listing::task(&list, Listing::Resources).finish());
    assert!(text.len() > LONG - MIB && moved <= MIB, "{moved}");
    let (table, _, moved) = noted(|| rows::list_task(&list, Listing::Resources).finish());
    assert!(table.bytes() > LONG - MIB && moved <= MIB, "{moved}");
}
