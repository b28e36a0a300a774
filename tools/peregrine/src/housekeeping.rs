//! What the first thread does while others trade: dials for them, merges what they measured, shows
//! counters, writes the log, draws the screen, and hears signals and deadlines.

use crate::agents::Notice;
use crate::board::Board;
use crate::clock::TscClock;
use crate::config::Config;
use crate::exit::Failure;
use crate::latency::{self, Scale, Stages, Tally};
use crate::latency_log::LatencyLog;
use crate::monitor::{self, Screen};
use crate::outcome::Outcome;
use crate::session::{Go, SessionOptions};
use crate::threads::Started;
use arrayvec::ArrayVec;
use engine::engine::Engine;
use engine::session::{Halt, Phase};
use shm::panel::{Counter, CountersPanel, LatencyPanel, StageLatency};
use shm::words::text;
use shm::{Reader, RegionPath};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use strategies::any::Any;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;

/// How long an engine that was given up may take to notice.
const WAKES_WITHIN: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(50);

/// The housekeeping of one session.
pub struct House<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// How the session is run.
    pub options: SessionOptions<'a>,
    /// Where dialers run.
    pub runtime: &'a Runtime,
    /// The clock.
    pub clock: &'a TscClock,
    /// Cores of the machine.
    pub cores: usize,
}

/// Why the session is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Not,
    Asked,
    Late,
}

/// What may fail and is not needed to trade: made before anything is at the venue, and given up
/// with a word in the log when it fails later.
pub struct Beside {
    screen: Option<Live>,
    log: Option<LatencyLog>,
    signals: Vec<Signal>,
}

impl Beside {
    /// Opens screen and log, and hears signals: those that ask for an end, a lost terminal's too.
    pub fn open(
        config: &Config,
        path: &RegionPath,
        options: &SessionOptions<'_>,
    ) -> Result<Self, Failure> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let failed = |error| Failure::error(format!("cannot hear signals: {error}"));
        let signals = kinds.into_iter().map(|kind| signal(kind).map_err(failed));
        let signals = signals.collect::<Result<_, _>>()?;
        let log = match &config.latency.log {
            Some(path) => Some(LatencyLog::begin(path, log_every(config))?),
            None => None,
        };
        let screen = options.screen.then(|| Live::open(path)).transpose()?;
        Ok(Self { screen, log, signals })
    }

    /// Whether a signal came.
    fn asked(&mut self) -> bool {
        let waker = std::task::Waker::noop();
        let mut now = std::task::Context::from_waker(waker);
        self.signals.iter_mut().any(|signal| signal.poll_recv(&mut now).is_ready())
    }

    /// Draws; whether a key asked for the end. A terminal that fails is gone, and so is its user.
    fn draw(&mut self) -> bool {
        match self.screen.as_mut().map(Live::draw) {
            None | Some(Ok(Go::On)) => false,
            Some(Ok(Go::Stop)) => true,
            Some(Err(failure)) => {
                self.screen = None;
                tracing::warn!("{}; stopping in order", failure.render(false));
                true
            }
        }
    }

    /// Writes an interval when it is due, or the last one.
    fn write(&mut self, tallies: &mut [Tally], scale: Scale, last: bool) {
        let Some(log) = self.log.as_mut().filter(|log| last || log.is_due()) else { return };
        if let Err(failure) = write_interval(log, tallies, scale) {
            self.log = None;
            tracing::warn!("{}; no more latency is logged", failure.render(false));
        }
    }
}

impl House<'_> {
    /// Keeps house until the engine has ended, then gathers what came of it. Whatever fails here
    /// while threads trade makes them stop in order.
    pub fn keep(mut self, mut started: Started, mut beside: Beside) -> Result<Outcome, Failure> {
        let began = Instant::now();
        let local = LocalSet::new();
        for dialer in std::mem::take(&mut started.dialers) {
            local.spawn_local(dialer.run());
        }
        let runtime = self.runtime;
        let watched = catch_unwind(AssertUnwindSafe(|| {
            local.block_on(runtime, self.watch(&mut started, &mut beside, began))
        }));
        let fault = watched.unwrap_or_else(|_| {
            self.options.during = Box::new(|| Go::Stop);
            (beside.screen, beside.log) = (None, None);
            let stopped = local.block_on(runtime, self.watch(&mut started, &mut beside, began));
            stopped.or_else(|| Some("housekeeping panicked; the session was stopped".to_owned()))
        });
        for worker in started.others.drain(..).filter(|worker| worker.thread.is_finished()) {
            // A thread that panicked has said so on standard error already.
            let _ = worker.thread.join();
        }
        let shadow = started.shadows();
        let engine = join(started.engine, started.flags.done.load(Ordering::Acquire), &fault)?;
        let fault = fault.or_else(|| {
            let early =
                "the engine ended before it had stopped in order: look at the venue for orders";
            (engine.phase() != Phase::Stopped).then(|| early.to_owned())
        });
        let fault = fault.or_else(|| {
            let full = "the journal could not take more: quoting was stopped in order";
            (engine.halt() == Halt::Journal).then(|| full.to_owned())
        });
        for thread in started.journal.drain(..).filter(JoinHandle::is_finished) {
            let _ = thread.join();
        }
        for tally in &mut started.tallies {
            tally.collect();
        }
        let stages = latency::merged(&started.tallies, scale(self.config));
        beside.write(&mut started.tallies, scale(self.config), true);
        Ok(Outcome {
            engine,
            assets: started.assets,
            instruments: self.config.instrument_names(),
            desks: self.config.desks.iter().map(|desk| desk.name.clone()).collect(),
            shadow,
            stages,
            counters: started.board.read().map(|(name, n)| (name.to_owned(), n)).collect(),
            layout: started.layout.name(),
            wait: self.config.engine.wait.name(),
            cores: self.cores,
            seconds: began.elapsed().as_secs_f64(),
            fault,
        })
    }

    async fn watch(
        &mut self,
        started: &mut Started,
        beside: &mut Beside,
        began: Instant,
    ) -> Option<String> {
        let mut every = tokio::time::interval(EVERY);
        let mut fault = None;
        let mut ending = Ending::Not;
        let mut asked_at = began;
        let mut given_up_at = None;
        while !started.is_over() {
            // One that only slept sees that it was given up, and ends.
            if started.is_halted() {
                started.flags.abandon.store(true, Ordering::Relaxed);
            }
            if started.is_given_up() {
                let since = *given_up_at.get_or_insert_with(Instant::now);
                if since.elapsed() > WAKES_WITHIN {
                    break;
                }
            }
            every.tick().await;
            let mut asked = beside.asked();
            let over = self.options.seconds.is_some_and(|s| began.elapsed().as_secs() >= s);
            // Asked first: what goes on beside the trading goes on while it stops, too.
            asked |= (self.options.during)() == Go::Stop || over;
            let said = notices(started);
            fault = fault.or(said);
            asked |= fault.is_some();
            asked |= beside.draw();
            if asked && ending == Ending::Not {
                (ending, asked_at) = (Ending::Asked, Instant::now());
                started.flags.stop.store(true, Ordering::Relaxed);
            }
            let limit = Duration::from_nanos(self.config.engine.shutdown_limit.0);
            let is_late = asked_at.elapsed() > limit && !started.has_traded();
            if ending == Ending::Asked && is_late {
                ending = Ending::Late;
                started.flags.abandon.store(true, Ordering::Relaxed);
                let late = "the cancels were not confirmed in time: look at the venue for orders";
                fault = fault.or(Some(late.to_owned()));
            }
            self.clock.compare();
            show(started, scale(self.config));
            beside.write(&mut started.tallies, scale(self.config), false);
        }
        fault.or_else(|| notices(started))
    }
}

/// The monitor's screen over our own session.
struct Live {
    screen: Screen,
    reader: Reader,
    name: String,
}

impl Live {
    fn open(path: &RegionPath) -> Result<Self, Failure> {
        let reader = Reader::open(path)?;
        Ok(Self { screen: Screen::open()?, reader, name: path.name().to_owned() })
    }

    fn draw(&mut self) -> Result<Go, Failure> {
        self.screen.draw(&self.name, &self.reader.snapshot()?, monitor::now(), None)?;
        Ok(if self.screen.left(Duration::ZERO)? { Go::Stop } else { Go::On })
    }
}

/// How finely histograms of this session tell spans apart.
pub const fn scale(config: &Config) -> Scale {
    Scale { span_max: config.latency.span_max, digits: config.latency.digits }
}

const fn log_every(config: &Config) -> Duration {
    Duration::from_nanos(config.latency.log_every.0)
}

/// One interval of all threads into the log.
fn write_interval(
    log: &mut LatencyLog,
    tallies: &mut [Tally],
    scale: Scale,
) -> Result<(), Failure> {
    let mut sum = Stages::new(scale);
    tallies.iter_mut().for_each(|tally| tally.drain(&mut sum));
    log.write(&sum)
}

/// The engine, when its thread has ended; why there is none otherwise.
fn join(
    thread: JoinHandle<Option<Engine<Any>>>,
    done: bool,
    fault: &Option<String>,
) -> Result<Engine<Any>, Failure> {
    let why = fault.as_deref().unwrap_or("look at the venue for orders");
    if !done {
        return Err(Failure::error(format!("the engine's thread hangs and is left: {why}")));
    }
    let engine = thread.join().ok().flatten();
    engine.ok_or_else(|| Failure::error(format!("the engine's thread panicked: {why}")))
}

/// Logs what hot threads had to say; gives back what ends the session.
fn notices(started: &Started) -> Option<String> {
    let mut fatal = None;
    while let Some(notice) = started.notices.pop() {
        match notice {
            Notice::Lost(link, Some(error)) => tracing::warn!("{link} link: {error}"),
            Notice::Lost(link, None) => tracing::warn!("{link} link: closed; reconnecting"),
            Notice::Silent(link) => {
                tracing::warn!(
                    "{link} link: nothing came for its limit; not trusted until it does"
                );
            }
            Notice::Refused(error) => tracing::warn!("market data: {error}"),
            Notice::Warning(message) => tracing::warn!("{message}"),
            Notice::Fatal(message) => fatal = fatal.or(Some(message)),
        }
    }
    fatal
}

/// Counters and latencies into their panels.
fn show(started: &mut Started, scale: Scale) {
    started.counters.publish(&counters(&started.board));
    let mut any = false;
    for tally in &mut started.tallies {
        any |= tally.collect();
    }
    if any {
        started.latency.publish(&latencies(&started.tallies, scale));
    }
}

/// The counters that are not zero, and as many of the others as there is room for.
fn counters(board: &Board) -> CountersPanel {
    let mut counters = ArrayVec::new();
    let (some, none): (Vec<_>, Vec<_>) = board.read().partition(|(_, count)| *count > 0);
    for (name, count) in some.into_iter().chain(none) {
        if counters.try_push(Counter { name: text(name), count }).is_err() {
            break;
        }
    }
    CountersPanel { counters }
}

fn latencies(tallies: &[Tally], scale: Scale) -> LatencyPanel {
    let stages = latency::merged(tallies, scale);
    let stage = |(name, histogram): (&str, &hdrhistogram::Histogram<u64>)| StageLatency {
        name: text(name),
        count: histogram.len(),
        p50_ns: histogram.value_at_quantile(0.5),
        p90_ns: histogram.value_at_quantile(0.9),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        max_ns: histogram.max(),
    };
    LatencyPanel { stages: stages.named().map(stage).collect() }
}
