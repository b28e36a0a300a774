//! All panels at once, as a reader prints them.

use crate::{
    error::RegionError,
    header::Identity,
    layout::Placed,
    panel::{
        BalancesPanel, CountersPanel, GaugesPanel, InstrumentPanel, LatencyPanel, LinkPanel,
        OrdersPanel, RiskPanel, SessionPanel, ShadowsPanel,
    },
    reader::Reader,
};
use engine::time::Nanos;

/// What an engine shows. A panel that was never published is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose it is.
    pub identity: Identity,
    /// Whether its process lives.
    pub alive: bool,
    /// Its last heartbeat, UTC.
    pub heartbeat: Nanos,
    /// How many heartbeats there were.
    pub beats: u64,
    /// The engine as a whole.
    pub session: Option<SessionPanel>,
    /// Connections.
    pub links: Vec<LinkPanel>,
    /// Instruments.
    pub instruments: Vec<InstrumentPanel>,
    /// Open orders.
    pub orders: Option<OrdersPanel>,
    /// Balances.
    pub balances: Option<BalancesPanel>,
    /// The gate.
    pub risk: Option<RiskPanel>,
    /// Counters.
    pub counters: Option<CountersPanel>,
    /// Strategies' own numbers.
    pub gauges: Option<GaugesPanel>,
    /// Latencies.
    pub latency: Option<LatencyPanel>,
    /// Variants of the desks.
    pub shadows: Option<ShadowsPanel>,
}

impl Snapshot {
    pub(crate) fn take(reader: &Reader) -> Result<Self, RegionError> {
        let (heartbeat, beats) = reader.heartbeat()?;
        Ok(Self {
            identity: reader.identity(),
            alive: reader.owner_alive()?,
            heartbeat,
            beats,
            session: reader.read(0)?,
            links: row(reader)?,
            instruments: row(reader)?,
            orders: reader.read(0)?,
            balances: reader.read(0)?,
            risk: reader.read(0)?,
            counters: reader.read(0)?,
            gauges: reader.read(0)?,
            latency: reader.read(0)?,
            shadows: reader.read(0)?,
        })
    }

    /// How long the heartbeat is past at `now`, UTC; zero when clocks disagree.
    pub fn heartbeat_age(&self, now: Nanos) -> Nanos {
        Nanos(now.0.saturating_sub(self.heartbeat.0))
    }
}

fn row<P: Placed>(reader: &Reader) -> Result<Vec<P>, RegionError> {
    let mut panels = Vec::with_capacity(P::COUNT);
    for index in 0..P::COUNT {
        panels.extend(reader.read(index)?);
    }
    Ok(panels)
}
