//! The browser of a person who agrees to everything: the suite answers the page of a login with
//! the redirect that would follow.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Opens a page, and says where it leads.
pub fn visit(page: &str) -> Result<String, String> {
    let rest = page.strip_prefix("http://").ok_or("the page of the login is not at http://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let failed = |error: std::io::Error| format!("{host}: {error}");
    let mut stream = TcpStream::connect(host).map_err(failed)?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let fields = answer.lines().filter_map(|line| line.split_once(':'));
    let mut locations = fields.filter(|(name, _)| name.eq_ignore_ascii_case("location"));
    let (_, to) = locations.next().ok_or_else(|| format!("the page leads nowhere: {answer}"))?;
    Ok(to.trim().to_owned())
}
