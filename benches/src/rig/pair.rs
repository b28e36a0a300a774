//! The `pipelined` layout: feed and gateway on the calling thread, the engine on another one, two
//! rings between them.

use super::{Aside, Failed, First, Rig, Way, frame};
use core_affinity::CoreId;
use engine::engine::step;
use engine::time::Clock as _;
use feeds::binance_spot::BinanceSpot as Dialect;
use feeds::feed::Feed;
use peregrine::clock::TscClock;
use peregrine::latency::{self, Probe, Scale};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use venues::binance_spot::BinanceSpot as Wire;
use venues::gateway::Gateway;

/// A tick that caused no order within this long causes none.
const SILENT: Duration = Duration::from_millis(20);

/// A session on two threads.
pub struct Pair {
    clock: TscClock,
    feed: Feed<Dialect>,
    gateway: Gateway<Wire>,
    probe: Probe,
    /// The other side.
    pub venue: crate::venue::Venue,
    stop: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
    _aside: Aside,
}

impl Pair {
    /// The engine of this session goes to a thread of its own, on this core.
    pub fn split(rig: Rig, core: Option<CoreId>) -> Self {
        let Rig { clock, mut engine, feed, gateway, mut ports, venue, aside, .. } = rig;
        let stop = Arc::new(AtomicBool::new(false));
        let (over, its_clock) = (stop.clone(), clock.clone());
        let run = move || {
            core.map(core_affinity::set_for_current);
            while !over.load(Ordering::Relaxed) {
                ports.turn(its_clock.now());
                while step(&mut engine, &mut ports) {
                    if ports.take_sent() {
                        break;
                    }
                }
                std::hint::spin_loop();
            }
            ports.end_journal();
        };
        let engine = Some(std::thread::spawn(run));
        let scale = Scale { span_max: engine::time::Nanos::from_s(60), digits: 3 };
        let (probe, _tally) = latency::pair(64, scale);
        Self { clock, feed, gateway, probe, venue, stop, engine, _aside: aside }
    }

    /// One message of the market and the first order's way, then everything is answered. `None`
    /// where it caused no order.
    pub fn tick(&mut self, text: &[u8]) -> Result<Option<Way>, Failed> {
        let before = self.venue.taken.0;
        self.venue.tell(&frame(text))?;
        let (mut way, began) = (None, Instant::now());
        self.probe.turn();
        while way.is_none() && began.elapsed() < SILENT {
            self.feed.read(&self.clock, &mut self.probe);
            let mut first = First::new(&mut self.probe);
            self.gateway.send(&self.clock, &mut first);
            way = first.way();
        }
        if way.is_none() {
            return Ok(None);
        }
        // Both quotes are replaced: two orders, an answer to each.
        let answers = self.gateway.counters().executions + 4;
        while self.venue.taken.0 < before + 2 || self.gateway.counters().executions < answers {
            self.feed.read(&self.clock, &mut self.probe);
            self.gateway.work(&self.clock, &mut self.probe);
            self.feed.tend(&self.clock);
            self.venue.listen()?;
            self.venue.answer()?;
            if began.elapsed() > Duration::from_secs(5) {
                return Err(format!("not settled: {:?}", self.gateway.counters()).into());
            }
        }
        Ok(way)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(engine) = self.engine.take() {
            let _ = engine.join();
        }
    }
}
