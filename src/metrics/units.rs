//! How numbers, times and foreign text look on screen.
//!
//! Invariants: a share is rounded down, so that 100 % means all of them; foreign
//! text never brings a control character or a line break with it.

use std::fmt::Write as _;
use std::time::Duration;

use super::latency::micros;

/// `n` with thousands separators: `1,247`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A latency: `12.3ms`, three decimals below a millisecond, seconds from ten on.
pub(super) fn latency(duration: Duration) -> String {
    let us = micros(duration);
    if us < 1000 {
        format!("0.{us:03}ms")
    } else if us < 10_000_000 {
        let tenths = us.saturating_add(50) / 100;
        format!("{}.{}ms", tenths / 10, tenths % 10)
    } else {
        let tenths = us.saturating_add(50_000) / 100_000;
        format!("{}.{}s", tenths / 10, tenths % 10)
    }
}

/// A latency that may not be known yet.
pub(super) fn latency_or_dash(duration: Option<Duration>) -> String {
    duration.map_or_else(dash, latency)
}

/// `part` of `all` in whole percent: `99%`.
pub(super) fn percent(part: u64, all: u64) -> String {
    per(part, all, 100).map_or_else(dash, |n| format!("{n}%"))
}

/// `part` of `all` in tenths of a percent: `98.6%`.
pub(super) fn percent_tenths(part: u64, all: u64) -> String {
    per(part, all, 1000).map_or_else(dash, |n| format!("{}.{}%", n / 10, n % 10))
}

/// A length of time in its two largest units: `2 hours, 34 minutes`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{}, {}", plural(days, "day"), plural(hours % 24, "hour"))
    } else if hours > 0 {
        format!("{}, {}", plural(hours, "hour"), plural(minutes % 60, "minute"))
    } else if minutes > 0 {
        format!("{}, {}", plural(minutes, "minute"), plural(seconds % 60, "second"))
    } else {
        plural(seconds, "second")
    }
}

/// A length of time in its two largest units, for where there is little room:
/// `2h34m`.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, _, _) => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

/// How long ago something was, in its largest unit: `5 seconds ago`.
pub(super) fn ago(age: Duration) -> String {
    let seconds = age.as_secs();
    let text = match seconds {
        0..60 => plural(seconds, "second"),
        60..3600 => plural(seconds / 60, "minute"),
        3600..86_400 => plural(seconds / 3600, "hour"),
        _ => plural(seconds / 86_400, "day"),
    };
    format!("{text} ago")
}

/// A sum of time in seconds with two decimals, in larger units from a minute on:
/// `7.03 seconds`.
pub(super) fn total(duration: Duration) -> String {
    if duration >= Duration::from_secs(60) {
        return span(duration);
    }
    let hundredths = duration.as_millis() / 10;
    format!("{}.{:02} seconds", hundredths / 100, hundredths % 100)
}

/// A rate: `1,500`, `15`, `2.5`, `0.03`, `0`.
pub(super) fn rate(per_second: f64) -> String {
    if per_second >= 10.0 {
        // The cast saturates.
        count(per_second.round() as u64)
    } else if per_second >= 0.1 {
        trim_zero(format!("{per_second:.1}"))
    } else if per_second > 0.0 {
        format!("{:.2}", per_second.max(0.01))
    } else {
        "0".to_owned()
    }
}

/// A rate of bytes: `45 KB`.
pub(super) fn bytes_rate(per_second: f64) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let mut value = per_second;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", rate(value), UNITS[unit])
}

/// Foreign text as one printable line of bounded length: what a terminal would
/// obey, or that reorders or breaks lines, appears as `\ooo`.
pub(super) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LINE_CHARS));
    for (index, c) in text.chars().enumerate() {
        if index == LINE_CHARS {
            out.push_str("...");
            break;
        }
        if is_plain(c) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\{byte:03o}");
        }
    }
    out
}

/// What stands for a number that is not known.
pub(super) fn dash() -> String {
    "-".to_owned()
}

/// Neither a control nor invisible. Joiners and variation selectors, which have
/// honest uses beside other characters, pass: tmux looks at those.
fn is_plain(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}'
        | '\u{e01f0}'..='\u{e0fff}');
    !(c.is_control() || hidden)
}

fn per(part: u64, all: u64, scale: u128) -> Option<u128> {
    (u128::from(part) * scale).checked_div(u128::from(all))
}

fn plural(n: u64, unit: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {unit}{s}", count(n))
}

fn trim_zero(text: String) -> String {
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

const LINE_CHARS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn us(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    #[test]
    fn counts_have_thousands_separators() {
        for (n, shown) in [(0, "0"), (999, "999"), (1247, "1,247"), (5_124_827, "5,124,827")] {
            assert_eq!(count(n), shown);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn latencies_are_milliseconds_that_never_round_to_nothing() {
        for (n, shown) in [
            (12_300, "12.3ms"),
            (8_349, "8.3ms"),
            (8_350, "8.4ms"),
            (45, "0.045ms"),
            (999, "0.999ms"),
            (1000, "1.0ms"),
            (142_000, "142.0ms"),
            (12_340_000, "12.3s"),
            (1_800_000_000, "1800.0s"),
        ] {
            assert_eq!(latency(us(n)), shown);
        }
        assert_eq!(latency_or_dash(None), "-");
        assert!(latency(Duration::MAX).ends_with('s'));
    }

    #[test]
    fn shares_round_down_and_an_empty_whole_is_unknown() {
        assert_eq!(percent(1238, 1247), "99%");
        assert_eq!(percent(999, 1000), "99%");
        assert_eq!(percent(5, 5), "100%");
        assert_eq!(percent(0, 0), "-");
        assert_eq!(percent_tenths(847, 859), "98.6%");
        assert_eq!(percent_tenths(1189, 1247), "95.3%");
        assert_eq!(percent_tenths(99_999, 100_000), "99.9%");
        assert_eq!(percent_tenths(u64::MAX, u64::MAX), "100.0%");
    }

    #[test]
    fn spans_use_the_two_largest_units() {
        for (seconds, shown) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute, 1 second"),
            (9240, "2 hours, 34 minutes"),
            (90_000, "1 day, 1 hour"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), shown);
        }
        assert_eq!(ago(Duration::from_secs(5)), "5 seconds ago");
        assert_eq!(ago(Duration::from_secs(119)), "1 minute ago");
        assert_eq!(ago(Duration::from_secs(7200)), "2 hours ago");
        assert_eq!(ago(Duration::from_secs(86_400)), "1 day ago");
        assert_eq!(total(us(7_030_100)), "7.03 seconds");
        assert_eq!(total(us(61_000_000)), "1 minute, 1 second");
        span(Duration::MAX);
        ago(Duration::MAX);
        total(Duration::MAX);
    }

    #[test]
    fn rates_keep_the_digits_that_matter() {
        for (n, shown) in [
            (0.0, "0"),
            (0.001, "0.01"),
            (0.05, "0.05"),
            (0.25, "0.2"),
            (2.0, "2"),
            (2.54, "2.5"),
            (15.2, "15"),
            (12_345.0, "12,345"),
        ] {
            assert_eq!(rate(n), shown);
        }
        assert_eq!(bytes_rate(46_080.0), "45 KB");
        assert_eq!(bytes_rate(512.0), "512 B");
        assert_eq!(bytes_rate(1e300), "18,446,744,073,709,551,615 GB");
        assert_eq!(rate(f64::NAN), "0");
    }

    #[test]
    fn foreign_text_stays_one_line_without_control_characters() {
        assert_eq!(line("a\tb\r\nc\x1b[31m\x7f"), "a\\011b\\015\\012c\\033[31m\\177");
        assert_eq!(line("\u{9b}x"), "\\302\\233x");
        assert_eq!(line("\u{202e}\u{2028}"), "\\342\\200\\256\\342\\200\\250");
        assert_eq!(line("\u{200b}\u{ad}"), "\\342\\200\\213\\302\\255");
        assert_eq!(line("\u{e0041}"), "\\363\\240\\201\\201");
        assert_eq!(line("\u{1f468}\u{200d}\u{1f469}"), "\u{1f468}\u{200d}\u{1f469}");
        assert_eq!(line("gr\u{fc}n \u{2713}"), "gr\u{fc}n \u{2713}");
        assert_eq!(line(&"x".repeat(5000)).len(), LINE_CHARS + 3);
    }
}
