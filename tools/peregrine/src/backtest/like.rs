//! A backtest that is like a live session: on the market that its journal recorded, our own orders
//! taken out of what the venue shows; with the latencies that its orders had, from the moment it
//! was ready, with what it held then. What it fills is compared with what the session filled.
//!
//! The engine sees the market as the session saw it, our own orders in it: it decides by the same
//! rows. Only what a venue shows, queues and fills is without them.

use super::args::BacktestArgs;
use super::market::Markets;
use crate::config::{Config, WaySettings};
use crate::exit::Failure;
use crate::{cli, journal, report};
use engine::id::VenueId;
use engine::num::AMOUNT_DECIMALS;
use research::run::divergence::{Divergence, Fills};
use research::session::{Session, Shown};
use rust_decimal::Decimal;
use std::path::PathBuf;
use std::sync::Arc;
use venues::sim::{OrderTimes, Recorded};

/// The session.
pub(super) struct Like {
    folder: PathBuf,
    session: Session,
}

impl Like {
    /// Reads its journal, where one is asked for.
    pub fn read(args: &BacktestArgs) -> Result<Option<Self>, Failure> {
        let Some(folder) = args.like.clone() else { return Ok(None) };
        let session = Session::read(&folder).map_err(Failure::error)?;
        if session.has_positions {
            cli::complain(format_args!(
                "warning: the session began with positions in perpetuals; the backtest begins \
                 without any"
            ));
        }
        Ok(Some(Self { folder, session }))
    }

    /// The flags, with the window that begins when the session was ready.
    pub fn window(&self, args: &BacktestArgs) -> BacktestArgs {
        BacktestArgs { from: args.from.max(self.session.ready), ..args.clone() }
    }

    /// Latencies and balances of the session, in place of the configuration's.
    pub fn settle(&self, config: &mut Config, markets: &Markets) -> Result<(), Failure> {
        let assets = journal::assets(&self.folder);
        for (number, venue) in config.venues.iter().enumerate() {
            let id = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
            let mut paper = config.paper.of(&venue.name).clone();
            let is_of = |one: &(_, OrderTimes)| {
                let one =
                    markets.number(one.0).and_then(|id| markets.terms.instruments.get(id.index()));
                one.is_some_and(|one| one.venue == id)
            };
            let rows = self.session.times.iter().filter(|one| is_of(one)).map(|one| one.1);
            let rows: Vec<OrderTimes> = rows.collect();
            if !rows.is_empty() {
                let times = Arc::new(Recorded::new(&rows, 0).map_err(Failure::error)?);
                paper.entry = WaySettings::Measured(times.clone());
                paper.response = WaySettings::Measured(times);
            }
            let held = self.session.balances.iter().filter(|((venue, _), _)| *venue == id);
            let held = held.filter_map(|((_, asset), amount)| {
                let amount = Decimal::new(amount.0, u32::from(AMOUNT_DECIMALS));
                let name = assets.name(*asset)?.to_string();
                (amount > Decimal::ZERO).then_some((name, amount))
            });
            let held: Vec<_> = held.collect();
            if !held.is_empty() {
                paper.balances = held;
            }
            config.paper.own.retain(|(name, _)| *name != venue.name);
            config.paper.own.push((venue.name.clone(), paper));
        }
        Ok(())
    }

    /// What of the market was ours, by the numbers of the run.
    pub fn shown(&self, markets: &Markets) -> Shown {
        self.session.shown.numbered(|id| markets.number(id))
    }

    /// Where the fills of a run differ from the session's, and what the session is called.
    pub fn versus(&self, fills: &Fills) -> Result<(Divergence, String), Failure> {
        let mut theirs = Fills::default();
        for warning in report::play(&self.folder, &mut theirs)? {
            cli::complain(format_args!("warning: {warning}"));
        }
        Ok((Divergence::of(fills, &theirs), self.folder.display().to_string()))
    }
}
