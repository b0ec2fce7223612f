use super::*;

/// A router whose process runs, and what it sends.
fn router() -> Router {
    let mut router = Router::new(Vec::new());
    router.server_started();
    router
}

fn sent(router: &mut Router) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(outgoing) = router.poll() {
        let (to, text) = match outgoing {
            Outgoing::ToClient(client, text) => (client.to_string(), text),
            Outgoing::ToServer(_, text) => ("server".into(), text),
        };
        all.push(format!("{to} {}", String::from_utf8(text).unwrap().trim_end()));
    }
    all
}

fn say(router: &mut Router, client: ClientId, line: &str) {
    router.client_line(client, &mut line.as_bytes().into());
}

fn hear(router: &mut Router, line: &str) {
    router.server_line(&mut line.as_bytes().into());
}

/// Clients 4 and 8 with a session. Their `initialize` has the number 1.
fn two_clients() -> Router {
    let mut router = router();
    for client in [4, 8] {
        router.connected(client);
        say(&mut router, client, r#"{"id":0,"method":"initialize","params":{"capabilities":{}}}"#);
        hear(&mut router, r#"{"id":1,"result":{"protocolVersion":"2025-11-25"}}"#);
        say(&mut router, client, r#"{"method":"notifications/initialized"}"#);
    }
    let all = sent(&mut router);
    assert_eq!(all.iter().filter(|text| text.starts_with("server")).count(), 2, "{all:?}");
    router
}

#[test]
fn the_most_verbose_level_is_asked_for_and_each_client_hears_its_own() {
    let mut router = two_clients();
    say(&mut router, 4, r#"{"id":1,"method":"logging/setLevel","params":{"level":"warning"}}"#);
    say(&mut router, 8, r#"{"id":1,"method":"logging/setLevel","params":{"level":"debug"}}"#);
    say(&mut router, 4, r#"{"id":2,"method":"logging/setLevel","params":{"level":"error"}}"#);
    let levels: Vec<_> =
        sent(&mut router).iter().map(|t| t.rsplit('"').nth(1).unwrap().to_owned()).collect();
    assert_eq!(levels, ["warning", "debug", "debug"]);
    let log = |level: &str| {
        format!(r#"{{"method":"notifications/message","params":{{"level":"{level}"}}}}"#)
    };
    hear(&mut router, &log("info"));
    assert!(matches!(&sent(&mut router)[..], [one] if one.starts_with("8 ")));
    hear(&mut router, &log("error"));
    assert_eq!(sent(&mut router).len(), 2);
}

#[test]
fn an_answer_that_comes_late_or_twice_reaches_nobody() {
    let mut router = two_clients();
    say(&mut router, 4, r#"{"id":"a","method":"tools/call","params":{}}"#);
    assert_eq!(
        sent(&mut router),
        [r#"server {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{}}"#]
    );
    hear(&mut router, r#"{"id":2,"result":1}"#);
    hear(&mut router, r#"{"id":2,"result":1}"#);
    assert_eq!(sent(&mut router), [r#"4 {"jsonrpc":"2.0","id":"a","result":1}"#]);
    say(&mut router, 4, r#"{"id":"a","method":"tools/call"}"#);
    router.disconnected(4);
    hear(&mut router, r#"{"id":3,"result":1}"#);
    hear(&mut router, r#"{"method":"notifications/progress","params":{"progressToken":3}}"#);
    let all = sent(&mut router);
    assert!(all.len() == 2 && all[1].contains(r#""requestId":3"#), "{all:?}");
}

#[test]
fn what_did_not_leave_goes_to_the_next_process_and_what_left_does_not() {
    let mut router = two_clients();
    for (client, id) in [(4, 1), (8, 1), (8, 2)] {
        say(&mut router, client, &format!(r#"{{"id":{id},"method":"tools/call"}}"#));
    }
    let mut texts =
        sent(&mut router).into_iter().map(|text| text.as_bytes()["server ".len()..].to_vec());
    let _left = texts.next();
    let unsent = vec![(3, texts.next().unwrap()), (4, texts.next().unwrap())];
    router.server_lost("it ended", unsent);
    let all = sent(&mut router);
    assert!(
        matches!(&all[..], [one] if one.starts_with("4 ") && one.contains("outcome unknown")),
        "{all:?}"
    );
    say(&mut router, 4, r#"{"id":5,"method":"ping"}"#);
    say(&mut router, 8, r#"{"method":"notifications/cancelled","params":{"requestId":2}}"#);
    router.server_started();
    let all = sent(&mut router);
    assert!(matches!(&all[..], [one] if one.contains("\"initialize\"")), "{all:?}");
    hear(&mut router, r#"{"id":6,"result":{}}"#);
    let all = sent(&mut router).join("\n");
    assert!(all.contains("notifications/initialized"), "{all}");
    for (number, is_there) in [(2, false), (3, true), (4, false), (5, true)] {
        assert_eq!(all.contains(&format!("\"id\":{number},")), is_there, "{number}: {all}");
    }
}

#[test]
fn a_process_that_starts_again_is_told_what_all_clients_can() {
    let mut router = router();
    for (client, capabilities) in
        [(4, r#"{"roots":{"listChanged":true}}"#), (8, r#"{"sampling":{},"roots":{}}"#)]
    {
        router.connected(client);
        let params = format!(r#"{{"capabilities":{capabilities}}}"#);
        say(&mut router, client, &format!(r#"{{"id":0,"method":"initialize","params":{params}}}"#));
        hear(&mut router, r#"{"id":1,"result":{}}"#);
    }
    sent(&mut router);
    router.server_lost("it ended", Vec::new());
    router.server_started();
    let all = sent(&mut router);
    assert!(
        all[0].contains(r#""capabilities":{"roots":{"listChanged":true},"sampling":{}}"#),
        "{all:?}"
    );
}
