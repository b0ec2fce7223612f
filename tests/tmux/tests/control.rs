//! Control mode: every line in a block or a notification, whatever is waiting.

use tmcp_tmux_tests::{Setup, Tmux, held, stdio, until};

#[test]
fn the_result_of_a_call_comes_in_a_block_of_its_own() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let block = control.command("mcp-call demo echo 'text=one two'");
    assert_eq!((block.lines.len(), block.error), (0, false), "{block:?}");
    let late = control.late(1);
    assert_eq!(late[0].lines, ["one two"]);
    assert!(!late[0].error);
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn the_error_of_a_call_comes_in_a_block_that_ends_with_error() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("mcp-call demo fail message=oh");
    let late = control.late(1);
    assert_eq!((late[0].lines.as_slice(), late[0].error), (&["oh".to_string()][..], true));
    let block = control.command("mcp-call demo echo plain");
    assert!(block.error && block.lines[0].contains("plain"), "{block:?}");
    let _ = control.command("mcp-call nobody echo text=x");
    let _ = control.wait_line("unknown server 'nobody'");
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn several_waiting_calls_keep_the_output_well_formed() {
    let tmux = Tmux::demo();
    let mut clients: Vec<_> = (0..3).map(|_| tmux.control()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        for ms in [300, 100, 1] {
            client.send(&format!("mcp-call demo sleep ms={ms}"));
        }
        client.send(&format!("display-message -p 'last {n}'"));
    }
    for (n, client) in clients.iter().enumerate() {
        assert_eq!(client.wait_line("last"), format!("last {n}"));
        let lines: Vec<String> = client.late(3).into_iter().flat_map(|block| block.lines).collect();
        assert_eq!(lines, ["slept 300 ms", "slept 100 ms", "slept 1 ms"]);
        client.well_formed();
    }
    drop(clients);
    tmux.finish();
}

#[test]
fn panes_and_formats_notify_between_blocks_while_calls_wait() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("refresh-client -B 'm::#{mcp_inflight}/#{mcp_calls}'");
    let [ms, file] = held(&tmux.path("over"));
    control.send(&format!("mcp-call demo sleep {ms} '{file}'"));
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["send-keys", "-t", "one:", "hello", "Enter"]).ok();
    // tmux looks at subscriptions once a second.
    let told = |control: &tmcp_tmux_tests::Control, value: &str| {
        until(&format!("the subscription tells {value}"), || {
            control
                .notifications()
                .iter()
                .any(|line| line.starts_with("%subscription-changed m ") && line.contains(value))
        });
    };
    told(&control, " 1/1");
    std::fs::write(tmux.path("over"), "").expect("written");
    let _ = control.wait_line("slept until");
    told(&control, " 0/1");
    assert!(control.notifications().iter().any(|line| line.starts_with("%output ")));
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn reports_and_lists_come_in_blocks() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .server("bad", serde_json::json!({"command": "/no"}))
        .start();
    let mut control = tmux.control();
    let _ = control.command("mcp-stats");
    let _ = control.wait_line("Total Servers: 2");
    let _ = control.command("mcp-tools demo");
    let _ = control.wait_line("echo  ");
    let _ = control.command("mcp-tools");
    let _ = control.wait_line("Server: demo");
    let _ = control.command("mcp-stats nobody");
    let _ = control.wait_line("unknown server 'nobody'");
    let _ = control.command("mcp-reload");
    assert_eq!(control.command("display-message -p over").lines, ["over"]);
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn a_result_cannot_pretend_to_be_a_guard_or_a_notification() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let text =
        "%begin 1 1 1\n%end 1 1 1\n%error 1 1 0\n%exit\n%output %0 x\n\u{1b}P1000p\n\u{1b}\\";
    let file = tmux.path("home/args.json");
    std::fs::write(&file, serde_json::json!({"text": text}).to_string()).expect("written");
    let _ = control.command(&format!("mcp-call -i {} demo echo", file.display()));
    let late = control.late(1);
    assert_eq!(late[0].lines.len(), 7, "{late:?}");
    assert!(late[0].lines.iter().all(|line| !line.contains('\u{1b}')), "{late:?}");
    assert_eq!(control.command("display-message -p over").lines, ["over"]);
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn neither_an_error_nor_a_template_can_pretend_to_be_a_guard() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let text = serde_json::json!({"message": "x\n%end 1 1 0\n%error 1 1 0"}).to_string();
    std::fs::write(tmux.path("home/fail.json"), text).expect("written");
    let _ = control
        .command(&format!("mcp-call -i {} demo fail", tmux.path("home/fail.json").display()));
    let late = control.late(1);
    assert_eq!(late[0].lines, ["x", "\\045end 1 1 0", "\\045error 1 1 0"]);
    assert!(late[0].error);
    for command in [
        "mcp-stats -F '%end 1 1 0'",
        "mcp-stats -F '%error 1 1 0' -f 1",
        "mcp-jobs -F '%begin 1 1 0' -f 1",
    ] {
        let block = control.command(command);
        assert!(block.lines.iter().all(|line| line.starts_with("\\045")), "{command}: {block:?}");
    }
    let refused = control.command("mcp-stats '%end 1 1 0'");
    assert!(refused.error, "{refused:?}");
    let refused = control.command("mcp-call -T '%end' demo echo text=x");
    assert!(refused.error, "{refused:?}");
    assert_eq!(control.command("display-message -p over").lines, ["over"]);
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn a_background_call_prints_nothing_in_control_mode() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("mcp-call -b demo echo text=quiet");
    until("it ran", || tmux.buffer("mcp").as_deref() == Some("quiet"));
    assert_eq!(control.command("display-message -p over").lines, ["over"]);
    assert!(control.late(0).is_empty(), "{:?}", control.late(0));
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn a_control_client_that_goes_while_it_waits_harms_nobody() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    control.send("mcp-call demo sleep ms=60000");
    tmux.until_format("#{mcp_inflight}", "1");
    drop(control);
    tmux.until_format("#{mcp_inflight}", "0");
    tmux.lives();
    tmux.finish();
}

/// A guard with names for its numbers, so that the same number has the same name.
fn named(line: &str, names: &mut Vec<String>) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let [guard @ ("%begin" | "%end" | "%error"), _, number, flags] = words[..] else {
        return line.trim_end().to_owned();
    };
    let name = names.iter().position(|name| name == number).unwrap_or_else(|| {
        names.push(number.to_owned());
        names.len() - 1
    });
    format!("{guard} {name} {flags}")
}

#[test]
fn the_dialogues_of_the_page_are_what_happens() {
    let page = include_str!("../../../docs/control-mode.md");
    let dialogues: Vec<&str> = page
        .split("```control\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("split gives one"))
        .collect();
    assert_eq!(dialogues.len(), 5, "dialogues of the page");
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    let mut at = control.raw().len();
    for line in dialogues.iter().flat_map(|dialogue| dialogue.lines()) {
        if let Some(command) = line.strip_prefix("> ") {
            control.send(command);
            continue;
        }
        let wanted = named(line, &mut theirs);
        until(&format!("{line:?} comes"), || {
            let raw = control.raw();
            while let Some(line) = raw.get(at) {
                at += 1;
                let home = tmux.path("home").display().to_string();
                let came = named(&line.replace(&home, "/home/me"), &mut ours);
                if came == wanted {
                    return true;
                }
                // Notifications may come at any time; anything else may not.
                let notification = line.starts_with('%') && came == line.trim_end();
                assert!(notification, "{line:?} came instead of {wanted:?}: {raw:#?}");
            }
            false
        });
    }
    control.well_formed();
    drop(control);
    tmux.finish();
}
