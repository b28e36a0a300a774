//! A world as text: latent prices, venues and listings, in TOML.
//!
//! `[off]` has the shape of the whole file; with the edge switched off its values replace those of
//! the file, so that one text describes a world with the edge that a strategy lives on and the
//! same world without it. Prices are in the quote asset, `_bp` are 1/10,000, `_s` and `_ms` are
//! seconds and milliseconds of the world's time, factors are 1 for the market that was measured.

use crate::error::Error;
use crate::kind::VenueKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A world's description.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldText {
    /// Its name.
    pub name: String,
    /// What happens in it, in a sentence.
    #[serde(default)]
    pub about: String,
    /// Latent prices by base asset.
    pub latent: BTreeMap<String, LatentText>,
    /// Venues by name.
    pub venue: BTreeMap<String, VenueText>,
}

/// The price that all listings of a base asset follow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentText {
    /// In USDT, at the start.
    pub price: f64,
    /// Jumps per second.
    #[serde(default = "jumps")]
    pub jumps: f64,
    /// Median size of a jump.
    #[serde(default = "jump_bp")]
    pub jump_bp: f64,
    /// Log deviation of jumps' sizes.
    #[serde(default = "jump_sigma")]
    pub jump_sigma: f64,
    /// Largest jump.
    #[serde(default = "jump_max_bp")]
    pub jump_max_bp: f64,
    /// Share of jumps that come back, at least in part, within milliseconds.
    #[serde(default = "back")]
    pub back: f64,
    /// Another latent price that this one follows.
    #[serde(default)]
    pub follows: Option<FollowText>,
}

/// How a latent price follows another.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowText {
    /// The other's asset.
    pub asset: String,
    /// Relative move per relative move of the other.
    pub beta: f64,
    /// Deviation of the spread between the two.
    pub spread_bp: f64,
    /// Half-life of the spread.
    pub half_life_s: f64,
    /// Whether the spread comes back; a walk of the same speed otherwise.
    #[serde(default = "yes")]
    pub stationary: bool,
}

/// One venue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueText {
    /// From an order's arrival to its matching.
    #[serde(default = "latency_us")]
    pub latency_us: u64,
    /// Maker and taker rate of spot.
    #[serde(default = "fees_bp")]
    pub spot_fees_bp: [f64; 2],
    /// Maker and taker rate of perpetuals.
    #[serde(default = "fees_bp")]
    pub perp_fees_bp: [f64; 2],
    /// Orders per ten seconds and account, in place of the venue's own limit.
    #[serde(default)]
    pub orders_10s: Option<u64>,
    /// Request weight per minute and address, in place of the venue's own limit.
    #[serde(default)]
    pub weight_1m: Option<u64>,
    /// Money that each account starts with, by asset.
    pub start: BTreeMap<String, f64>,
    /// Listings by `BASE/QUOTE` for spot and `BASE/QUOTE:perp` for perpetuals.
    pub listing: BTreeMap<String, ListingText>,
}

/// One listing. Grids that are left out are the venue's own, or made from the price.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListingText {
    /// Price step.
    pub tick: Option<f64>,
    /// Quantity step in the base asset.
    pub lot: Option<f64>,
    /// Base quantity of a contract.
    pub contract: Option<f64>,
    /// Smallest price × quantity.
    pub notional_min: f64,
    /// How long after the latent price this one moves.
    pub delay_ms: f64,
    /// Deviation of this listing's own noise.
    pub noise_bp: f64,
    /// Half-life of the noise.
    pub noise_half_life_s: f64,
    /// Distance of the best prices from the fair price.
    pub half_spread_bp: f64,
    /// Factor on how far traders' prices are spread.
    pub distance: f64,
    /// Factor on quantities.
    pub depth: f64,
    /// Factor on the rate of everything.
    pub rate: f64,
    /// Factor on takers who know nothing.
    pub takers: f64,
    /// Factor on takers who have seen the fair price move.
    pub sweeps: f64,
    /// Share of large orders that go the way of the latent price.
    pub informed: f64,
    /// How far a perpetual's fair price is above the latent one.
    pub basis_bp: f64,
    /// Interest part of the funding rate, per payment.
    pub interest_bp: f64,
    /// Time between funding payments.
    pub funding_s: f64,
    /// Largest funding rate, per payment.
    pub funding_cap_bp: f64,
    /// Largest leverage, which is what accounts start with.
    pub leverage: u32,
    /// Maintenance margin.
    pub maintenance_bp: f64,
    /// Fee of a liquidation.
    pub liquidation_fee_bp: f64,
}

impl Default for ListingText {
    fn default() -> Self {
        Self {
            tick: None,
            lot: None,
            contract: None,
            notional_min: 5.0,
            delay_ms: 0.0,
            noise_bp: 0.0,
            noise_half_life_s: 5.0,
            half_spread_bp: 0.0,
            distance: 1.0,
            depth: 1.0,
            rate: 1.0,
            takers: 1.0,
            sweeps: 1.0,
            informed: 0.3,
            basis_bp: 0.0,
            interest_bp: 1.0,
            funding_s: 28_800.0,
            funding_cap_bp: 30.0,
            leverage: 20,
            maintenance_bp: 40.0,
            liquidation_fee_bp: 50.0,
        }
    }
}

fn jumps() -> f64 {
    2.4
}

fn jump_bp() -> f64 {
    0.186
}

fn jump_sigma() -> f64 {
    1.35
}

fn jump_max_bp() -> f64 {
    4.85
}

fn back() -> f64 {
    0.3
}

fn yes() -> bool {
    true
}

fn latency_us() -> u64 {
    1000
}

fn fees_bp() -> [f64; 2] {
    [10.0, 10.0]
}

/// Worlds that come with the exchange, by name.
pub const SCENARIOS: [(&str, &str); 7] = [
    ("four", include_str!("../../worlds/four.toml")),
    ("mm", include_str!("../../worlds/mm.toml")),
    ("xemm", include_str!("../../worlds/xemm.toml")),
    ("arb", include_str!("../../worlds/arb.toml")),
    ("triangular", include_str!("../../worlds/triangular.toml")),
    ("basis", include_str!("../../worlds/basis.toml")),
    ("pairs", include_str!("../../worlds/pairs.toml")),
];

impl WorldText {
    /// Reads a world; without `edge` the values of `[off]` replace those of the file.
    pub fn parse(text: &str, edge: bool) -> Result<Self, Error> {
        let wrong = |why: String| Error::World(why);
        let mut table: toml::Table = text.parse().map_err(|error| wrong(format!("{error}")))?;
        let off = table.remove("off");
        if let (false, Some(off)) = (edge, off) {
            let toml::Value::Table(off) = off else {
                return Err(wrong("`off` is not a table".into()));
            };
            overlay(&mut table, off);
        }
        let world: Self = table.try_into().map_err(|error| wrong(format!("{error}")))?;
        world.check().map_err(wrong)?;
        Ok(world)
    }

    /// A world that comes with the exchange.
    pub fn scenario(name: &str, edge: bool) -> Result<Self, Error> {
        let found = SCENARIOS.iter().find(|(known, _)| *known == name);
        let Some((_, text)) = found else {
            let names: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
            return Err(Error::World(format!(
                "no scenario `{name}`; there are {}",
                names.join(", ")
            )));
        };
        Self::parse(text, edge)
    }

    /// Leaves only these venues.
    pub fn restrict(&mut self, venues: &[VenueKind]) -> Result<(), Error> {
        if let Some(kind) = venues.iter().find(|kind| !self.venue.contains_key(kind.name())) {
            let here: Vec<&str> = self.venue.keys().map(String::as_str).collect();
            return Err(Error::World(format!(
                "world `{}` has no venue `{kind}`; it has {}",
                self.name,
                here.join(", ")
            )));
        }
        self.venue.retain(|name, _| venues.iter().any(|kind| kind.name() == name));
        Ok(())
    }

    /// The world's venues, in the order of [`VenueKind::ALL`].
    pub fn venues(&self) -> Vec<VenueKind> {
        let here = |kind: &VenueKind| self.venue.contains_key(kind.name());
        VenueKind::ALL.into_iter().filter(here).collect()
    }

    fn check(&self) -> Result<(), String> {
        for (asset, latent) in &self.latent {
            let at = format!("latent.{asset}");
            positive(&at, "price", latent.price)?;
            not_negative(&at, "jumps", latent.jumps)?;
            share(&at, "back", latent.back)?;
            if let Some(follows) = &latent.follows {
                let other = self.latent.get(&follows.asset);
                let Some(other) = other.filter(|_| follows.asset != *asset) else {
                    return Err(format!("{at}.follows: no latent price `{}`", follows.asset));
                };
                if other.follows.is_some() {
                    return Err(format!("{at}.follows: `{}` follows itself", follows.asset));
                }
                positive(&at, "follows.half_life_s", follows.half_life_s)?;
            }
        }
        if self.venue.is_empty() {
            return Err("no [venue.NAME]".into());
        }
        for (name, venue) in &self.venue {
            let kind: VenueKind = name.parse().map_err(|error| format!("venue.{name}: {error}"))?;
            if venue.listing.is_empty() {
                return Err(format!("venue.{name}: no [venue.{name}.listing.\"BASE/QUOTE\"]"));
            }
            for (key, listing) in &venue.listing {
                let at = format!("venue.{name}.listing.\"{key}\"");
                let pair = Pair::read(key).ok_or_else(|| {
                    format!("{at}: write BASE/QUOTE, or BASE/QUOTE:perp for a perpetual")
                })?;
                self.check_listing(&at, kind, &pair, listing)?;
            }
        }
        Ok(())
    }

    fn check_listing(
        &self,
        at: &str,
        kind: VenueKind,
        pair: &Pair<'_>,
        listing: &ListingText,
    ) -> Result<(), String> {
        let products = match kind {
            VenueKind::BinanceSpot => [true, false],
            VenueKind::BinanceUsdm => [false, true],
            VenueKind::Bybit | VenueKind::Okx => [true, true],
        };
        if !products[usize::from(pair.perp)] {
            return Err(format!("{at}: {kind} does not list such products"));
        }
        for asset in [pair.base, pair.quote] {
            if asset != "USDT" && !self.latent.contains_key(asset) {
                return Err(format!("{at}: no [latent.{asset}]"));
            }
        }
        if pair.perp && pair.quote != "USDT" {
            return Err(format!("{at}: perpetuals are margined in USDT"));
        }
        for (name, value) in [
            ("noise_half_life_s", listing.noise_half_life_s),
            ("distance", listing.distance),
            ("depth", listing.depth),
            ("rate", listing.rate),
            ("funding_s", listing.funding_s),
            ("leverage", f64::from(listing.leverage)),
        ] {
            positive(at, name, value)?;
        }
        for (name, value) in [
            ("delay_ms", listing.delay_ms),
            ("noise_bp", listing.noise_bp),
            ("half_spread_bp", listing.half_spread_bp),
            ("takers", listing.takers),
            ("sweeps", listing.sweeps),
        ] {
            not_negative(at, name, value)?;
        }
        share(at, "informed", listing.informed)
    }
}

/// What a listing's key names.
pub(super) struct Pair<'a> {
    pub base: &'a str,
    pub quote: &'a str,
    pub perp: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn read(key: &'a str) -> Option<Self> {
        let (pair, perp) = match key.split_once(':') {
            None => (key, false),
            Some((pair, "perp")) => (pair, true),
            Some(_) => return None,
        };
        let (base, quote) = pair.split_once('/')?;
        let asset = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        (asset(base) && asset(quote) && base != quote).then_some(Self { base, quote, perp })
    }
}

fn positive(at: &str, name: &str, value: f64) -> Result<(), String> {
    let right = value.is_finite() && value > 0.0;
    if right { Ok(()) } else { Err(format!("{at}.{name} = {value}: must be positive")) }
}

fn not_negative(at: &str, name: &str, value: f64) -> Result<(), String> {
    let right = value.is_finite() && value >= 0.0;
    if right { Ok(()) } else { Err(format!("{at}.{name} = {value}: must not be negative")) }
}

fn share(at: &str, name: &str, value: f64) -> Result<(), String> {
    let right = (0.0..=1.0).contains(&value);
    if right { Ok(()) } else { Err(format!("{at}.{name} = {value}: must be from 0 to 1")) }
}

/// Puts `over`'s values in place of `table`'s, table by table.
fn overlay(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => overlay(under, over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_reads_and_its_edge_can_be_switched_off() {
        for (name, _) in SCENARIOS {
            let [on, off] = [true, false].map(|edge| WorldText::scenario(name, edge).unwrap());
            assert_eq!(on.name, name);
            assert_eq!(on == off, name == "four", "{name}");
        }
    }

    #[test]
    fn wrong_worlds_say_what_is_wrong_and_where() {
        let good = "name = \"w\"\nlatent.BTC.price = 1.0\n[venue.bybit]\nstart.USDT = 1.0\n\
                    listing.\"BTC/USDT\".takers = 1.0\n";
        assert!(WorldText::parse(good, true).is_ok());
        let check = |from: &str, to: &str, expect: &str| {
            let error = WorldText::parse(&good.replace(from, to), true).unwrap_err().to_string();
            assert!(error.contains(expect), "{to}: {error}");
        };
        check("latent.BTC", "latent.ETH", "no [latent.BTC]");
        check("venue.bybit", "venue.mtgox", "no venue `mtgox`");
        check("venue.bybit", "venue.binance-usdm", "does not list");
        check("BTC/USDT", "BTCUSDT", "write BASE/QUOTE");
        check("takers = 1.0", "takers = -1.0", "takers = -1: must not be negative");
        check("takers = 1.0", "toll = 1.0", "unknown field `toll`");
        let mut world = WorldText::parse(good, true).unwrap();
        let error = world.restrict(&[VenueKind::Okx]).unwrap_err().to_string();
        assert!(error.contains("it has bybit"), "{error}");
    }
}
