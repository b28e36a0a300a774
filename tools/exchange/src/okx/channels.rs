//! Channels: which there are, on which door, who may have them, and how their argument reads.
//!
//! A public subscription is a topic of the hub, `channel|instId` or `channel|instType`. A private
//! one is a number: channel, product and instrument packed together.

use super::args::Args;
use super::denial::Denial;
use super::socket::Door;
use super::{books, candles, instruments, words};
use crate::floor::Floor;
use crate::json::Object;
use crate::order::{AccountId, SymbolId};
use crate::symbol::{Product, Symbol};

/// What a subscription asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Topic(String),
    Feed(u32),
}

/// Channels of every instrument, of swaps only, and of products.
const INSTRUMENT: [&str; 9] = [
    "bbo-tbt",
    "books5",
    "books",
    "books-rpi",
    "books-l2-tbt",
    "books50-l2-tbt",
    "trades",
    "tickers",
    "price-limit",
];
const SWAP: [&str; 3] = ["mark-price", "funding-rate", "open-interest"];
const PRODUCT: [&str; 2] = ["instruments", "liquidation-orders"];

/// Book channels that want a login first.
const LOGIN: [&str; 2] = ["books-l2-tbt", "books50-l2-tbt"];

/// Private channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    Orders,
    Fills,
    Positions,
    Account,
    Both,
    Algos,
}

const FEEDS: [(Feed, &str); 6] = [
    (Feed::Orders, "orders"),
    (Feed::Fills, "fills"),
    (Feed::Positions, "positions"),
    (Feed::Account, "account"),
    (Feed::Both, "balance_and_position"),
    (Feed::Algos, "orders-algo"),
];

/// A private subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Private {
    pub feed: Feed,
    pub product: Option<Product>,
    pub symbol: Option<SymbolId>,
}

impl Private {
    /// The number that stands for it in the hub.
    pub(crate) fn number(self) -> u32 {
        let feed = FEEDS.iter().position(|(feed, _)| *feed == self.feed).unwrap_or(0) as u32;
        let product = match self.product {
            None => 0,
            Some(Product::Spot) => 1,
            Some(Product::Perp) => 2,
        };
        feed | product << 4 | self.symbol.map_or(0, |symbol| u32::from(symbol) + 1) << 8
    }

    pub(crate) fn of(number: u32) -> Option<Self> {
        let (feed, _) = FEEDS.get((number & 15) as usize)?;
        let product = match number >> 4 & 15 {
            0 => None,
            1 => Some(Product::Spot),
            _ => Some(Product::Perp),
        };
        let symbol = (number >> 8).checked_sub(1).map(|symbol| symbol as SymbolId);
        Some(Self { feed: *feed, product, symbol })
    }

    /// Whether it is about this instrument.
    pub(crate) fn covers(&self, id: SymbolId, symbol: &Symbol) -> bool {
        self.symbol.is_none_or(|own| own == id)
            && self.product.is_none_or(|own| own == symbol.product())
    }

    pub(crate) fn channel(&self) -> &'static str {
        let found = FEEDS.iter().find(|(feed, _)| *feed == self.feed);
        found.map_or("", |(_, name)| name)
    }

    /// `arg` of its messages.
    pub(crate) fn arg(&self, floor: &Floor, account: AccountId) -> String {
        let mut out = Object::new().put("channel", self.channel());
        if matches!(self.feed, Feed::Orders | Feed::Positions | Feed::Algos) {
            out = out.put("instType", self.product.map_or("ANY", words::product));
        }
        if let Some(symbol) = self.symbol {
            out = out.put("instId", &floor.venue.listing(symbol).symbol.name);
        }
        out.put("uid", uid(account)).end()
    }
}

/// An account's number, as OKX shows it.
pub(crate) fn uid(account: AccountId) -> String {
    (614_488_474_791_000 + u64::from(account)).to_string()
}

/// `arg` of a topic's messages.
pub(crate) fn arg(topic: &str) -> String {
    let (channel, name) = topic.split_once('|').unwrap_or((topic, ""));
    let out = Object::new().put("channel", channel);
    match name {
        "" => out.end(),
        _ if PRODUCT.contains(&channel) => out.put("instType", name).end(),
        _ => out.put("instId", name).end(),
    }
}

fn nowhere(args: &Args) -> Denial {
    let get = |name| args.get(name).unwrap_or("");
    Denial::new(
        60018,
        format!(
            "Wrong URL or channel:{},instId:{} doesn't exist. Please use the correct URL, channel \
             and parameters referring to API document.",
            get("channel"),
            get("instId"),
        ),
    )
}

/// Reads one element of a subscription's `args`.
pub(crate) fn read(
    floor: &Floor,
    door: Door,
    args: &Args,
    login: Option<AccountId>,
) -> Result<Wanted, Denial> {
    let missing = || Denial::new(60012, "Invalid request: channel is missing");
    let channel = args.get("channel").ok_or_else(missing)?;
    let found = FEEDS.iter().find(|(_, name)| *name == channel);
    let own = found.filter(|(feed, _)| match feed {
        Feed::Algos => door == Door::Business,
        _ => door == Door::Private,
    });
    if door == Door::Private || own.is_some() {
        let (feed, _) = own.ok_or_else(|| nowhere(args))?;
        if login.is_none() {
            return Err(Denial::new(60011, "Please log in"));
        }
        return private(floor, *feed, args).map(|one| Wanted::Feed(one.number()));
    }
    let right = match door {
        Door::Business => {
            channel == "trades-all"
                || channel.strip_prefix("candle").is_some_and(|bar| candles::length(bar).is_some())
        }
        _ => {
            INSTRUMENT.contains(&channel)
                || SWAP.contains(&channel)
                || PRODUCT.contains(&channel)
                || ["status", "index-tickers"].contains(&channel)
        }
    };
    if !right {
        return Err(nowhere(args));
    }
    if LOGIN.contains(&channel) && login.is_none() {
        let msg = "Your current VIP tier doesn't have access to this channel.";
        return Err(Denial::new(64003, msg));
    }
    public(floor, channel, args)
}

fn private(floor: &Floor, feed: Feed, args: &Args) -> Result<Private, Denial> {
    let mut one = Private { feed, product: None, symbol: None };
    if matches!(feed, Feed::Orders | Feed::Positions | Feed::Algos) {
        let product = args.get("instType").ok_or_else(|| nowhere(args))?;
        one.product = match product {
            "ANY" => None,
            text => Some(words::read_product(text).ok_or_else(|| nowhere(args))?),
        };
    }
    if feed != Feed::Account
        && let Some(name) = args.get("instId")
    {
        one.symbol = Some(instruments::named(&floor.venue, name).ok_or_else(|| nowhere(args))?);
    }
    Ok(one)
}

fn public(floor: &Floor, channel: &str, args: &Args) -> Result<Wanted, Denial> {
    if channel == "status" {
        return Ok(Wanted::Topic("status|".into()));
    }
    if PRODUCT.contains(&channel) {
        let product = args.get("instType").and_then(words::read_product);
        let product = product.ok_or_else(|| nowhere(args))?;
        return Ok(Wanted::Topic(books::topic(channel, words::product(product))));
    }
    let name = args.get("instId").ok_or_else(|| nowhere(args))?;
    let listing = instruments::named(&floor.venue, name).map(|id| floor.venue.listing(id));
    let known = match channel {
        "index-tickers" => index(floor, name).is_some(),
        _ if SWAP.contains(&channel) => listing.is_some_and(|listing| listing.mark.is_some()),
        _ => listing.is_some(),
    };
    if known { Ok(Wanted::Topic(books::topic(channel, name))) } else { Err(nowhere(args)) }
}

/// The swap whose index has this name.
pub(crate) fn index(floor: &Floor, name: &str) -> Option<SymbolId> {
    let mut swaps = floor.venue.symbols(Product::Perp);
    swaps.find(|id| instruments::underlying(&floor.venue.listing(*id).symbol) == name)
}

/// Channels that may not be subscribed to together for one instrument.
pub(crate) fn clashes(topic: &str, other: &str) -> bool {
    let parts = [topic, other].map(|one| one.split_once('|').unwrap_or((one, "")));
    let [(one, name), (two, same)] = parts;
    let pair = |a: &str, b: &str| (one, two) == (a, b) || (two, one) == (a, b);
    name == same && (pair("books-l2-tbt", "books") || pair("books-l2-tbt", "books50-l2-tbt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_subscriptions_are_packed_without_loss() {
        for (feed, _) in FEEDS {
            for product in [None, Some(Product::Spot), Some(Product::Perp)] {
                for symbol in [None, Some(0), Some(700)] {
                    let one = Private { feed, product, symbol };
                    assert_eq!(Private::of(one.number()), Some(one));
                }
            }
        }
        assert_eq!(Private::of(15), None);
    }

    #[test]
    fn arguments_name_instrument_or_product() {
        assert_eq!(arg("books|BTC-USDT"), r#"{"channel":"books","instId":"BTC-USDT"}"#);
        let product = r#"{"channel":"liquidation-orders","instType":"SWAP"}"#;
        assert_eq!(arg("liquidation-orders|SWAP"), product);
        assert!(clashes("books|A", "books-l2-tbt|A") && !clashes("books|A", "books-l2-tbt|B"));
        assert!(!clashes("books|A", "bbo-tbt|A"));
    }
}
