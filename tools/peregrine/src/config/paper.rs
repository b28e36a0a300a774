//! Simulated venues: how far away they are, how queues, fees and margin are taken there, what goes
//! wrong, and the accounts. One section for all, and what differs of one venue under it.

use super::instrument::fee_ppm;
use super::money::positive_amount;
use super::section::{At, Section, suggestion};
use super::venue::Venue;
use engine::instrument::Symbol;
use engine::time::Nanos;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::path::PathBuf;
use std::sync::Arc;
use venues::sim::{Faults, MarginSettings, Outage, Priority, QueueModel, Recorded, Rules, Spread};

/// How long one way takes, before a file of recorded latencies is read.
#[derive(Clone, Debug, PartialEq)]
pub enum WaySettings {
    /// Always the same.
    Constant(Nanos),
    /// From how long market rows take.
    Feed {
        /// Factor, in millionths.
        factor_ppm: u64,
        /// What is added, ns.
        offset_ns: i64,
    },
    /// Log-normal with spikes.
    Spread(Spread),
    /// As recorded.
    Recorded {
        /// CSV with the columns asked_ns, taken_ns, told_ns.
        file: PathBuf,
        /// How many times as long each way is as it was, in millionths.
        factor_ppm: u64,
        /// How much farther away the venue is than that, each way, ns.
        farther_ns: i64,
    },
    /// As a session's journal told; no file says this.
    Measured(Arc<Recorded>),
}

/// A fee tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierSettings {
    /// What must have been traded in 30 days, quote.
    pub volume: Decimal,
    /// Millionths; negative is a rebate.
    pub maker_ppm: i64,
    /// Millionths.
    pub taker_ppm: i64,
}

/// A simulated venue with our account there.
#[derive(Clone, Debug, PartialEq)]
pub struct PaperVenue {
    /// From decision to arrival in the market.
    pub entry: WaySettings,
    /// From the market to our learning of it.
    pub response: WaySettings,
    /// How places in the queue are estimated.
    pub queue: QueueModel,
    /// By which rules orders are filled.
    pub rules: Rules,
    /// What an amended order keeps.
    pub priority: Priority,
    /// Take every fee in the quote asset.
    pub fee_in_quote: bool,
    /// Fees by volume; none where those of the instruments hold.
    pub tiers: Vec<TierSettings>,
    /// What was traded in the 30 days before, quote.
    pub volume: Decimal,
    /// What perpetuals must keep.
    pub margin: MarginSettings,
    /// What goes wrong.
    pub faults: Faults,
    /// Where chance begins.
    pub seed: u64,
    /// Start balances by asset, in whole units.
    pub balances: Vec<(String, Decimal)>,
}

impl Default for PaperVenue {
    fn default() -> Self {
        let way = || WaySettings::Constant(Nanos::from_ms(2));
        Self {
            entry: way(),
            response: way(),
            queue: QueueModel::default(),
            rules: Rules::default(),
            priority: Priority::default(),
            fee_in_quote: false,
            tiers: Vec::new(),
            volume: Decimal::ZERO,
            margin: MarginSettings::default(),
            faults: Faults::default(),
            seed: 1,
            balances: Vec::new(),
        }
    }
}

/// The simulated venues of `paper` and of backtests.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Paper {
    /// What holds for all that say nothing else.
    pub all: PaperVenue,
    /// Venues that differ, by name.
    pub own: Vec<(String, PaperVenue)>,
}

impl Paper {
    /// What holds for a venue of this name.
    pub fn of(&self, venue: &str) -> &PaperVenue {
        let own = self.own.iter().find(|(name, _)| name == venue);
        own.map_or(&self.all, |(_, settings)| settings)
    }

    /// All that is said, to change what holds everywhere.
    pub fn each(&mut self) -> impl Iterator<Item = &mut PaperVenue> {
        std::iter::once(&mut self.all).chain(self.own.iter_mut().map(|(_, own)| own))
    }

    pub(super) fn read(section: Section<'_>, venues: &[Venue]) -> Self {
        let all = PaperVenue::read(&section, &PaperVenue::default());
        let mut own = Vec::new();
        for (name, its) in section.table("venue").named_tables() {
            if !venues.is_empty() && !venues.iter().any(|venue| venue.name == name) {
                let help = suggestion(&name, venues.iter().map(|venue| venue.name.as_str()));
                its.problem(its.span(), "", format!("there is no [venue.{name}]"), help);
            }
            own.push((name, PaperVenue::read(&its, &all)));
            its.finish();
        }
        section.finish();
        Self { all, own }
    }
}

const QUEUES: [(&str, QueueModel); 7] = QueueModel::NAMES;
const RULES: [(&str, Rules); 3] = [
    ("own", Rules::Own),
    ("hftbacktest", Rules::Hftbacktest { partial: false }),
    ("hftbacktest-partial", Rules::Hftbacktest { partial: true }),
];
const PRIORITIES: [(&str, Priority); 2] =
    [("kept-when-smaller", Priority::KeptWhenSmaller), ("lost", Priority::Lost)];

impl PaperVenue {
    /// Reads a section. What is missing is taken from `base`.
    fn read(section: &Section<'_>, base: &Self) -> Self {
        let queue = section.choice("queue", &QUEUES).map_or(base.queue, |choice| choice.value);
        let rules = section.choice("rules", &RULES).map_or(base.rules, |choice| choice.value);
        let priority = section.choice("priority", &PRIORITIES);
        let balances = balances(section);
        let volume = section.decimal("volume_30d").map(|at| (at.value, at.span));
        let volume = volume.and_then(|(value, span)| match value.is_zero() {
            true => Some(value),
            false => positive_amount(section, "volume_30d", value, span),
        });
        let tiers = tiers(section);
        Self {
            entry: way(section, ("entry", "entry_latency_us"), &base.entry),
            response: way(section, ("response", "response_latency_us"), &base.response),
            queue: exponent(section, queue),
            rules,
            priority: priority.map_or(base.priority, |choice| choice.value),
            fee_in_quote: section.flag("fee_in_quote").unwrap_or(base.fee_in_quote),
            tiers: if tiers.is_empty() { base.tiers.clone() } else { tiers },
            volume: volume.unwrap_or(base.volume),
            margin: margin(section, base.margin),
            faults: faults(section, &base.faults),
            seed: section.whole("seed", 0..=u64::MAX >> 1, "").unwrap_or(base.seed),
            balances: if balances.is_empty() { base.balances.clone() } else { balances },
        }
    }
}

/// The exponent of queue models that have one.
fn exponent(section: &Section<'_>, queue: QueueModel) -> QueueModel {
    let Some(At { value, span }) = section.number("queue_exponent", &[]) else { return queue };
    if !queue.has_exponent() {
        let message = "is for queue = \"power\", \"power2\" and \"power3\" only".to_owned();
        section.problem(span, "queue_exponent", message, "remove it, or choose one of them");
    } else if !(0.1..=20.0).contains(&value) {
        section.problem(span, "queue_exponent", format!("{value} is out of range"), "0.1 to 20");
    }
    queue.with_exponent(value)
}

/// One way: a number of µs, or a section with a model.
fn way(
    section: &Section<'_>,
    (name, constant): (&'static str, &'static str),
    base: &WaySettings,
) -> WaySettings {
    const US_MAX: u64 = 10_000_000;
    let us = section.whole(constant, 0..=US_MAX, "µs").map(|us| Nanos(us * 1_000));
    let table = section.table(name);
    if !table.is_there() {
        return us.map_or_else(|| base.clone(), WaySettings::Constant);
    }
    if us.is_some() {
        let message = format!("stands beside {constant}");
        section.problem(table.span(), name, message, "keep one of both");
    }
    let time = |key, default: u64| {
        Nanos(table.whole(key, 0..=US_MAX, "µs").unwrap_or(default).saturating_mul(1_000))
    };
    let signed = |key| {
        let offset = table.number(key, &[]).map_or(0.0, |at| at.value);
        (offset.clamp(-1e7, 1e7) * 1e3) as i64
    };
    let names = [("constant", 0), ("feed", 1), ("log-normal", 2), ("recorded", 3)];
    let model = table.choice("model", &names).map(|choice| choice.value);
    if model.is_none() && !table.has("model") {
        table.missing("model", "constant, feed, log-normal or recorded");
    }
    let settings = match model.unwrap_or(0) {
        1 => WaySettings::Feed { factor_ppm: factor_ppm(&table), offset_ns: signed("offset_us") },
        2 => WaySettings::Spread(Spread {
            median: time("median_us", 2_000),
            sigma: sigma(&table),
            spike_ppm: ppm(&table, "spike_ppm", 0),
            spike: time("spike_us", 20_000),
        }),
        3 => {
            let file = table.text("file").map(|at| PathBuf::from(at.value));
            if file.is_none() && !table.has("file") {
                table.missing("file", "CSV with the columns asked_ns, taken_ns, told_ns");
            }
            let (factor_ppm, farther_ns) = (factor_ppm(&table), signed("farther_us"));
            WaySettings::Recorded { file: file.unwrap_or_default(), factor_ppm, farther_ns }
        }
        _ => WaySettings::Constant(time("us", 2_000)),
    };
    table.finish_if(model.is_some());
    settings
}

fn factor_ppm(section: &Section<'_>) -> u64 {
    let Some(At { value, span }) = section.decimal("factor") else { return 1_000_000 };
    let ppm = (value * Decimal::from(1_000_000)).to_u64().filter(|ppm| *ppm <= 100_000_000);
    if ppm.is_none() {
        section.problem(span, "factor", format!("{value} is out of range"), "from 0 to 100");
    }
    ppm.unwrap_or(1_000_000)
}

fn sigma(section: &Section<'_>) -> f64 {
    let Some(At { value, span }) = section.number("sigma", &[]) else { return 0.25 };
    if !(0.0..=5.0).contains(&value) {
        let help = "from 0 to 5; 0.25 spreads by about a quarter each way";
        section.problem(span, "sigma", format!("{value} is out of range"), help);
    }
    value
}

fn ppm(section: &Section<'_>, key: &'static str, default: u32) -> u32 {
    let found = section.whole(key, 0..=1_000_000, "of a million");
    found.and_then(|ppm| u32::try_from(ppm).ok()).unwrap_or(default)
}

fn margin(section: &Section<'_>, base: MarginSettings) -> MarginSettings {
    let ppm = |key| {
        let at = section.decimal(key)?;
        if at.value.is_sign_negative() {
            let what = format!("{} is out of range", at.value);
            section.problem(at.span.clone(), key, what, "0 or more");
            return None;
        }
        fee_ppm(section, key, at)
    };
    MarginSettings {
        maintenance_ppm: ppm("maintenance_margin_bps").unwrap_or(base.maintenance_ppm),
        liquidation_ppm: ppm("liquidation_fee_bps").unwrap_or(base.liquidation_ppm),
    }
}

fn faults(section: &Section<'_>, base: &Faults) -> Faults {
    let mut outages = Vec::new();
    for outage in section.tables("outage") {
        let time = |key, help| {
            let ms = outage.whole(key, 0..=31_536_000_000, "ms");
            if ms.is_none() && !outage.has(key) {
                outage.missing(key, help);
            }
            ms.map(Nanos::from_ms)
        };
        let after = time("after_ms", "add after_ms = 60000: from the start on");
        let span = time("for_ms", "add for_ms = 5000");
        if let (Some(after), Some(span)) = (after, span) {
            outages.push(Outage { after, span });
        }
        outage.finish();
    }
    let overlaps = |pair: &[Outage]| pair[0].after.after(pair[0].span) >= pair[1].after;
    outages.sort_by_key(|outage| outage.after);
    if outages.windows(2).any(overlaps) {
        let message = "two of them overlap".to_owned();
        section.problem(section.span(), "outage", message, "make them one");
    }
    Faults {
        reject_ppm: ppm(section, "reject_ppm", base.reject_ppm),
        lose_ppm: ppm(section, "lose_ppm", base.lose_ppm),
        outages: if outages.is_empty() { base.outages.clone() } else { outages },
    }
}

fn tiers(section: &Section<'_>) -> Vec<TierSettings> {
    let mut out = Vec::new();
    for tier in section.tables("fee_tier") {
        let volume = tier.decimal("volume");
        if volume.is_none() && !tier.has("volume") {
            tier.missing(
                "volume",
                "add volume = \"1000000\": quote, in 30 days; \"0\" is the first",
            );
        }
        let volume = volume.and_then(|At { value, span }| match value.is_zero() {
            true => Some(value),
            false => positive_amount(&tier, "volume", value, span),
        });
        let fee = |key| tier.decimal(key).and_then(|at| fee_ppm(&tier, key, at)).unwrap_or(0);
        let (maker_ppm, taker_ppm) = (fee("maker_fee_bps"), fee("taker_fee_bps"));
        if let Some(volume) = volume {
            out.push(TierSettings { volume, maker_ppm, taker_ppm });
        }
        tier.finish();
    }
    out
}

fn balances(section: &Section<'_>) -> Vec<(String, Decimal)> {
    let mut balances = Vec::new();
    for (asset, At { value, span }) in section.decimals("balances") {
        let named = Symbol::new(&asset).is_some();
        if !named {
            let message = format!("`{asset}` cannot name an asset");
            section.problem(span.clone(), "balances", message, "at most 23 letters, such as BTC");
        }
        if let Some(amount) = positive_amount(section, &format!("balances.{asset}"), value, span)
            && named
        {
            balances.push((asset, amount));
        }
    }
    balances
}

#[cfg(test)]
mod tests;
