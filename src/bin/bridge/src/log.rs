//! Standard error, never waited for.
//!
//! A pipe that nobody reads would stop the bridge. A line is written only while the
//! system says that there is room, and dropped otherwise.

use std::io::Write;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Longest line. Below PIPE_BUF (4096), so that a pipe that has room takes all of it.
const LONGEST: usize = 2000;

/// Writes a line of the bridge's own.
pub(crate) fn line(text: &str) {
    write(&format!("tmcp-bridge: {text}"));
}

/// Writes a line that the server wrote to its standard error.
pub(crate) fn of_server(pid: i32, text: &[u8]) {
    write(&format!("[{pid}] {}", String::from_utf8_lossy(text)));
}

fn write(text: &str) {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut shown = shown.into_bytes();
    shown.truncate(LONGEST);
    shown.push(b'\n');
    let stderr = std::io::stderr();
    let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    if matches!(poll(&mut watched, Some(&now)), Ok(1))
        && watched[0].revents().contains(PollFlags::OUT)
    {
        let _ = (&stderr).write_all(&shown);
    }
}
