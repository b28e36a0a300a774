//! Which column of a table says what: by the names that exporters give, by a mapping that a person
//! gives, or by places where a table has no header.

use engine::instrument::Kind;

/// What a table tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Trades,
    Levels,
    Best,
    Liquidations,
    Marks,
}

/// The meanings that a column may have: the key of a mapping, then names that exporters give it.
pub(super) const MEANINGS: [&[&str]; 20] = [
    &["local", "local_timestamp", "local_ts", "receive_time", "received_at"],
    &["time", "timestamp", "transact_time", "transaction_time", "exch_ts", "ts", "datetime"],
    &["id", "agg_trade_id", "trade_id"],
    &["price", "px"],
    &["qty", "quantity", "amount", "size"],
    &["side", "taker_side"],
    &["buyer_maker", "is_buyer_maker", "isbuyermaker"],
    &["bid", "best_bid_price", "bid_price", "best_bid"],
    &["bid_qty", "best_bid_qty", "bid_amount", "bid_size"],
    &["ask", "best_ask_price", "ask_price", "best_ask"],
    &["ask_qty", "best_ask_qty", "ask_amount", "ask_size"],
    &["snapshot", "is_snapshot"],
    &["mark", "mark_price"],
    &["index", "index_price"],
    &["rate", "funding_rate"],
    &["next", "funding_timestamp", "next_funding_time"],
    &["symbol"],
    &["exchange", "venue"],
    &["first_id", "first_trade_id"],
    &["last_id", "last_trade_id"],
];

/// Places of the meanings.
pub(super) mod of {
    pub const LOCAL: usize = 0;
    pub const TIME: usize = 1;
    pub const ID: usize = 2;
    pub const PRICE: usize = 3;
    pub const QTY: usize = 4;
    pub const SIDE: usize = 5;
    pub const BUYER_MAKER: usize = 6;
    pub const BID: usize = 7;
    pub const BID_QTY: usize = 8;
    pub const ASK: usize = 9;
    pub const ASK_QTY: usize = 10;
    pub const SNAPSHOT: usize = 11;
    pub const MARK: usize = 12;
    pub const INDEX: usize = 13;
    pub const RATE: usize = 14;
    pub const NEXT: usize = 15;
    pub const SYMBOL: usize = 16;
}

/// A person's mapping: `time=ts,price=px,as=trades`. What is right of `=` is a column's name, or
/// its number from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    pairs: Vec<(usize, String)>,
    what: Option<What>,
}

const WHATS: [(&str, What); 5] = [
    ("trades", What::Trades),
    ("levels", What::Levels),
    ("best", What::Best),
    ("liquidations", What::Liquidations),
    ("marks", What::Marks),
];

impl Mapping {
    /// Reads one.
    ///
    /// # Errors
    /// Says which part is not understood, and what there is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut made = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                format!("`{part}` is not KEY=COLUMN; give such as time=ts,price=px,qty=size")
            })?;
            if key == "as" {
                let found = WHATS.iter().find(|(name, _)| *name == value);
                made.what = Some(found.map(|(_, what)| *what).ok_or_else(|| {
                    format!("as={value}: give as=trades, levels, best, liquidations or marks")
                })?);
                continue;
            }
            let place = MEANINGS.iter().position(|names| names[0] == key).ok_or_else(|| {
                let keys: Vec<&str> = MEANINGS[..16].iter().map(|names| names[0]).collect();
                format!("`{key}` is no key of a mapping; there are {}, as", keys.join(", "))
            })?;
            made.pairs.push((place, value.to_owned()));
        }
        Ok(made)
    }
}

/// The columns of one table.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    at: [Option<usize>; MEANINGS.len()],
    pub what: What,
    /// Ids of trades follow each other without a hole.
    pub chained: bool,
    /// What the table is known to be of.
    pub kind: Option<Kind>,
}

impl Columns {
    /// By places.
    pub fn places(what: What, places: &[(usize, usize)]) -> Self {
        let mut at = [None; MEANINGS.len()];
        for (meaning, place) in places {
            at[*meaning] = Some(*place);
        }
        Self { at, what, chained: false, kind: None }
    }

    /// By the names in a header.
    pub fn named(header: &[String], mapping: &Mapping) -> Result<Self, String> {
        let mut at = [None; MEANINGS.len()];
        for (meaning, names) in MEANINGS.iter().enumerate() {
            let place = |name: &&str| header.iter().position(|one| one.eq_ignore_ascii_case(name));
            at[meaning] = names.iter().find_map(place);
        }
        for (meaning, column) in &mapping.pairs {
            let place = header.iter().position(|one| one == column);
            let number = column.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            at[*meaning] = Some(place.or(number).ok_or_else(|| {
                format!("there is no column `{column}`; there are {}", header.join(", "))
            })?);
        }
        let has = |all: &[usize]| all.iter().all(|meaning| at[*meaning].is_some());
        let found = match mapping.what {
            Some(what) => Some(what),
            None if has(&[of::SNAPSHOT, of::PRICE, of::QTY]) => Some(What::Levels),
            None if has(&[of::BID, of::ASK]) => Some(What::Best),
            None if has(&[of::MARK]) || has(&[of::RATE]) => Some(What::Marks),
            None if has(&[of::PRICE, of::QTY]) => Some(What::Trades),
            None => None,
        };
        let what = found.ok_or_else(|| {
            let names = header.join(", ");
            format!("its columns {names} mean nothing to me; say with --map which is which")
        })?;
        let kind = has(&[of::RATE]).then_some(Kind::Linear);
        Ok(Self { at, what, chained: false, kind })
    }

    pub const fn place(&self, meaning: usize) -> Option<usize> {
        self.at[meaning]
    }

    /// An error where something is missing without which such a table says nothing.
    pub fn check(&self) -> Result<(), String> {
        let wants: &[usize] = match self.what {
            What::Trades | What::Liquidations => &[of::PRICE, of::QTY],
            What::Levels => &[of::SIDE, of::PRICE, of::QTY],
            What::Best => &[of::BID, of::BID_QTY, of::ASK, of::ASK_QTY],
            What::Marks => &[],
        };
        let missing = wants.iter().find(|meaning| self.at[**meaning].is_none());
        if let Some(meaning) = missing {
            let key = MEANINGS[*meaning][0];
            return Err(format!("no column is its {key}; say with --map {key}=COLUMN which is"));
        }
        if self.at[of::LOCAL].is_none() && self.at[of::TIME].is_none() {
            return Err("no column is its time; say with --map time=COLUMN which is".into());
        }
        Ok(())
    }
}
