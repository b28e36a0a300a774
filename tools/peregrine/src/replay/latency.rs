//! What a journal tells of the venue: how far away it is, what it first said that is there, and how
//! it takes fees.

use engine::event::{Body, flag};
use engine::id::{AssetId, Side};
use engine::num::Amount;
use engine::time::Nanos;
use shm::journal::{Directory, JournalError, JournalReader, Sent, sent};
use std::collections::BTreeMap;
use std::path::Path;
use venues::sim::Latency;

/// Answers of one session that are looked at.
const SAMPLES_MAX: usize = 1 << 20;
/// Requests that may be unanswered at once.
const WAITING_MAX: usize = 4_096;

/// Of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// From sending an order to learning that the venue has it, ns.
    pub round_trips: Vec<u64>,
    /// From the venue's time stamp of that to learning it, by the venue's clock, ns.
    pub responses: Vec<u64>,
    /// The first balance of each asset, free and locked.
    pub balances: BTreeMap<AssetId, Amount>,
    /// In which asset the fee of the first buy was paid.
    pub fee_asset: Option<AssetId>,
}

impl Observed {
    /// Medians; the way back by the venue's time stamps where it gives them, else half of both.
    pub fn latency(&self) -> Latency {
        let both = median(&self.round_trips);
        let back = match median(&self.responses) {
            0 => both / 2,
            told => told.min(both),
        };
        Latency { entry: Nanos(both - back), response: Nanos(back) }
    }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// Looks through a journal from this row on, by session.
pub fn observe(folder: &Path, from: u64) -> Result<BTreeMap<u32, Observed>, JournalError> {
    let directory = Directory::open(folder)?;
    let mut reader = JournalReader::open(directory, from)?;
    let mut all: BTreeMap<u32, Observed> = BTreeMap::new();
    let mut waiting: BTreeMap<u64, Nanos> = BTreeMap::new();
    let mut offset_us = 0;
    while let Some(row) = reader.next_row()? {
        let observed = all.entry(reader.header().epoch).or_default();
        let event = &row.event;
        if row.is_sent() {
            if let Some(Sent::Place { order, .. }) = sent::read(event)
                && waiting.len() < WAITING_MAX
            {
                waiting.insert(order.0, event.at);
            }
            continue;
        }
        match event.body() {
            Some(Body::ClockOffset { us }) => offset_us = us,
            Some(Body::Balance { asset, free, locked }) => {
                observed.balances.entry(asset).or_insert(free.saturating_add(locked));
            }
            Some(Body::Fill(fill)) if fill.side == Side::Buy => {
                observed.fee_asset.get_or_insert(fill.fee_asset);
            }
            Some(Body::Accepted { order, .. }) if !event.has(flag::ASKED) => {
                let Some(at) = waiting.remove(&order.0) else { continue };
                let both = event.at.since(at).0;
                if observed.round_trips.len() < SAMPLES_MAX {
                    observed.round_trips.push(both);
                    let back = i64::from(event.venue_delta_us).saturating_add(offset_us);
                    let back = u64::try_from(back).unwrap_or(0).saturating_mul(1_000);
                    if event.venue_delta_us != 0 && back <= both {
                        observed.responses.push(back);
                    }
                }
            }
            Some(Body::Done { order, .. }) => {
                waiting.remove(&order.0);
            }
            _ => {}
        }
    }
    Ok(all)
}
