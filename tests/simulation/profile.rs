//! What a simulated server is like, and the configuration that leads to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tmcp::config::{Command, Era, PoolTuning, ServerConfig, Settings, Transport};

use crate::random::Random;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Legacy,
    Modern,
    Dual,
}

/// What `server/discover` meets at a server that does not speak it, or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discover {
    /// A modern or dual server answers; a legacy one says -32601.
    Plain,
    Error(i64),
    Silent,
    Dies,
    /// A result that lists only old revisions.
    OnlyOld,
    /// -32022 that names ours; the second time it answers.
    Renegotiate,
    /// -32022 that names none of ours.
    Alien,
}

/// What `initialize` meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialize {
    Plain,
    Error(i64),
    UnknownVersion,
    Malformed,
    Silent,
}

/// How a server takes what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    Eagerly,
    Slowly,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    Plain,
    Fails,
    Malformed,
}

impl Reads {
    /// How many of the waiting bytes a server reads now; `None`: it reads nothing until the
    /// stream has ended.
    pub fn amount(self, random: &mut Random, waiting: usize, ended: bool) -> Option<usize> {
        Some(match self {
            Reads::Never if !ended => return None,
            Reads::Slowly => random.range(1, 60).min(waiting as u64) as usize,
            _ if random.mille(200) => random.below(waiting as u64 + 1) as usize,
            _ => waiting,
        })
    }
}

/// What becomes of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watches {
    Plain,
    Refuses,
    /// It agrees to some of what is asked.
    Partly,
    Silent,
    /// It ends the subscription after a while.
    Ends,
}

/// What a server is like; times in microseconds, chances in thousandths.
#[derive(Clone, Debug)]
pub struct Profile {
    pub speaks: Speaks,
    pub discover: Discover,
    pub initialize: Initialize,
    /// Once probed it refuses `initialize` with -32022.
    pub locks: bool,
    pub serial: bool,
    pub service: u64,
    pub boot: u64,
    /// Chance that a call meets trouble.
    pub trouble: u64,
    /// It ends with every call, so that all that may be tried again is.
    pub ends_with_calls: bool,
    /// Chance of noise beside a message.
    pub noise: u64,
    pub reads: Reads,
    pub ignores_eof: bool,
    pub ignores_term: bool,
    pub refuses: u64,
    pub spawn_fails: u64,
    /// Chance that an open never completes, or much too late.
    pub hangs: u64,
    pub command_missing: bool,
    pub lists: Lists,
    pub watches: Watches,
    pub crlf: bool,
    pub pipe: u64,
}

impl Profile {
    pub fn random(random: &mut Random) -> Profile {
        let speaks = random.pick(&[Speaks::Legacy, Speaks::Legacy, Speaks::Modern, Speaks::Dual]);
        let mut profile = Profile::healthy(random, speaks);
        if random.mille(300) {
            return profile;
        }
        if speaks == Speaks::Legacy || random.mille(150) {
            profile.discover = random.pick(&[
                Discover::Plain,
                Discover::Error(-32602),
                Discover::Error(-32600),
                Discover::Error(-32000),
                Discover::Silent,
                Discover::Dies,
                Discover::OnlyOld,
                Discover::Renegotiate,
                Discover::Alien,
            ]);
        }
        if random.mille(120) {
            profile.initialize = random.pick(&[
                Initialize::Error(-32000),
                Initialize::UnknownVersion,
                Initialize::Malformed,
                Initialize::Silent,
            ]);
        }
        profile.locks = random.mille(300);
        profile.ends_with_calls = random.mille(80);
        profile.trouble = random.pick(&[0, 30, 150, 400]);
        profile.noise = random.pick(&[0, 50, 250]);
        let reads = [Reads::Eagerly, Reads::Eagerly, Reads::Eagerly, Reads::Slowly, Reads::Never];
        if random.mille(200) {
            profile.reads = random.pick(&reads);
        }
        profile.ignores_eof = random.mille(150);
        profile.ignores_term = random.mille(150);
        profile.refuses = random.pick(&[0, 0, 0, 100, 500]);
        profile.spawn_fails = random.pick(&[0, 0, 0, 100, 500]);
        profile.command_missing = random.mille(40);
        if random.mille(150) {
            profile.lists = random.pick(&[Lists::Fails, Lists::Malformed]);
        }
        if random.mille(400) {
            let ways = [Watches::Refuses, Watches::Partly, Watches::Silent, Watches::Ends];
            profile.watches = random.pick(&ways);
        }
        profile.hangs = random.pick(&[0, 0, 0, 0, 100, 500]);
        profile
    }

    /// One that does what it should, at some speed.
    pub fn healthy(random: &mut Random, speaks: Speaks) -> Profile {
        Profile {
            speaks,
            discover: Discover::Plain,
            initialize: Initialize::Plain,
            locks: false,
            serial: random.mille(400),
            service: random.pick(&[100, 5_000, 50_000, 400_000]),
            boot: random.pick(&[0, 1_000, 200_000, 1_500_000]),
            trouble: 0,
            ends_with_calls: false,
            noise: 0,
            reads: Reads::Eagerly,
            ignores_eof: false,
            ignores_term: false,
            refuses: 0,
            spawn_fails: 0,
            hangs: 0,
            command_missing: false,
            lists: Lists::Plain,
            watches: Watches::Plain,
            crlf: random.mille(200),
            pipe: random.pick(&[40, 300, 4096, 65536]),
        }
    }

    /// Whether a call can be served once nothing is broken any more.
    pub fn can_be_served(&self, config: &ServerConfig) -> bool {
        let hasty = |limit: Option<Duration>| limit.is_some_and(|l| l < Duration::from_secs(1));
        if hasty(config.settings.timeout) || hasty(config.settings.operation_timeout) {
            return false;
        }
        match config.era {
            None => true,
            Some(Era::Legacy) => self.speaks != Speaks::Modern,
            Some(Era::Modern) => self.speaks != Speaks::Legacy,
        }
    }
}

/// Whether the pool is tuned. The random numbers of the run go on as without it, so that the
/// pinned seeds stay what they are.
fn tuning(mut random: Random) -> PoolTuning {
    (0..7).for_each(|_| {
        random.below(2);
    });
    random.pick(&[PoolTuning::Off, PoolTuning::On, PoolTuning::On, PoolTuning::Frozen])
}

/// A configuration entry for server `index`.
pub fn entry(random: &mut Random, index: usize) -> Arc<ServerConfig> {
    let ms = |random: &mut Random, from: &[u64]| match random.pick(from) {
        0 => None,
        n => Some(Duration::from_millis(n)),
    };
    let transport = random.pick(&[Transport::Socket, Transport::Stdio]);
    let command = (transport.is_process() || random.mille(600)).then(|| Command {
        program: format!("server-{index}"),
        args: vec![format!("--{}", random.below(3))],
        env: Vec::new(),
        cwd: None,
    });
    let socket = !transport.is_process();
    Arc::new(ServerConfig {
        name: format!("s{index}"),
        transport,
        socket_path: socket.then(|| PathBuf::from(format!("/run/s{index}.sock"))),
        socket_allow_uid: Vec::new(),
        command,
        settings: Settings {
            pool_max_size: random.pick(&[None, None, Some(1), Some(2), Some(3), Some(40)]),
            pool_idle_timeout: random
                .pick(&[None, Some(0), Some(1), Some(5), Some(20)])
                .map(Duration::from_secs),
            max_in_flight: random.pick(&[None, None, Some(1), Some(2), Some(8)]),
            timeout: ms(random, &[0, 0, 0, 80, 2_000, 20_000]),
            operation_timeout: ms(random, &[0, 0, 0, 60, 1_000]),
            retry_attempts: random.pick(&[None, Some(0), Some(1), Some(5)]),
            retry_backoff: ms(random, &[0, 1, 20, 500, 10_000]),
            breaker_failures: random.pick(&[None, None, Some(0), Some(1), Some(2)]),
            breaker_pause: random.pick(&[None, Some(1), Some(20)]),
            ..Settings::default()
        },
        era: random.pick(&[None, None, None, None, None, Some(Era::Legacy), Some(Era::Modern)]),
        pool_tuning: tuning(random.clone()),
        // Of the others nobody asks unless somebody waits for them.
        unsolicited: index % 2 == 0,
        idempotent_tools: vec!["idem".into()],
        ..ServerConfig::default()
    })
}
