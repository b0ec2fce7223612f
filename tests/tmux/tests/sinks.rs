//! Where a result goes: `-o`, and commands that follow.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tmcp_tmux_tests::{Tmux, held, until};

#[test]
fn a_result_goes_to_the_buffer_that_was_named() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["-o", "buffer", "demo", "echo", "text=one"]).ok(), "");
    assert_eq!(tmux.buffer("mcp").as_deref(), Some("one"));
    assert_eq!(tmux.call(["-o", "buffer:mine", "demo", "echo", "text=two"]).ok(), "");
    assert_eq!(tmux.buffer("mine").as_deref(), Some("two"));
    assert_eq!(tmux.buffer("mcp").as_deref(), Some("one"), "the other stays");
    tmux.finish();
}

#[test]
fn results_on_their_way_to_the_usual_buffer_at_the_same_time_keep_one_each() {
    let tmux = Tmux::demo();
    let [ms, file] = held(&tmux.path("over"));
    let _ = tmux.run(["mcp-call", "-b", "demo", "sleep", &ms, &file]).ok();
    let _ = tmux.run(["mcp-call", "-b", "demo", "echo", "text=second"]).ok();
    until("the second is kept", || tmux.buffer("mcp-2").as_deref() == Some("second"));
    let _ = tmux.run(["mcp-call", "-b", "demo", "echo", "text=third"]).ok();
    until("the newest is kept", || tmux.buffer("mcp-2").as_deref() == Some("third"));
    fs::write(tmux.path("over"), "").expect("written");
    until("the first is kept", || tmux.buffer("mcp").is_some_and(|text| text.starts_with("slept")));
    assert_eq!(tmux.buffer("mcp-2").as_deref(), Some("third"));
    let _ = tmux.run(["mcp-call", "-b", "demo", "echo", "text=alone"]).ok();
    until("one alone has the usual buffer", || tmux.buffer("mcp").as_deref() == Some("alone"));
    tmux.finish();
}

#[test]
fn a_result_can_go_nowhere_and_the_status_still_tells() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["-o", "none", "demo", "echo", "text=one"]).ok(), "");
    assert_eq!(tmux.call(["-o", "none", "demo", "fail", "message=no"]).fails(1), "no\n");
    assert_eq!(tmux.buffer("mcp"), None);
    tmux.finish();
}

#[test]
fn a_result_goes_to_the_view_mode_of_the_pane_that_was_named() {
    let tmux = Tmux::demo();
    let viewer = tmux.view();
    let _ = tmux.call(["-o", "view", "-t", "one:", "demo", "echo", "text=in the pane"]).ok();
    viewer.until("in the pane");
    assert_eq!(tmux.format("#{pane_mode}"), "view-mode");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_goes_to_a_popup_of_an_attached_client() {
    let tmux = Tmux::demo();
    let _ = tmux
        .run(["bind-key", "-n", "C-g", "mcp-call", "-o", "popup", "demo", "echo", "text=popped up"])
        .ok();
    let pager = tmux.path("pager");
    fs::write(&pager, "#!/bin/sh\ncat\nexec sleep 600\n").expect("written");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("executable");
    let _ = tmux.run(["set-environment", "-g", "PAGER", &pager.to_string_lossy()]).ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("popped up");
    assert_eq!(tmux.format("#{pane_in_mode}"), "0", "it is not in the pane");
    drop(viewer);
    tmux.finish();
}

#[test]
fn view_and_popup_need_somebody_to_look() {
    let tmux = Tmux::demo();
    assert!(tmux.call(["-o", "view", "demo", "echo", "text=x"]).fails(1).contains("no client"));
    assert!(tmux.call(["-o", "popup", "demo", "echo", "text=x"]).fails(1).contains("no client"));
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn the_commands_that_follow_know_the_result_and_the_time() {
    let tmux = Tmux::demo();
    let follow =
        "{ display-message -p 'result=#{mcp_result} error=#{mcp_error} ms=#{mcp_elapsed}' }";
    let line = format!("mcp-call demo sleep ms=50 {follow}");
    let mut control = tmux.control();
    let block = control.command(&line);
    assert!(!block.error, "{block:?}");
    let text = control.wait_line("result=");
    let rest = text.strip_prefix("result=slept 50 ms error= ms=").expect(&text);
    let ms: f64 = rest.parse().expect("a number");
    assert!((50.0..5000.0).contains(&ms), "{text}");
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn the_commands_that_follow_a_failure_know_the_error() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let line =
        "mcp-call demo fail message=sorry { display-message -p 'r=#{mcp_result} e=#{mcp_error}' }";
    let _ = control.command(line);
    assert_eq!(control.wait_line("r="), "r=sorry e=sorry");
    let line = "mcp-call -T 200 demo sleep ms=60000 { display-message -p 'T=#{mcp_error}' }";
    let _ = control.command(line);
    assert_eq!(control.wait_line("T="), "T=server 'demo': timed out after 200 ms");
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn the_commands_that_follow_run_for_key_bindings_too() {
    let tmux = Tmux::demo();
    let conf = tmux.path("bind.conf");
    fs::write(
        &conf,
        "bind -n C-g mcp-call demo echo 'text=a b' { set -gF @got '#{mcp_result}/#{mcp_error}' }\n",
    )
    .expect("written");
    let _ = tmux.run(["source-file", &conf.to_string_lossy()]).ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    until("the commands ran", || tmux.format("#{@got}") == "a b/");
    assert_eq!(tmux.format("#{pane_in_mode}"), "0", "nothing is shown besides");
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_result_in_a_follow_up_is_not_expanded_again() {
    let tmux = Tmux::demo();
    let witness = tmux.path("witness");
    let mut control = tmux.control();
    let line = format!(
        "mcp-call demo echo 'text=#(touch {}) #{{pid}}' {{ display-message -p 'got #{{mcp_result}}' }}",
        witness.display()
    );
    let _ = control.command(&line);
    let text = control.wait_line("got ");
    assert_eq!(text, format!("got #(touch {}) #{{pid}}", witness.display()));
    let _ = tmux.run(["run-shell", "true"]).ok();
    assert!(!witness.exists(), "#() in a result ran");
    drop(control);
    tmux.finish();
}

#[test]
fn results_that_fit_nowhere_do_not_take_each_others_place() {
    let tmux = Tmux::demo();
    let viewer = tmux.view();
    for n in 1..=11 {
        let call = format!("mcp-call demo big bytes={}", 200_000 + n);
        let _ = tmux.run(["bind-key", "-n", "C-g", &call]).ok();
        viewer.keys(&["C-g"]);
        let name = if n % 9 == 1 { "mcp".to_owned() } else { format!("mcp-{}", (n - 1) % 9 + 1) };
        until("it is in a buffer", || {
            tmux.buffer(&name).is_some_and(|text| text.len() == 200_000 + n)
        });
        tmux.until_format("#{pane_in_mode}", "1");
        viewer.keys(&["q"]);
        tmux.until_format("#{pane_in_mode}", "0");
    }
    // Nine are kept, the oldest of them not.
    let names = tmux.run(["list-buffers", "-F", "#{buffer_name} #{buffer_size}"]).ok();
    assert_eq!(names.lines().count(), 9, "{names}");
    assert!(names.contains("mcp-2 200011\n") && names.contains("mcp-3 200003\n"), "{names}");
    // Beside them is the one that a person has asked for.
    let _ = tmux.call(["-b", "demo", "echo", "text=mine"]).ok();
    until("it is there", || tmux.buffer("mcp").as_deref() == Some("mine"));
    drop(viewer);
    tmux.finish();
}
