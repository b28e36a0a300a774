//! A drawn market on a tape: a mid that swings about its start, a book of some levels, and trades
//! that hit it, so that quotes are filled on both sides.

use engine::event::{Body, Event, flag};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use research::tape::{Listed, TapeWriter};
use std::path::Path;

const BEGAN: u64 = 1_723_075_200_000_000_000;
const MID: i64 = 600_000;
const LEVELS: i64 = 15;

/// Writes a tape of so many seconds.
pub fn tape(path: &Path, seed: u64, seconds: u64) {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 });
    let mut instrument = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
    instrument.kind = Kind::Linear;
    let name = "binance:BTCUSDT".to_owned();
    let listed = Listed { name, base: "BTC".into(), quote: "USDT".into(), instrument };
    let mut writer = TapeWriter::create(path, &[listed]).unwrap();
    let mut rng = SmallRng::seed_from_u64(seed);
    let (mut mid, mut update) = (MID, 1);
    let mut rows = Vec::new();
    snapshot(mid, &mut rows);
    emit(&mut writer, &mut rows, (BEGAN, update), flag::SNAPSHOT);
    for step in 1..seconds * 20 {
        let at = BEGAN + step * 50_000_000 + rng.random_range(0..1_000_000);
        update += 1;
        let before = mid;
        // Drawn back to where it began, so that quotes of both sides earn.
        mid += rng.random_range(-4..=4) + (MID - mid) / 40;
        depth(before, mid, &mut rows);
        emit(&mut writer, &mut rows, (at, update), 0);
        if rng.random_range(0..3) == 0 {
            let taker = Side::BOTH[rng.random_range(0..2)];
            let reach = rng.random_range(0..60);
            let price = Price(if taker == Side::Buy { mid + 1 + reach } else { mid - 1 - reach });
            let qty = Qty(rng.random_range(1..2_000));
            rows.push(Body::Trade { price, qty, taker });
            emit(&mut writer, &mut rows, (at + 1_000_000, update), 0);
        }
    }
    writer.finish().unwrap();
}

fn emit(writer: &mut TapeWriter, rows: &mut Vec<Body>, (at, id): (u64, u64), flags: u8) {
    let last = rows.len() - 1;
    for (place, body) in rows.drain(..).enumerate() {
        let first = if place == 0 && flags != 0 { flag::FIRST } else { 0 };
        let ends = if place == last { flag::LAST } else { 0 };
        let row = Event::new(Nanos(at), InstrumentId(0), id, body).with(flags | first | ends);
        writer.push(&Event { venue_delta_us: 500, ..row }).unwrap();
    }
}

fn qty(away: i64) -> Qty {
    Qty(200 + away * 40)
}

fn snapshot(mid: i64, rows: &mut Vec<Body>) {
    for away in 1..=LEVELS {
        rows.push(Body::Level { side: Side::Buy, price: Price(mid - away), qty: qty(away) });
        rows.push(Body::Level { side: Side::Sell, price: Price(mid + away), qty: qty(away) });
    }
}

/// What changes in the book when the mid moves.
fn depth(before: i64, mid: i64, rows: &mut Vec<Body>) {
    for price in before.min(mid) - LEVELS..=before.max(mid) + LEVELS {
        for (side, away) in [(Side::Buy, mid - price), (Side::Sell, price - mid)] {
            let stands = (1..=LEVELS).contains(&away);
            let old = if side == Side::Buy { before - price } else { price - before };
            let stood = (1..=LEVELS).contains(&old);
            if stands || stood {
                let qty = if stands { qty(away) } else { Qty(0) };
                rows.push(Body::Level { side, price: Price(price), qty });
            }
        }
    }
}
