//! One byte stream: two pipes with a limited capacity, and perhaps a process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tmcp::config::Transport;

use crate::profile::Profile;

/// What the engine was told of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was asked for.
    Opening,
    /// `opened` was reported.
    Open,
    /// The engine closed its end; a process is still known.
    Closed,
    /// The engine wants to hear nothing more.
    Forgotten,
}

/// How what the server says ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Eof,
    Reset,
}

/// A call being served.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub tool: String,
    pub token: u64,
    pub progress_token: Option<String>,
    pub modern: bool,
    pub cancelled: bool,
    pub fate: Fate,
    /// Answers that came before, when the client was asked in a result.
    pub round: usize,
}

/// What becomes of a call at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Answered,
    Twice,
    Malformed,
    InputRequired,
    UnknownType,
    /// It runs and is never answered.
    Silent,
    /// It never runs and is never answered.
    Ignored,
    DiesBefore,
    DiesAfter,
    /// The connection is reset after half of the answer.
    HalfAnswered,
    /// The answer lacks its newline, then the stream ends.
    NoNewline,
    /// It runs, and the server closes its output instead of answering.
    Mute,
}

/// What a server wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Form,
    Url,
    Sample,
    Roots,
    /// Something that no client knows.
    Unknown,
}

/// A question of a server; its text is its own.
#[derive(Clone, Debug)]
pub struct Want {
    pub what: Wanted,
    pub text: String,
}

/// The server's end of a stream.
#[derive(Debug, Default)]
pub struct Peer {
    pub dead: bool,
    pub booted: bool,
    pub partial: Vec<u8>,
    pub discovered: u32,
    pub initialized: bool,
    pub welcomed: bool,
    pub seen: BTreeSet<u64>,
    pub jobs: BTreeMap<u64, Job>,
    pub waiting: VecDeque<u64>,
    pub busy: bool,
    /// Questions that are not answered yet; those of a person with their words.
    pub asked: BTreeMap<String, Option<Want>>,
    /// Questions that it no longer wants an answer to.
    pub taken_back: BTreeSet<String>,
    /// Which questions each job waits for.
    pub waits: BTreeMap<u64, BTreeSet<String>>,
    pub subscribed: BTreeSet<String>,
    /// Where it said that lists go on: in the legacy era nobody else may ask there.
    pub cursors: BTreeSet<String>,
    pub listens: BTreeMap<u64, Vec<String>>,
}

/// The process behind a stream.
#[derive(Debug)]
pub struct Child {
    pub pid: i32,
    pub alive: bool,
    /// The engine was told of its end.
    pub reaped: bool,
}

/// One byte stream.
#[derive(Debug)]
pub struct Link {
    pub server: usize,
    pub channel: Transport,
    /// The server's when it was opened.
    pub generation: u64,
    pub profile: Profile,
    pub stage: Stage,
    /// When the engine asked for it, in microseconds.
    pub asked: u64,
    /// From the engine, not yet read by the server.
    pub up: VecDeque<u8>,
    pub up_ended: bool,
    /// The last write found the pipe full.
    pub blocked: bool,
    /// From the server, not yet given to the engine.
    pub down: VecDeque<u8>,
    pub ending: Option<Ending>,
    pub end_told: bool,
    pub peer: Peer,
    pub child: Option<Child>,
    /// Everything that the engine has written.
    pub written: u64,
}

impl Link {
    pub fn new(
        asked: u64,
        server: usize,
        channel: Transport,
        generation: u64,
        profile: Profile,
    ) -> Link {
        Link {
            server,
            channel,
            generation,
            profile,
            stage: Stage::Opening,
            asked,
            up: VecDeque::new(),
            up_ended: false,
            blocked: false,
            down: VecDeque::new(),
            ending: None,
            end_told: false,
            peer: Peer::default(),
            child: None,
            written: 0,
        }
    }

    /// What the server tells changes of.
    pub fn watched(&self) -> impl Iterator<Item = &String> {
        self.peer.subscribed.iter().chain(self.peer.listens.values().flatten())
    }

    /// Whether what the server says still goes somewhere.
    pub fn is_heard(&self) -> bool {
        !self.peer.dead && self.ending.is_none() && self.stage != Stage::Forgotten
    }

    /// Whether the engine may still be told something of it.
    pub fn is_known(&self) -> bool {
        self.stage != Stage::Forgotten
    }
}
