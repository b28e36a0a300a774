//! Feed and gateway as agents of a hot thread: polled, and shown between turns.

use crate::board::Part;
use crate::clock::TscClock;
use crate::hot::{Agent, Sockets};
use crate::latency::Probe;
use crossbeam::queue::ArrayQueue;
use engine::id::InstrumentId;
use engine::instrument::Symbol;
use engine::time::Nanos;
use feeds::feed::Feed;
use feeds::net::Socket;
use feeds::protocol::Protocol;
use rustix::event::{PollFd, PollFlags};
use shm::PanelWriter;
use shm::panel::{LinkPanel, LinkState};
use shm::words::text;
use std::sync::Arc;
use venues::gateway::{Counters, Gateway, GatewayFault, GatewayState};
use venues::guard::{Guard, Watch};
use venues::wire::Wire;

/// Something for the log, said by a hot thread and written by the housekeeping one.
pub type Notices = Arc<ArrayQueue<Notice>>;

/// Most notices that wait; more are dropped, the counters tell of them all the same.
pub const NOTICES_MAX: usize = 256;

/// What a hot thread has to say.
#[derive(Debug)]
pub enum Notice {
    /// A connection failed or was lost, for a reason or without one.
    Lost(Symbol, Option<feeds::net::NetError>),
    /// Nothing came over a connection for its limit.
    Silent(Symbol),
    /// A frame or a snapshot could not be read.
    Refused(feeds::protocol::DecodeError),
    /// Something that is not as it should be, and that trading goes on with.
    Warning(String),
    /// The venue refuses us: nothing can be done without the operator.
    Fatal(String),
}

/// What a link panel says that does not change.
pub fn link(name: &str, age_limit: Nanos) -> LinkPanel {
    LinkPanel {
        name: text(name),
        state: LinkState::Connecting,
        message_at: Nanos(0),
        age_limit,
        round_trip: Nanos(0),
        messages: 0,
        bytes: 0,
        reconnects: 0,
        gaps: 0,
    }
}

fn wait_for<'a>(sockets: impl Iterator<Item = &'a Socket>, out: &mut Sockets<'a>) {
    for socket in sockets {
        let _ = out.try_push(PollFd::new(socket, PollFlags::IN));
    }
}

/// Where a feed is shown and heard of.
pub struct FeedAbout {
    /// Its name, for people.
    pub name: Symbol,
    /// What it follows.
    pub instruments: Vec<InstrumentId>,
    /// Where its counters go.
    pub part: Part,
    /// Where its link is shown.
    pub writer: PanelWriter<LinkPanel>,
    /// What is shown.
    pub panel: LinkPanel,
    /// Where its notices go.
    pub notices: Notices,
}

/// A market feed with its counters and panel.
pub struct FeedAgent<P: Protocol> {
    feed: Feed<P>,
    about: FeedAbout,
    /// Silences that were told.
    silences: u64,
}

impl<P: Protocol> FeedAgent<P> {
    /// A feed that is shown.
    pub const fn new(feed: Feed<P>, about: FeedAbout) -> Self {
        Self { feed, about, silences: 0 }
    }
}

impl<P: Protocol> Agent for FeedAgent<P> {
    #[inline]
    fn hot(&mut self, clock: &TscClock, probe: &mut Probe) -> usize {
        self.feed.read(clock, probe)
    }

    fn tend(&mut self, clock: &TscClock, _: &mut Probe) -> usize {
        self.feed.tend(clock)
    }

    fn sockets<'a>(&'a self, out: &mut Sockets<'a>) {
        wait_for(self.feed.sockets(), out);
    }

    fn publish(&mut self, now: Nanos) {
        let counters = self.feed.counters();
        let FeedAbout { name, instruments, part, writer, panel, notices } = &mut self.about;
        part.store(counters.named().map(|(_, value)| value));
        if counters.stale_connection > self.silences {
            self.silences = counters.stale_connection;
            let _ = notices.push(Notice::Silent(*name));
        }
        if let Some(error) = self.feed.lost() {
            let _ = notices.push(Notice::Lost(*name, Some(error)));
        }
        if let Some(error) = self.feed.refused() {
            let _ = notices.push(Notice::Refused(error));
        }
        if counters.frames > panel.messages {
            panel.message_at = now;
        }
        panel.messages = counters.frames;
        panel.bytes = counters.bytes;
        panel.reconnects = counters.reconnects;
        panel.gaps = counters.gaps;
        let whole = instruments.iter().all(|id| self.feed.in_sync(*id));
        let silent = now.since(panel.message_at) > panel.age_limit;
        panel.state = match (whole, silent) {
            (true, false) => LinkState::Up,
            (true, true) => LinkState::Stale,
            (false, _) => LinkState::Connecting,
        };
        writer.publish(panel);
    }
}

/// Where a gateway is shown and heard of.
pub struct GatewayAbout {
    /// Its name, for people.
    pub name: Symbol,
    /// Where its counters go.
    pub part: Part,
    /// Where its link is shown.
    pub writer: PanelWriter<LinkPanel>,
    /// What is shown.
    pub panel: LinkPanel,
    /// Where its notices go.
    pub notices: Notices,
    /// The engine's heartbeat.
    pub watch: Watch,
}

/// A gateway with its counters and panel.
pub struct GatewayAgent<W: Wire> {
    gateway: Gateway<W>,
    about: GatewayAbout,
    told: Told,
}

/// What of a gateway was told already.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    end: bool,
    losses: u64,
    silences: u64,
}

/// What came of the orders when `dead` was found dead, in words; `who` looked after them.
pub fn halted(dead: &str, who: &str, counters: &Counters) -> String {
    match counters.halts_unconfirmed {
        0 => format!("the {dead} is dead; the {who} cancelled all orders, none is left open"),
        _ => format!(
            "the {dead} is dead; the {who} sent cancels for all orders, but they were not \
             confirmed in time: look at the venue for orders"
        ),
    }
}

impl<W: Wire> GatewayAgent<W> {
    /// A gateway that is shown.
    pub fn new(gateway: Gateway<W>, about: GatewayAbout) -> Self {
        Self { gateway, about, told: Told::default() }
    }

    /// Says once what ended it, and each time that a connection is lost.
    fn tell(&mut self, counters: &Counters) {
        let end = match (self.gateway.fault(), self.gateway.state()) {
            (Some(fault), _) => Some(fault.to_string()),
            (None, GatewayState::Halted) => Some(halted("engine", "gateway", counters)),
            _ => None,
        };
        let (name, notices) = (self.about.name, &self.about.notices);
        if let Some(end) = end.filter(|_| !self.told.end) {
            self.told.end = notices.push(Notice::Fatal(end)).is_ok();
        }
        let losses = counters.disconnects + counters.dial_failures;
        if losses > self.told.losses {
            let _ = notices.push(Notice::Lost(name, self.gateway.last_error().cloned()));
        }
        if counters.stale > self.told.silences {
            let _ = notices.push(Notice::Silent(name));
        }
        (self.told.losses, self.told.silences) = (losses, counters.stale);
    }
}

impl<W: Wire> Agent for GatewayAgent<W> {
    #[inline]
    fn hot(&mut self, clock: &TscClock, probe: &mut Probe) -> usize {
        self.gateway.send(clock, probe)
    }

    fn tend(&mut self, clock: &TscClock, probe: &mut Probe) -> usize {
        self.gateway.tend(clock, probe)
    }

    fn rehearse(&mut self, turn: usize, clock: &TscClock) {
        self.gateway.rehearse(turn, clock);
    }

    fn sockets<'a>(&'a self, out: &mut Sockets<'a>) {
        wait_for(self.gateway.sockets(), out);
    }

    fn publish(&mut self, now: Nanos) {
        let counters = self.gateway.counters();
        self.tell(&counters);
        let GatewayAbout { part, writer, panel, .. } = &mut self.about;
        part.store(counters.named().map(|(_, value)| value));
        // While it is ready, its own pings are answered: a quiet session is not a silent one.
        if self.gateway.state() == GatewayState::Ready {
            panel.message_at = now;
        }
        panel.messages = counters.answers + counters.executions;
        panel.reconnects = counters.connects.saturating_sub(1);
        panel.state = match self.gateway.state() {
            GatewayState::Ready => LinkState::Up,
            GatewayState::Connecting | GatewayState::Faulted => LinkState::Down,
            _ => LinkState::Connecting,
        };
        writer.publish(panel);
    }

    fn is_finished(&self) -> bool {
        let over = matches!(self.gateway.state(), GatewayState::Halted | GatewayState::Faulted);
        over || self.about.watch.ended()
    }
}

/// A guard, whatever its dialect.
pub trait Watcher {
    /// One turn.
    fn work(&mut self, clock: &TscClock);
    /// What it is doing.
    fn state(&self) -> GatewayState;
    /// Counts since the start.
    fn counters(&self) -> Counters;
    /// What makes it useless, if something does.
    fn fault(&self) -> Option<&GatewayFault>;
}

impl<W: Wire> Watcher for Guard<W> {
    fn work(&mut self, clock: &TscClock) {
        Self::work(self, clock);
    }
    fn state(&self) -> GatewayState {
        Self::state(self)
    }
    fn counters(&self) -> Counters {
        Self::counters(self)
    }
    fn fault(&self) -> Option<&GatewayFault> {
        Self::fault(self)
    }
}
