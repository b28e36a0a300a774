//! A run that is kept and read again tells the same; whatever is not whole leaves nothing.

use super::super::table::Cell;
use super::*;
use crate::run::{Leg, Market};
use engine::id::Side;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-run-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Remembers all that it is told, as rows: not numbers are equal there.
#[derive(Default)]
struct Memory(Vec<String>);

impl Memory {
    fn told(&mut self, told: Told) {
        let mut row: Vec<Cell> = Vec::new();
        told.cells(0, &mut row);
        self.0.push(format!("{row:?}"));
    }
}

impl Witness for Memory {
    const LOOKS: bool = true;

    fn begins(&mut self, meta: &Meta) {
        self.0.push(format!("{meta:?}"));
    }

    fn looks(&mut self, look: &Look) {
        self.told(Told::Look(*look));
    }

    fn sent(&mut self, sent: &Sent) {
        self.told(Told::Sent(*sent));
    }

    fn filled(&mut self, filled: &Filled) {
        self.told(Told::Filled(*filled));
    }

    fn marked(&mut self, marked: &Marked) {
        self.told(Told::Marked(*marked));
    }

    fn delayed(&mut self, delayed: &Delayed) {
        self.told(Told::Delayed(*delayed));
    }

    fn funded(&mut self, funded: &Funded) {
        self.told(Told::Funded(*funded));
    }

    fn ends(&mut self, at: Nanos) {
        self.0.push(format!("ends {at:?}"));
    }
}

fn tell<W: Witness>(witness: &mut W, steps: u64) {
    let market = Market {
        name: "sim:BTCUSDT".into(),
        base: "BTC".into(),
        quote: "USDT".into(),
        tick: 0.1,
        lot: 0.001,
        is_margined: true,
    };
    let (name, asset) = ("test".into(), "USDT".into());
    let markets = vec![market];
    witness.begins(&Meta { name, markets, equity: 1e6, asset, utc_ns: -5 });
    for step in 0..steps {
        let (at, market, price, qty) = (Nanos(step * 7), 0, step as f64, 0.1);
        let side = if step % 2 == 0 { Side::Buy } else { Side::Sell };
        let (bid, ask, own_bid, own_ask) = (price, f64::NAN, price, f64::NAN);
        let (position, rate, equity, order) = (-0.3, 1.0, 1e6, u64::MAX - step);
        let is_maker = step % 3 == 0;
        let mid = price;
        witness.looks(&Look { at, market, bid, ask, own_bid, own_ask, position, rate, equity });
        witness.sent(&Sent { at, market, order, side, price, qty });
        if step % 5 == 0 {
            let (desk, fee) = (1, -0.01);
            witness.filled(&Filled {
                at,
                market,
                desk,
                order,
                side,
                price,
                qty,
                fee,
                is_maker,
                mid,
            });
            let (mid_then, after) = (mid, 3);
            witness.marked(&Marked { at, market, side, price, qty, mid_then, after, mid });
            witness.delayed(&Delayed { at, leg: Leg::RoundTrip, ns: step });
        }
        if step % 1_000 == 0 {
            witness.funded(&Funded { at, market, amount: -1.5 });
        }
    }
    witness.ends(Nanos(steps * 7));
}

#[test]
fn what_was_kept_is_told_again_in_the_same_order() {
    let scratch = Scratch::new();
    let folder = scratch.0.join("run");
    // More rows than a batch has.
    let mut recorder = Recorder::create(&folder).unwrap();
    tell(&mut recorder, 40_000);
    assert_eq!(recorder.finish().unwrap(), folder);
    let (mut expected, mut found) = (Memory::default(), Memory::default());
    tell(&mut expected, 40_000);
    assert!(Run::is_in(&folder));
    Run::open(&folder).unwrap().play(&mut found).unwrap();
    assert_eq!(found.0.len(), expected.0.len());
    assert!(found.0 == expected.0, "the rows differ");
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "something was left beside it");
}

#[test]
fn an_unfinished_run_leaves_nothing() {
    let scratch = Scratch::new();
    let mut recorder = Recorder::create(&scratch.0.join("run")).unwrap();
    tell(&mut recorder, 10);
    drop(recorder);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
    let empty = Recorder::create(&scratch.0.join("run")).unwrap().finish().unwrap_err();
    assert!(empty.to_string().ends_with("the run never began"), "{empty}");
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
}

#[test]
fn faults_say_where_and_what() {
    let scratch = Scratch::new();
    let there = Recorder::create(&scratch.0).err().unwrap().to_string();
    assert!(there.contains("is there already"), "{there}");
    let missing = Run::open(&scratch.0).unwrap_err().to_string();
    assert!(missing.contains("run.json: cannot be read as a run"), "{missing}");
    let folder = scratch.0.join("run");
    let mut recorder = Recorder::create(&folder).unwrap();
    tell(&mut recorder, 10);
    recorder.finish().unwrap();
    fs::write(folder.join("fills.parquet"), "no parquet").unwrap();
    let damaged = Run::open(&folder).unwrap().play(&mut Memory::default()).unwrap_err();
    assert!(damaged.to_string().contains("fills.parquet: cannot be read as a run"), "{damaged}");
    let path = folder.join(FACTS);
    let text = fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 9");
    fs::write(&path, text).unwrap();
    let newer = Run::open(&folder).unwrap_err().to_string();
    assert!(newer.contains("its format is 9, this program reads 1"), "{newer}");
}
