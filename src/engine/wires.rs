//! Which codec a session speaks.

use crate::config::{HttpTransport, ServerConfig, Transport};
use crate::wire::http::{Http, Target};
use crate::wire::ndjson::Ndjson;
use crate::wire::{StreamId, Wire};

/// Makes the codec of a session with a server on a channel. The session opens the stream.
pub type NewWire = fn(StreamId, &ServerConfig, Transport) -> Box<dyn Wire>;

/// HTTP or WebSocket where the entry has it and no process stands in for it, else lines.
pub(super) fn of_entry(
    stream: StreamId,
    server: &ServerConfig,
    channel: Transport,
) -> Box<dyn Wire> {
    match &server.http {
        Some(http) if !channel.is_process() => {
            let host = match &server.address {
                Some(address) => address.without_usual_port(server.tls.is_some()),
                None => "localhost".to_owned(),
            };
            let proxy = http.proxy_of_requests(server.tls.is_some());
            let headers = fields(server, &[]);
            let is_renewable = http.headers_helper.is_some();
            let path = http.path.clone();
            let is_for_proxy = proxy.is_some();
            let token = None;
            let target = Target { host, path, is_for_proxy, headers, is_renewable, token };
            match http.transport {
                HttpTransport::Streamable => Box::new(Http::new(stream, target)),
                HttpTransport::Sse => Box::new(Http::with_sse(stream, target)),
                #[cfg(feature = "websocket")]
                HttpTransport::WebSocket => {
                    Box::new(crate::wire::websocket::WebSocket::new(stream, target))
                }
                #[cfg(not(feature = "websocket"))]
                HttpTransport::WebSocket => unreachable!("such entries are refused"),
            }
        }
        _ => Box::new(Ndjson::new(stream)),
    }
}

/// The fields of requests to a server, with those that `headersHelper` has printed.
pub(super) fn fields(server: &ServerConfig, printed: &[(String, String)]) -> Vec<(String, String)> {
    let Some(http) = &server.http else { return Vec::new() };
    let mut fields = http.fields(printed);
    let proxy = http.proxy_of_requests(server.tls.is_some());
    let field = |value: &String| ("Proxy-Authorization".to_owned(), value.clone());
    fields.extend(proxy.and_then(|proxy| proxy.authorization.as_ref()).map(field));
    fields
}
