//! Shadows over recorded sessions: the same ranking each time, variants that differ, and parameters
//! that are promoted while a session goes on.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

// What this test does not use, others do.
#[allow(dead_code)]
#[path = "replay/rig.rs"]
mod rig;

use engine::event::{Body, Command, Event, flag, kind};
use engine::id::{InstrumentId, Side};
use peregrine::config::Config;
use peregrine::replay::walk::Replay;
use peregrine::shadow::{LIVE, Report, SIMULATED, Shadow, Standing};
use rig::{Folder, Session, Terms};
use shm::journal::{Directory, JournalReader};
use strategies::any::{Any, Settings};
use strategies::avellaneda_stoikov::Parameters;

/// The rig's desk as a configuration says it, with these shadows; its venue is as far away as the
/// rig's.
fn config(shadows: &str) -> Config {
    let text = format!(
        r#"
mode = "testnet"
[venue.binance]
preset = "local"
key_file = "none"
[[instrument]]
symbol = "BTCUSDT"
[strategy]
kind = "avellaneda-stoikov"
kappa_estimated = false
kappa_start = 5.0
sigma_start = 1.0
spread_min_bps = 0
{shadows}
[paper]
entry_latency_us = 2000
response_latency_us = 3000
fee_in_quote = true
[quotes]
qty_excess_pct = 0
qty_shortage_pct = 0
[risk]
collar_mid_bps = "200"
collar_trade_bps = "300"
order_qty_max = "1"
order_notional_max = "100000"
position_max = "10"
open_orders_max = 64
gross_notional_max = "10000000"
orders_per_s = 9000
orders_burst = 9000
market_age_max_ms = 10000
daily_loss_max = "10000000"
"#
    );
    Config::parse("shadow.toml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

const TWO: &str = "[[shadow]]\nname = \"wide\"\nparameters.spread_min_bps = 2\n\
                   [[shadow]]\nname = \"same\"\n";

/// A session of so many turns; at the middle one `at_half` may act.
fn session(turns: u32, at_half: impl FnOnce(&mut Session)) -> Folder {
    let folder = Folder::new();
    let parameters: Parameters = rig::parameters();
    let terms = Terms {
        folder: &folder.0,
        epoch: 7,
        first: 0,
        journal: None,
        rows: 8_192,
        seed: 11,
        parameters,
    };
    let mut session = Session::begin(&terms);
    (0..turns / 2).for_each(|_| session.turn());
    at_half(&mut session);
    (turns / 2..turns).for_each(|_| session.turn());
    session.end();
    folder
}

fn report(config: &Config, folder: &Folder) -> Report {
    Shadow::open(config, &folder.0).unwrap().unwrap().read().unwrap()
}

fn named<'a>(report: &'a Report, name: &str) -> &'a Standing {
    report.standings.iter().find(|one| one.name == name).unwrap()
}

#[test]
fn the_same_journal_gives_the_same_ranking_and_variants_differ() {
    let folder = session(20_000, |_| {});
    let config = config(TWO);
    let first = report(&config, &folder);
    assert_eq!(first, report(&config, &folder));
    println!("{}", first.text());
    assert_eq!(first.rows_behind, 0);
    let rows = Directory::open(&folder.0).unwrap();
    let mut reader = JournalReader::open(rows, 0).unwrap();
    while reader.next_row().unwrap().is_some() {}
    assert_eq!(first.rows, reader.seq());

    let [live, rest @ ..] = first.standings.as_slice() else { panic!("{first:?}") };
    assert_eq!((live.name.as_str(), live.rank), (LIVE, 0));
    let ranks: Vec<usize> = rest.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [1, 2, 3]);
    assert!(rest.windows(2).all(|pair| pair[0].pnl >= pair[1].pnl), "{rest:?}");

    let (own, same) = (named(&first, SIMULATED), named(&first, "same"));
    let wide = named(&first, "wide");
    // The same parameters come to the same, whoever else runs beside them.
    let bare = |one: &Standing| Standing { name: String::new(), rank: 0, ..one.clone() };
    assert_eq!(bare(own), bare(same));
    assert_ne!((own.fills, own.pnl), (wide.fills, wide.pnl));
    assert!(own.fills > 20 && own.quoted_ppm > 500_000, "{own:?}");
    // What is live here had such venues, too.
    assert!(live.fills.abs_diff(own.fills) * 10 <= live.fills, "{live:?} {own:?}");
}

#[test]
fn a_variant_alone_comes_to_what_it_does_among_others() {
    let folder = session(6_000, |_| {});
    let all = report(&config(TWO), &folder);
    let wide = "[[shadow]]\nname = \"wide\"\nparameters.spread_min_bps = 2\n";
    let alone = report(&config(wide), &folder);
    let bare = |report: &Report| Standing { rank: 0, ..named(report, "wide").clone() };
    assert_eq!(bare(&all), bare(&alone));
}

/// What promoting `wide` gives the engine.
fn promote(session: &mut Session, changes: &[(&str, f64)]) {
    let listed = session.engine.desks[0].strategy.listed();
    for (place, (key, value)) in changes.iter().enumerate() {
        let (key, value) = listed.set_event(key, *value).unwrap();
        let more = if place + 1 < changes.len() { flag::MORE } else { 0 };
        let body = Body::Command { command: Command::Set, value };
        let id = Command::set_id(key, Some(0));
        session.apply(Event::new(session.doors.now, InstrumentId(0), id, body).with(more));
    }
}

#[test]
fn promoted_parameters_hold_what_was_learnt_stays_and_the_journal_replays() {
    let changes = [("spread_max_bps", 60.0), ("spread_min_bps", 40.0), ("gamma", 0.05)];
    let mut learnt = Vec::new();
    let folder = session(8_000, |session| {
        let before = session.engine.desks[0].strategy.clone();
        promote(session, &changes[..2]);
        let after = &session.engine.desks[0].strategy;
        let reading = |one: &Any| engine::strategy::Strategy::reading(one, InstrumentId(0)).sigma;
        learnt.extend([reading(&before), reading(after)]);
        let value = |settings: Settings, key: &str| {
            settings.get(settings.listed().parameter(key).unwrap().id).unwrap()
        };
        assert_eq!(value(before.settings(), "spread_min_bps"), 0.0);
        assert_eq!(value(after.settings(), "spread_min_bps"), 40.0);
        // What stood follows: 20 basis points away on each side, and some drift.
        (0..50).for_each(|_| session.turn());
        let (desk, market) = (&session.engine.desks[0], &session.engine.market);
        let mid = market.listings()[0].last_mid_twice.unwrap() / 2;
        for side in Side::BOTH {
            let best = desk.own_best(InstrumentId(0), side).unwrap();
            assert!((best.0 - mid).abs() > mid / 600, "{side:?}: {best:?}, mid {mid}");
        }
        promote(session, &changes[2..]);
    });
    // Far from where it began, and only a moment later.
    assert!(learnt[0].abs_diff(1_000_000_000) > 50_000_000, "{learnt:?}");
    assert!(learnt[0].abs_diff(learnt[1]) < 1_000_000, "{learnt:?}");
    let mut replay = Replay::<Any>::open(&folder.0, 0, u64::MAX - 1).unwrap();
    assert!(replay.run(&mut ()).unwrap().is_none());
    assert!(replay.totals().checkpoints > 0);

    // What follows the live desk is promoted with it, the others stay what they are.
    let config = config(TWO);
    let first = report(&config, &folder);
    assert_eq!(first, report(&config, &folder));
    let (own, same) = (named(&first, SIMULATED), named(&first, "same"));
    assert_ne!((own.fills, own.pnl), (same.fills, same.pnl));
}

#[test]
fn nothing_is_sent_between_the_rows_of_a_promotion() {
    let changes = [("spread_max_bps", 60.0), ("spread_min_bps", 40.0)];
    let folder = session(2_000, |session| promote(session, &changes));
    let mut reader = JournalReader::open(Directory::open(&folder.0).unwrap(), 0).unwrap();
    let (mut seen, mut after_more) = (0, false);
    while let Some(row) = reader.next_row().unwrap() {
        assert!(!(after_more && row.is_sent()), "{row:?}");
        after_more = row.event.kind == kind::COMMAND && row.event.has(flag::MORE);
        seen += u32::from(after_more);
    }
    assert_eq!(seen, 1);
}
