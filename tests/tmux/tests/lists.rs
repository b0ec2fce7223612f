//! What there is to call: one tool with everything that is said of it, and the
//! lists of all servers, of which none waits for another.

use std::fs::{self, File};
use std::time::Duration;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, gated, stdio, until};

/// Lists these tools, byte by byte, and nothing else.
fn lists(tools: &str) -> Value {
    let script = r#"
import sys, json
def send(i, raw): print('{"jsonrpc":"2.0","id":%s,"result":%s}' % (json.dumps(i), raw), flush=True)
for line in sys.stdin:
    m = json.loads(line)
    if m.get("method") == "initialize":
        send(m["id"], json.dumps({"protocolVersion": m["params"]["protocolVersion"],
            "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}))
    elif m.get("method") == "tools/list":
        send(m["id"], '{"tools":' + sys.argv[1] + '}')
"#;
    json!({"command": "python3", "args": ["-c", script, tools]})
}

const ONE: &str = r##"{"name":"send", "title":"Send a letter","n":1.00,"description":"Sends.\n\nTakes a while.",
"execution":{"taskSupport":"required"},"annotations":{"readOnlyHint":false,"destructiveHint":true},
"inputSchema":{"type":"object","required":["to"],"properties":{
 "to":{"$ref":"#/$defs/address","description":"Where it goes"},
 "speed":{"enum":["slow","fast"],"default":"slow"}},
 "$defs":{"address":{"type":"object","required":["street"],"properties":{
  "street":{"type":"string","description":"And number"},"zip":{"type":"string"}}}}},
"outputSchema":{"type":"object","properties":{"days":{"type":"integer"}}}}"##;

const SHOWN: &str = "Tool: send
  Title: Send a letter
  Description:
    Sends.

    Takes a while.
  Annotations: not read only, destructive
  Tasks: required  (needs tasks, which this client does not have)
  Arguments:
    to  object, required
       Where it goes
      street  string, required
         And number
      zip  string
    speed  default slow, one of slow | fast
  Result:
    days  integer
";

fn post() -> Tmux {
    // In a JSON text a line break between members is a blank.
    let tools = format!("[{},{{\"name\":\"sort\"}}]", ONE.replace('\n', " "));
    Setup::new().server("post", lists(&tools)).start()
}

#[test]
fn one_tool_is_shown_with_everything() {
    let tmux = post();
    assert_eq!(tmux.run(["mcp-tools", "post", "send"]).ok(), SHOWN);
    assert_eq!(tmux.run(["mcp-tools", "po", "sen"]).ok(), SHOWN, "abbreviated");
    let json = tmux.run(["mcp-tools", "-j", "post", "send"]).ok();
    assert_eq!(json, ONE.replace('\n', " ") + "\n", "as the server sent it");
    assert!(tmux.run(["mcp-tools", "-j", "post"]).ok().contains(&ONE.replace('\n', " ")));
    let rows = tmux.run(["mcp-tools", "-F", "#{mcp_name}:#{mcp_tasks}", "post"]).ok();
    assert_eq!(rows, "send:required\nsort:\n");
    let why = tmux.run(["mcp-tools", "post", "sedn"]).fails(1);
    assert!(why.contains("has no tool 'sedn'"), "{why}");
    assert!(why.contains("did you mean 'send'?"), "{why}");
    let why = tmux.run(["mcp-tools", "post", "s"]).fails(1);
    assert!(why.contains("tool 's' may be send, sort"), "{why}");
    let why = tmux.run(["mcp-tools", "pots", "send"]).fails(1);
    assert!(why.contains("did you mean 'post'?"), "{why}");
    for wrong in [&["-j", "-f", "1"][..], &["-j", "-f", "1", "post"], &["-F", "x", "post", "send"]]
    {
        let _ = tmux.run(["mcp-tools"].iter().chain(wrong)).fails(1);
    }
    tmux.finish();
}

#[test]
fn one_tool_opens_in_view_mode_on_screens_of_every_size() {
    let tmux = post();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-tools", "post", "send"]).ok();
    for (columns, rows) in [(80, 24), (40, 12)] {
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("Title: Send a letter");
        viewer.keys(&["NPage"]);
        viewer.until("days  integer");
        viewer.keys(&["q"]);
        viewer.until_gone("days  integer");
        drop(viewer);
    }
    tmux.finish();
}

/// A server that waits for the file `gate`, one that ends, one that takes its time,
/// and one as it should be.
fn four() -> Setup {
    let setup = Setup::new();
    let gate = setup.path("gate");
    let mut hung = gated(&gate, stdio(&[]));
    hung["args"][1] = json!(format!(
        "echo fetching https://example.org/a >&2; {}",
        hung["args"][1].as_str().unwrap()
    ));
    setup
        .server("ahung", hung)
        .server("bdead", json!({"command": "/bin/false"}))
        .server("cslow", stdio(&["--start-delay", "1200"]))
        .server("dgood", stdio(&[]))
        .server("ehttp", json!({"type": "http", "url": "ftp://127.0.0.1:1/mcp"}))
}

#[test]
fn a_list_does_not_wait_for_the_servers_that_are_slower() {
    let tmux = four().start();
    let out = tmux.path("out");
    let err = tmux.path("err");
    let mut command = tmux.command(["mcp-tools"]);
    command.stdout(File::create(&out).expect("a file")).stderr(File::create(&err).expect("a file"));
    let mut client = command.spawn().expect("tmux starts");
    let shown = || fs::read_to_string(&out).expect("it is there");
    let told = || fs::read_to_string(&err).expect("it is there");

    until("the good server is shown", || shown().contains("Server: dgood\necho  "));
    assert!(!shown().contains("Server: cslow"), "{}", shown());
    until("the slow server is shown", || shown().contains("Server: cslow\necho  "));
    until("it is told who is waited for", || told().contains("no answer of ahung yet"));
    assert!(told().contains("fetching https://example.org/a"), "{}", told());
    let text = shown();
    assert!(text.contains("Server: bdead\nerror: server 'bdead': "), "{text}");
    assert!(text.contains("Server: ehttp\nnot used: "), "{text}");
    assert!(!text.contains("Server: ahung"), "{text}");
    assert!(client.try_wait().expect("it is our child").is_none(), "it waits for the last one");

    File::create(tmux.path("gate")).expect("the gate opens");
    until("the client ends", || client.try_wait().expect("it is our child").is_some());
    let text = shown();
    assert!(text.contains("\n\nServer: ahung\necho  "), "{text}");
    assert_eq!(text.matches("Server: ").count(), 5, "{text}");
    assert_eq!(client.wait().expect("it has ended").code(), Some(2), "one of them failed");

    // What is there at once comes in the order of the names.
    let text = tmux.run(["mcp-tools"]).stdout;
    let order: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Server: ")).collect();
    assert_eq!(order, ["ahung", "bdead", "cslow", "dgood", "ehttp"]);
    let both = tmux.run(["mcp-resources"]).stdout;
    assert_eq!(both.matches("Server: ").count(), 5, "{both}");
    assert_eq!(both.matches("test://greeting").count(), 3, "{both}");
    assert_eq!(both.matches("test://note/{name}").count(), 3, "{both}");
    tmux.finish();
}

#[test]
fn each_server_has_its_own_deadline() {
    let tmux = four().start();
    let output = tmux.run(["mcp-tools", "-T", "700", "-F", "#{mcp_server} #{mcp_name}"]);
    assert!(output.took < Duration::from_secs(10), "{output:?}");
    assert!(output.stdout.contains("error: ahung: server 'ahung': timed out"), "{output:?}");
    assert!(output.stdout.contains("error: bdead: "), "{output:?}");
    assert!(output.stdout.contains("dgood echo\n"), "{output:?}");
    assert_ne!(output.code, 0);
    tmux.finish();
}

#[test]
fn a_client_that_goes_away_is_no_longer_waited_for() {
    let tmux = four().start();
    let client = tmux.start(["mcp-tools"]);
    until("it waits", || tmux.run(["mcp-jobs"]).ok().contains("tools/list"));
    drop(client);
    until("nothing is under way", || tmux.run(["mcp-jobs"]).ok().is_empty());
    tmux.lives();
    tmux.finish();
}

#[test]
fn what_is_shown_in_one_piece_comes_without_those_that_have_not_answered() {
    let tmux = four().start();
    let _ = tmux
        .run([
            "bind-key",
            "-n",
            "C-g",
            "mcp-tools",
            "-f",
            "#{==:#{mcp_name},echo}",
            "-F",
            "#{mcp_server} #{mcp_name}",
        ])
        .ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("error: ahung: no answer yet (waiting, ");
    viewer.until("dgood echo");
    viewer.keys(&["q"]);
    let starting: Vec<i32> = tmux.mcp_children().iter().map(|child| child.pid).collect();
    File::create(tmux.path("gate")).expect("the gate opens");
    let pid = tmux.call(["ahung", "pid"]).ok();
    let pid: i32 = pid.trim().parse().expect("a pid");
    assert!(starting.contains(&pid), "the process that was starting is used: {pid} {starting:?}");
    drop(viewer);

    let mut control = tmux.control();
    control.send("mcp-tools -F '#{mcp_server} #{mcp_name}'");
    let block = control.late(1).remove(0);
    assert!(block.lines.iter().any(|line| line == "dgood echo"), "{block:?}");
    control.well_formed();
    drop(control);
    tmux.finish();
}
