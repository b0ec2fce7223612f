//! A client inside another tmux, which serves as the terminal: what the user sees,
//! modes, menus, popups and status line included, is that tmux's pane.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::run::{Output, Running};
use crate::tmux::{Tmux, binary};
use crate::wait::{PATIENCE, until, until_some};

/// An attached client whose screen can be read. Dropped, its terminal is ended.
#[derive(Debug)]
pub struct Viewer<'a> {
    tmux: &'a Tmux,
    outer: Process,
}

impl<'a> Viewer<'a> {
    /// Attaches to the first session.
    ///
    /// # Panics
    /// When the client does not come up.
    #[must_use]
    pub fn attach(tmux: &'a Tmux) -> Viewer<'a> {
        Viewer::attach_sized(tmux, 100, 30)
    }

    /// Attaches to the first session on a terminal of this size.
    ///
    /// # Panics
    /// When the client does not come up.
    #[must_use]
    pub fn attach_sized(tmux: &'a Tmux, columns: u16, rows: u16) -> Viewer<'a> {
        Viewer::attach_to(tmux, "one", columns, rows)
    }

    /// Attaches to this session on a terminal of this size.
    ///
    /// # Panics
    /// When the client does not come up.
    #[must_use]
    pub fn attach_to(tmux: &'a Tmux, session: &str, columns: u16, rows: u16) -> Viewer<'a> {
        let conf = "set -g status off\nset -g remain-on-exit on\nset -s escape-time 0\n";
        fs::write(tmux.path("outer.conf"), conf).expect("the outer configuration is written");
        let inner = format!(
            "TMUX= exec '{}' -L test attach-session -t {session} 2>'{}'",
            binary().display(),
            tmux.path("viewer.err").display()
        );
        // A client tells its size once more after it is attached: that comes first.
        let hook = ["set-hook", "-g", "client-resized", "set -g @resized 1"];
        let _ = tmux.run(hook.iter().chain(&[";", "set", "-gu", "@resized"])).ok();
        let mut viewer = Viewer { tmux, outer: tmux.server() };
        let (x, y) = (format!("-x{columns}"), format!("-y{rows}"));
        let _ = viewer.run(["new-session", "-d", &x, &y, "-sv", &inner]).ok();
        let pid = viewer.run(["display-message", "-p", "#{pid}"]).ok();
        let pid = pid.trim().parse().expect("a pid is a number");
        viewer.outer = Process::of(pid).expect("the outer server runs");
        let status = format!("[{session}]");
        until("the client shows its status line", || viewer.screen().contains(&status));
        tmux.until_format("#{@resized}", "1");
        viewer
    }

    fn command(&self) -> Command {
        let mut command = self.tmux.environment(&binary());
        command.args(["-L", "outer", "-f"]).arg(self.tmux.path("outer.conf"));
        command
    }

    fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        Running::start(self.command().args(args), b"").wait()
    }

    /// What is on the screen now.
    #[track_caller]
    #[must_use]
    pub fn screen(&self) -> String {
        self.run(["capture-pane", "-p", "-t", "v:"]).ok()
    }

    /// What is on the screen as one line: frames left out, and broken lines joined
    /// by single blanks.
    #[track_caller]
    #[must_use]
    pub fn words(&self) -> String {
        let screen = self.screen().replace(|c: char| ('\u{2500}'..'\u{2580}').contains(&c), " ");
        screen.split_whitespace().collect::<Vec<&str>>().join(" ")
    }

    /// Waits until the screen has these words, however its lines are broken.
    #[track_caller]
    pub fn until_words(&self, words: &str) {
        until(&format!("the screen says {words:?}, not\n{}", self.screen()), || {
            self.words().contains(words)
        });
    }

    /// Presses the key of the menu's line that has this text, however many pages
    /// away it is.
    #[track_caller]
    pub fn press(&self, text: &str) {
        let key = until_some(&format!("{text:?} is listed with a key"), || {
            let screen = self.screen();
            let key = screen.lines().find_map(|line| key_after(line, text));
            if key.is_none() && screen.contains("(n)") {
                self.keys(&["n"]);
                until("the page turns", || self.screen() != screen);
            }
            key
        });
        self.keys(&[&key.to_string()]);
    }

    /// The name by which commands know this client.
    #[track_caller]
    #[must_use]
    pub fn name(&self) -> String {
        let pid = self.client().pid.to_string();
        let list = self.tmux.run(["list-clients", "-F", "#{client_pid} #{client_name}"]).ok();
        let mut clients = list.lines().filter_map(|line| line.split_once(' '));
        clients.find(|(client, _)| *client == pid).expect("it is attached").1.to_string()
    }

    /// The same with the attributes of each cell, as escape sequences.
    #[track_caller]
    #[must_use]
    pub fn coloured(&self) -> String {
        self.run(["capture-pane", "-p", "-e", "-t", "v:"]).ok()
    }

    /// Waits until the screen has this text.
    #[track_caller]
    pub fn until(&self, text: &str) {
        let mut last = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(&format!("the screen shows {text:?}"), || {
                last = self.screen();
                last.contains(text)
            });
        }));
        assert!(found.is_ok(), "the screen never shows {text:?}, at last it was\n{last}");
    }

    /// Waits until the screen has this text no more.
    #[track_caller]
    pub fn until_gone(&self, text: &str) {
        until(&format!("{text:?} leaves the screen"), || !self.screen().contains(text));
    }

    /// Opens the question of a server, unless it is open, and waits until it is.
    #[track_caller]
    pub fn asked(&self, server: &str) {
        self.asked_about(&format!("{server} asks"));
    }

    /// The same with words that are in the question or its title.
    #[track_caller]
    pub fn asked_about(&self, words: &str) {
        until(&format!("{words:?} is asked, not\n{}", self.screen()), || {
            let screen = self.screen();
            if screen.contains("Decline") && screen.contains(words) {
                return true;
            }
            let _ = self.tmux.run(["mcp-answer"]);
            false
        });
    }

    /// Types text as it is.
    #[track_caller]
    pub fn text(&self, text: &str) {
        // At the end of an argument it would separate commands.
        let text = match text.strip_suffix(';') {
            Some(start) => format!("{start}\\;"),
            None => text.to_string(),
        };
        let _ = self.run(["send-keys", "-l", "-t", "v:", &text]).ok();
    }

    /// Changes the size of the terminal.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let (x, y) = (columns.to_string(), rows.to_string());
        let _ = self.run(["resize-window", "-t", "v:", "-x", &x, "-y", &y]).ok();
    }

    /// The process of the client that is looked at.
    #[track_caller]
    #[must_use]
    pub fn client(&self) -> Process {
        let pid = self.run(["list-panes", "-t", "v:", "-F", "#{pane_pid}"]).ok();
        Process::of(pid.trim().parse().expect("a pid is a number")).expect("the client runs")
    }

    /// Types keys by their names in tmux.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        let _ = self.run(["send-keys", "-t", "v:"].iter().chain(keys)).ok();
    }
}

/// The key in parentheses that a line of a menu ends in, when it has this text.
fn key_after(line: &str, text: &str) -> Option<char> {
    let rest = &line[line.find(text)? + text.len()..];
    let (key, end) = rest[rest.rfind('(')? + 1..].split_once(')')?;
    let mut key = key.chars();
    let only = key.next().filter(|_| key.next().is_none())?;
    end.trim_start().starts_with('\u{2502}').then_some(only)
}

impl Drop for Viewer<'_> {
    fn drop(&mut self) {
        if self.outer != self.tmux.server() {
            let mut left = self.outer.descendants();
            left.push(self.outer);
            left.iter().for_each(|process| process.signal(libc::SIGKILL));
            // The next one has the same socket and must not meet the last of this.
            let start = Instant::now();
            while left.iter().any(|process| process.runs()) && start.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}
