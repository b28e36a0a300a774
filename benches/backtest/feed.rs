//! The recorded stream as both backtesters take it: depth and trades, each row with its time at the
//! venue and its time of receipt.

use benches::corpus;
use engine::event::{Body, Event};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::time::Nanos;
use feeds::binance::{Decoder, Flavour, Sizes};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::Message;
use hftbacktest::types::{
    BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, Event as Theirs, LOCAL_EVENT, SELL_EVENT, TRADE_EVENT,
};
use research::tape::venue_at;

/// The shortest way from the venue to us, µs: the recording's two clocks are set by it.
const WAY_MIN_US: i32 = 1_000;

/// Rows by receipt, from the snapshot on; empty where the recording is not at hand.
pub fn rows(name: &str, instrument: Instrument) -> Vec<Event> {
    let sizes = Sizes::default();
    let mut decoder = Decoder::new(Flavour::Usdm, &[instrument], sizes);
    let lines: Vec<(u64, Vec<u8>)> = corpus::recorded_lines(name).collect();
    let is_answer = |line: &&(u64, Vec<u8>)| line.1.starts_with(b"{\"lastUpdateId\"");
    let Some((at, answer)) = lines.iter().find(is_answer) else { return Vec::new() };
    let Ok(snapshot) = decoder.snapshot(0, &mut answer.clone(), Nanos(*at)) else {
        return Vec::new();
    };
    let (newest, began) = (snapshot.last, *at);
    let mut rows = snapshot.rows.to_vec();
    let first = rows.len();
    for (at, message) in lines.iter().filter(|line| !is_answer(line)) {
        let mut bytes = message.clone();
        bytes.resize(message.len() + SPARE, 0);
        let Some(payload) = Payload::new(&mut bytes, message.len()) else { continue };
        // What came while the snapshot was on its way was taken after it.
        let at = Nanos((*at).max(began));
        match decoder.decode(payload, at, |_, _| true) {
            Ok(Message::Trade(row)) => rows.push(row),
            Ok(Message::Depth { head, rows: levels, .. }) if head.last > newest => {
                rows.extend_from_slice(levels);
            }
            _ => {}
        }
    }
    set_clocks(&mut rows, first);
    rows
}

/// Sets the venue's clock so that the shortest way takes [`WAY_MIN_US`]; the snapshot was there
/// before everything else.
fn set_clocks(rows: &mut [Event], first: usize) {
    let least = rows[first..].iter().map(|row| row.venue_delta_us).min().unwrap_or(0);
    rows[first..].iter_mut().for_each(|row| row.venue_delta_us += WAY_MIN_US - least);
    let moment = |row: &Event| row.at.0 - row.venue_delta_us.unsigned_abs() as u64 * 1_000;
    let earliest = rows[first..].iter().map(moment).min().unwrap_or(0);
    for row in &mut rows[..first] {
        row.venue_delta_us = (row.at.0.saturating_sub(earliest) / 1_000) as i32 + 1;
    }
}

/// The same rows in their form: one row for both sides where the two orders agree, one for each
/// elsewhere, as their own conversion does it.
pub fn theirs(received: &[Event], instrument: &Instrument) -> Vec<Theirs> {
    let steps = (instrument.tick.step_f64(), instrument.lot.step_f64());
    let mut by_venue: Vec<usize> = (0..received.len()).collect();
    by_venue.sort_by_key(|place| venue_at(&received[*place]));
    let (mut out, mut venue, mut local) = (Vec::new(), 0, 0);
    let mut is_told = vec![false; received.len()];
    while local < received.len() {
        let next = by_venue.get(venue).copied();
        let (place, sides) = match next {
            Some(place) if place == local => (place, EXCH_EVENT | LOCAL_EVENT),
            Some(place) if !is_told[local] => (place, EXCH_EVENT),
            _ => (local, LOCAL_EVENT),
        };
        is_told[place] = true;
        venue += usize::from(sides & EXCH_EVENT != 0);
        local += usize::from(sides & LOCAL_EVENT != 0);
        let row = theirs_of(&received[place], steps);
        out.extend(row.map(|row| Theirs { ev: row.ev | sides, ..row }));
    }
    out
}

fn theirs_of(row: &Event, (tick, lot): (f64, f64)) -> Option<Theirs> {
    let side = |side: Side| if side == Side::Buy { BUY_EVENT } else { SELL_EVENT };
    let (ev, px, qty) = match row.body()? {
        Body::Level { side: of, price, qty } => (DEPTH_EVENT | side(of), price, qty),
        Body::Trade { price, qty, taker } => (TRADE_EVENT | side(taker), price, qty),
        _ => return None,
    };
    Some(Theirs {
        ev,
        exch_ts: venue_at(row).0 as i64,
        local_ts: row.at.0 as i64,
        px: px.0 as f64 * tick,
        qty: qty.0 as f64 * lot,
        order_id: 0,
        ival: 0,
        fval: 0.0,
    })
}
