//! The simulated venue: pure, clock-free, the same answers to the same calls.
//!
//! A recorded or live market is replayed into it and our orders are filled as they most likely
//! would have been: `paper` mode, the exchange's `--replay` and backtests share it.
//!
//! **What it assumes.** We are too small to move the market. An arriving order queues behind all
//! that is displayed at its price; trades at that price work the queue off from its front, and
//! where a level shrinks without a trade, a [`QueueModel`] says how much stood ahead of us. A trade
//! beyond our price, or an opposite best that reaches it, fills us for no more than the size that
//! came. What we take of the displayed depth is gone until the level changes. One trade is shared
//! among our own orders in queue order. [`Rules`] has the rules of another backtester beside these,
//! and [`RuleCounts`] how often ours differ.
//!
//! **Invariant.** It must not know clocks, threads, sockets, JSON or strategies. Time comes with
//! each call and never runs backwards: an earlier time counts as the latest one known. Chance comes
//! from a seed.
//!
//! ```text
//!  market rows ─▶ Displayed ─┐
//!                            ├─▶ Market (orders, queue places, fills, fees) ─▶ Report
//!  Ask ─▶ Way (entry) ───────┘                                           Way (response) ─▶ us
//! ```
//!
//! [`Line`] is that picture for one instrument in plain types. [`SimVenue`] is it for an engine:
//! several instruments, balances, margin, [`engine::event::Event`] rows in and out. [`SimVenues`]
//! are several of them.

mod delay;
mod displayed;
mod faults;
mod fee;
mod latency;
mod ledger;
mod line;
mod lumps;
mod market;
mod order;
mod queue;
mod recorded;
mod report;
mod rules;
mod tiers;
mod venue;
mod venues;

pub use delay::Delay;
pub use displayed::Displayed;
pub use faults::{Faults, Outage};
pub use fee::{FeeIn, FeeSchedule, Scale};
pub use latency::{Latency, Spread, Way, Ways};
pub use line::Line;
pub use market::{Market, Settings};
pub use order::{Ask, NewOrder, Open, Tif};
pub use queue::QueueModel;
pub use recorded::{OrderTimes, Recorded, TimesError};
pub use report::{FillReport, Refusal, Report, What};
pub use rules::{Priority, RuleCounts, Rules};
pub use tiers::{Tier, Tiers};
pub use venue::{MarginSettings, Opening, SimVenue, VenueSettings};
pub use venues::SimVenues;

#[cfg(test)]
mod tests;
