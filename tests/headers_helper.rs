//! `headersHelper`: a command that prints headers, for servers that are reached by HTTP.

mod common;
#[path = "channels/site.rs"]
mod site;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Driver, Home, is_running, write_config};
use serde_json::json;
use site::{Answer, Asked, Site};

const ECHO: &str = r#"{"text":"x"}"#;
/// Prints a token with the number of the run, and counts the runs in the file `runs`.
const COUNTING: &str =
    r#"echo >> $HOME/runs; printf '{"Authorization":"Bearer token-%d"}' $(wc -l < $HOME/runs)"#;

fn client(name: &str, url: &str, helper: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    let helper = json!(helper);
    let entry = format!(r#"{{"type":"http","url":"{url}","headersHelper":{helper}{keys}}}"#);
    write_config(&home, &format!(r#"{{"s":{entry}}}"#));
    Driver::at(home)
}

fn runs(driver: &Driver) -> usize {
    std::fs::read_to_string(driver.home.path("runs")).unwrap_or_default().lines().count()
}

fn token(asked: &Asked) -> usize {
    let value = asked.header("authorization").unwrap_or_default();
    value.strip_prefix("Bearer token-").and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// A server that takes only the token with this number and those behind it.
fn from(number: &Arc<AtomicUsize>, asked: &Asked) -> Option<Answer> {
    (token(asked) < number.load(Ordering::SeqCst)).then(|| Answer::status(401))
}

/// The pid that a command has written into a file.
fn pid_in(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[test]
fn what_is_printed_is_in_every_request_and_wins_over_headers() {
    for is_modern in [false, true] {
        let site = if is_modern { Site::modern(|_| None) } else { Site::legacy(|_| None) };
        let helper = r#"echo "{\"x-two\":\"$CLAUDE_CODE_MCP_SERVER_NAME\",\"X-Three\":\"$CLAUDE_CODE_MCP_SERVER_URL\"}""#;
        let keys = r#","headers":{"X-One":"entry","X-Two":"entry"}"#;
        let mut driver = client("helper-prints", &site.url(), helper, keys);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        for asked in site.asked() {
            assert_eq!(asked.header("x-one").as_deref(), Some("entry"), "{asked:?}");
            assert_eq!(asked.header("x-two").as_deref(), Some("s"), "{asked:?}");
            assert_eq!(asked.header("x-three"), Some(site.url()), "{asked:?}");
            assert_eq!(asked.headers.iter().filter(|(name, _)| name == "x-two").count(), 1);
        }
    }
}

#[test]
fn connections_of_one_moment_share_a_run_and_a_later_one_has_its_own() {
    let site = Site::legacy(|_| None);
    let keys = r#","era":"legacy","max_in_flight":1,"pool_max_size":3,"pool_idle_timeout":1"#;
    let helper = format!("sleep 0.2; {COUNTING}");
    let mut driver = client("helper-runs", &site.url(), &helper, keys);
    driver.ready();
    let ids: Vec<_> = (0..3).map(|_| driver.start("s", "echo", ECHO)).collect();
    for id in ids {
        assert!(driver.done(id).outcome.is_ok());
    }
    assert_eq!(runs(&driver), 1);
    assert!(site.count("initialize") > 1, "several connections were opened");
    driver.until("no connection", |driver| (driver.client.timeout().is_none()).then_some(()));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(runs(&driver), 2);
    let last = site.asked().into_iter().rfind(|asked| asked.method() == "tools/call");
    assert_eq!(last.map(|asked| token(&asked)), Some(2));
}

#[test]
fn what_goes_wrong_names_server_and_key_and_the_last_line() {
    let big = "head -c 70000 /dev/zero";
    for (helper, told) in [
        ("echo first >&2; echo no session >&2; exit 3", "failed, exit status 3: no session"),
        ("kill -9 $$", "failed, killed by signal 9 (SIGKILL)"),
        ("", "is empty"),
        ("echo hello", "printed no JSON: see its line 1 column 1"),
        ("true", "printed nothing, and no JSON object of strings"),
        ("echo '[1]'; echo a hint >&2", "printed JSON that is no object of strings: a hint"),
        ("echo '{\"A\": 1}'", "printed 'A', which is no string"),
        (big, "printed more than 64 KiB"),
    ] {
        let site = Site::legacy(|_| None);
        let mut driver = client("helper-wrong", &site.url(), helper, "");
        driver.ready();
        if told == "is empty" {
            let (told, _) = driver.client.configuration();
            assert!(told.contains("server 's': 'headersHelper' is empty"), "{told}");
            continue;
        }
        let error = driver.error("s", "echo", ECHO);
        let whole = format!("'headersHelper' of server 's' {told}");
        assert!(error.message().ends_with(&whole), "{helper}: {error}");
        assert_eq!(site.asked().len(), 0, "nothing is sent: {helper}");
    }
}

#[test]
fn a_secret_that_the_command_printed_is_in_no_message() {
    let site = Site::legacy(|asked| {
        (asked.method() == "tools/call").then(|| {
            let token = asked.header("authorization").unwrap_or_default();
            Answer::status(403).json(&format!("{{\"detail\":\"no {token} here\"}}"))
        })
    });
    let helper = r#"echo '{"Authorization":"Bearer s3cr3t-t0ken-value"}'"#;
    let mut driver = client("helper-secret", &site.url(), helper, r#","era":"legacy""#);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("HTTP 403"), "{error}");
    assert!(!error.message().contains("s3cr3t-t0ken"), "{error}");
    assert!(!driver.logged("s3cr3t"));
}

#[test]
fn a_refused_token_is_renewed_once_and_the_call_goes_on() {
    for is_modern in [false, true] {
        let from_number = Arc::new(AtomicUsize::new(1));
        let behave = {
            let from_number = from_number.clone();
            move |asked: &Asked| from(&from_number, asked)
        };
        let site = if is_modern { Site::modern(behave) } else { Site::legacy(behave) };
        let mut driver = client("helper-renews", &site.url(), COUNTING, r#","retry_attempts":0"#);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        assert_eq!(runs(&driver), 1);
        // The token has expired.
        from_number.store(2, Ordering::SeqCst);
        let ids: Vec<_> = (0..3).map(|_| driver.start("s", "echo", ECHO)).collect();
        for id in ids {
            let done = driver.done(id);
            assert!(done.outcome.is_ok(), "{:?}", done.outcome);
        }
        assert_eq!(runs(&driver), 2, "calls that are refused together share a run");
        let served = |asked: &&Asked| asked.method() == "tools/call" && token(asked) == 2;
        assert_eq!(site.asked().iter().filter(served).count(), 3, "each call ran once");
        // No token is good any more.
        from_number.store(usize::MAX, Ordering::SeqCst);
        let error = driver.error("s", "echo", ECHO);
        let told = "the server refuses what 'headersHelper' of server 's' prints: HTTP 401";
        assert!(error.message().contains(told), "{error}");
        assert!(!error.message().contains("mcp-login"), "{error}");
        assert_eq!(runs(&driver), 3);
    }
}

#[test]
fn a_token_that_is_refused_at_first_is_renewed_before_the_session() {
    let from_number = Arc::new(AtomicUsize::new(2));
    let site = Site::legacy(move |asked| from(&from_number, asked));
    let keys = r#","retry_attempts":0,"headers":{"Authorization":"Bearer old"}"#;
    let mut driver = client("helper-first", &site.url(), COUNTING, keys);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(runs(&driver), 2);
}

#[cfg(feature = "oauth")]
#[test]
fn without_an_authorization_of_its_own_a_login_is_asked_for() {
    let site = Site::legacy(|_| Some(Answer::status(401)));
    let helper = r#"echo >> $HOME/runs; echo '{"X-Tenant":"a"}'"#;
    let mut driver = client("helper-login", &site.url(), helper, r#","retry_attempts":0"#);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("mcp-login s"), "{error}");
    assert_eq!(runs(&driver), 2);
}

#[test]
fn an_entry_of_a_repository_runs_nothing_before_it_is_approved() {
    let site = Site::legacy(|_| None);
    let home = Home::new("helper-approval");
    let project: PathBuf = home.path("project");
    std::fs::create_dir_all(&project).expect("a directory");
    let helper = json!(r#"echo >> $HOME/runs; pwd > $HOME/place; echo '{}'"#);
    let entry = format!(r#"{{"type":"http","url":"{}","headersHelper":{helper}}}"#, site.url());
    std::fs::write(project.join(".mcp.json"), format!(r#"{{"mcpServers":{{"s":{entry}}}}}"#))
        .expect("it is written");
    let approve = |home: &Home, list: &str| {
        let projects = json!({project.to_str().expect("text"): {"enabledMcpjsonServers": [list]}});
        let text = json!({"mcpServers": {}, "projects": projects}).to_string();
        std::fs::write(home.path(".claude.json"), text).expect("it is written");
    };
    approve(&home, "other");
    let mut driver = Driver::at(home);
    driver.ready();
    driver.client.refresh(Some(&project));
    driver.ready();
    driver.client.set_directory(Some(&project));
    assert!(driver.client.find("s").is_err_and(|error| error.message().contains("not approved")));
    assert_eq!(runs(&driver), 0);
    approve(&driver.home, "s");
    driver.client.reload();
    driver.ready();
    let name = driver.client.find("s").expect("it is approved");
    assert_eq!(driver.text(&name, "echo", ECHO), "x");
    assert_eq!(runs(&driver), 1);
    let place = std::fs::read_to_string(driver.home.path("place")).expect("it is written");
    assert_eq!(Path::new(place.trim()), project.canonicalize().expect("it is there"));
}

#[test]
fn the_command_and_its_children_go_with_the_client_and_with_the_entry() {
    let site = Site::legacy(|_| None);
    let helper = "trap '' TERM; sleep 1000 & echo $! > $HOME/child; echo $$ > $HOME/leader; wait";
    for is_dropped in [true, false] {
        let mut driver = client("helper-ends", &site.url(), helper, "");
        driver.ready();
        driver.start("s", "echo", ECHO);
        let pids = driver.until("the command runs", |driver| {
            let pids = ["child", "leader"].map(|name| pid_in(&driver.home.path(name)));
            Some((pids[0]?, pids[1]?))
        });
        let are_gone = || !is_running(pids.0) && !is_running(pids.1);
        if is_dropped {
            let Driver { client, .. } = driver;
            drop(client);
            let start = std::time::Instant::now();
            while !are_gone() {
                assert!(start.elapsed().as_secs() < 20, "{pids:?} live on");
                std::thread::yield_now();
            }
        } else {
            write_config(&driver.home, "{}");
            driver.client.reload();
            let start = std::time::Instant::now();
            driver.until("no process", |_| are_gone().then_some(()));
            // After 10 s it ends anyway.
            assert!(start.elapsed().as_secs() < 8);
        }
    }
}
