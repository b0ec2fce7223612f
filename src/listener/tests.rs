use serde_json::{Value, json};

use super::agent::{LONGEST_LINE, MOST_OPEN};
use super::*;
use crate::engine::{Listing, Progress, Reply, RequestId};
use crate::error::{Error, Kind};
use crate::mcp::capabilities::Offers;

const HELLO: &str = "{\"tmcp\":1,\"connect\":\"memory\",\"directory\":\"/home\"}\n";

/// Everything that waits for the agent.
fn told(agent: &mut Agent) -> String {
    let mut all = Vec::new();
    while !agent.output().is_empty() {
        // Pieces of odd lengths, as a full socket takes them.
        let front = agent.output().front();
        let n = front.len().min(7);
        all.extend_from_slice(&front[..n]);
        agent.output().wrote(n);
    }
    String::from_utf8(all).unwrap()
}

fn messages(agent: &mut Agent) -> Vec<Value> {
    told(agent).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn demands(agent: &mut Agent) -> Vec<Demand> {
    std::iter::from_fn(|| agent.next_demand()).collect()
}

/// An agent whose server was found.
fn agent() -> Agent {
    let mut agent = Agent::new(1234);
    agent.receive(HELLO.as_bytes());
    assert_eq!(demands(&mut agent).len(), 1);
    agent.accept("memory@/home", "memory");
    assert_eq!(told(&mut agent), "{\"tmcp\":1,\"server\":\"memory\"}\n");
    agent
}

fn say(agent: &mut Agent, message: Value) {
    agent.receive(format!("{message}\n").as_bytes());
}

fn call(agent: &mut Agent, id: impl Into<Value>, tool: &str) {
    say(
        agent,
        json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
               "params": {"name": tool, "arguments": {"a": 1}, "_meta": {"progressToken": tool}}}),
    );
}

fn result(json: &str) -> Reply {
    Reply::Result(json.as_bytes().into())
}

fn progress() -> Progress {
    Progress {
        id: RequestId(1),
        user_data: 0,
        server: "memory".into(),
        tool: "a".into(),
        progress: 3.0,
        total: Some(4.5),
        message: Some("on \"it\"".into()),
    }
}

#[test]
fn the_first_line_names_the_server_and_what_follows_waits_for_it() {
    let mut agent = Agent::new(1);
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
    for byte in format!("{HELLO}{ping}").as_bytes() {
        agent.receive(&[*byte]);
    }
    let hello = Demand::Hello { server: "memory".into(), directory: "/home".into() };
    assert_eq!(demands(&mut agent), [hello]);
    assert!(!agent.is_readable() && told(&mut agent).is_empty());
    agent.accept("memory", "memory");
    assert!(agent.is_readable());
    let list = Demand::Start(AgentRequestId(1), AgentRequest::List(Listing::Tools));
    assert_eq!(demands(&mut agent), [list]);
}

#[test]
fn what_is_no_first_line_is_refused_with_the_reason() {
    let long = format!("{{\"tmcp\":1,\"connect\":\"{}\"}}\n", "x".repeat(20 << 10));
    for (line, why) in [
        ("GET / HTTP/1.1\n", "no hello"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}\n", "no hello"),
        ("{\"tmcp\":2,\"connect\":\"memory\"}\n", "another version"),
        ("{\"tmcp\":1}\n", "names no server"),
        ("{\"tmcp\":1,\"connect\":7}\n", "names no server"),
        (&*long, "no hello"),
    ] {
        let mut agent = Agent::new(1);
        agent.receive(line.as_bytes());
        agent.receive(HELLO.as_bytes());
        let told = told(&mut agent);
        assert!(told.starts_with("{\"tmcp\":1,\"error\":") && told.contains(why), "{line}: {told}");
        assert!(agent.is_refused() && demands(&mut agent).is_empty(), "{line}");
    }
}

#[test]
fn the_handshake_tells_what_the_server_offers() {
    let mut agent = agent();
    say(
        &mut agent,
        json!({"jsonrpc": "2.0", "id": "i", "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "claude-code\u{1b}[1m", "version": "1.2"}}}),
    );
    let [Demand::Start(id, AgentRequest::Offers)] = demands(&mut agent)[..] else { panic!() };
    assert_eq!(agent.who(), "bridge: pid 1234, claude-code[1m 1.2");
    agent.tools_changed();
    assert_eq!(told(&mut agent), "", "there is no session yet");
    agent.offered(id, Ok(Offers { tools: true, prompts: true, ..Offers::default() }));
    let answer = &messages(&mut agent)[0];
    assert_eq!(answer["id"], "i");
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    let offers = json!({"tools": {"listChanged": true}, "prompts": {}});
    assert_eq!(answer["result"]["capabilities"], offers);
    assert_eq!(answer["result"]["serverInfo"]["name"], "memory");
    agent.tools_changed();
    assert_eq!(messages(&mut agent)[0]["method"], "notifications/tools/list_changed");
}

#[test]
fn an_unknown_version_gets_the_newest_and_a_dead_server_an_error() {
    let mut agent = agent();
    for (id, version) in [(1, json!("1999-01-01")), (2, json!(7)), (3, Value::Null)] {
        let params = json!({"protocolVersion": version});
        say(&mut agent, json!({"id": id, "method": "initialize", "params": params}));
    }
    let asked = demands(&mut agent);
    for demand in &asked[..2] {
        let Demand::Start(id, _) = demand else { panic!() };
        agent.offered(*id, Ok(Offers::default()));
        assert_eq!(messages(&mut agent)[0]["result"]["protocolVersion"], "2025-11-25");
    }
    let Demand::Start(id, _) = &asked[2] else { panic!() };
    agent.offered(*id, Err(&Error::new(Kind::Io, "server 'memory': no such file")));
    let answer = &messages(&mut agent)[0];
    assert_eq!(answer["error"]["code"], -32000);
    assert_eq!(answer["error"]["message"], "server 'memory': no such file");
}

#[test]
fn the_modern_era_discovers_lists_and_listens() {
    let mut agent = agent();
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                      "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "2"}});
    let params = json!({"_meta": meta});
    say(&mut agent, json!({"id": 1, "method": "server/discover", "params": params}));
    say(&mut agent, json!({"id": 2, "method": "tools/list", "params": params}));
    let listen = json!({"_meta": meta, "notifications": {"toolsListChanged": true}});
    say(&mut agent, json!({"id": "l", "method": "subscriptions/listen", "params": listen}));
    assert_eq!(agent.who(), "bridge: pid 1234, x 2");
    let acknowledged = &messages(&mut agent)[0];
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}));
    agent.offered(AgentRequestId(1), Ok(Offers { tools: true, ..Offers::default() }));
    let found = &messages(&mut agent)[0]["result"];
    assert_eq!(found["supportedVersions"][0], "2026-07-28");
    assert_eq!(found["capabilities"], json!({"tools": {"listChanged": true}}));
    assert_eq!(found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "memory");
    let items = b"[{\"name\":\"a\"}]"[..].into();
    agent.finish(AgentRequestId(2), Ok(Reply::List { what: Listing::Tools, items }));
    let list = &messages(&mut agent)[0]["result"];
    assert_eq!((&list["resultType"], &list["ttlMs"]), (&json!("complete"), &json!(0)));
    agent.tools_changed();
    let changed = messages(&mut agent);
    assert_eq!(changed.len(), 1, "there is no session of the other era");
    assert_eq!(changed[0]["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "l");
    demands(&mut agent);
    assert!(!agent.is_waiting(), "a subscription has no answer");
    let other = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2030-01-01"}});
    say(&mut agent, json!({"id": 3, "method": "tools/list", "params": other}));
    let refused = &messages(&mut agent)[0]["error"];
    assert_eq!(refused["code"], -32022);
    assert_eq!(refused["data"], json!({"supported": ["2026-07-28"], "requested": "2030-01-01"}));
}

#[test]
fn a_modern_agent_gets_the_members_that_an_older_server_does_not_give() {
    let mut agent = agent();
    let params = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"},
                        "name": "a", "uri": "u:"});
    let long = "x".repeat(300 << 10);
    for (method, result_text, wanted) in [
        ("tools/call", "{}".to_owned(), r#"{"resultType":"complete"}"#.to_owned()),
        ("tools/call", r#"{"a":1}"#.into(), r#"{"resultType":"complete","a":1}"#.into()),
        (
            "tools/call",
            r#"{"a":{"resultType":1}}"#.into(),
            r#"{"resultType":"complete","a":{"resultType":1}}"#.into(),
        ),
        (
            "tools/call",
            r#"{"a":1,"resultType":"complete"}"#.into(),
            r#"{"a":1,"resultType":"complete"}"#.into(),
        ),
        (
            "resources/read",
            r#"{"ttlMs":5}"#.into(),
            r#"{"resultType":"complete","cacheScope":"private","ttlMs":5}"#.into(),
        ),
        (
            "tools/call",
            format!("{{\n\"a\":\"{long}\"}}"),
            format!("{{\"resultType\":\"complete\", \"a\":\"{long}\"}}"),
        ),
        (
            "tools/call",
            format!("{{\"a\":\"{long}\",\"resultType\":\"complete\"}}"),
            format!("{{\"a\":\"{long}\",\"resultType\":\"complete\"}}"),
        ),
    ] {
        say(&mut agent, json!({"id": 1, "method": method, "params": params}));
        let [Demand::Start(ask, _)] = demands(&mut agent)[..] else { panic!() };
        agent.finish(ask, Ok(result(&result_text)));
        let told = told(&mut agent);
        assert_eq!(told, format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{wanted}}}\n"));
    }
}

#[test]
fn results_pass_byte_for_byte_on_one_line_and_ids_as_they_were_written() {
    let mut agent = agent();
    for id in ["1", "\"1\"", "1.0", "-5", "\"\\u0061\""] {
        agent.receive(
            format!("{{\"id\":{id},\"method\":\"resources/read\",\"params\":{{\"uri\":\"x\"}}}}\n")
                .as_bytes(),
        );
        let [Demand::Start(ask, AgentRequest::Read { .. })] = &demands(&mut agent)[..] else {
            panic!("{id}")
        };
        agent.finish(*ask, Ok(result("{ \"b\":1.50,\n\"a\":\"\\n\"}")));
        let wanted = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{ \"b\":1.50, \"a\":\"\\n\"}}}}\n"
        );
        assert_eq!(told(&mut agent), wanted);
    }
    // One that is not copied.
    let long = format!("{{\"a\":\r\n\"{}\"}}", "x".repeat(100 << 10));
    call(&mut agent, 1, "a");
    let [Demand::Start(ask, _)] = demands(&mut agent)[..] else { panic!() };
    agent.finish(ask, Ok(result(&long)));
    assert_eq!(messages(&mut agent)[0]["result"]["a"].as_str().map(str::len), Some(100 << 10));
}

#[test]
fn errors_of_the_server_pass_and_others_get_a_code() {
    let mut agent = agent();
    let own = Error::server(-32050, "server 'x': no").with_json("{\"code\":-32050,\n\"data\":[1]}");
    for (error, code, data) in [
        (own, -32050, json!([1])),
        (Error::new(Kind::Invalid, "no tool"), -32602, Value::Null),
        (Error::new(Kind::Timeout, "late"), -32001, Value::Null),
        (Error::new(Kind::OutcomeUnknown, "lost"), -32000, Value::Null),
    ] {
        call(&mut agent, 1, "a");
        let [Demand::Start(ask, _)] = demands(&mut agent)[..] else { panic!() };
        agent.finish(ask, Err(error));
        let answer = &messages(&mut agent)[0];
        assert_eq!((&answer["error"]["code"], &answer["error"]["data"]), (&json!(code), &data));
    }
}

#[test]
fn progress_goes_by_the_token_and_only_while_the_request_is_open() {
    let mut agent = agent();
    call(&mut agent, 1, "a");
    say(&mut agent, json!({"id": 2, "method": "tools/call", "params": {"name": "b"}}));
    demands(&mut agent);
    agent.progress(AgentRequestId(2), &progress());
    assert_eq!(told(&mut agent), "", "there was no token");
    agent.progress(AgentRequestId(1), &progress());
    let params = json!({"progressToken": "a", "progress": 3, "total": 4.5, "message": "on \"it\""});
    assert_eq!(messages(&mut agent)[0]["params"], params);
    agent.finish(AgentRequestId(1), Ok(result("{}")));
    told(&mut agent);
    agent.progress(AgentRequestId(1), &progress());
    assert_eq!(told(&mut agent), "");
}

#[test]
fn a_cancelled_request_gets_no_answer_and_its_id_is_free() {
    let mut agent = agent();
    call(&mut agent, 1, "a");
    call(&mut agent, "1", "b");
    assert_eq!(demands(&mut agent).len(), 2);
    let cancel =
        |id: Value| json!({"method": "notifications/cancelled", "params": {"requestId": id}});
    say(&mut agent, cancel(json!("1")));
    assert_eq!(demands(&mut agent), [Demand::Cancel(AgentRequestId(2))]);
    for nothing in [json!("1"), json!(9), Value::Null] {
        say(&mut agent, cancel(nothing));
    }
    assert_eq!(demands(&mut agent), []);
    agent.finish(AgentRequestId(2), Ok(result("{}")));
    assert_eq!(told(&mut agent), "", "the late answer reaches nobody");
    // One that has not been started never is.
    call(&mut agent, 5, "c");
    say(&mut agent, cancel(json!(5)));
    assert_eq!(demands(&mut agent), []);
    agent.finish(AgentRequestId(1), Ok(result("{}")));
    assert_eq!(messages(&mut agent)[0]["id"], 1);
    say(&mut agent, json!({"id": "i", "method": "initialize"}));
    demands(&mut agent);
    say(&mut agent, cancel(json!("i")));
    assert_eq!(demands(&mut agent), [], "initialize is not cancelled");
}

#[test]
fn garbage_gets_an_error_each_and_harms_nobody() {
    let mut agent = agent();
    for (line, code) in [
        ("garbage", -32700),
        ("{\"id\":1,", -32700),
        ("[]", -32700),
        ("7", -32700),
        ("{\"id\":{},\"method\":\"ping\"}", -32600),
        ("{\"id\":1,\"method\":\"logging/setLevel\",\"params\":{}}", -32601),
        ("{\"id\":1,\"method\":\"tools/call\"}", -32602),
        ("{\"id\":1,\"method\":\"tools/call\",\"params\":[]}", -32602),
        (
            "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"arguments\":[]}}",
            -32602,
        ),
        ("{\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}}", -32602),
        ("{\"id\":1,\"method\":\"completion/complete\",\"params\":{\"ref\":{}}}", -32602),
    ] {
        agent.receive(format!("{line}\n").as_bytes());
        let answers = messages(&mut agent);
        assert_eq!(answers.len(), 1, "{line}");
        assert_eq!(answers[0]["error"]["code"], code, "{line}");
    }
    // What nobody is told of.
    for line in [
        "",
        "  ",
        "{\"id\":7,\"result\":{}}",
        "{\"method\":\"x\"}",
        "{\"id\":null,\"method\":\"x\"}",
    ] {
        agent.receive(format!("{line}\n").as_bytes());
        assert_eq!(told(&mut agent), "", "{line}");
    }
    assert_eq!(demands(&mut agent), []);
    say(&mut agent, json!({"id": 1, "method": "ping"}));
    assert_eq!(messages(&mut agent)[0]["result"], json!({}));
}

#[test]
fn an_id_that_is_in_flight_is_refused_and_the_first_request_goes_on() {
    let mut agent = agent();
    call(&mut agent, 1, "a");
    call(&mut agent, 1, "b");
    assert_eq!(demands(&mut agent).len(), 1);
    let refused = &messages(&mut agent)[0];
    assert_eq!(refused["error"]["code"], -32600);
    agent.finish(AgentRequestId(1), Ok(result("{\"of\":\"a\"}")));
    assert_eq!(messages(&mut agent)[0]["result"]["of"], "a");
}

#[test]
fn a_batch_is_taken_apart() {
    let mut agent = agent();
    let batch = json!([{"id": 1, "method": "ping"}, 7, {"id": 2, "method": "prompts/list"},
                       {"method": "notifications/initialized"}]);
    say(&mut agent, batch);
    assert_eq!(demands(&mut agent).len(), 1);
    let answers = messages(&mut agent);
    assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    assert_eq!(answers[1]["error"]["code"], -32700);
}

#[test]
fn what_is_too_long_or_too_much_is_refused_and_the_rest_goes_on() {
    let mut agent = agent();
    let long = "x".repeat(LONGEST_LINE);
    let line =
        format!("{{\"id\":9,\"method\":\"tools/call\",\"params\":{{\"name\":\"{long}\"}}}}\n");
    for piece in line.as_bytes().chunks(16 << 10) {
        agent.receive(piece);
    }
    let refused = &messages(&mut agent)[0];
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(9), &json!(-32600)));
    // The SDKs write the id behind the parameters.
    let arguments = format!("{{\"id\":1,\"text\":\"{long}\"}}");
    for length in [1, 3, 17] {
        let text = arguments.repeat(length).replace("}{", ",");
        let params = format!("{{\"name\":\"echo\",\"arguments\":{text}}}");
        let line = format!(
            "{{\"method\":\"tools/call\",\"params\":{params},\"jsonrpc\":\"2.0\",\"id\":42}}\n"
        );
        for piece in line.as_bytes().chunks(16 << 10) {
            agent.receive(piece);
        }
        let refused = &messages(&mut agent)[0];
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(42), &json!(-32600)));
    }
    agent.receive(long.as_bytes());
    agent.receive(b"garbage\n");
    let refused = &messages(&mut agent)[0];
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(null), &json!(-32600)));
    for id in 0..MOST_OPEN + 3 {
        call(&mut agent, id, "a");
    }
    assert_eq!(demands(&mut agent).len(), MOST_OPEN);
    let refused = messages(&mut agent);
    assert_eq!(refused.len(), 3);
    assert!(refused[0]["error"]["message"].as_str().unwrap().starts_with("256 requests"));
    agent.finish(AgentRequestId(1), Ok(result("{}")));
    call(&mut agent, 1000, "a");
    assert_eq!(demands(&mut agent).len(), 1, "there is room again");
}

#[test]
fn an_agent_that_does_not_read_is_not_read_either() {
    let mut agent = agent();
    let line = "garbage\n".repeat(2000);
    while agent.is_readable() {
        agent.receive(line.as_bytes());
        assert!(agent.output().len() < 2 << 20);
    }
    assert!(!agent.is_overfull());
    told(&mut agent);
    assert!(agent.is_readable());
}

#[test]
fn every_request_of_the_protocol_is_read() {
    let mut agent = agent();
    for (method, params, wanted) in [
        (
            "tools/call",
            json!({"name": "a", "arguments": {"b": [1]}}),
            AgentRequest::Call { tool: "a".into(), arguments: "{\"b\":[1]}".into() },
        ),
        ("resources/list", json!({}), AgentRequest::List(Listing::Resources)),
        ("resources/templates/list", json!({}), AgentRequest::List(Listing::ResourceTemplates)),
        ("prompts/list", json!({"cursor": null}), AgentRequest::List(Listing::Prompts)),
        (
            "prompts/get",
            json!({"name": "p", "arguments": null}),
            AgentRequest::Prompt { name: "p".into(), arguments: "{}".into() },
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "f:///{p}"},
                   "argument": {"name": "p", "value": "v"},
                   "context": {"arguments": {"q": "w"}}}),
            AgentRequest::Complete {
                is_template: true,
                of: "f:///{p}".into(),
                argument: "p".into(),
                value: "v".into(),
                given: vec![("q".into(), "w".into())],
            },
        ),
    ] {
        let id = format!("{method}{params}");
        say(&mut agent, json!({"id": id, "method": method, "params": params}));
        let [Demand::Start(_, asked)] = &demands(&mut agent)[..] else { panic!("{method}") };
        assert_eq!(*asked, wanted, "{method}");
    }
}
