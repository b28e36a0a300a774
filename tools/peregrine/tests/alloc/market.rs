//! The scripted market: books that walk, told by diffs, best prices and trades, with a diff left
//! out now and then.

use std::fmt::Write as _;

/// Levels a side that each diff tells.
const NEAR: i64 = 60;
/// How far the mid moves at most from one diff to the next, ticks.
const STEP: u64 = 6;
/// Levels a side of a snapshot.
const DEEP: i64 = 300;
/// Diffs between a snapshot and the diff that is left out after it.
const WHOLE: u32 = 150;

/// One symbol's market.
pub struct Lane {
    /// The venue's name of it.
    pub symbol: &'static str,
    /// The mid, ticks.
    pub mid: i64,
    /// The newest update id.
    pub last: u64,
    /// Level rows told.
    pub rows: u64,
    trade: u64,
    random: u64,
    gaps_left: u32,
    until_gap: Option<u32>,
}

/// Text of a price.
pub fn price(ticks: i64) -> String {
    format!("{}.{:02}000000", ticks / 100, ticks % 100)
}

/// Text of a quantity.
pub fn qty(lots: i64) -> String {
    format!("{}.{:05}000", lots / 100_000, lots % 100_000)
}

impl Lane {
    /// A market that will leave out this many diffs.
    pub fn new(symbol: &'static str, seed: u64, gaps: u32) -> Self {
        Self {
            symbol,
            mid: 6_000_000,
            last: 1_000,
            rows: 0,
            trade: 500,
            random: seed,
            gaps_left: gaps,
            until_gap: None,
        }
    }

    fn draw(&mut self, below: u64) -> u64 {
        // Xorshift (Marsaglia 2003) is random enough for a walk.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn side(&mut self, out: &mut String, bids: bool, levels: i64, past: i64) {
        for place in -past..=levels {
            let ticks = if bids { self.mid - place } else { self.mid + place };
            let lots = if place > 0 { 1_000 + self.draw(100_000) as i64 } else { 0 };
            let comma = if place == -past { "" } else { "," };
            let _ = write!(out, r#"{comma}["{}","{}"]"#, price(ticks), qty(lots));
        }
    }

    /// What a snapshot request is answered with.
    pub fn snapshot(&mut self) -> String {
        self.until_gap = (self.gaps_left > 0).then_some(WHOLE);
        let mut out = format!(r#"{{"lastUpdateId":{},"bids":["#, self.last);
        self.side(&mut out, true, DEEP, -1);
        out.push_str(r#"],"asks":["#);
        self.side(&mut out, false, DEEP, -1);
        out.push_str("]}");
        out
    }

    /// The next move: best prices twice, the first of which nobody needs who is behind, a trade,
    /// and the diff with both, unless that is left out.
    pub fn turn(&mut self, now_ms: u64) -> Vec<String> {
        let step = self.draw(2 * STEP + 1) as i64 - STEP as i64;
        self.mid = (self.mid + step).clamp(5_999_600, 6_000_400);
        let (name, from, mid) = (self.symbol, self.last + 1, self.mid);
        let stream = |kind: &str, data: String| {
            format!(r#"{{"stream":"{}@{kind}","data":{data}}}"#, name.to_lowercase())
        };
        let (bid, ask) = (price(mid - 1), price(mid + 1));
        let best = |id: u64, size: &str| {
            format!(r#"{{"u":{id},"s":"{name}","b":"{bid}","B":"{size}","a":"{ask}","A":"0.7"}}"#)
        };
        let (early, best) = (best(from, "1.4"), best(from + 1, "1.5"));
        self.trade += 1;
        let (id, sold) = (self.trade, self.draw(2) == 0);
        let at = if sold { &bid } else { &ask };
        let trade = format!(
            concat!(
                r#"{{"e":"trade","E":{now},"s":"{name}","t":{id},"p":"{at}","#,
                r#""q":"0.01000000","T":{now},"m":{sold},"M":true}}"#
            ),
            now = now_ms,
            name = name,
            id = id,
            at = at,
            sold = sold
        );
        self.last += 200;
        let last = self.last;
        let mut depth =
            format!(r#"{{"e":"depthUpdate","E":{now_ms},"s":"{name}","U":{from},"u":{last},"b":["#);
        self.side(&mut depth, true, NEAR, STEP as i64 * 2);
        depth.push_str(r#"],"a":["#);
        self.side(&mut depth, false, NEAR, STEP as i64 * 2);
        depth.push_str("]}");
        let mut out =
            vec![stream("bookTicker", early), stream("bookTicker", best), stream("trade", trade)];
        if !self.leaves_out() {
            self.rows += 2 * (NEAR + STEP as i64 * 2 + 1) as u64;
            out.push(stream("depth@100ms", depth));
        }
        out
    }

    fn leaves_out(&mut self) -> bool {
        self.until_gap = self.until_gap.map(|left| left.saturating_sub(1));
        let now = self.until_gap == Some(0);
        if now {
            (self.until_gap, self.gaps_left) = (None, self.gaps_left - 1);
        }
        now
    }
}
