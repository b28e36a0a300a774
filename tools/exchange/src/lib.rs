//! A simulated exchange: one process that is several venues over one world, each speaking the real
//! venue's protocol.
//!
//! **Invariant.** It shares no dialect, signing or JSON code with the product: an exchange built on
//! our own codecs would agree with our errors. It may know `engine`'s number types and
//! `venues::sim` (which fills our orders beside a recording), nothing else of ours. Inside, the
//! core knows no protocol and no protocol knows another (`tests/walls.rs`).
//!
//! ```text
//!             sockets ─────▶ protocol room ────▶ floor: keys, limits, faults
//!                ▲           (binance_spot, …)     │
//!                │                                 ▼
//!               hub ◀─ protocol ◀─ events ◀─ journal ◀─ venue: accounts, orders, positions
//!                                                          │
//!   world: latent prices ─delay, noise, basis─▶ flow ──▶ matching (or replay, venues::sim)
//! ```
//!
//! # How it is used
//!
//! `peregrine exchange` flattens [`Args`]; a program calls [`serve`] with [`Options`] on a
//! current-thread tokio runtime (it parks, and is content with one core). By itself:
//! `cargo run -p exchange --example exchange -- --listen 127.0.0.1:0 --ledger DIR`, which prints
//! `listening on http://ADDRESS` once it is ready.
//!
//! * Without more it is Binance Spot alone: REST at `/api/v3/…`, market streams at `/ws` and
//!   `/stream`, the WebSocket API at `/ws-api/v3`. `--venues`, `--scenario` and `--world` open
//!   several venues at the same address ([`WorldText`], `worlds/*.toml`); `--edge off` leaves out
//!   the edge that a scenario's strategy lives on.
//! * Outside every venue's API, with `venue=NAME` where there are several: `GET
//!   /sim/ledger?apiKey=…` (balances with their start, open orders, every trade with its fee,
//!   positions, funding), `GET /sim/report` (tick-out → order-in, message counters, faults), `GET
//!   /sim/world` (what runs), `POST /sim/deposit?apiKey=…&asset=…&amount=…`, `POST
//!   /sim/fault?is=drop@0s` (faults, their times counted from now).
//! * The demonstration account of each venue has keys made from the seed ([`venue_keys`]) and left,
//!   mode 600, in the ledger directory ([`KEY_FILES`]); what lies there is used again.
//! * With a ledger directory (one per venue in it, where there are several), balances, positions,
//!   open orders, triggers, trades and ids survive `kill -9`: each transaction is written before
//!   its answer or event leaves. Ids go on upwards, prices from where they were.
//! * Orders reach the matching engine `latency` after they came in; so does a cancel, and what
//!   trades in between is a fill during a cancel.
//! * Faults come at their times or on demand, everywhere or on one venue: see [`Fault`].
//! * [`describe`] measures the generated market beside a recording.
//!
//! # To add a protocol
//!
//! A protocol is a room: `src/NAME.rs` and `src/NAME/`, entered in `tests/walls.rs`, and registered
//! in one line of `dialect::of`: its `Dialect`, which also brings its routes (paths disjoint from
//! all others). `binance_spot` is the worked example. It calls the core, all of it `pub(crate)`:
//!
//! * **State.** `App` is what every connection gets: `app.floor.lock()` is the `Floor` with
//!   `venue`, `hub`, `keys`, `limits`, `pending`, `tokens` (listen keys). Never hold it over an
//!   `.await`. What a protocol must remember beside (last sequence told) lives in its `Dialect`,
//!   behind an `Arc<Mutex<…>>` where its routes need it too.
//! * **Numbers.** Prices in ticks, quantities in lots, amounts in 1e-8. Read texts as 1e-8 with
//!   `engine::num::parse_decimal`, then `Symbol::ticks`, `Symbol::lots`; contracts with
//!   `Symbol::base_of` and `Symbol::contracts_of`. `Venue::symbol_id(product, name)` finds a
//!   symbol.
//! * **The way in.** `Keys::verify(key, payload, signature, Form)` and `has_passphrase`;
//!   `Limits::charge` (weight per address), `may_order` and `count_order` (orders per account),
//!   `take` (any other bucket). For a new order: `pending.reject`, `pending.lost`,
//!   `pending.timeout`. Wait `app.latency` before the matching engine is reached.
//!   `Causes::order` when an order came in, `Causes::count` for messages.
//! * **Orders.** `Venue::place(account, NewOrder)`, `amend(id, Amend)`, `cancel(id, Why)`,
//!   `cancel_all(account, which, Why)`, `find_open`, `open_orders`; a batch is one call after the
//!   other. `NewOrder::post` says whether a post-only order that would take is refused
//!   (`Post::Refuse`) or accepted and cancelled (`Post::Cancel`); `check` alone is a test order.
//!   `wait(account, (When, By), NewOrder, Pair)` and `cancel_trigger` are stops, take-profits,
//!   trailing stops and pairs that hold no money (`venue::trigger`); an order with a `Stop` holds
//!   its own from the start. `place_list` and `cancel_list` are pairs that hold it once
//!   (`venue::list`), `place_with` an order that others follow (`venue::attached`). Every refusal
//!   is a `Refusal`; the room has a table from it to its own code and words.
//! * **Perpetuals.** `Account::position(symbol, leg)`, `Venue::margin`, `liquidation_price`,
//!   `leverage`, `set_leverage`, `set_hedge`; `Listing::mark` has index, mark price, funding rate
//!   and time. Orders name a `Leg`: `Net` in one-way mode.
//! * **Dead-man's switches.** `Venue::countdown(Scope, deadline_ms)`; `Floor::guard((account,
//!   product), window_ms, number)` for connections that are gone. Both are looked at each 10 ms.
//! * **The end of every change**: `floor.flush(now_ms)`. It writes the journal and calls the
//!   `Dialect` with each event: `trade`, `aggregate`, `best`, `mark`, `liquidation`, `private`
//!   (`event::Private`: orders with what happened, triggers, holdings, funding, margin calls).
//! * **The way out.** `hub.enter(market, wrapping)` gives a connection its queue; set its `topics`
//!   (then `recount`) and `feeds` (number of the private subscription, account).
//!   `hub.publish(topic, update, wrap)` and `hub.publish_private(account, wrap)` write each event
//!   once per wrapping. `socket::Link` sends in batches, pings, and carries out pauses and closes.
//!   Streams with a cadence are told in `Dialect::beat`, from `Listing::views`: the levels changed
//!   since. A topic that begins with a snapshot gives it in `Dialect::first`: ask `floor.first`,
//!   and send it by `hub.post`. Ask `pending.copies()` before an incremental book message (none is
//!   a gap), and `pending.bad_checksum()` where there are checksums.
//! * **Tests.** Worlds run without a clock (`World::run_until`); `Options { market: false }` opens
//!   empty books.
//!
//! # What it does not offer
//!
//! Iceberg and pegged orders; SBE and FIX; wallet endpoints; isolated margin and collateral other
//! than USDT; inverse contracts; deleveraging (the insurance account may owe instead). Of Spot's
//! lists there are pairs (OCO) and pairs behind a working order (OTOCO). Day statistics begin when
//! the exchange starts.
#![forbid(unsafe_code)]

mod account;
mod args;
mod binance;
mod binance_spot;
mod binance_usdm;
mod bybit;
mod cause;
mod describe;
mod dialect;
mod error;
mod event;
mod fault;
mod floor;
mod flow;
mod hub;
mod journal;
mod json;
mod keys;
mod kind;
mod ledger;
mod limits;
mod listing;
mod matching;
mod okx;
mod order;
mod recording;
mod refusal;
mod replay;
mod server;
mod sim;
mod socket;
mod symbol;
mod tokens;
mod trouble;
mod venue;
mod world;

pub use account::Fees;
pub use args::{Args, Edge, Faults};
pub use describe::{Description, Measure, describe};
pub use error::Error;
pub use fault::{Fault, FaultError, FaultKind};
pub use keys::{KEY_FILES, KeyFile, demo_keys, read_keys, venue_keys, write_demo_keys};
pub use kind::{UnknownVenue, VenueKind};
pub use limits::Rates;
pub use server::{Options, Summary, serve};
pub use socket::Heartbeat;
pub use symbol::{Product, Symbol, Terms};
pub use world::{FollowText, LatentText, ListingText, SCENARIOS, VenueText, WorldText};
