//! Messages in the venue's own layout, generated from a seed: what `peregrine bench` and the
//! benches of the project feed on.

use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use feeds::net::frame::SPARE;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// A key that signs nothing real, for requests of a session.
pub const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
    -----END PRIVATE KEY-----\n";

/// Messages one after the other, each with the spare bytes behind it that a socket's buffer has. A
/// parser may overwrite them; [`Arena::restore`] brings them back.
#[derive(Clone)]
pub struct Arena {
    original: Vec<u8>,
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

impl Arena {
    /// Of these messages.
    pub fn new(messages: &[Vec<u8>]) -> Self {
        let mut original = Vec::new();
        let mut places = Vec::new();
        for message in messages {
            places.push((original.len(), message.len()));
            original.extend_from_slice(message);
            original.resize(original.len() + SPARE, 0);
        }
        Self { bytes: original.clone(), original, places }
    }

    /// Undoes what parsers wrote.
    pub fn restore(&mut self) {
        self.bytes.copy_from_slice(&self.original);
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each message with its spare bytes, and its own length.
    pub fn each(&mut self, mut take: impl FnMut(&mut [u8], usize)) {
        for (start, len) in &self.places {
            take(&mut self.bytes[*start..start + len + SPARE], *len);
        }
    }
}

/// BTCUSDT of the spot market.
pub fn spot() -> Instrument {
    btcusdt((Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 }))
}

/// BTCUSDT of the USDⓈ-M futures market.
pub fn usdm() -> Instrument {
    btcusdt((Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 }))
}

/// ETHUSDT of the USDⓈ-M futures market.
pub fn usdm_eth() -> Instrument {
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 3, step: 1 });
    let btc = btcusdt(grids);
    Instrument { symbol: Symbol::new("ETHUSDT").unwrap_or(btc.symbol), ..btc }
}

fn btcusdt(grids: (Grid, Grid)) -> Instrument {
    // Seven letters fit into a symbol: this cannot be met.
    let symbol = Symbol::new("BTCUSDT").unwrap_or_else(|| std::process::abort());
    Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids)
}

/// A random walk of the mid with quantities that are log-uniform, as text.
pub struct Market {
    random: SmallRng,
    mid: i64,
    id: u64,
    trade: u64,
    time_ms: u64,
}

impl Market {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: SmallRng::seed_from_u64(seed),
            mid: 6_183_763,
            id: 50_093_239_212,
            trade: 3_735_683_259,
            time_ms: 1_723_161_255_343,
        }
    }

    fn step(&mut self) -> i64 {
        self.mid += self.random.random_range(-20..=20);
        self.id += self.random.random_range(1..20);
        self.time_ms += self.random.random_range(0..90);
        self.mid
    }

    fn qty(&mut self) -> String {
        let lots = 10_f64.powf(self.random.random_range(0.0..6.5)) as u64;
        format!("{}.{:05}000", lots / 100_000, lots % 100_000)
    }

    /// A best bid and ask, wrapped as on a combined connection.
    pub fn book_ticker(&mut self) -> Vec<u8> {
        let (bid, id) = (self.step(), self.id);
        let (bid_qty, ask_qty) = (self.qty(), self.qty());
        format!(
            "{{\"stream\":\"btcusdt@bookTicker\",\"data\":{{\"u\":{id},\"s\":\"BTCUSDT\",\
             \"b\":\"{}\",\"B\":\"{bid_qty}\",\"a\":\"{}\",\"A\":\"{ask_qty}\"}}}}",
            price(bid),
            price(bid + 1)
        )
        .into_bytes()
    }

    /// A public trade.
    pub fn trade(&mut self) -> Vec<u8> {
        self.trade += 1;
        let (at, trade, time, qty) = (self.step(), self.trade, self.time_ms, self.qty());
        let maker = self.random.random_bool(0.5);
        format!(
            "{{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"E\":{time},\
             \"s\":\"BTCUSDT\",\"t\":{trade},\"p\":\"{}\",\"q\":\"{qty}\",\"T\":{time},\
             \"m\":{maker},\"M\":true}}}}",
            price(at)
        )
        .into_bytes()
    }

    /// A diff of so many levels, half of them bids, a fifth of them gone.
    pub fn depth(&mut self, levels: usize) -> Vec<u8> {
        let first = self.id + 1;
        let (mid, last, time) = (self.step(), self.id.max(first), self.time_ms);
        self.id = last;
        let mut side = |sign: i64| {
            let mut at = mid + i64::from(sign > 0);
            let mut texts = Vec::new();
            for _ in 0..levels / 2 {
                let gone = self.random.random_bool(0.2);
                let qty = if gone { "0.00000000".to_owned() } else { self.qty() };
                texts.push(format!("[\"{}\",\"{qty}\"]", price(at)));
                at += sign * self.random.random_range(1..40);
            }
            texts.join(",")
        };
        let (bids, asks) = (side(-1), side(1));
        format!(
            "{{\"stream\":\"btcusdt@depth@100ms\",\"data\":{{\"e\":\"depthUpdate\",\"E\":{time},\
             \"s\":\"BTCUSDT\",\"U\":{first},\"u\":{last},\"b\":[{bids}],\"a\":[{asks}]}}}}"
        )
        .into_bytes()
    }
}

/// A book with a level on every tick that moves by a few ticks with each message and is never
/// crossed.
pub struct Walk {
    random: SmallRng,
    bid: i64,
    id: u64,
}

impl Walk {
    const MIDDLE: i64 = 6_183_763;

    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { random, bid: Self::MIDDLE, id: 50_093_239_212 }
    }

    fn qty(&mut self) -> String {
        format!("{}.{:05}000", self.random.random_range(0..9), self.random.random_range(1..99_999))
    }

    /// By how many ticks it moves: never by none, and never far from where it began.
    fn step(&mut self) -> i64 {
        self.id += 3;
        let size = self.random.random_range(1..=5);
        let up = match self.bid - Self::MIDDLE {
            away if away > 300 => false,
            away if away < -300 => true,
            _ => self.random.random_bool(0.5),
        };
        let step = if up { size } else { -size };
        self.bid += step;
        step
    }

    /// The book as REST tells it, with so many levels a side.
    pub fn snapshot(&self, levels: i64) -> Vec<u8> {
        let level = |at: i64| format!("[\"{}\",\"1.25000000\"]", price(at));
        let bids: Vec<_> = (0..levels).map(|n| level(self.bid - n)).collect();
        let asks: Vec<_> = (0..levels).map(|n| level(self.bid + 1 + n)).collect();
        let (id, bids, asks) = (self.id, bids.join(","), asks.join(","));
        format!("{{\"lastUpdateId\":{id},\"bids\":[{bids}],\"asks\":[{asks}]}}").into_bytes()
    }

    /// The best bid and ask after a step.
    pub fn book_ticker(&mut self) -> Vec<u8> {
        self.step();
        let (id, bid_qty, ask_qty) = (self.id, self.qty(), self.qty());
        let (bid, ask) = (price(self.bid), price(self.bid + 1));
        let text = format!(
            "{{\"stream\":\"btcusdt@bookTicker\",\"data\":{{\"u\":{id},\"s\":\"BTCUSDT\",\
             \"b\":\"{bid}\",\"B\":\"{bid_qty}\",\"a\":\"{ask}\",\"A\":\"{ask_qty}\"}}}}"
        );
        text.into_bytes()
    }

    /// The diff of a step: ten levels a side, those that the step leaves behind gone.
    pub fn depth(&mut self) -> Vec<u8> {
        let before = self.bid;
        let first = self.id + 1;
        self.step();
        let (after, last) = (self.bid, self.id);
        let mut level = |at: i64, stands: bool| {
            let qty = if stands { self.qty() } else { "0.00000000".to_owned() };
            format!("[\"{}\",\"{qty}\"]", price(at))
        };
        let top = before.max(after);
        let bids: Vec<_> = (0..10).map(|n| level(top - n, top - n <= after)).collect();
        let low = before.min(after) + 1;
        let asks: Vec<_> = (0..10).map(|n| level(low + n, low + n > after)).collect();
        let (bids, asks) = (bids.join(","), asks.join(","));
        let text = format!(
            "{{\"stream\":\"btcusdt@depth@100ms\",\"data\":{{\"e\":\"depthUpdate\",\
             \"E\":1723161255343,\"s\":\"BTCUSDT\",\"U\":{first},\"u\":{last},\
             \"b\":[{bids}],\"a\":[{asks}]}}}}"
        );
        text.into_bytes()
    }
}

/// A text as the server frames it: unmasked.
pub fn frame(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short) if short < 126 => bytes.push(short),
        _ => {
            bytes.push(126);
            bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(text);
    bytes
}

fn price(ticks: i64) -> String {
    format!("{}.{:02}000000", ticks / 100, ticks % 100)
}
