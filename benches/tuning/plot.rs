//! The plots, as plain SVG.

use std::fmt::Write as _;

use crate::Row;

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 250.0;
const COLUMNS: usize = 2;
const STYLE: &str = "<style>text{font:11px sans-serif;fill:#333}.t{font-weight:bold;font-size:13px}\
                     .o{fill:#8a8a8a}.u{fill:#c0392b}.a{stroke:#999;stroke-width:1;fill:none}</style>";

/// Of each workload, the extra delay over the connections: down and left is better.
pub fn panels(panels: &[(&str, Vec<Row>)]) -> String {
    let rows = panels.len().div_ceil(COLUMNS) as f64;
    let (width, height) = (WIDTH * COLUMNS as f64, HEIGHT * rows);
    let mut svg = head(width, height);
    for (index, (name, rows)) in panels.iter().enumerate() {
        let x = WIDTH * (index % COLUMNS) as f64;
        let y = HEIGHT * (index / COLUMNS) as f64;
        let _ = write!(svg, "<g transform='translate({x},{y})'>");
        let _ = write!(svg, "<text class='t' x='45' y='20'>{name}</text>");
        let _ = write!(svg, "<path class='a' d='M45 30V210H370'/>");
        for (ms, label) in
            [(1.0, "1 ms"), (10.0, "10"), (100.0, "100"), (1e3, "1 s"), (1e4, "10 s")]
        {
            let y = vertical(ms) + 4.0;
            let _ = write!(svg, "<text x='40' y='{y:.0}' text-anchor='end'>{label}</text>");
        }
        for count in [1.0, 5.0, 10.0, 20.0, 32.0] {
            let x = across(count);
            let _ = write!(svg, "<text x='{x:.0}' y='224' text-anchor='middle'>{count}</text>");
        }
        let _ =
            write!(svg, "<text x='365' y='240' text-anchor='end'>connections on average</text>");
        let mut used: Vec<(f64, f64)> = Vec::new();
        for row in rows {
            let (x, y) = (across(row.average), vertical(row.p95));
            let class = if row.policy == "tuned" { "u" } else { "o" };
            let _ = write!(svg, "<circle class='{class}' cx='{x:.1}' cy='{y:.1}' r='4'/>");
            let mut label = y + 4.0;
            while used.iter().any(|(ox, oy)| (ox - x).abs() < 80.0 && (oy - label).abs() < 11.0) {
                label -= 11.0;
            }
            used.push((x, label));
            let (at, anchor) = if x > 260.0 { (x - 7.0, "end") } else { (x + 7.0, "start") };
            let name = row.policy.split(" (").next().unwrap_or_default();
            let _ = write!(
                svg,
                "<text class='{class}' x='{at:.0}' y='{label:.0}' text-anchor='{anchor}'>{name}</text>"
            );
        }
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

/// Connections over an hour.
pub fn timeline(timeline: &[(u64, usize)]) -> String {
    let mut svg = head(780.0, 220.0);
    svg.push_str(
        "<text class='t' x='45' y='20'>Connections of the tuned pool (Turns serial)</text>",
    );
    svg.push_str("<path class='a' d='M45 30V180H765'/><path class='a' stroke-dasharray='4' d='M405 30V180'/>");
    svg.push_str("<text x='410' y='42'>the server turns serial per connection</text>");
    for count in [1, 10, 20, 32] {
        let y = 180.0 - f64::from(count) * 4.5 + 4.0;
        let _ = write!(svg, "<text x='40' y='{y:.0}' text-anchor='end'>{count}</text>");
    }
    for minute in [0, 10, 20, 30, 40, 50, 60] {
        let x = 45 + minute * 12;
        let _ = write!(svg, "<text x='{x}' y='196' text-anchor='middle'>{minute} min</text>");
    }
    svg.push_str("<path fill='none' stroke='#c0392b' d='M45 180");
    for (at, count) in timeline {
        let (x, y) = (45.0 + *at as f64 / 5e6, 180.0 - *count as f64 * 4.5);
        let _ = write!(svg, "H{x:.1}V{y:.1}");
    }
    svg + "'/></svg>\n"
}

fn head(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' \
         height='{height}'>{STYLE}<rect width='100%' height='100%' fill='#fff'/>\n"
    )
}

/// 1 ms or less at the bottom, a minute at the top.
fn vertical(ms: f64) -> f64 {
    210.0 - ms.max(1.0).log10() * 36.0
}

fn across(count: f64) -> f64 {
    45.0 + count / 33.0 * 320.0
}
