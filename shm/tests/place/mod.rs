//! A place of its own for each test's files, and panels whose every number is the same.

use engine::{
    id::InstrumentId,
    num::{Grid, Price, Qty},
    time::Nanos,
};
use shm::{
    Birth, RegionPath,
    panel::{EngineState, InstrumentPanel, Level, SessionPanel},
    words::text,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// A directory that ends with the test.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new(test: &str) -> Self {
        let root = Path::new("/dev/shm");
        let root = if root.is_dir() { root.to_owned() } else { std::env::temp_dir() };
        let directory = root.join(format!("shm-test-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub fn path(&self) -> RegionPath {
        RegionPath::within(&self.0, "test").unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the test `child` of this binary in another process, with a part to play.
#[allow(dead_code, reason = "one of the two test binaries has no children")]
pub fn spawn(place: &Place, part: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env("SHM_TEST_PART", part)
        .env("SHM_TEST_PLACE", &place.0)
        .spawn()
        .unwrap()
}

pub fn birth(epoch: u64) -> Birth {
    Birth { epoch, started_at: Nanos(1_000 + epoch) }
}

pub fn session(state: EngineState, events: u64) -> SessionPanel {
    SessionPanel {
        state,
        mode: text("paper"),
        layout: text("inline"),
        wait: text("spin"),
        strategy: text("avellaneda_stoikov"),
        account: text("test"),
        cores: text("1"),
        started_at: Nanos(1),
        at: Nanos(events),
        events,
        halt_code: 0,
        halt_reason: text(""),
    }
}

pub fn instrument(count: u64) -> InstrumentPanel {
    let grid = Grid { decimals: 2, step: 1 };
    let mut panel = InstrumentPanel::blank(InstrumentId(0), "BTCUSDT", grid, grid);
    panel.update_id = count;
    panel.position = Qty(count as i64);
    // One to ten levels: lists shrink and grow over what was there before.
    for _ in 0..=count % 10 {
        panel.bids.push(Level { price: Price(count as i64), qty: Qty(count as i64) });
    }
    panel.asks = panel.bids.clone();
    panel.asks.reverse();
    panel.ask_fills = count;
    panel
}
