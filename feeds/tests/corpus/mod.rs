//! Messages of both markets in the venue's layout, from a seed: of several instruments, with
//! numbers of every length that the fast way reads and some that it does not.

use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use feeds::binance::Flavour;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Name, decimal places of tick and lot, of each printed on USDⓈ-M, digits before the point.
type Described = (&'static str, [u8; 2], [usize; 2], [u32; 2]);

const INSTRUMENTS: [Described; 5] = [
    ("BTCUSDT", [2, 5], [2, 5], [6, 3]),
    ("ETHUSDT", [2, 4], [3, 4], [4, 4]),
    ("1000SATSUSDT", [7, 0], [7, 1], [1, 9]),
    ("DOGEUSDT", [5, 0], [5, 1], [1, 7]),
    ("BNBBTC", [6, 3], [8, 3], [1, 5]),
];

/// All of them.
pub fn instruments() -> Vec<Instrument> {
    let made = INSTRUMENTS.iter().enumerate().map(|(place, (name, places, ..))| {
        let [tick, lot] = places.map(|decimals| Grid { decimals, step: 1 });
        let (symbol, assets) = (Symbol::new(name).unwrap(), (AssetId(0), AssetId(1)));
        Instrument::new(InstrumentId(place as u16), symbol, assets, (tick, lot))
    });
    made.collect()
}

/// Messages from a seed.
pub struct Corpus {
    random: SmallRng,
    flavour: Flavour,
    which: usize,
}

impl Corpus {
    pub fn new(seed: u64, flavour: Flavour) -> Self {
        Self { random: SmallRng::seed_from_u64(seed), flavour, which: 0 }
    }

    /// A message of any kind and instrument.
    pub fn message(&mut self) -> Vec<u8> {
        self.which = self.random.random_range(0..INSTRUMENTS.len());
        let kinds = if self.flavour == Flavour::Spot { 3 } else { 4 };
        match self.random.random_range(0..kinds) {
            0 => self.best(),
            1 => self.trade(),
            3 => self.bundle(),
            _ => {
                let levels = [0, 1, 3, 8, 70][self.random.random_range(0..5)];
                let bids = self.random.random_range(0..=levels);
                self.depth([bids, levels])
            }
        }
    }

    /// One message of each kind, of two instruments.
    pub fn one_of_each(&mut self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for which in [0, 3] {
            self.which = which;
            all.extend([self.best(), self.trade(), self.depth([2, 1])]);
            if self.flavour == Flavour::Usdm {
                all.push(self.bundle());
            }
        }
        all
    }

    /// A number with so many places of its grid, and how many are printed.
    fn number(&mut self, which: usize, least: u64) -> (u64, String) {
        let (_, places, printed, whole) = INSTRUMENTS[self.which];
        let printed = if self.flavour == Flavour::Spot { 8 } else { printed[which] };
        let digits = self.random.random_range(1..=whole[which] + u32::from(places[which]));
        let steps = self.random.random_range(least..10_u64.pow(digits));
        let scale = 10_u64.pow(places[which].into());
        let decimals = usize::from(places[which]);
        let fraction = if decimals == 0 { 0 } else { steps % scale };
        let text = format!("{fraction:0decimals$}");
        let text = if decimals == 0 { String::new() } else { text };
        (steps, format!("{}.{text:0<printed$}", steps / scale))
    }

    fn id(&mut self) -> u64 {
        let digits = self.random.random_range(9..13);
        self.random.random_range(10_u64.pow(digits)..10_u64.pow(digits + 1))
    }

    fn wrapped(&self, stream: &str, data: &str) -> Vec<u8> {
        let name = INSTRUMENTS[self.which].0.to_lowercase();
        format!(r#"{{"stream":"{name}@{stream}","data":{{{data}}}}}"#).into_bytes()
    }

    pub fn best(&mut self) -> Vec<u8> {
        let (mut bid, mut ask) = (self.number(0, 1), self.number(0, 1));
        while bid.0 == ask.0 {
            ask = self.number(0, 1);
        }
        if bid.0 > ask.0 {
            std::mem::swap(&mut bid, &mut ask);
        }
        let (bid_qty, ask_qty) = (self.number(1, 0).1, self.number(1, 0).1);
        let (name, id) = (INSTRUMENTS[self.which].0, self.id());
        let sides = format!(
            r#""s":"{name}","b":"{}","B":"{bid_qty}","a":"{}","A":"{ask_qty}""#,
            bid.1, ask.1
        );
        let data = match self.flavour {
            Flavour::Spot => format!(r#""u":{id},{sides}"#),
            Flavour::Usdm => {
                let class = format!(r#","st":1,"ps":"{name}""#);
                let class = if self.random.random::<bool>() { &class } else { "" };
                let ms = self.random.random_range(0..1_000);
                let stamps = format!(r#""T":1723161266991,"E":1723161266{ms:03}"#);
                format!(r#""e":"bookTicker","u":{id},{sides},{stamps}{class}"#)
            }
        };
        self.wrapped("bookTicker", &data)
    }

    pub fn trade(&mut self) -> Vec<u8> {
        let (price, qty) = (self.number(0, 1).1, self.number(1, 1).1);
        let (name, id, maker) =
            (INSTRUMENTS[self.which].0, self.id(), self.random.random::<bool>());
        let time = 1_723_161_266_000_u64 + self.random.random_range(0..100_000);
        let numbers = format!(r#""s":"{name}","t":{id},"p":"{price}","q":"{qty}""#);
        let data = match self.flavour {
            Flavour::Spot => {
                format!(r#""e":"trade","E":{time},{numbers},"T":{time},"m":{maker},"M":true"#)
            }
            Flavour::Usdm => {
                format!(r#""e":"trade","E":{time},"T":{time},{numbers},"X":"MARKET","m":{maker}"#)
            }
        };
        self.wrapped("trade", &data)
    }

    /// Trades at one price by one taker, of USDⓈ-M alone.
    pub fn bundle(&mut self) -> Vec<u8> {
        let (price, qty) = (self.number(0, 1).1, self.number(1, 1).1);
        let (name, id, maker) =
            (INSTRUMENTS[self.which].0, self.id(), self.random.random::<bool>());
        let time = 1_723_161_266_000_u64 + self.random.random_range(0..100_000);
        let nq = if self.random.random() { r#""nq":"0.1","# } else { "" };
        let numbers = format!(r#""s":"{name}","a":{id},"p":"{price}","q":"{qty}",{nq}"#);
        let rest = format!(r#""f":{id},"l":{id},"T":{time},"m":{maker}"#);
        self.wrapped("aggTrade", &format!(r#""e":"aggTrade","E":{time},{numbers}{rest}"#))
    }

    pub fn depth(&mut self, levels: [usize; 2]) -> Vec<u8> {
        let first = self.id();
        let (last, before) = (first + self.random.random_range(0..90), first - 1);
        let time = 1_723_161_266_000_u64 + self.random.random_range(0..100_000);
        let name = INSTRUMENTS[self.which].0;
        let [bids, asks] = levels.map(|count| {
            let level = |_| format!(r#"["{}","{}"]"#, self.number(0, 1).1, self.number(1, 0).1);
            (0..count).map(level).collect::<Vec<_>>().join(",")
        });
        let sides = format!(r#""b":[{bids}],"a":[{asks}]"#);
        let (data, stream) = match self.flavour {
            Flavour::Spot => (
                format!(
                    r#""e":"depthUpdate","E":{time},"s":"{name}","U":{first},"u":{last},{sides}"#
                ),
                "depth@100ms",
            ),
            Flavour::Usdm => (
                format!(r#""e":"depthUpdate","E":{time},"T":{time},"s":"{name}","U":{first},"#)
                    + &format!(r#""u":{last},"pu":{before},{sides}"#),
                "depth@0ms",
            ),
        };
        self.wrapped(stream, &data)
    }
}
