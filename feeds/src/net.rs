//! Connections: dialled by tokio on a thread of the tools, then polled as plain non-blocking
//! sockets by whoever trades on them. Venues and tools share this part; it knows no venue.

pub mod backoff;
pub mod beat;
pub mod dial;
mod error;
pub mod frame;
pub mod ready;
pub mod ring;
pub mod socket;
mod stream;
mod tail;
mod tls;

pub use backoff::Backoff;
pub use beat::{Liveness, Pulse};
pub use dial::{Dial, DialConfig, DialPort, Dialed, Dialer, HttpReply, HttpRequest, Method};
pub use dial::{dial_pair, dial_pair_with};
pub use error::NetError;
pub use frame::{Frame, Payload};
pub use ready::Ready;
pub use socket::{Socket, SocketLimits};
pub use stream::{Acks, Tuning};
pub use tls::Roots;
