//! Settings of a gateway, and what it can say of itself.

use crate::budget::Reserve;
use engine::id::{InstrumentId, VenueId};
use engine::time::Nanos;

/// By which transport orders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Entry {
    /// The WebSocket API; REST while that is down for long.
    #[default]
    WebSocket,
    /// REST always. The private stream and questions still use the WebSocket API while it is up.
    Rest,
}

/// Settings of a gateway. Addresses and keys are the dialect's.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which venue it is of: the number that its rows about no instrument carry.
    pub venue: VenueId,
    /// By which transport orders go.
    pub entry: Entry,
    /// A request without an answer for so long is given up: its outcome is unknown.
    pub request_timeout: Nanos,
    /// How often we ping.
    pub ping_every: Nanos,
    /// A connection on which nothing came for so long is given up.
    pub stale_after: Nanos,
    /// First and longest wait before connecting again.
    pub reconnect: (Nanos, Nanos),
    /// Seed of the jitter of these waits.
    pub seed: u64,
    /// Age at which a connection is replaced; the venue closes it at 24 hours.
    pub rollover_after: Nanos,
    /// How long the WebSocket API may be down before REST stands in.
    pub rest_after: Nanos,
    /// How often everything is asked for while REST stands in: there is no private stream then.
    pub rest_every: Nanos,
    /// How long a halt tries to have its cancels confirmed.
    pub halt_limit: Nanos,
    /// What is kept of the venue's weight for cancels and places.
    pub reserve: Reserve,
    /// Requests that may wait for their answers; rounded up to a power of two.
    pub pending_max: usize,
    /// How much longer than the venue's window a place is thought to be under way: covers the
    /// venue's allowance for clocks that are ahead.
    pub late_margin: Nanos,
    /// From saved state, the trade id per instrument from which on own trades are new. Without it
    /// trades before the start are not told.
    pub next_trades: Vec<(InstrumentId, u64)>,
    /// From saved state, the payment of funding from which on they are new: the highest row id of
    /// those that were told, plus 1. Without it payments before the start are not told.
    pub next_payment: Option<u64>,
    /// How often the dead-man's switch is renewed, where the venue has a timer: well below a third
    /// of the time after which it acts, which is the dialect's setting.
    pub renew_every: Nanos,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            venue: VenueId(0),
            entry: Entry::WebSocket,
            request_timeout: Nanos::from_s(2),
            ping_every: Nanos::from_s(2),
            stale_after: Nanos::from_s(5),
            reconnect: (Nanos::from_ms(100), Nanos::from_s(10)),
            seed: 1,
            rollover_after: Nanos::from_s(23 * 3_600 + 1_800),
            rest_after: Nanos::from_s(10),
            rest_every: Nanos::from_s(2),
            halt_limit: Nanos::from_s(30),
            reserve: Reserve::default(),
            pending_max: 1_024,
            late_margin: Nanos::from_s(1),
            next_trades: Vec::new(),
            next_payment: None,
            renew_every: Nanos::from_s(3),
        }
    }
}

/// What a gateway is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayState {
    /// No connection.
    Connecting,
    /// Connected; clocks are measured and the session is authenticated.
    LoggingOn,
    /// The private stream is being asked for.
    Subscribing,
    /// Open orders, balances and missed trades are being learnt.
    Reconciling,
    /// Orders may be placed.
    Ready,
    /// The engine is dead: all is being cancelled.
    Halting,
    /// Nothing is sent any more.
    Halted,
    /// Something that trying again does not mend; see `Gateway::fault`.
    Faulted,
}

/// How the dead-man's switch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchState {
    /// The venue has none, or it is not used.
    None,
    /// It is not set: no answer came yet, or the venue refused it (see the counters).
    Unset,
    /// The venue confirmed it then.
    Set(Nanos),
}

/// What trying again does not mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFault {
    /// The key, its permissions or the signature were refused.
    #[error(
        "{at}: the venue refused the API key (error {code}): check that key and secret belong \
         together and to this venue, that the key may trade, and that this address is on its list"
    )]
    Auth {
        /// Where.
        at: String,
        /// The venue's number.
        code: i32,
    },
}
