//! What goes out: orders to venues, and what the venues report of them.
//!
//! A [`Gateway`](gateway::Gateway) takes [`Outgoing`](engine::intent::Outgoing)s from the engine's
//! ring, encodes and sends them, and turns what comes back into event rows. It signs, counts the
//! venue's limits, reconciles after every connect, and cancels all by itself when the engine dies.
//!
//! **Invariant.** This crate must not know strategies, shared memory, or where its rings lead. Of
//! feeds it uses `net` alone. It starts no thread and owns no clock: agents are polled with one,
//! and the tools decide where. It decides nothing: what should stand is the engine's affair.
//!
//! # To add a dialect
//!
//! A dialect is data and small functions behind [`Wire`](wire::Wire); pending requests, time-outs,
//! sockets, budget, reconciliation and guard are here already and do not change. In order:
//!
//! 1. **What differs** goes into data: [`Abilities`](wire::Abilities) (does it replace, how trades
//!    are numbered, which dead-man's switch), the [`Step`](wire::Step)s of a set-up, the
//!    [`Door`](wire::Door) of each request, [`Cost`](wire::Cost)s and [`Usage`](wire::Usage)
//!    limits.
//! 2. **Orders** are forms with fields, such as `"px":"<Price>"`, laid out once for each
//!    instrument, side and kind and patched for each order: `Orders` holds them, `Framed` lays out
//!    the message and the body of its REST twin. Whatever has a fixed width stands before what has
//!    not.
//! 3. **Questions** are cold: REST requests made with `format!`, signed in one place.
//! 4. **Messages** are read with `json::Reader` over reused buffers; a struct with the fields that
//!    we use is read once from stream and answers alike. `Names` turns texts into ids and numbers.
//! 5. **Refusals** are a table from the venue's codes to a [`Reason`](engine::event::Reason), or to
//!    "open", where the request may have been carried out: time-outs and duplicate names.
//! 6. **Metadata** becomes [`Listing`](metadata::Listing)s: grids, limits, contract sizes.
//! 7. **Its text** in `tests/conformance/` and a line in `dialects.rs`: the suite names every case
//!    that is missing, prints what the text would be, and throws broken bytes at it.
//!
//! [`okx`] is the shortest to read as an example of one that has it all: `forms.rs` (2), `rest.rs`
//! (3), `answer.rs` and `stream.rs` (4), `refusal.rs` (5), `metadata.rs` (6). Here is a whole one,
//! of a venue that takes and cancels orders over one socket, and nothing else:
//!
//! ```
//! use engine::instrument::Instrument;
//! use engine::time::Nanos;
//! use feeds::net::{HttpReply, HttpRequest};
//! use venues::wire::*;
//!
//! const ABILITIES: Abilities = Abilities {
//!     replaces: false,       // cancel and place leave together
//!     cancels_at_once: 0,    // there is a cancel-all
//!     lists_waiting: 0,      // conditional orders are listed with the others
//!     cancels_apart: false,  // and cancelled with them
//!     trade_overlap: 0,      // trades are numbered in order
//!     ended_apart: false,    // one question finds live and ended orders
//!     key_every: Nanos::ZERO,
//!     switch: Switch::None,
//!     ping: None,            // pings are those of the WebSocket
//! };
//!
//! struct Tiny { instruments: Vec<Instrument>, text: String }
//!
//! impl Wire for Tiny {
//!     fn url(&self, _: Door) -> &str { "wss://tiny.example/ws" }
//!     fn instruments(&self) -> &[Instrument] { &self.instruments }
//!     fn abilities(&self) -> &Abilities { &ABILITIES }
//!     fn set_up(&self) -> &[Step] { &[Step::Ask(Ask::Time, Door::Entry)] }
//!     fn door(&self, _: &Ask) -> Door { Door::Entry }
//!     fn window(&self) -> Nanos { Nanos::from_s(5) }
//!     fn cost(&self, _: &Ask) -> Cost { Cost { weight: 1, ..Cost::default() } }
//!     fn limits(&self) -> &[Usage] { &[] }
//!
//!     fn encode(&mut self, ask: &Ask, id: RequestId, _: u64) -> Result<&[u8], WireFault> {
//!         let number = id.counter();
//!         self.text = match ask {
//!             Ask::Time => format!("{number} time"),
//!             Ask::Place(new) => format!("{number} place {:?} {}", new.side, new.qty),
//!             Ask::Cancel(order) => format!("{number} cancel {}", order.order()),
//!             _ => return Err(WireFault::Unsupported),
//!         };
//!         Ok(self.text.as_bytes())
//!     }
//!
//!     fn encode_http(&mut self, _: &Ask, _: u64) -> Result<HttpRequest, WireFault> {
//!         Err(WireFault::Unsupported)
//!     }
//!
//!     fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
//!         let text = str::from_utf8(bytes).map_err(|_| WireFault::Form("text"))?;
//!         let mut words = text.split(' ');
//!         let number = words.next().and_then(|word| word.parse().ok());
//!         let number = number.ok_or(WireFault::Form("number"))?;
//!         let (kind, verdict) = match words.next() {
//!             Some("placed") => (Kind::Place, Verdict::Placed { venue_order: number }),
//!             Some("cancelled") => (Kind::Cancel, Verdict::Cancelled { filled: None }),
//!             _ => return Err(WireFault::Form("answer")),
//!         };
//!         sink.hear(Heard::Answer(RequestId::new(number, kind), verdict));
//!         Ok(())
//!     }
//!
//!     fn on_http<H: Hear>(&mut self, id: RequestId, _: &mut HttpReply, sink: &mut H) {
//!         sink.hear(Heard::Answer(id, Verdict::Unknown { code: 0 }));
//!     }
//! }
//!
//! let mut wire = Tiny { instruments: Vec::new(), text: String::new() };
//! let id = RequestId::new(7, Kind::Time);
//! assert_eq!(wire.encode(&Ask::Time, id, 0), Ok(&b"7 time"[..]));
//! let mut heard = Vec::new();
//! wire.on_bytes(&mut b"7 placed".to_owned(), &mut |what| heard.push(what)).unwrap();
//! let placed = Verdict::Placed { venue_order: 7 };
//! assert_eq!(heard, [Heard::Answer(RequestId::new(7, Kind::Place), placed)]);
//! ```
#![forbid(unsafe_code)]

mod binance;
pub mod binance_spot;
pub mod binance_usdm;
pub mod budget;
pub mod bybit;
mod client;
pub mod credentials;
mod cursors;
mod framed;
pub mod gateway;
pub mod guard;
mod holdings;
mod json;
pub mod metadata;
mod names;
pub mod okx;
mod orders;
pub mod sign;
pub mod sim;
mod template;
pub mod timed;
pub mod wire;
