//! Whole logins against scripted documents.

use super::*;
use crate::config::OAuthEntry;

const SERVER: &str = "https://h.example/mcp";
const ISSUER: &str = "https://as.example/t";
const REDIRECT: &str = "http://127.0.0.1:1/callback";

/// A world of documents, and what was asked of it.
struct World {
    documents: Vec<(&'static str, u16, String)>,
    challenge: Option<&'static str>,
    asked: Vec<OAuthRequest>,
}

impl World {
    fn new(documents: &[(&'static str, &str)]) -> World {
        let documents = documents.iter().map(|(url, text)| (*url, 200, (*text).to_owned()));
        World { documents: documents.collect(), challenge: None, asked: Vec::new() }
    }

    /// A server with its own metadata, an authorization server with a path, registration.
    fn usual() -> World {
        World::new(&[
            (
                "https://h.example/.well-known/oauth-protected-resource/mcp",
                &format!(
                    r#"{{"resource":"{SERVER}","authorization_servers":["{ISSUER}"],
                    "scopes_supported":["read","write"]}}"#
                ),
            ),
            ("https://as.example/.well-known/oauth-authorization-server/t", &metadata("")),
            ("https://as.example/register", r#"{"client_id":"made"}"#),
            ("https://as.example/token", r#"{"access_token":"AT","token_type":"Bearer"}"#),
        ])
    }

    fn set(&mut self, url: &'static str, status: u16, text: &str) {
        self.documents.retain(|(known, ..)| *known != url);
        self.documents.push((url, status, text.to_owned()));
    }

    fn reply(&mut self, request: OAuthRequest) -> Result<OAuthReply, String> {
        let url = request.url.to_string();
        self.asked.push(request);
        if url == SERVER {
            let www_authenticate = self.challenge.map(str::to_owned);
            return Ok(OAuthReply { status: 401, www_authenticate, body: Vec::new() });
        }
        let found = self.documents.iter().find(|(known, ..)| *known == url);
        Ok(match found {
            Some((_, status, text)) => {
                OAuthReply { status: *status, body: text.clone().into(), ..OAuthReply::default() }
            }
            None => OAuthReply { status: 404, ..OAuthReply::default() },
        })
    }

    /// Goes on until a person or nobody is needed.
    fn go_on(&mut self, flow: &mut LoginFlow, mut step: FlowStep) -> FlowStep {
        while let FlowStep::Exchange(request) = step {
            let reply = self.reply(request);
            step = flow.replied(reply);
        }
        step
    }

    fn begin(&mut self, settings: FlowSettings) -> (LoginFlow, FlowStep) {
        let (mut flow, step) = LoginFlow::start(settings);
        let step = self.go_on(&mut flow, step);
        (flow, step)
    }

    /// The whole login, in which the person comes back with `more` behind state and code.
    fn log_in(&mut self, settings: FlowSettings, more: &str) -> FlowStep {
        let (mut flow, step) = self.begin(settings);
        let FlowStep::Visit(page) = step else { return step };
        let back = format!("{REDIRECT}?code=C&state={}{more}", value(&page, "state"));
        let step = flow.returned(&back).expect("it is the answer");
        self.go_on(&mut flow, step)
    }

    fn urls(&self) -> Vec<String> {
        self.asked.iter().map(|request| request.url.to_string()).collect()
    }

    /// A field of the last form.
    fn sent(&self, name: &str) -> Option<String> {
        let pairs = form::pairs(&self.asked.last().expect("it was asked").body);
        pairs.into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

/// Metadata of the authorization server with further members.
fn metadata(more: &str) -> String {
    format!(
        r#"{{"issuer":"{ISSUER}","authorization_endpoint":"https://as.example/authorize?a=b",
        "token_endpoint":"https://as.example/token",
        "registration_endpoint":"https://as.example/register",
        "code_challenge_methods_supported":["plain","S256"]{more}}}"#
    )
}

fn settings() -> FlowSettings {
    FlowSettings {
        server: WebAddress::parse(SERVER).expect("an address"),
        entry: OAuthEntry::default(),
        challenge: Some(Challenge { error: Some("x".to_owned()), ..Challenge::default() }),
        scopes: Vec::new(),
        client_name: "tmux".to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        random: std::array::from_fn(|at| at as u8),
    }
}

fn entry(change: impl FnOnce(&mut OAuthEntry)) -> FlowSettings {
    let mut settings = settings();
    change(&mut settings.entry);
    settings
}

fn value(page: &str, name: &str) -> String {
    let (_, query) = page.split_once('?').expect("it has a query");
    let found = form::pairs(query).into_iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value).unwrap_or_default()
}

fn page(step: &FlowStep) -> &str {
    match step {
        FlowStep::Visit(page) => page,
        other => panic!("no page: {other:?}"),
    }
}

fn granted(step: FlowStep) -> Grant {
    match step {
        FlowStep::Granted(grant) => *grant,
        other => panic!("no grant: {other:?}"),
    }
}

fn failure(step: FlowStep) -> String {
    match step {
        FlowStep::Failed(why) => why,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn a_login_goes_from_the_server_to_its_tokens() {
    let mut world = World::usual();
    world.set(
        "https://as.example/token",
        200,
        r#"{"access_token":"AT","token_type":"bearer","refresh_token":"RT","expires_in":60}"#,
    );
    let grant = granted(world.log_in(settings(), ""));
    assert_eq!(
        world.urls(),
        [
            "https://h.example/.well-known/oauth-protected-resource/mcp",
            "https://as.example/.well-known/oauth-authorization-server/t",
            "https://as.example/register",
            "https://as.example/token"
        ]
    );
    let register: serde_json::Value = serde_json::from_str(&world.asked[2].body).expect("JSON");
    assert_eq!(register["application_type"], "native");
    assert_eq!(register["redirect_uris"], serde_json::json!([REDIRECT]));
    assert_eq!(register["grant_types"], serde_json::json!(["authorization_code", "refresh_token"]));
    assert_eq!(register["token_endpoint_auth_method"], "none");
    let sent = |name: &str| world.sent(name).unwrap_or_default();
    assert_eq!(sent("grant_type"), "authorization_code");
    assert_eq!((sent("code"), sent("client_id")), ("C".to_owned(), "made".to_owned()));
    assert_eq!((sent("resource"), sent("redirect_uri")), (SERVER.into(), REDIRECT.into()));
    assert_eq!(sent("code_verifier").len(), 43);
    assert_eq!((grant.access_token.as_str(), grant.issuer.as_str()), ("AT", ISSUER));
    assert_eq!(grant.refresh_token.as_deref(), Some("RT"));
    assert_eq!(grant.scopes, ["read", "write"]);
}

#[test]
fn the_page_has_all_that_the_specification_wants() {
    let (_, step) = World::usual().begin(settings());
    let page = page(&step);
    assert!(page.starts_with("https://as.example/authorize?a=b&response_type=code&"), "{page}");
    for (name, expected) in [
        ("client_id", "made"),
        ("redirect_uri", REDIRECT),
        ("code_challenge_method", "S256"),
        ("resource", SERVER),
        ("scope", "read write"),
    ] {
        assert_eq!(value(page, name), expected, "{name}");
    }
    let verifier = pkce::word(&std::array::from_fn(|at| at as u8));
    assert_eq!(value(page, "code_challenge"), pkce::challenge(&verifier));
    assert_ne!(value(page, "state"), verifier);
    assert!(!page.contains(&verifier));
}

#[test]
fn a_server_is_asked_for_its_challenge_first() {
    let mut world = World::usual();
    world.challenge =
        Some(r#"Bearer resource_metadata="https://h.example/elsewhere", scope="one two""#);
    world.set(
        "https://h.example/elsewhere",
        200,
        &format!(r#"{{"resource":"https://h.example","authorization_servers":["{ISSUER}"]}}"#),
    );
    let (_, step) = world.begin(FlowSettings { challenge: None, ..settings() });
    assert_eq!(world.urls()[..2], [SERVER, "https://h.example/elsewhere"]);
    assert_eq!(value(page(&step), "scope"), "one two");
    assert_eq!(value(page(&step), "resource"), "https://h.example");
}

#[test]
fn metadata_is_looked_for_in_every_place() {
    let root = "https://h.example/.well-known/oauth-protected-resource";
    for document in [
        "https://as.example/.well-known/oauth-authorization-server/t",
        "https://as.example/.well-known/openid-configuration/t",
        "https://as.example/t/.well-known/openid-configuration",
    ] {
        let mut world = World::usual();
        let resource = world.documents.remove(0).2;
        world.set(root, 200, &resource);
        world.documents.retain(|(url, ..)| !url.contains("oauth-authorization-server"));
        world.set(document, 200, &metadata(""));
        assert_eq!(granted(world.log_in(settings(), "")).access_token, "AT", "{document}");
        assert!(world.urls().contains(&root.to_owned()));
        assert!(world.urls().contains(&document.to_owned()));
    }
    let mut world = World::usual();
    world.documents.retain(|(url, ..)| !url.contains("oauth-authorization-server"));
    assert_eq!(
        failure(world.log_in(settings(), "")),
        "its authorization server https://as.example/t has no metadata"
    );
}

#[test]
fn servers_of_2025_03_26_are_their_own_authorization_servers() {
    let mut world = World::new(&[
        (
            "https://h.example/.well-known/oauth-authorization-server",
            r#"{"issuer":"https://h.example/","authorization_endpoint":"https://h.example/o/a",
            "token_endpoint":"https://h.example/o/t",
            "registration_endpoint":"https://h.example/o/r",
            "code_challenge_methods_supported":["S256"]}"#,
        ),
        ("https://h.example/o/r", r#"{"client_id":"made"}"#),
        ("https://h.example/o/t", r#"{"access_token":"AT"}"#),
    ]);
    assert_eq!(granted(world.log_in(settings(), "")).issuer, "https://h.example/");
    assert_eq!(world.sent("resource").as_deref(), Some(SERVER));
    // Without any metadata the endpoints have fixed paths.
    let mut world = World::new(&[
        ("https://h.example/register", r#"{"client_id":"made","client_secret":"S"}"#),
        ("https://h.example/token", r#"{"access_token":"AT"}"#),
    ]);
    let (mut flow, step) = world.begin(settings());
    let page = page(&step).to_owned();
    assert!(page.starts_with("https://h.example/authorize?"), "{page}");
    assert_eq!(value(&page, "scope"), "");
    assert!(!page.contains("scope"));
    let back = format!("?code=C&state={}", value(&page, "state"));
    let step = flow.returned(&back).expect("it is the answer");
    assert_eq!(granted(world.go_on(&mut flow, step)).issuer, "https://h.example");
}

#[test]
fn documents_of_others_are_refused() {
    let resource = "https://h.example/.well-known/oauth-protected-resource/mcp";
    let server = "https://as.example/.well-known/oauth-authorization-server/t";
    for (url, text, why) in [
        (
            resource,
            r#"{"resource":"https://evil.example/mcp","authorization_servers":["https://x"]}"#,
            "its metadata is about another server, https://evil.example/mcp",
        ),
        (
            resource,
            r#"{"resource":"https://h.example/mcp","authorization_servers":[]}"#,
            "its resource metadata names no authorization server",
        ),
        (
            resource,
            r#"{"authorization_servers":["http://as.example"]}"#,
            "its authorization server http://as.example/ is not https",
        ),
        (
            server,
            r#"{"issuer":"https://as.example/t/"}"#,
            "the metadata is of another authorization server, 'https://as.example/t/'",
        ),
        (
            server,
            &metadata("").replace("https://as.example/token", "http://as.example/token"),
            "its token_endpoint http://as.example/token is not https",
        ),
        (
            server,
            &metadata("").replace("\"plain\",\"S256\"", "\"plain\""),
            "the authorization server does not say that it checks PKCE by S256, without which a \
             login is not safe",
        ),
        (
            server,
            &metadata("").replace("code_challenge_methods_supported", "x"),
            "the authorization server does not say that it checks PKCE by S256, without which a \
             login is not safe",
        ),
        (
            server,
            &metadata("").replace("registration_endpoint", "x"),
            "the authorization server registers no clients: register one there by hand and put \
             \"oauth\": {\"clientId\": ...} into the entry",
        ),
    ] {
        let mut world = World::usual();
        world.set(url, 200, text);
        assert_eq!(failure(world.log_in(settings(), "")), why);
        let asked = world.urls();
        assert!(!asked.iter().any(|url| url.contains("/token") || url.contains("/register")));
    }
}

#[test]
fn the_answer_must_be_of_this_login_and_of_this_server() {
    let supported = r#","authorization_response_iss_parameter_supported":true"#;
    let document = "https://as.example/.well-known/oauth-authorization-server/t";
    for (more, iss, is_taken) in [
        ("", "", true),
        ("", "&iss=https%3A%2F%2Fas.example%2Ft", true),
        ("", "&iss=https%3A%2F%2Fevil.example", false),
        ("", "&iss=https%3A%2F%2Fas.example%2Ft%2F", false),
        (supported, "", false),
        (supported, "&iss=https%3A%2F%2Fas.example%2Ft", true),
        (supported, "&iss=HTTPS%3A%2F%2Fas.example%2Ft", false),
        (supported, "&iss=https%3A%2F%2Fevil.example&error=SHOWN", false),
    ] {
        let mut world = World::usual();
        world.set(document, 200, &metadata(more));
        let step = world.log_in(settings(), iss);
        match is_taken {
            true => assert_eq!(granted(step).access_token, "AT"),
            false => {
                let why = failure(step);
                assert!(why.contains("(iss)") && !why.contains("SHOWN"), "{why}");
                assert_ne!(world.asked.last().unwrap().url.path, "/token", "{iss}");
            }
        }
    }
    let mut world = World::usual();
    let (mut flow, step) = world.begin(settings());
    let state = value(page(&step), "state");
    assert_eq!(
        flow.returned(&format!("{REDIRECT}?code=C&state=other")),
        Err("the address belongs to another login")
    );
    assert_eq!(flow.returned(REDIRECT), Err("the address holds no state"));
    let refused =
        flow.returned(&format!("?state={state}&error=access_denied&error_description=N+o"));
    let why = "the authorization server refused (access_denied: N o)";
    assert_eq!(refused, Ok(FlowStep::Failed(why.to_owned())));
    assert_eq!(
        flow.returned(&format!("?state={state}&code=C")),
        Err("no page is open for this login")
    );
}

#[test]
fn the_client_is_known_by_hand_by_its_document_or_by_registration() {
    let document = "https://as.example/.well-known/oauth-authorization-server/t";
    let supported = r#","client_id_metadata_document_supported":true"#;
    let url = "https://c.example/client.json";
    for (more, change, expected) in
        [(supported, Some("hand"), "hand"), (supported, None, url), ("", None, "made")]
    {
        let mut world = World::usual();
        world.set(document, 200, &metadata(more));
        let settings = entry(|entry| {
            entry.client_id = change.map(str::to_owned);
            entry.client_metadata_url = Some(url.to_owned());
        });
        let (_, step) = world.begin(settings);
        assert_eq!(value(page(&step), "client_id"), expected);
        let registered = world.urls().contains(&"https://as.example/register".to_owned());
        assert_eq!(registered, expected == "made");
    }
    let mut world = World::usual();
    world.set("https://as.example/register", 400, r#"{"error":"invalid_redirect_uri"}"#);
    let why = "the client was not registered (HTTP 400: invalid_redirect_uri)";
    assert_eq!(failure(world.log_in(settings(), "")), why);
}

#[test]
fn the_client_proves_who_it_is_as_the_server_wants_it() {
    let document = "https://as.example/.well-known/oauth-authorization-server/t";
    // What the server takes, what it registers, and what is sent.
    for (takes, registers, method) in [
        ("", "", "client_secret_basic"),
        (r#"["client_secret_post"]"#, "", "client_secret_post"),
        (r#"["client_secret_basic","client_secret_post"]"#, "", "client_secret_basic"),
        (r#"["none"]"#, "", "none"),
        ("", "client_secret_post", "client_secret_post"),
        (r#"["client_secret_basic"]"#, "none", "none"),
    ] {
        let mut world = World::usual();
        let more = match takes {
            "" => String::new(),
            takes => format!(r#","token_endpoint_auth_methods_supported":{takes}"#),
        };
        world.set(document, 200, &metadata(&more));
        let more = match registers {
            "" => String::new(),
            method => format!(r#","token_endpoint_auth_method":"{method}""#),
        };
        let made = format!(r#"{{"client_id":"a b","client_secret":"s:/"{more}}}"#);
        world.set("https://as.example/register", 201, &made);
        granted(world.log_in(settings(), ""));
        let last = world.asked.last().expect("the token was asked for");
        let basic = last.headers.iter().find(|(name, _)| *name == "Authorization");
        let expected = (method == "client_secret_basic").then_some("Basic YSUyMGI6cyUzQSUyRg==");
        assert_eq!(basic.map(|(_, value)| value.as_str()), expected, "{takes} {registers}");
        let posted = (method == "client_secret_post").then_some("s:/");
        assert_eq!(world.sent("client_secret").as_deref(), posted);
        let id = (method != "client_secret_basic").then_some("a b");
        assert_eq!(world.sent("client_id").as_deref(), id);
    }
}

#[test]
fn scopes_are_those_of_the_entry_the_challenge_or_the_metadata() {
    let challenge = |scopes: &[&str], error: &str| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Some(Challenge { scopes, error: Some(error.to_owned()), resource_metadata: None })
    };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let document = "https://as.example/.well-known/oauth-authorization-server/t";
    let offline = r#","scopes_supported":["offline_access"]"#;
    for (pinned, challenged, error, before, more, expected) in [
        ("", &[][..], "", "", "", "read write"),
        ("", &["c"][..], "", "old", "", "c"),
        ("mine", &["c"][..], "", "", "", "mine"),
        ("", &["c"][..], "insufficient_scope", "old c", "", "c old"),
        ("mine", &["c"][..], "insufficient_scope", "old", "", "mine old c"),
        ("", &["c"][..], "", "", offline, "c offline_access"),
    ] {
        let mut world = World::usual();
        world.set(document, 200, &metadata(more));
        let mut settings = entry(|entry| entry.scopes = words(pinned));
        settings.challenge = challenge(challenged, error);
        settings.scopes = words(before);
        let (_, step) = world.begin(settings);
        assert_eq!(value(page(&step), "scope"), expected);
        let consent = if more.is_empty() { "" } else { "consent" };
        assert_eq!(value(page(&step), "prompt"), consent);
    }
}

#[test]
fn the_entry_may_name_the_metadata_of_the_authorization_server() {
    let mut world = World::usual();
    world.set("https://as.example/own", 200, &metadata(""));
    let named = |url: &str| entry(|entry| entry.metadata_url = Some(url.to_owned()));
    granted(world.log_in(named("https://as.example/own"), ""));
    assert_eq!(world.urls()[0], "https://as.example/own");
    assert_eq!(
        failure(World::usual().log_in(named("https://as.example/none"), "")),
        "there is no metadata at 'oauth.authServerMetadataUrl'"
    );
    assert_eq!(
        failure(World::usual().log_in(named("http://as.example/own"), "")),
        "its authServerMetadataUrl http://as.example/own is not https"
    );
}

#[test]
fn a_client_that_acts_for_itself_needs_no_person() {
    let mut world = World::usual();
    let own = |secret: Option<&str>| {
        entry(|entry| {
            entry.is_client_credentials = true;
            entry.client_id = Some("c".to_owned());
            entry.client_secret = secret.map(str::to_owned);
        })
    };
    let grant = granted(world.log_in(own(Some("s")), ""));
    assert_eq!((grant.access_token.as_str(), grant.refresh_token), ("AT", None));
    assert_eq!(world.sent("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(world.sent("scope").as_deref(), Some("read write"));
    assert!(failure(world.log_in(own(None), "")).contains("needs clientId and clientSecret"));
}

#[test]
fn what_the_token_endpoint_says_is_told() {
    for (status, body, why) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"too\nlate"}"#,
            "HTTP 400: invalid_grant: too late",
        ),
        (500, "<html>", "HTTP 500"),
        (200, "<html>", "its answer is no JSON"),
        (200, "{}", "there is none in its answer"),
        (200, r#"{"error":"bad_verification_code"}"#, "bad_verification_code"),
        (200, r#"{"access_token":"a b"}"#, "it has characters that HTTP does not allow"),
        (200, r#"{"access_token":"a\r\nX: y"}"#, "it has characters that HTTP does not allow"),
        (200, r#"{"access_token":"a","token_type":"mac"}"#, "it is of another type than Bearer"),
    ] {
        let mut world = World::usual();
        world.set("https://as.example/token", status, body);
        let told = failure(world.log_in(settings(), ""));
        assert_eq!(told, format!("the authorization server gave no token ({why})"));
    }
    let mut world = World::usual();
    let (mut flow, step) = world.begin(settings());
    let back = format!("?code=C&state={}", value(page(&step), "state"));
    let Ok(FlowStep::Exchange(_)) = flow.returned(&back) else { panic!("a token is asked for") };
    assert_eq!(failure(flow.replied(Err("no connection".to_owned()))), "no connection");
}

#[test]
fn a_grant_is_refreshed_and_keeps_what_the_reply_leaves_out() {
    let grant = Grant {
        issuer: ISSUER.to_owned(),
        token_endpoint: "https://as.example/token".to_owned(),
        resource: SERVER.to_owned(),
        client: ClientIdentity { id: "c".to_owned(), ..ClientIdentity::default() },
        access_token: "A1".to_owned(),
        refresh_token: Some("R1".to_owned()),
        scopes: vec!["read".to_owned()],
    };
    let request = refresh_request(&grant).expect("it has a refresh token");
    assert_eq!(
        request.body,
        "grant_type=refresh_token&refresh_token=R1&resource=https%3A%2F%2Fh.example%2Fmcp&client_id=c"
    );
    let reply = |status: u16, body: &str| OAuthReply {
        status,
        body: body.as_bytes().to_vec(),
        ..OAuthReply::default()
    };
    let next = refreshed(&grant, &reply(200, r#"{"access_token":"A2"}"#)).expect("a grant");
    assert_eq!((next.access_token.as_str(), next.refresh_token.as_deref()), ("A2", Some("R1")));
    let next = r#"{"access_token":"A2","refresh_token":"R2","scope":"read more"}"#;
    let next = refreshed(&grant, &reply(200, next)).expect("a grant");
    assert_eq!(next.refresh_token.as_deref(), Some("R2"));
    assert_eq!(next.scopes, ["read", "more"]);
    assert_eq!(
        refreshed(&grant, &reply(400, r#"{"error":"invalid_grant"}"#)),
        Err(RefreshError::Refused(
            "the token was not refreshed (HTTP 400: invalid_grant)".to_owned()
        ))
    );
    assert!(matches!(refreshed(&grant, &reply(503, "")), Err(RefreshError::Unavailable(_))));
    for grant in [
        Grant { refresh_token: None, ..grant.clone() },
        Grant { token_endpoint: "http://as.example/token".to_owned(), ..grant },
    ] {
        assert!(refresh_request(&grant).is_none());
    }
}

#[test]
fn no_debug_text_holds_a_secret() {
    let mut world = World::usual();
    let made = r#"{"client_id":"a","client_secret":"SECRET"}"#;
    world.set("https://as.example/register", 201, made);
    world.set("https://as.example/token", 200, r#"{"access_token":"SECRET"}"#);
    let (mut flow, step) = world.begin(settings());
    let state = value(page(&step), "state");
    let step = flow.returned(&format!("?code=SECRET&state={state}")).expect("it fits");
    let mut text = format!("{flow:?} {step:?}");
    let FlowStep::Exchange(request) = step else { panic!("a token is asked for") };
    let reply = world.reply(request);
    text += &format!("{reply:?}");
    text += &format!("{:?}", flow.replied(reply));
    assert!(!text.contains("SECRET") && !text.contains(&state), "{text}");
}
