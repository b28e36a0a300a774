//! What an API of Binance brings to the shared way in: its calls, their weights and answers.

use super::denial::Denial;
use super::params::Params;
use super::ws_api::Desk;
use crate::floor::Floor;
use crate::order::AccountId;
use axum::http::Method;

/// One call of a venue's API, whichever way it came.
pub(crate) trait Api: Copy + PartialEq + Send + Sync + 'static {
    /// Places in [`crate::limits::ORDER_SPANS`] of the order counts that the venue has.
    const SPANS: &'static [usize];
    /// HTTP status of an answer that does not know what became of an order.
    const TIMEOUT: u16;
    /// Name and weight of the raw-request limit, where the venue tells one.
    const RAW_REQUESTS: Option<u64>;

    /// The call of a REST request.
    fn rest(method: &Method, path: &str) -> Option<Self>;

    /// The call of a WebSocket-API method.
    fn websocket(method: &str) -> Option<Self>;

    /// Whether the call needs a signature (or a session).
    fn is_signed(self) -> bool;

    /// Whether the call needs a key, but no signature.
    fn is_keyed(self) -> bool;

    /// Whether the call goes to the matching engine.
    fn is_order(self) -> bool;

    /// Whether the weight is given back when the call succeeds.
    fn is_free(self) -> bool;

    /// What the call adds to each of [`crate::limits::ORDER_SPANS`]; none where it brings no order.
    fn orders(self) -> Option<[u64; 3]>;

    /// Request weight.
    fn weight(self, params: &Params) -> u64;

    /// Answers a call whose key, signature, time and limits are right; `account` is none for a
    /// public one.
    fn answer(
        self,
        floor: &mut Floor,
        params: &Params,
        account: Option<AccountId>,
        now_ms: u64,
    ) -> Result<String, Denial>;

    /// Answers a WebSocket-API method about private events.
    fn feed(
        floor: &mut Floor,
        desk: &mut Desk,
        method: &str,
        params: &Params,
    ) -> Result<String, Denial>;
}
