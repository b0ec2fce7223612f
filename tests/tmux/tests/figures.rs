//! Figures for status lines and control clients.

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

#[test]
fn each_server_has_a_glyph_rates_and_a_sparkline() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .server("gone", serde_json::json!({"command": "/does/not/exist"}))
        .start();
    until("the configuration is loaded", || tmux.format("#{mcp_servers}") == "2");
    let cold = tmux.format("#{mcp_glyph_demo}");
    assert_eq!(cold.chars().count(), 1, "{cold}");
    for _ in 0..5 {
        let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    }
    let _ = tmux.call(["gone", "echo", "text=x"]).fails(2);
    assert_eq!(tmux.format("#{mcp_glyph_demo}#{mcp_glyph_gone}"), "●✗");
    assert_ne!(cold, "●");
    for key in ["p50", "p95", "p99", "p999", "avg"] {
        let value = tmux.format(&format!("#{{mcp_{key}_demo}}"));
        assert!(value.ends_with("ms") || value.ends_with("us"), "{key}: {value}");
    }
    assert!(tmux.format("#{mcp_rate_demo}").ends_with("/s"));
    assert!(tmux.format("#{mcp_hit_rate_demo}").ends_with('%'));
    assert_eq!(tmux.format("#{mcp_calls_demo}/#{mcp_errors_demo}"), "5/0");
    let spark = tmux.format("#{mcp_spark_demo}");
    assert_eq!(spark.chars().count(), 8, "{spark:?}");
    assert!(spark.chars().any(|bar| bar > '▁'), "{spark:?}");
    tmux.finish();
}

#[test]
fn totals_count_all_servers() {
    let tmux = Setup::new().server("a", stdio(&[])).server("b", stdio(&[])).start();
    let _ = tmux.call(["a", "echo", "text=x"]).ok();
    let _ = tmux.call(["b", "fail", "message=x"]).fails(1);
    assert_eq!(tmux.format("#{mcp_servers}/#{mcp_calls}/#{mcp_errors}"), "2/2/1");
    for key in ["p50", "p95", "p99"] {
        assert_ne!(tmux.format(&format!("#{{mcp_{key}}}")), "-", "{key}");
    }
    tmux.finish();
}

#[test]
fn reports_take_templates_and_filters() {
    let tmux = Setup::new().server("a", stdio(&[])).server("b", stdio(&[])).start();
    let _ = tmux.call(["a", "echo", "text=x"]).ok();
    let list =
        |filter: &str| tmux.run(["mcp-stats", "-F", "#{mcp_name}=#{mcp_state}", "-f", filter]).ok();
    assert_eq!(list("1"), "a=connected\nb=disconnected\n");
    assert_eq!(list("#{==:#{mcp_state},connected}"), "a=connected\n");
    assert_eq!(list("0"), "");
    tmux.finish();
}

#[test]
fn a_control_client_is_told_of_figures_it_subscribed_to() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("refresh-client -B 'p::#{mcp_progress}'");
    let _ = control.command("refresh-client -B 's::#{mcp_glyph_demo} #{mcp_state_demo}'");
    let told = |control: &tmcp_tmux_tests::Control, name: &str, text: &str| {
        until(&format!("{name} tells {text:?}"), || {
            control.notifications().iter().any(|line| {
                line.starts_with(&format!("%subscription-changed {name} ")) && line.contains(text)
            })
        });
    };
    let call = tmux.start_call(["demo", "progress", "steps=100", "delay_ms=100"]);
    told(&control, "s", "● connected");
    told(&control, "p", "%");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait().fails(1);
    control.well_formed();
    drop(control);
    tmux.finish();
}
