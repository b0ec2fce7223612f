//! How long tmux keeps people waiting: somebody types into a pane and a program
//! asks in control mode, each waiting for its answer before it goes on.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Control, Terminal, Tmux};

/// What both probes must see of the positive control.
pub const STOP: Duration = Duration::from_millis(250);

/// How long it stops tmux: neither probe need be asking when it begins.
const STOPPED: Duration = Duration::from_millis(275);

/// What counts as being away: clearly less than [`STOP`], and far more than a
/// loaded machine takes for itself most of the time.
const AWAY: Duration = Duration::from_millis(125);

/// Between two letters or commands.
const PAUSE: Duration = Duration::from_millis(2);

/// Letters that no escape sequence of a terminal ends with.
const LETTERS: &[u8] = b"jkvwxyz";

/// The waits of one probe, shortest first.
#[derive(Clone, Debug)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The wait that so many in a thousand do not exceed.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn per_mille(&self, share: usize) -> Duration {
        self.0[(self.0.len() * share).div_ceil(1000).clamp(1, self.0.len()) - 1]
    }

    /// The longest.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    /// The part of the time in which tmux was away, between 0 and 1. Counted in
    /// waits, one long stop would be one among hundreds.
    #[must_use]
    pub fn away(&self) -> f64 {
        let sum = |waits: &[Duration]| waits.iter().sum::<Duration>().as_secs_f64();
        let first = self.0.partition_point(|wait| *wait < AWAY);
        let pauses = PAUSE.as_secs_f64() * self.0.len() as f64;
        sum(&self.0[first..]) / (sum(&self.0) + pauses)
    }
}

/// In milliseconds: the median, the 99th percentile, the longest.
impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |wait: Duration| wait.as_secs_f64() * 1000.0;
        let (p50, p99) = (ms(self.per_mille(500)), ms(self.per_mille(990)));
        write!(f, "{p50:.2} / {p99:.1} / {:.1}", ms(self.longest()))
    }
}

/// What both probes saw in the same time.
#[derive(Clone, Debug)]
pub struct Round {
    /// Letters until they came back.
    pub typing: Waits,
    /// Commands until they were answered.
    pub control: Waits,
}

impl Round {
    /// The larger part of the time in which tmux was away.
    #[must_use]
    pub fn away(&self) -> f64 {
        self.typing.away().max(self.control.away())
    }
}

/// Somebody in session `one`, and a program.
#[derive(Debug)]
pub struct Probe {
    terminal: Terminal,
    control: Control,
}

impl Probe {
    /// Attaches both. The pane of session `one` gets a `cat` of its own that sends
    /// each byte back.
    #[must_use]
    pub fn attach(tmux: &Tmux) -> Probe {
        let line = "stty raw -echo; exec cat";
        let _ = tmux.run(["set-option", "-t", "one", "status", "off"]).ok();
        let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", line]).ok();
        tmux.until_format("#{pane_current_command}", "cat");
        let mut probe = Probe { terminal: tmux.attach(), control: tmux.control() };
        probe.terminal.echo(b'j');
        probe
    }

    /// The terminal that is typed at.
    pub fn terminal(&mut self) -> &mut Terminal {
        &mut self.terminal
    }

    /// Measures for this long.
    ///
    /// # Panics
    /// When a letter or command is never answered.
    pub fn measure(&mut self, time: Duration) -> Round {
        let Probe { terminal, control } = self;
        let start = Instant::now();
        thread::scope(|scope| {
            let typing = scope.spawn(|| {
                let mut letters = LETTERS.iter().cycle();
                waits(start, time, || terminal.echo(*letters.next().expect("a cycle")))
            });
            let control = scope.spawn(|| waits(start, time, || control.round_trip()));
            Round {
                typing: typing.join().expect("letters come back"),
                control: control.join().expect("commands are answered"),
            }
        })
    }

    /// The positive control: measures while tmux is stopped once.
    pub fn measure_stopped(&mut self, tmux: &Tmux) -> Round {
        let server = tmux.server();
        let stop = thread::spawn(move || {
            thread::sleep(STOP / 2);
            server.signal(libc::SIGSTOP);
            thread::sleep(STOPPED);
            server.signal(libc::SIGCONT);
        });
        let round = self.measure(STOP * 2);
        stop.join().expect("tmux goes on");
        round
    }
}

fn waits(start: Instant, time: Duration, mut once: impl FnMut() -> Duration) -> Waits {
    let mut waits = Vec::new();
    while start.elapsed() < time {
        waits.push(once());
        thread::sleep(PAUSE);
    }
    waits.sort_unstable();
    Waits(waits)
}
