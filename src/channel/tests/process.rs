//! The stdio channel and the life of its process.

use super::*;
use crate::error::Kind;
use crate::sys::{process, testing};

/// What the kernel under a test can do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kernel {
    /// No pidfds: before Linux 5.3, and under valgrind.
    Plain,
    /// Pidfds that name one process.
    Pidfd,
    /// Pidfds that can be asked for the group: Linux 6.9.
    PidfdOfGroup,
}

impl Kernel {
    fn spawn(self, program: Program) -> Stdio {
        let program = Program { use_pidfd: self != Kernel::Plain, ..program };
        let mut stdio = Stdio::spawn(&program).unwrap();
        if self != Kernel::PidfdOfGroup {
            stdio.child.process.forget_group_by_pidfd();
        }
        stdio
    }
}

fn on_each_kernel(test: impl Fn(Kernel)) {
    test(Kernel::Plain);
    test(Kernel::Pidfd);
    test(Kernel::PidfdOfGroup);
}

/// The number that a script printed on a line of its own.
#[track_caller]
fn printed_pid(host: &mut Host, stdio: &mut Stdio) -> i32 {
    host.until(stdio, |h| h.out.ends_with(b"\n"));
    host.text().trim().parse().unwrap()
}

fn lines_of(ring: &mut StderrRing) -> Vec<String> {
    let mut lines: Vec<Vec<u8>> = std::iter::from_fn(|| ring.next_line()).collect();
    lines.extend(ring.take_partial());
    lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
}

#[test]
fn a_child_echoes_and_ends_when_its_input_closes() {
    on_each_kernel(|kernel| {
        let mut stdio = kernel.spawn(program("cat", &[]));
        let mut host = Host::watching(&mut stdio);
        assert_eq!(stdio.child.pidfd().is_some(), kernel != Kernel::Plain);
        assert_eq!(stdio.write(b"hello\n").unwrap(), Flow::Bytes(6));
        host.until(&mut stdio, |h| h.out == b"hello\n");
        assert_eq!((host.status, stdio.child.is_gone()), (None, false));
        stdio.close_stdin();
        assert_eq!(stdio.write(b"more").unwrap(), Flow::Closed);
        // A look may be quicker than the event, which must come all the same.
        let told = |h: &Host| kernel == Kernel::Plain || h.parts.contains(&EventSource::Exit);
        host.until(&mut stdio, |h| h.status.is_some() && h.closed && told(h));
        assert_eq!(host.status, Some(ExitStatus::Code(0)));
        assert!(!stdio.child.signal(Signal::Kill), "nobody is left");
    });
}

#[test]
fn a_child_inherits_no_signal_settings_and_no_descriptors() {
    testing::ignore_signals_like_tmux();
    let leak = testing::leaky_copy(&std::fs::File::open("/proc/self/status").unwrap());
    assert!(Path::new(&format!("/proc/self/fd/{leak}")).exists());
    let run = |command, args: &[&str]| {
        // Not through a shell, which puts some of it right by itself.
        let mut stdio = Stdio::spawn(&program(command, args)).unwrap();
        let mut host = Host::watching(&mut stdio);
        host.until(&mut stdio, |h| h.closed);
        (stdio.child.pid(), host.text().to_owned())
    };
    let (_, status) = run("cat", &["/proc/self/status"]);
    for mask in ["SigBlk", "SigIgn", "SigCgt"] {
        let line = format!("{mask}:\t0000000000000000");
        assert!(status.contains(&line), "{mask} in {status}");
    }
    let (_, fds) = run("ls", &["/proc/self/fd"]);
    assert_eq!(fds, "0\n1\n2\n3\n", "the last is the directory that ls reads");
    let (pid, stat) = run("cat", &["/proc/self/stat"]);
    assert_eq!(stat.split(' ').nth(4), Some(&*pid.to_string()), "its own group: {stat}");
}

#[test]
fn the_environment_and_the_directory_are_the_given_ones() {
    let dir = Scratch::new();
    let mut env = program("env", &[]);
    for (name, value) in [("A", "old"), ("B", "ä b"), ("A", "new")] {
        env.env.push((name.into(), value.into()));
    }
    let mut pwd = program("pwd", &[]);
    pwd.cwd = Some(dir.0.clone());
    let shown = dir.0.display();
    for (program, text) in
        [(env, "PATH=/usr/bin:/bin\nB=ä b\nA=new\n".to_owned()), (pwd, format!("{shown}\n"))]
    {
        let mut stdio = Stdio::spawn(&program).unwrap();
        let mut host = Host::watching(&mut stdio);
        host.until(&mut stdio, |h| h.closed);
        assert_eq!(host.text(), text);
    }
}

#[test]
fn what_is_wrong_with_a_command_is_named() {
    let dir = Scratch::new();
    let plain = dir.file("plain", "x", 0o644);
    let orphan = dir.file("orphan", "#!/no/such/interpreter\n", 0o755);
    let bare = dir.file("bare", "echo no first line\n", 0o755);
    let at = |p: &Path| p.to_str().unwrap().to_owned();
    let fail = |program: &Program| {
        let e = Stdio::spawn(program).unwrap_err();
        assert_eq!(e.kind(), Kind::Invalid, "{e}");
        e.to_string()
    };

    let none = program("no-such-command", &[]);
    let path = none.env[0].1.to_string_lossy().into_owned();
    let text = format!("command 'no-such-command' not found on PATH ({path}; to change it, ");
    assert!(fail(&none).starts_with(&text), "{}", fail(&none));
    assert!(fail(&none).contains("tmux set-environment -g PATH"), "{}", fail(&none));
    let mut own = program("no-such-command", &[]);
    own.env.push(("PATH".into(), "/own".into()));
    let text = "command 'no-such-command' not found on PATH (/own; as the entry's 'env' sets it)";
    assert_eq!(fail(&own), text);
    for line in ["npx -y x", "/bin/npx -y x"] {
        let told = fail(&program(line, &[]));
        assert!(told.ends_with("; it holds blanks: arguments belong into 'args'"), "{told}");
    }
    let mut denied = program("plain", &[]);
    denied.env[0].1 = dir.0.clone().into();
    let text = format!("command 'plain': permission denied ({})", plain.display());
    assert_eq!(fail(&denied), text);
    let cases = [
        (at(&plain), ": permission denied"),
        (at(&dir.0), ": is a directory"),
        ("/no/such".to_owned(), ": no such file or directory"),
        (at(&orphan), " cannot be started: its interpreter was not found"),
        (at(&bare), " cannot be started: not a program for this system, nor a script with #!"),
    ];
    for (command, text) in cases {
        assert_eq!(fail(&program(&command, &[])), format!("command '{command}'{text}"));
    }
    assert_eq!(fail(&program("", &[])), "the command is empty");

    let cat = |cwd: &Path| Program { cwd: Some(cwd.to_owned()), ..program("cat", &[]) };
    assert_eq!(fail(&cat(Path::new("/no/such"))), "cwd '/no/such': no such directory");
    let text = format!("cwd '{}': not a directory", plain.display());
    assert_eq!(fail(&cat(&plain)), text);

    let mut secret = program("cat", &[]);
    secret.env.push(("KEY".into(), "s3cret\0".into()));
    let text = "the value of environment variable 'KEY' contains a NUL byte";
    assert_eq!(fail(&secret), text);
    assert!(!format!("{secret:?}").contains("s3cret"));
}

#[test]
fn the_path_is_the_childs_and_relative_to_its_directory() {
    let dir = Scratch::new();
    dir.file("tool", "#!/bin/sh\necho found\n", 0o755);
    for path in ["/nowhere:", ":/nowhere", "."] {
        let mut tool = program("tool", &[]);
        tool.env[0].1 = path.into();
        let told = message(Stdio::spawn(&tool));
        assert!(told.starts_with("command 'tool' not found on PATH"), "{told}");
        tool.cwd = Some(dir.0.clone());
        let mut stdio = Stdio::spawn(&tool).unwrap();
        let mut host = Host::watching(&mut stdio);
        host.until(&mut stdio, |h| h.closed);
        assert_eq!(host.text(), "found\n");
    }
}

#[test]
fn a_child_that_ends_at_once_leaves_its_last_words() {
    on_each_kernel(|kernel| {
        let script = "echo out; echo one >&2; printf two >&2; exit 3";
        let mut stdio = kernel.spawn(shell(script));
        let mut host = Host::watching(&mut stdio);
        host.until(&mut stdio, |h| h.status.is_some() && h.closed);
        let mut scratch = [0; 64];
        while stdio.read_stderr(&mut scratch).unwrap() != Flow::Closed {}
        assert_eq!(host.text(), "out\n");
        assert_eq!(host.status.unwrap().to_string(), "exit status 3");
        assert_eq!(lines_of(&mut stdio.ring), ["one", "two"]);
    });
}

#[test]
fn a_flood_of_diagnostics_holds_nobody_up() {
    let script = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo; echo the end >&2; echo done";
    let mut stdio = Stdio::spawn(&shell(script)).unwrap();
    let mut host = Host::watching(&mut stdio);
    host.until(&mut stdio, |h| h.out == b"\ndone\n");
    host.until(&mut stdio, |h| h.status.is_some());
    while stdio.read_stderr(&mut [0; 512]).unwrap() != Flow::Closed {}
    assert_eq!(stdio.ring.total(), 1_000_000 + 8);
    assert!(lines_of(&mut stdio.ring).last().unwrap().ends_with("the end"));
}

#[test]
fn a_full_pipe_blocks_and_becomes_writable_again() {
    let mut stdio = Stdio::spawn(&program("cat", &[])).unwrap();
    let mut host = Host::watching(&mut stdio);
    // The first event tells only that the pipe was empty.
    host.until(&mut stdio, |h| h.parts.contains(&EventSource::Write));
    let mut sent = 0;
    while let Flow::Bytes(n) = stdio.write(&[7; 5000]).unwrap() {
        sent += n;
    }
    assert!(sent > 0);
    host.parts.clear();
    host.until(&mut stdio, |h| h.parts.contains(&EventSource::Write));
    while let Flow::Bytes(n) = stdio.write(&[7; 5000]).unwrap() {
        sent += n;
    }
    stdio.close_stdin();
    host.until(&mut stdio, |h| h.closed);
    assert_eq!(host.out.len(), sent);
}

/// A server that leaves `sleep` in its group, which shrugs off SIGTERM or not;
/// it prints the number of that process first.
fn leaves_one_behind(stubborn: bool, then: &str) -> Program {
    // Set before the other starts, so that no signal can be quicker than it.
    let (deaf, hearing) = if stubborn { ("trap '' TERM; ", "trap - TERM; ") } else { ("", "") };
    let script = format!("{deaf}sleep 60 & {hearing}echo $!; {then}");
    shell(&script)
}

#[test]
fn a_grandchild_that_keeps_the_pipes_does_not_keep_us() {
    on_each_kernel(|kernel| {
        let program = leaves_one_behind(false, "exit 4");
        let mut stdio = kernel.spawn(program);
        let mut host = Host::watching(&mut stdio);
        host.until(&mut stdio, |h| h.status.is_some() && h.closed);
        assert_eq!(host.status, Some(ExitStatus::Code(4)));
        let grandchild = printed_pid(&mut host, &mut stdio);
        eventually("the leftover is told to end", || !testing::is_alive(grandchild));
    });
}

#[test]
fn a_grandchild_without_ears_cannot_hold_the_channel_open() {
    // Nothing is signalled here before the channel is seen to close: only the
    // end of the leader may close it.
    let program = leaves_one_behind(true, "exit 0");
    let mut stdio = Stdio::spawn(&program).unwrap();
    let mut host = Host::watching(&mut stdio);
    host.until(&mut stdio, |h| h.closed);
    let grandchild = printed_pid(&mut host, &mut stdio);
    assert!(testing::is_alive(grandchild));
    assert_eq!(stdio.read_stderr(&mut [0; 8]).unwrap(), Flow::Closed);
    if stdio.child.group_is_alive() {
        assert!(stdio.child.signal(Signal::Kill), "the pidfd still names the group");
    } else {
        testing::kill(grandchild);
    }
    eventually("it is killed", || !testing::is_alive(grandchild));
}

#[test]
fn signals_reach_the_whole_group() {
    for signal in [Signal::Terminate, Signal::Kill] {
        on_each_kernel(|kernel| {
            let program = leaves_one_behind(signal == Signal::Kill, "wait");
            let mut stdio = kernel.spawn(program);
            let mut host = Host::watching(&mut stdio);
            let grandchild = printed_pid(&mut host, &mut stdio);
            assert!(stdio.child.signal(signal));
            host.until(&mut stdio, |h| h.status.is_some());
            let text = match signal {
                Signal::Terminate => "killed by signal 15 (SIGTERM)",
                Signal::Kill => "killed by signal 9 (SIGKILL)",
            };
            assert_eq!(host.status.unwrap().to_string(), text);
            eventually("the grandchild ends", || !testing::is_alive(grandchild));
        });
    }
}

#[test]
fn what_ignores_the_end_of_its_leader_is_killed() {
    on_each_kernel(|kernel| {
        let program = leaves_one_behind(true, "wait");
        let mut stdio = kernel.spawn(program);
        let mut host = Host::watching(&mut stdio);
        let grandchild = printed_pid(&mut host, &mut stdio);
        stdio.child.signal(Signal::Terminate);
        host.until(&mut stdio, |h| h.status.is_some());
        if stdio.child.group_is_alive() {
            stdio.child.signal(Signal::Kill);
        }
        eventually("the grandchild is killed", || !testing::is_alive(grandchild));
    });
}

#[test]
fn a_host_that_reaps_first_is_believed_and_the_number_left_alone() {
    on_each_kernel(|kernel| {
        let program = leaves_one_behind(true, "read x; exit 5");
        let mut stdio = kernel.spawn(program);
        let pid = stdio.child.pid();
        let mut host = Host::watching(&mut stdio);
        let grandchild = printed_pid(&mut host, &mut stdio);
        stdio.close_stdin();
        let mut reaped = None;
        eventually("the host reaps", || {
            reaped = testing::host_waits(pid).unwrap();
            reaped.is_some()
        });
        assert!(!stdio.child.is_gone(), "nobody told yet");
        assert_eq!(stdio.child.try_reap(), None);
        assert!(stdio.child.is_gone());
        assert_eq!(stdio.child.status(), None);
        stdio.child.exited_elsewhere(reaped.unwrap());
        assert_eq!(stdio.child.try_reap(), Some(ExitStatus::Code(5)));
        stdio.child.exited_elsewhere(ExitStatus::Code(9));
        assert_eq!(stdio.child.status(), Some(ExitStatus::Code(5)), "the first word counts");
        // Not by number, though the group is there and the number would do.
        if stdio.child.group_is_alive() {
            assert_eq!(kernel, Kernel::PidfdOfGroup);
            assert!(stdio.child.signal(Signal::Kill));
        } else {
            assert!(!stdio.child.signal(Signal::Kill));
            assert!(testing::is_alive(grandchild));
            testing::kill(grandchild);
        }
        eventually("the grandchild ends", || !testing::is_alive(grandchild));
    });
}

#[test]
fn a_host_that_reaps_behind_our_back_is_noticed_before_a_signal() {
    let program = Program { use_pidfd: false, ..shell("exit 0") };
    let mut stdio = Stdio::spawn(&program).unwrap();
    let pid = stdio.child.pid();
    eventually("the host reaps", || testing::host_waits(pid).unwrap().is_some());
    assert!(!stdio.child.signal(Signal::Kill));
    assert!(stdio.child.is_gone());
}

#[test]
fn a_dropped_child_is_told_to_end_and_reaped_later() {
    let program = leaves_one_behind(false, "wait");
    let mut stdio = Stdio::spawn(&program).unwrap();
    let pid = stdio.child.pid();
    let mut host = Host::watching(&mut stdio);
    let grandchild = printed_pid(&mut host, &mut stdio);
    drop(stdio);
    eventually("both end", || !testing::is_alive(pid) && !testing::is_alive(grandchild));
    eventually("no zombie is left", || {
        process::sweep();
        !Path::new(&format!("/proc/{pid}")).exists()
    });
}

#[test]
fn an_exit_reads_as_a_sentence() {
    for (raw, text) in [
        (3 << 8, "exit status 3"),
        (9, "killed by signal 9 (SIGKILL)"),
        (11 | 0x80, "killed by signal 11 (SIGSEGV)"),
        (40, "killed by signal 40"),
    ] {
        assert_eq!(ExitStatus::from_wait(raw).unwrap().to_string(), text);
    }
    assert_eq!(ExitStatus::from_wait(0x137f), None, "stopped is not ended");
}

#[test]
fn a_broken_pipe_is_an_end_where_sigpipe_kills() {
    let (status, out) = alone("channel::tests::process::alone_writing_to_a_closed_pipe");
    assert_eq!(status, ExitStatus::Code(0), "{out}");
    let (status, _) = alone("channel::tests::process::alone_writing_unshielded");
    assert_eq!(status, ExitStatus::Signal(libc::SIGPIPE), "or the first proves nothing");
}

/// A child that has closed its standard input.
fn deaf() -> (Stdio, Host) {
    testing::make_sigpipe_deadly();
    let mut stdio = Stdio::spawn(&shell("exec <&-; echo deaf; exec sleep 60")).unwrap();
    let mut host = Host::watching(&mut stdio);
    host.until(&mut stdio, |h| h.out == b"deaf\n");
    (stdio, host)
}

#[test]
#[ignore = "run by a_broken_pipe_is_an_end_where_sigpipe_kills"]
fn alone_writing_to_a_closed_pipe() {
    if !is_alone() {
        return;
    }
    let (mut stdio, _host) = deaf();
    for _ in 0..3 {
        assert_eq!(stdio.write(b"x").unwrap(), Flow::Closed);
    }
    assert!(!testing::sigpipe_is_blocked());
}

#[test]
#[ignore = "run by a_broken_pipe_is_an_end_where_sigpipe_kills"]
fn alone_writing_unshielded() {
    if !is_alone() {
        return;
    }
    let (mut stdio, _host) = deaf();
    stdio.shield = false;
    // Its group is its own, so it is ended by hand before this process dies.
    stdio.child.signal(Signal::Kill);
    let _ = stdio.write(b"x");
}

#[test]
fn a_host_without_standard_descriptors_can_start_servers() {
    let (status, _) = alone("channel::tests::process::alone_without_standard_descriptors");
    assert_eq!(status, ExitStatus::Code(42));
}

#[test]
#[ignore = "run by a_host_without_standard_descriptors_can_start_servers"]
fn alone_without_standard_descriptors() {
    if !is_alone() {
        return;
    }
    // Nothing can be printed here, so the exit status tells where it went wrong.
    testing::close_standard_fds();
    let script = "read line; echo out:$line; echo err:$line >&2";
    let Ok(mut stdio) = Stdio::spawn(&shell(script)) else { testing::exit_now(1) };
    if (0..3).any(|fd| Path::new(&format!("/proc/self/fd/{fd}")).exists()) {
        testing::exit_now(2);
    }
    let mut host = Host::watching(&mut stdio);
    stdio.write(b"x\n").unwrap();
    host.until(&mut stdio, |h| h.status.is_some() && h.closed);
    let err = lines_of(&mut stdio.ring);
    testing::exit_now(if host.text() == "out:x\n" && err == ["err:x"] { 42 } else { 3 });
}

#[test]
fn nothing_is_left_of_two_hundred_children() {
    let (status, out) = alone("channel::tests::process::alone_two_hundred_rounds");
    assert_eq!(status, ExitStatus::Code(0), "{out}");
}

#[test]
#[ignore = "run by nothing_is_left_of_two_hundred_children"]
fn alone_two_hundred_rounds() {
    if !is_alone() {
        return;
    }
    let fds = || count(Path::new("/proc/self/fd"));
    let before = fds();
    for round in 0..200 {
        let mut stdio = Stdio::spawn(&program("cat", &[])).unwrap();
        let mut host = Host::watching(&mut stdio);
        match round % 5 {
            0 => stdio.close_stdin(),
            1 => assert!(stdio.child.signal(Signal::Kill)),
            2 => {
                stdio.child.signal(Signal::Terminate);
                let pid = stdio.child.pid();
                eventually("the host reaps", || testing::host_waits(pid).unwrap().is_some());
                stdio.child.exited_elsewhere(ExitStatus::Signal(15));
            }
            3 => {
                message(Stdio::spawn(&program("no-such-command", &[])));
                continue;
            }
            _ => continue,
        }
        host.until(&mut stdio, |h| h.status.is_some() && h.closed);
    }
    let nobody = |r: io::Result<_>| r.is_err_and(|e| e.raw_os_error() == Some(libc::ECHILD));
    eventually("the dropped ones are reaped", || {
        process::sweep();
        fds() == before
    });
    assert!(nobody(testing::host_waits(-1)), "a zombie is left");
}
