//! What measuring itself costs: a time stamp, a span into a stage's histogram, both together as on
//! each order's way, and a panel into shared memory. Rivals: the system's own clock, and a
//! histogram behind a lock that threads share.

#![allow(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

use benches::stage::{Bar, Contestant, Stage};
use engine::time::{Clock as _, Nanos, Stage as Mark, Trace as _};
use hdrhistogram::Histogram;
use peregrine::bench::keep::{SCALE, Span};
use peregrine::bench::work::Work as _;
use peregrine::clock::TscClock;
use peregrine::latency::pair;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rustix::time::{ClockId, clock_gettime};
use shm::panel::InstrumentPanel;
use shm::{Birth, Region, RegionPath};
use std::hint::black_box;
use std::sync::Mutex;

const SPANS: usize = 1_024;

fn spans() -> Vec<Nanos> {
    let mut random = SmallRng::seed_from_u64(7);
    (0..SPANS).map(|_| Nanos(10_f64.powf(random.random_range(1.5..4.5)) as u64)).collect()
}

fn stamps(stage: &mut Stage) {
    let clock = TscClock::start();
    let ours = || {
        for _ in 0..SPANS {
            black_box(clock.now());
        }
    };
    let system = || {
        for _ in 0..SPANS {
            black_box(clock_gettime(ClockId::Realtime));
        }
    };
    let all = vec![Contestant::new("ours", ours), Contestant::new("clock_gettime", system)];
    stage.duel("stamp", Bar::None, SPANS, all);
}

fn histograms(stage: &mut Stage) {
    let spans = spans();
    let (mut probe, _tally) = pair(1, SCALE);
    let ours = || {
        for span in &spans {
            probe.record(Mark::TickToOrder, black_box(*span));
        }
    };
    let shared = Histogram::<u64>::new_with_bounds(1, SCALE.span_max.0, SCALE.digits);
    let shared = Mutex::new(shared.expect("bounds are in order"));
    let locked = || {
        for span in &spans {
            if let Ok(mut histogram) = shared.lock() {
                histogram.saturating_record(black_box(span.0));
            }
        }
    };
    let all = vec![Contestant::new("ours", ours), Contestant::new("behind a lock", locked)];
    stage.duel("histogram record", Bar::None, SPANS, all);
    let mut work = Span::new();
    let ops = work.run();
    let both = || {
        work.run();
    };
    let all = vec![Contestant::new("ours", both)];
    stage.duel("stamp and record", Bar::NsMax(20.0), ops, all);
}

fn panels(stage: &mut Stage) {
    let folder = std::env::temp_dir();
    let name = format!("bench-{}", std::process::id());
    let path = RegionPath::within(folder, &name).expect("a name of letters and digits");
    let birth = Birth { epoch: 1, started_at: Nanos(1) };
    let (region, mut writers) = Region::create(&path, birth).expect("a region can be made");
    let spec = benches::corpus::spot();
    let panel = InstrumentPanel::blank(spec.id, spec.symbol.as_str(), spec.tick, spec.lot);
    let ours = || {
        for _ in 0..SPANS {
            writers.instruments[0].publish(black_box(&panel));
        }
    };
    stage.duel("instrument panel published", Bar::None, SPANS, vec![Contestant::new("ours", ours)]);
    region.remove().expect("its own region can be removed");
    let _ = std::fs::remove_file(path.lock());
}

fn main() {
    let mut stage = Stage::new("telemetry");
    stamps(&mut stage);
    histograms(&mut stage);
    panels(&mut stage);
    stage.finish();
}
