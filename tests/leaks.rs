//! Nothing is left after many calls and crashes, whoever reaps. Alone in its
//! binary: it counts the children and descriptors of the process.

mod common;

use std::time::Duration;

use common::{Driver, Home, entry, write_config};

/// Our children, zombies included.
fn children() -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .flat_map(|task| {
            let path = task.unwrap().path().join("children");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()
        })
        .collect()
}

fn descriptors() -> usize {
    // The one that reads the directory counts itself both times.
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Who reaps the processes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reaper {
    Library,
    Host,
    /// It does not say how they ended.
    SilentHost,
}

/// Reaps whatever has ended, as tmux does, and tells the client.
fn reap(driver: &mut Driver, reaper: Reaper, reaped: &mut usize) {
    if reaper == Reaper::Library {
        return;
    }
    loop {
        let mut status = 0;
        #[allow(unsafe_code)]
        // SAFETY: `status` is a valid place for the status.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
        if pid <= 0 {
            return;
        }
        if reaper == Reaper::Host {
            driver.client.child_exited(pid, status);
        }
        *reaped += 1;
    }
}

fn calls_with_crashes(reaper: Reaper) -> usize {
    let home = Home::new("leaks");
    let quick = r#""retry_backoff":1,"retry_attempts":20"#;
    let pool = format!("{quick},\"pool_max_size\":3");
    let servers = format!(
        "{{\"one\":{},\"grand\":{},\"three\":{}}}",
        entry(&["--exit-after", "7"], quick),
        entry(&["--grandchild"], quick),
        entry(&["--stderr-flood", "100000"], &pool),
    );
    write_config(&home, &servers);
    let mut driver = Driver::at(home);
    let mut reaped = 0;
    let mut finished = 0;
    for round in 0..25 {
        let ids: Vec<_> = ["one", "grand", "three", "three", "three", "one", "grand", "three"]
            .iter()
            .enumerate()
            .map(|(n, server)| {
                let tool = match (n + round) % 9 {
                    0 => "crash",
                    1 => "exit",
                    _ => "pid",
                };
                driver.start(server, tool, "{}")
            })
            .collect();
        for id in ids {
            let done = driver.until("a completion", |driver| {
                reap(driver, reaper, &mut reaped);
                let at = driver.events.iter().position(
                    |event| matches!(event, tmcp::client::Event::Done(done) if done.id == id),
                )?;
                Some(driver.events.remove(at))
            });
            drop(done);
            finished += 1;
        }
    }
    assert_eq!(finished, 200);
    for server in ["one", "grand", "three"] {
        assert!(driver.number(server, "Restarts") > 0, "{server} never crashed");
        let live = driver.number(server, "Total Connections");
        assert!(live <= 3, "{live} processes of {server}");
    }
    // Whatever ended is cleared away while the client lives, without a new start.
    driver.until("no zombies", |driver| {
        reap(driver, reaper, &mut reaped);
        let zombies = children().into_iter().any(|pid| !common::is_running(pid as u32));
        (!zombies).then_some(())
    });
    let turns = driver.turns_within(Duration::from_millis(200));
    assert!(turns < 40, "{turns} turns with nothing to do");
    drop(driver);
    reaped
}

#[test]
fn two_hundred_calls_with_crashes_leave_no_child_and_no_descriptor() {
    // The clock and the like open nothing later; a first run settles the rest.
    for reaper in [Reaper::Library, Reaper::Host, Reaper::SilentHost, Reaper::Library] {
        let before = descriptors();
        let reaped = calls_with_crashes(reaper);
        assert_eq!(reaped > 0, reaper != Reaper::Library);
        // The processes of the dropped client end by themselves; the next start
        // reaps them, or the host does.
        let start = std::time::Instant::now();
        while children().iter().any(|pid| common::is_running(*pid as u32)) {
            assert!(start.elapsed() < common::PATIENCE, "{:?} live on", children());
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut sweeper = common::one("sweep", &[], "");
        sweeper.text("s", "pid", "{}");
        let left = children();
        assert_eq!(left.len(), 1, "zombies are left: {left:?}");
        drop(sweeper);
        while common::is_running(left[0] as u32) {
            assert!(start.elapsed() < common::PATIENCE);
            std::thread::sleep(Duration::from_millis(5));
        }
        // The pidfds of the last one, and of what sees to its end, are held until
        // somebody reaps them.
        let after = descriptors();
        assert!(after <= before + 2, "{before} descriptors before, {after} after");
    }
}
