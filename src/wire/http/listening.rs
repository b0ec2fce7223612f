//! Streams of events that are asked for by GET: what a server says unasked, and the rest of a
//! response whose stream has ended (2025-11-25, "Listening for Messages from the Server" and
//! "Resumability and Redelivery").

use super::event_place::EventPlace;
use super::stream::{HttpExchange, Stream, What};
use super::{Http, UnaskedStream};
use crate::wire::{Shared, StreamId, Ticket, Want};

impl Http {
    /// Asks for what the server says unasked, if that is due.
    pub(super) fn listen(&mut self, shared: &mut Shared) {
        if self.unasked == UnaskedStream::Wanted {
            let ticket = self.begin(shared, What::Events, Vec::new());
            self.unasked = UnaskedStream::On(ticket.stream());
        }
    }

    /// The stream of what the server says unasked has ended. It is asked for again after a
    /// pause, unless the server has refused it: then there is none.
    pub(super) fn listen_again(&mut self, shared: &mut Shared, mut ended: Stream) {
        self.unasked = UnaskedStream::None;
        if let Some(exchange) = &mut ended.exchange {
            let place = exchange.take_place();
            if place.is_some() || exchange.is_answered_by_events() {
                let ticket = self.get(shared, What::Events, place.unwrap_or_default());
                self.unasked = UnaskedStream::On(ticket.stream());
            } else if !exchange.has_head() {
                // It broke before the server said anything: the next message finds out more.
                self.unasked = UnaskedStream::Wanted;
            }
        }
    }

    /// Asks for the rest of the response to the request of a stream that ends.
    pub(super) fn ask_for_rest(&mut self, shared: &mut Shared, ticket: &Ticket) -> Option<Ticket> {
        let stream = self.streams.get_mut(&ticket.stream()).filter(|_| self.is_legacy)?;
        let is_it = |exchange: &&mut HttpExchange| {
            exchange.ticket == *ticket && exchange.id().is_some() && !exchange.is_answered
        };
        let exchange = stream.exchange.as_mut().filter(is_it)?;
        let place = exchange.take_place().filter(|place| place.leads_on())?;
        let what = stream.exchange.take()?.what;
        Some(self.get(shared, what, place))
    }

    /// Asks for events on a new stream, after the pause that is due.
    fn get(&mut self, shared: &mut Shared, what: What, place: Box<EventPlace>) -> Ticket {
        let id: StreamId = shared.new_stream();
        let mut stream = Stream::new(id);
        let (target, fields) = (&self.target, &self.fields);
        let ticket = stream
            .output
            .send(shared.spare(), b"", |out| target.write_get(out, fields, place.id()));
        self.exchanges += 1;
        stream.used = self.exchanges;
        self.wants.push_back(Want::OpenAfter(id, place.pause()));
        stream.exchange = Some(HttpExchange::resumed(what, ticket, place));
        self.streams.insert(id, stream);
        ticket
    }
}
