//! A live session as its journal tells of our own part in it: when it was ready, with what it
//! began, how long its orders took, and what of the market was ours.
//!
//! A recorded market has our own orders in it. A backtest that is to find the session's fills again
//! must take them out of what its venue shows, or its own order would queue behind the very order
//! that it repeats.

mod orders;

pub use orders::Shown;

use crate::tape::venue_at;
use engine::event::{Body, Event, flag, kind};
use engine::id::{AssetId, InstrumentId, VenueId};
use engine::num::Amount;
use engine::time::Nanos;
use orders::Orders;
use shm::journal::{Directory, JournalError, JournalReader, sent};
use std::collections::BTreeMap;
use std::path::Path;
use venues::sim::OrderTimes;

/// Our part in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// When the first order could go: all venues had told what they hold. None where no venue did.
    pub ready: Option<Nanos>,
    /// How long requests took, with the instrument that each was about.
    pub times: Vec<(InstrumentId, OrderTimes)>,
    /// What accounts held when the session was ready, locked amounts too.
    pub balances: BTreeMap<(VenueId, AssetId), Amount>,
    /// Whether it began with positions in perpetuals, which a backtest has not.
    pub has_positions: bool,
    /// What stood in the market of our own.
    pub shown: Shown,
}

/// Why a session cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// More than one session.
    #[error("{0}: several sessions lie in this journal; name a folder with one")]
    Several(String),
    /// Nothing to learn from.
    #[error("{0}: the session sent no order that a venue answered; nothing is to be found again")]
    Silent(String),
}

impl Session {
    /// Reads the journal of a folder.
    ///
    /// # Errors
    ///
    /// When it is damaged, holds several sessions, or one that sent nothing.
    pub fn read(folder: &Path) -> Result<Self, SessionError> {
        let mut reader = JournalReader::open(Directory::open(folder)?, 0)?;
        let epoch = reader.header().epoch;
        let (mut session, mut orders) = (Self::default(), Orders::default());
        while let Some(row) = reader.next_row()? {
            if reader.header().epoch != epoch {
                return Err(SessionError::Several(folder.display().to_string()));
            }
            if row.is_end() {
                continue;
            }
            if row.is_sent() {
                if let Some(what) = sent::read(&row.event) {
                    orders.sent(&row.event, &what);
                }
                continue;
            }
            session.take(&row.event, orders.any());
            orders.told(&row.event);
        }
        (session.shown, session.times) = orders.finish();
        match session.times.is_empty() {
            true => Err(SessionError::Silent(folder.display().to_string())),
            false => Ok(session),
        }
    }

    /// What venues tell before the first order.
    fn take(&mut self, event: &Event, has_begun: bool) {
        if has_begun {
            return;
        }
        match event.body() {
            Some(Body::Reconcile { done: true }) => self.ready = Some(event.at),
            Some(Body::Balance { asset, free, locked }) => {
                let total = free.saturating_add(locked);
                self.balances.insert((event.venue(), asset), total);
            }
            Some(Body::Position { lots, .. }) => self.has_positions |= lots != 0,
            _ => {}
        }
    }
}

/// When the venue did what a report tells, where it says so.
fn stamped(row: &Event) -> Option<Nanos> {
    (row.venue_delta_us != 0).then(|| venue_at(row))
}

/// Whether a row is a report of an order that was not asked for.
fn is_told(row: &Event) -> bool {
    (kind::ACCEPTED..=kind::AMENDED).contains(&row.kind) && !row.has(flag::ASKED)
}
