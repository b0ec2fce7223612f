//! Servers that want to know who calls, on real sockets.

#![cfg(feature = "oauth")]

#[cfg(feature = "tls")]
#[path = "channels/authority.rs"]
mod authority;
mod common;
#[path = "channels/login_site.rs"]
mod login_site;
#[path = "channels/site.rs"]
mod site;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use common::{Driver, Home, text_of, write_config};
use login_site::{Shared, agreed, browse, start};
use site::Site;
use tmcp::client::{Completion, Event, RequestId};
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"x"}"#;
const QUICK: &str = r#","retry_attempts":0"#;

fn home(name: &str, url: &str, keys: &str) -> Home {
    let home = Home::new(name);
    write_config(&home, &format!(r#"{{"s":{{"type":"http","url":"{url}"{keys}}}}}"#));
    home
}

fn tokens(driver: &Driver) -> PathBuf {
    driver.home.path(".local/state/tmcp/tokens.json")
}

fn message(done: &Completion) -> String {
    done.outcome.as_ref().expect_err("it fails").message().to_owned()
}

/// Begins a login and waits for its page.
fn begin(driver: &mut Driver) -> (RequestId, String) {
    driver.ready();
    let id = driver.client.login("s", 7).expect("it is accepted");
    let page = driver.until("a page", |driver| {
        driver.events.iter().find_map(|event| match event {
            Event::LoginPage { id: own, page, user_data: 7, server } if *own == id => {
                assert_eq!(&**server, "s");
                Some(page.clone())
            }
            _ => None,
        })
    });
    driver.events.retain(|event| !matches!(event, Event::LoginPage { .. }));
    (id, page)
}

/// Logs in as a person whose browser is on this host.
fn log_in(driver: &mut Driver) {
    let (id, page) = begin(driver);
    let browser = thread::spawn(move || browse(&agreed(&page)));
    let done = driver.done(id);
    assert!(done.outcome.is_ok(), "{:?}", done.outcome);
    assert!(browser.join().expect("no panic").contains("You are logged in."));
}

fn set(authority: &Shared, change: impl FnOnce(&mut login_site::Authority)) {
    change(&mut authority.lock().expect("no panic"));
}

/// No secret of a login is in the log.
fn check_log(driver: &Driver) {
    for secret in ["secret-", "code_verifier"] {
        assert!(!driver.logged(secret), "{:#?}", driver.log.lock().expect("no panic"));
    }
}

#[test]
fn a_login_lets_calls_through_and_outlives_the_client() {
    for is_modern in [false, true] {
        let (site, authority) = start(is_modern);
        let mut driver = Driver::at(home("login", &site.url(), QUICK));
        let error = driver.error("s", "echo", ECHO);
        let told = "the server wants to know who calls: mcp-login s, or 'headers', Authorization";
        assert!(error.message().ends_with(told), "{error:?}");
        log_in(&mut driver);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        let meta = std::fs::metadata(tokens(&driver)).expect("it is kept");
        assert_eq!(meta.mode() & 0o777, 0o600);
        check_log(&driver);
        assert_eq!(authority.lock().expect("no panic").given, 1);
        // A client of a later day finds the token.
        let Driver { client, home, .. } = driver;
        drop(client);
        let mut later = Driver::at(home);
        assert_eq!(later.text("s", "echo", ECHO), "x");
        let id = later.client.logout("s", 0).expect("it is accepted");
        assert!(later.done(id).outcome.is_ok());
        assert!(!std::fs::read_to_string(tokens(&later)).expect("a file").contains("secret"));
        assert!(later.error("s", "echo", ECHO).message().contains("mcp-login s"));
        let id = later.client.logout("s", 0).expect("it is accepted");
        assert_eq!(message(&later.done(id)), "server 's': nobody has logged in");
        check_log(&later);
    }
}

#[test]
fn servers_that_want_a_token_for_calls_alone_are_connected_to_all_the_same() {
    let (site, authority) = start(false);
    set(&authority, |authority| authority.is_open_at_first = true);
    let mut driver = Driver::at(home("login-late", &site.url(), r#","era":"legacy""#));
    assert!(driver.error("s", "echo", ECHO).message().contains("mcp-login s"));
    log_in(&mut driver);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    // The session goes on.
    assert_eq!(site.count("initialize"), 1);
}

#[test]
fn an_old_token_is_refreshed_and_calls_that_wait_run_once() {
    let (site, authority) = start(false);
    let mut driver = Driver::at(home("login-old", &site.url(), QUICK));
    log_in(&mut driver);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    set(&authority, |authority| authority.good.clear());
    let ids: Vec<_> =
        (0..5).map(|n| driver.start("s", "echo", &format!(r#"{{"text":"{n}"}}"#))).collect();
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(text_of(&driver.done(id)), n.to_string());
    }
    {
        let authority = authority.lock().expect("no panic");
        assert_eq!(authority.given, 2, "{:?}", authority.forms);
        let form = &authority.forms[1];
        assert!(form.contains("grant_type=refresh_token&refresh_token=secret-refresh-1"), "{form}");
    }
    let kept = std::fs::read_to_string(tokens(&driver)).expect("a file");
    assert!(kept.contains("secret-access-2") && kept.contains("secret-refresh-2"), "{kept}");
    assert!(!kept.contains("secret-access-1"), "{kept}");
    // Also when the handshake of a later client meets the old token.
    set(&authority, |authority| authority.good.clear());
    let Driver { client, home, .. } = driver;
    drop(client);
    let mut later = Driver::at(home);
    assert_eq!(later.text("s", "echo", ECHO), "x");
    assert_eq!(authority.lock().expect("no panic").given, 3);
    check_log(&later);
}

#[test]
fn a_token_that_cannot_be_refreshed_asks_for_another_login() {
    for (refusal, why, is_kept) in [
        ((400, r#"{"error":"invalid_grant"}"#), "(HTTP 400: invalid_grant)", false),
        ((503, ""), "(HTTP 503)", true),
    ] {
        let (site, authority) = start(false);
        let mut driver = Driver::at(home("login-void", &site.url(), QUICK));
        log_in(&mut driver);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        set(&authority, |authority| {
            authority.good.clear();
            authority.refusal = Some(refusal);
        });
        assert_eq!(
            driver.error("s", "echo", ECHO).message(),
            format!("server 's': the token was not refreshed {why}; log in again: mcp-login s")
        );
        let kept = std::fs::read_to_string(tokens(&driver)).expect("a file");
        assert_eq!(kept.contains("secret-refresh-1"), is_kept, "{kept}");
        set(&authority, |authority| authority.refusal = None);
        if is_kept {
            assert_eq!(driver.text("s", "echo", ECHO), "x");
        }
        log_in(&mut driver);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
}

#[test]
fn a_token_without_a_refresh_token_and_one_that_is_never_taken_end_in_words() {
    let (site, authority) = start(false);
    set(&authority, |authority| authority.has_no_refresh = true);
    let mut driver = Driver::at(home("login-short", &site.url(), QUICK));
    log_in(&mut driver);
    set(&authority, |authority| authority.good.clear());
    let error = driver.error("s", "echo", ECHO);
    let told = "the token of the login is no longer valid; log in again: mcp-login s";
    assert!(error.message().ends_with(told), "{error:?}");
    // Every new token is refused as well: it is refreshed once, and not for ever.
    set(&authority, |authority| authority.has_no_refresh = false);
    log_in(&mut driver);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let given = authority.lock().expect("no panic").given;
    set(&authority, |authority| authority.takes_nothing = true);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("the server refuses the token of the login"), "{error:?}");
    assert_eq!(authority.lock().expect("no panic").given, given + 1);
}

#[test]
fn a_call_that_lacks_scopes_names_them_and_the_next_login_asks_for_them() {
    let (site, authority) = start(false);
    let mut driver = Driver::at(home("login-scope", &site.url(), QUICK));
    log_in(&mut driver);
    set(&authority, |authority| authority.scope = Some("write admin"));
    assert_eq!(
        driver.error("s", "echo", ECHO).message(),
        "server 's': the login does not reach for this, which needs the scopes write admin; \
         log in again: mcp-login s"
    );
    assert_eq!(site.count("tools/call"), 1);
    let (_, page) = begin(&mut driver);
    assert!(page.contains("scope=write%20admin%20read"), "{page}");
}

#[test]
fn the_address_can_be_pasted_and_only_that_of_this_login_counts() {
    let (site, _authority) = start(false);
    let mut driver = Driver::at(home("login-paste", &site.url(), QUICK));
    driver.ready();
    let refused = |driver: &mut Driver, address: &str| {
        let error = driver.client.login_answer("s", address).expect_err("it does not fit");
        assert_eq!(error.kind(), Kind::Invalid);
        error.message().to_owned()
    };
    assert_eq!(refused(&mut driver, "?code=a"), "server 's': no login is under way");
    let (id, page) = begin(&mut driver);
    assert_eq!(
        refused(&mut driver, "http://x/?code=a&state=b"),
        "server 's': the address belongs to another login"
    );
    // A page of somebody else that comes to the port does not end the login either.
    let address = agreed(&page);
    let (start, _) = address.split_once('?').expect("a query");
    let stray = format!("{start}?code=a&state=b");
    let browser = thread::spawn(move || browse(&stray));
    driver.until("the browser", |_| browser.is_finished().then_some(()));
    let said = browser.join().expect("no panic");
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("another login"), "{said}");
    driver.client.login_answer("s", &address).expect("it fits");
    assert!(driver.done(id).outcome.is_ok());
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(refused(&mut driver, &address), "server 's': no login is under way");
}

#[test]
fn a_login_ends_when_it_is_cancelled_replaced_or_refused() {
    let (site, authority) = start(false);
    let mut driver = Driver::at(home("login-ends", &site.url(), QUICK));
    let (id, page) = begin(&mut driver);
    assert!(driver.client.cancel(id));
    let listens = |page: &str| {
        let address = agreed(page);
        let place = address.split('/').nth(2).expect("a port").to_owned();
        std::net::TcpStream::connect(place).is_ok()
    };
    driver.until("the port", |_| (!listens(&page)).then_some(()));
    let (first, _) = begin(&mut driver);
    let (second, page) = begin(&mut driver);
    let done = driver.done(first);
    let error = done.outcome.expect_err("it was replaced");
    assert_eq!(error.kind(), Kind::Cancelled);
    set(&authority, |authority| {
        authority.refusal = Some((400, r#"{"error":"invalid_client","error_description":"who?"}"#));
    });
    driver.client.login_answer("s", &agreed(&page)).expect("it fits");
    assert_eq!(
        message(&driver.done(second)),
        "server 's': the authorization server gave no token (HTTP 400: invalid_client: who?)"
    );
    driver.until("the port", |_| (!listens(&page)).then_some(()));
    assert!(!tokens(&driver).exists());
}

#[test]
fn a_person_who_does_not_come_back_holds_nothing_up() {
    let (site, _authority) = start(false);
    let mut driver = Driver::at(home("login-person", &site.url(), QUICK));
    let (id, _page) = begin(&mut driver);
    // Calls fail at once meanwhile, and nothing turns.
    assert!(driver.error("s", "echo", ECHO).message().contains("mcp-login s"));
    driver.until("a rest", |driver| {
        driver.client.timeout().is_none_or(|wait| wait.as_secs() > 20).then_some(())
    });
    assert!(driver.client.cancel(id));
}

#[test]
fn a_file_that_others_can_read_is_not_used_and_the_login_says_so() {
    let (site, _authority) = start(false);
    let mut driver = Driver::at(home("login-loose", &site.url(), QUICK));
    log_in(&mut driver);
    let file = tokens(&driver);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let Driver { client, home, .. } = driver;
    drop(client);
    let mut later = Driver::at(home);
    let error = later.error("s", "echo", ECHO);
    assert!(error.message().contains("(mode 644): chmod 600 it, or remove it"), "{error:?}");
    let error = later.client.login("s", 0).expect_err("it is refused");
    assert!(error.message().ends_with("(mode 644): chmod 600 it, or remove it"), "{error:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    assert_eq!(later.text("s", "echo", ECHO), "x");
}

#[test]
fn a_login_elsewhere_is_found_without_being_told() {
    let (site, _authority) = start(false);
    let mut first = Driver::at(home("login-two", &site.url(), QUICK));
    first.ready();
    let home = Home(first.home.0.clone());
    let mut second = Driver::at(home);
    assert!(second.error("s", "echo", ECHO).message().contains("mcp-login s"));
    log_in(&mut first);
    assert_eq!(second.text("s", "echo", ECHO), "x");
}

#[test]
fn a_client_that_acts_for_itself_needs_no_command() {
    let (site, authority) = start(false);
    let keys = r#","retry_attempts":0,"oauth":{"clientId":"c","clientSecret":"secret-own",
        "grantType":"client_credentials"}"#;
    let mut driver = Driver::at(home("login-own", &site.url(), keys));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let form = authority.lock().expect("no panic").forms[0].clone();
    assert!(form.starts_with("grant_type=client_credentials&"), "{form}");
    check_log(&driver);
}

#[test]
fn an_authorization_of_the_entry_comes_first_and_other_servers_have_no_login() {
    let site = Site::legacy(|asked| {
        (asked.header("authorization").as_deref() != Some("Bearer mine"))
            .then(|| site::Answer::status(401))
    });
    let keys = |token: &str| format!(r#","era":"legacy","headers":{{"Authorization":"{token}"}}"#);
    let mut driver = Driver::at(home("login-own", &site.url(), &keys("Bearer mine")));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let error = driver.client.login("s", 0).expect_err("it has its own");
    let told = "server 's' has an Authorization of its own in 'headers'";
    assert_eq!(error.message(), told);
    for (entry, told) in [
        (
            r#"{"type":"http","url":"http://h.example/mcp"}"#,
            "server 's' is reached without TLS, by which no token is sent",
        ),
        (
            r#"{"type":"http","url":"unix:///x.sock"}"#,
            "server 's' is reached by a Unix socket, so it has no login",
        ),
        (r#"{"command":"x"}"#, "server 's' is not reached by HTTP, so it has no login"),
    ] {
        let mut driver = Driver::new("login-none", &format!(r#"{{"s":{entry}}}"#));
        driver.ready();
        assert_eq!(driver.client.login("s", 0).expect_err("it has none").message(), told);
        assert_eq!(driver.client.logout("s", 0).expect_err("it has none").message(), told);
        assert!(driver.client.login("t", 0).is_err());
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_login_goes_over_tls_with_the_issuers_of_the_entry() {
    use rustls::{ServerConnection, StreamOwned};

    let (site, authority) = start(false);
    let issuer = authority::Authority::new();
    let config = std::sync::Arc::new(issuer.server("localhost", authority::Validity::Good));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
    set(&authority, |authority| authority.origin.clone_from(&origin));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (site, config) = (site.clone(), config.clone());
            thread::spawn(move || {
                let connection = ServerConnection::new(config).expect("a connection");
                site.serve_whole(StreamOwned::new(connection, stream));
            });
        }
    });
    let home = Home::new("login-tls");
    let file = home.path("ca.pem");
    std::fs::write(&file, issuer.pem()).expect("it is written");
    let entry = |tls: &str| {
        format!(r#"{{"s":{{"type":"http","url":"{origin}/mcp","retry_attempts":0{tls}}}}}"#)
    };
    write_config(&home, &entry(&format!(r#","tls":{{"ca":{file:?}}}"#)));
    let mut driver = Driver::at(home);
    log_in(&mut driver);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    set(&authority, |authority| authority.good.clear());
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    // Without the issuer nobody proves to be the server, and nothing is sent.
    let other = Home::new("login-tls-other");
    write_config(&other, &entry(""));
    let mut driver = Driver::at(other);
    driver.ready();
    let id = driver.client.login("s", 7).expect("it is accepted");
    let told = message(&driver.done(id));
    assert!(told.contains("issuer of the server's certificate"), "{told}");
}

/// Names the home of a client in a process of its own.
const CHILD: &str = "TMCP_TEST_LOGIN_HOME";

#[test]
fn processes_with_one_old_token_refresh_it_once() {
    const PROCESSES: usize = 3;
    let (site, authority) = start(false);
    let mut driver = Driver::at(home("login-race", &site.url(), QUICK));
    log_in(&mut driver);
    set(&authority, |authority| {
        authority.good.clear();
        authority.delay = Duration::from_millis(300);
    });
    let program = std::env::current_exe().expect("a test has a path");
    let mut children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            std::process::Command::new(&program)
                .args(["--exact", "a_client_in_a_process_of_its_own", "--ignored"])
                .env(CHILD, &driver.home.0)
                .stdout(std::process::Stdio::null())
                .spawn()
                .expect("the program starts")
        })
        .collect();
    let waiting = |driver: &Driver| {
        let files = std::fs::read_dir(&driver.home.0).expect("a directory");
        files.flatten().filter(|f| f.file_name().to_string_lossy().starts_with("ready")).count()
    };
    driver.until("the processes", |driver| (waiting(driver) == PROCESSES).then_some(()));
    std::fs::write(driver.home.path("go"), "").expect("it is written");
    for child in &mut children {
        assert!(child.wait().expect("it ends").success());
    }
    let authority = authority.lock().expect("no panic");
    assert_eq!(authority.given, 2, "{:?}", authority.forms);
    let kept = std::fs::read_to_string(tokens(&driver)).expect("a file");
    assert!(kept.contains("secret-access-2") && kept.contains("secret-refresh-2"), "{kept}");
    assert_eq!(site.count("tools/call"), PROCESSES);
}

/// Started by the test above, with others at the same time.
#[test]
#[ignore = "is a part of another test"]
fn a_client_in_a_process_of_its_own() {
    let Some(home) = std::env::var_os(CHILD) else { return };
    let mut driver = Driver::at(Home(home.into()));
    driver.ready();
    let go = driver.home.path("go");
    std::fs::write(driver.home.path(&format!("ready-{}", std::process::id())), "").expect("room");
    driver.until("the word", |_| go.exists().then_some(()));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    // The directory belongs to the test that started this process.
    std::mem::forget(driver);
}
