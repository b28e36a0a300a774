//! Variants beside each other: as a list, as JSON, as lines for people and as a panel.

use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, Notional};
use serde_json::{Value, json};
use shm::panel::{ShadowsPanel, Variant};
use shm::words::text;

/// How one variant of a desk stands, all since the shadows began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is called.
    pub name: String,
    /// The desk that it is a variant of.
    pub desk: String,
    /// Its place by P&L among the desk's simulated ones, from 1; 0 of the live desk itself.
    pub rank: usize,
    /// Profit or loss after fees at the last mids.
    pub pnl: Notional,
    /// Fees of it.
    pub fees: Notional,
    /// Fills.
    pub fills: u64,
    /// What was won of each base asset, by instrument of the desk.
    pub positions: Vec<Amount>,
    /// Share of the time with quotes on both sides of its first instrument, millionths.
    pub quoted_ppm: u32,
}

/// What all shadows came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of the journal that they have taken.
    pub rows: u64,
    /// Rows that they have not.
    pub rows_behind: u64,
    /// By desk: the live one, then its variants by rank.
    pub standings: Vec<Standing>,
}

/// By P&L, the best first; those that are equal stay as the file has them.
pub(super) fn ranked(standings: impl Iterator<Item = Standing>) -> Vec<Standing> {
    let mut all: Vec<Standing> = standings.collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.pnl.0));
    for (place, one) in all.iter_mut().enumerate() {
        one.rank = place + 1;
    }
    all
}

const fn decimal(value: i64) -> Decimal {
    Decimal { value, decimals: AMOUNT_DECIMALS }
}

impl Standing {
    /// Whether its orders meet simulated venues.
    pub const fn is_simulated(&self) -> bool {
        self.rank > 0
    }

    fn held(&self) -> Vec<String> {
        self.positions.iter().map(|one| decimal(one.0).to_string()).collect()
    }

    fn json(&self) -> Value {
        let held = self.held();
        let position = match held.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        json!({
            "rank": self.is_simulated().then_some(self.rank),
            "name": self.name,
            "desk": self.desk,
            "simulated": self.is_simulated(),
            "pnl_quote": decimal(self.pnl.0).to_string(),
            "fees_quote": decimal(self.fees.0).to_string(),
            "fills": self.fills,
            "position": position,
            "quote_uptime": f64::from(self.quoted_ppm) / 1e6,
        })
    }

    fn text(&self) -> String {
        let rank = if self.is_simulated() { format!("{}.", self.rank) } else { String::new() };
        let held = self.held();
        format!(
            "  {rank:<3} {:<24} P&L {} after fees {}, fills {}, position {}, quoting {:.1} %\n",
            self.name,
            decimal(self.pnl.0),
            decimal(self.fees.0),
            self.fills,
            held.join(" "),
            f64::from(self.quoted_ppm) / 1e4,
        )
    }

    fn panel(&self) -> Variant {
        Variant {
            name: text(&self.name),
            desk: text(&self.desk),
            rank: u8::try_from(self.rank).unwrap_or(u8::MAX),
            simulated: self.is_simulated(),
            pnl: self.pnl,
            fees: self.fees,
            fills: self.fills,
            position: self.positions.first().copied().unwrap_or_default(),
            quoted_ppm: self.quoted_ppm,
        }
    }
}

impl Report {
    /// The simulated ones, by desk and rank.
    pub fn ranking(&self) -> Value {
        self.standings.iter().filter(|one| one.is_simulated()).map(Standing::json).collect()
    }

    /// The live desks that they are variants of.
    pub fn live(&self) -> Value {
        self.standings.iter().filter(|one| !one.is_simulated()).map(Standing::json).collect()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for one in &self.standings {
            if !one.is_simulated() {
                out += &format!("shadows of {}, on simulated venues:\n", one.desk);
            }
            out += &one.text();
        }
        if self.rows_behind > 0 {
            out += &format!("  {} rows of the journal were not taken\n", self.rows_behind);
        }
        out
    }

    /// For shared memory.
    pub fn panel(&self) -> ShadowsPanel {
        let (rows, rows_behind) = (self.rows, self.rows_behind);
        let shown = self.standings.iter().take(shm::panel::VARIANTS_MAX);
        ShadowsPanel { rows_behind, rows, variants: shown.map(Standing::panel).collect() }
    }
}
