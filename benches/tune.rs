//! What a second core is worth to `peregrine tune`: the same search of the recorded USDⓈ-M stream
//! by one job and by two, by turns, wall time. Whatever else runs on the machine is in it.
//!
//! The study of both is compared byte for byte. Without the recording nothing is measured.

#[path = "backtest/feed.rs"]
#[allow(dead_code)] // Rows are wanted, but not those of the other backtester.
mod feed;

use benches::recorded::Failed;
use benches::stage::{Against, Bar, Row, Stage, median};
use clap::Parser as _;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::Grid;
use peregrine::cli::{Cli, Command};
use research::tape::{Listed, TapeWriter};
use std::path::Path;
use std::time::Instant;

const NAME: &str = "usdm/btcusdt_20240808.gz";
const TRIALS: usize = 64;
const ROUNDS: usize = 5;

fn tape(folder: &Path) -> Result<bool, Failed> {
    let symbol = Symbol::new("BTCUSDT").ok_or("a symbol")?;
    let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 });
    let mut instrument = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
    instrument.kind = Kind::Linear;
    let rows = feed::rows(NAME, instrument);
    let name = "binance:BTCUSDT".to_owned();
    let listed = Listed { name, base: "BTC".into(), quote: "USDT".into(), instrument };
    let mut writer = TapeWriter::create(&folder.join("market.tape"), &[listed])?;
    rows.iter().try_for_each(|row| writer.push(row))?;
    writer.finish()?;
    Ok(!rows.is_empty())
}

/// Seconds of one search, and its study.
fn search(folder: &Path, trials: usize, jobs: usize) -> Result<(f64, Vec<u8>), Failed> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let out = folder.join(format!("{jobs}"));
    let _ = std::fs::remove_dir_all(&out);
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let words = [
        "peregrine tune --sampler random --split 100/0/0 --noise 0 --fills-min 0 --json",
        &format!("--trials {trials} --jobs {jobs} --data {}", path(&folder.join("market.tape"))),
        &format!("--config {}", path(&config.join("backtest.toml"))),
        &format!("--space {} --out {}", path(&config.join("space.toml")), path(&out)),
    ];
    let cli = Cli::try_parse_from(words.join(" ").split(' '))?;
    let Command::Tune(args) = cli.command else { return Err("not tune".into()) };
    let began = Instant::now();
    peregrine::tune::run(&args)?;
    let took = began.elapsed().as_secs_f64();
    Ok((took, std::fs::read(out.join("study.jsonl"))?))
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("tune");
    let folder = std::env::temp_dir().join(format!("bench-tune-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&mut stage, &folder);
    std::fs::remove_dir_all(&folder)?;
    measured?;
    stage.finish();
    Ok(())
}

fn measure(stage: &mut Stage, folder: &Path) -> Result<(), Failed> {
    if !tape(folder)? {
        println!("skipped: no recording at ../shared/data/{NAME}");
        return Ok(());
    }
    let trials = if stage.smoke() { 4 } else { TRIALS };
    let rounds = if stage.smoke() { 1 } else { ROUNDS };
    let (mut ones, mut twos, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (one, two) = if round % 2 == 0 {
            let one = search(folder, trials, 1)?;
            (one, search(folder, trials, 2)?)
        } else {
            let two = search(folder, trials, 2)?;
            (search(folder, trials, 1)?, two)
        };
        if one.1 != two.1 {
            return Err("one job and two wrote different studies".into());
        }
        ones.push(one.0 * 1e9 / trials as f64);
        twos.push(two.0 * 1e9 / trials as f64);
        ratios.push(one.0 / two.0);
    }
    if stage.smoke() {
        return Ok(());
    }
    let one = Against { name: "one job".to_owned(), ns: median(ones), ratio: median(ratios) };
    let bar = Bar::times(1.8, "one job");
    stage.keep(Row {
        against: vec![one],
        bar,
        ..Row::new("tune", "a trial, 2 jobs", median(twos))
    });
    Ok(())
}
