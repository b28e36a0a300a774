//! Where a tuning's trials run: backtests of the configuration with other parameters, on stretches
//! of the tapes.

use super::args::TuneArgs;
use crate::backtest;
use crate::config::{Config, WaySettings};
use engine::time::Nanos;
use research::metrics::Measures;
use research::run::{Look, Meta, Witness};
use research::tune::ground::{Ground, Luck, Outcome, Stretch};
use research::tune::space::{Space, Value};
use research::tune::winner;
use venues::sim::Spread;

/// Most returns of a stretch: enough to judge by, few enough to keep for every trial.
const RETURNS_MAX: u64 = 240;

/// The shortest period of a return, ns.
const PERIOD_MIN: u64 = 1_000_000_000;

/// See the file.
pub(super) struct Tapes<'a> {
    /// The command.
    pub args: &'a TuneArgs,
    /// The configuration's text, and the file that it came from.
    pub text: &'a str,
    /// The parameters.
    pub space: &'a Space,
}

impl Tapes<'_> {
    /// The configuration's text with these parameters; as it was given without any.
    pub fn written(&self, values: &[Value]) -> Result<String, String> {
        let keys = self.space.params().iter().map(|param| param.key.as_str());
        winner::with(self.text, keys.zip(values))
    }

    /// The checked configuration with these parameters.
    pub fn config(&self, values: &[Value]) -> Result<Config, String> {
        let text = self.written(values)?;
        let file = self.args.config.display().to_string();
        Config::parse(&file, &text).map_err(|problems| {
            let each = problems.list.iter().map(|one| format!("{}: {}", one.key, one.message));
            each.collect::<Vec<_>>().join("; ")
        })
    }
}

/// Makes a way as long as luck has it.
fn disturb(way: &mut WaySettings, luck: Luck) {
    let times = |span: Nanos| Nanos((span.0 as f64 * luck.latency).round() as u64);
    let factor = |ppm: u64| (ppm as f64 * luck.latency).round() as u64;
    match way {
        WaySettings::Constant(span) if luck.jitter > 0.0 => {
            let (median, sigma) = (times(*span), luck.jitter);
            *way = WaySettings::Spread(Spread { median, sigma, spike_ppm: 0, spike: Nanos::ZERO });
        }
        WaySettings::Constant(span) => *span = times(*span),
        WaySettings::Feed { factor_ppm, offset_ns } => {
            *factor_ppm = factor(*factor_ppm);
            *offset_ns = (*offset_ns as f64 * luck.latency).round() as i64;
        }
        WaySettings::Spread(spread) => {
            spread.median = times(spread.median);
            spread.spike = times(spread.spike);
        }
        WaySettings::Recorded { factor_ppm, .. } => *factor_ppm = factor(*factor_ppm),
        // As it was.
        WaySettings::Measured(_) => {}
    }
}

impl Ground for Tapes<'_> {
    fn run(&self, values: &[Value], stretch: Stretch, luck: Luck) -> Result<Outcome, String> {
        let mut config = self.config(values)?;
        for venue in config.paper.each() {
            disturb(&mut venue.entry, luck);
            disturb(&mut venue.response, luck);
        }
        let args = self.args.backtest((Nanos(stretch.from), Nanos(stretch.to)), luck.seed);
        let mut both = (Measures::default(), Curve::new(stretch));
        let missed = (luck.missed, luck.seed.unwrap_or_default());
        let measured = backtest::measure(config, &args, missed, &mut both);
        measured.map_err(|failure| failure.to_string())?;
        let (measures, curve) = both;
        let metrics =
            serde_json::to_value(measures.metrics()).map_err(|error| error.to_string())?;
        let numbers = metrics.as_object().into_iter().flatten();
        let numbers = numbers.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        let equity = curve.start;
        let trades =
            measures.trades().map(|trade| trade.pnl / equity).filter(|one| one.is_finite());
        Ok(Outcome {
            metrics: numbers.collect(),
            trades: trades.collect(),
            returns: curve.returns(),
        })
    }
}

/// Equity at even steps of a stretch.
struct Curve {
    stretch: Stretch,
    start: f64,
    /// Equity at the last look of each step; not a number where there was none.
    levels: Vec<f64>,
}

impl Curve {
    fn new(stretch: Stretch) -> Self {
        let count = (stretch.len() / PERIOD_MIN).clamp(1, RETURNS_MAX);
        Self { stretch, start: f64::NAN, levels: vec![f64::NAN; count as usize] }
    }

    fn returns(&self) -> Vec<f64> {
        let mut before = self.start;
        let change = |&level: &f64| {
            // Where nothing was seen, nothing changed.
            let now = if level.is_finite() { level } else { before };
            let change = (now - before) / self.start;
            before = now;
            if change.is_finite() { change } else { 0.0 }
        };
        self.levels.iter().map(change).collect()
    }
}

impl Witness for Curve {
    const LOOKS: bool = true;

    fn begins(&mut self, meta: &Meta) {
        self.start = meta.equity;
    }

    fn looks(&mut self, look: &Look) {
        let offset = u128::from(look.at.0.saturating_sub(self.stretch.from));
        let count = self.levels.len();
        let place = offset * count as u128 / u128::from(self.stretch.len().max(1));
        if let Some(level) = self.levels.get_mut((place as usize).min(count - 1)) {
            *level = look.equity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_are_changes_over_the_start() {
        let second = 1_000_000_000;
        let mut curve = Curve::new(Stretch { from: 10 * second, to: 14 * second });
        let meta = Meta {
            name: String::new(),
            markets: Vec::new(),
            equity: 100.0,
            asset: String::new(),
            utc_ns: 0,
        };
        curve.begins(&meta);
        for (at, equity) in [(10, 100.0), (11, 102.0), (13, 101.0), (14, 105.0)] {
            let nan = f64::NAN;
            curve.looks(&Look {
                at: Nanos(at * second),
                market: 0,
                bid: nan,
                ask: nan,
                own_bid: nan,
                own_ask: nan,
                position: 0.0,
                equity,
                rate: 1.0,
            });
        }
        assert_eq!(curve.returns(), [0.0, 0.02, 0.0, 0.03]);
        assert_eq!(Curve::new(Stretch { from: 0, to: 9_999 * second }).levels.len(), 240);
    }
}
