//! From the engine's state to the panels that others see. Runs between turns, allocates nothing.

use arrayvec::{ArrayString, ArrayVec};
use core::fmt::Write as _;
use engine::asset::Assets;
use engine::book::BookState as EngineBook;
use engine::desk::Desk;
use engine::engine::Engine;
use engine::id::{AssetId, InstrumentId, OrderId, Side, VenueId};
use engine::instrument::{Kind, Symbol};
use engine::market::Listing;
use engine::num::{AMOUNT_DECIMALS, Amount};
use engine::order::OrderState;
use engine::position::Position;
use engine::risk::Refusal as Reason;
use engine::session::Phase;
use engine::strategy::Strategy;
use engine::time::Nanos;
use shm::panel::{
    Balance, BalancesPanel, BookState, EngineState, Gauge, GaugesPanel, InstrumentPanel, LastTrade,
    Level, LimitUse, OpenOrder, OrdersPanel, Quote, Refusal, RiskPanel, SessionPanel,
};
use shm::words::text;
use shm::{Heartbeat, PanelWriter};

/// The engine thread's panels.
pub struct EnginePanels {
    /// That it lives.
    pub heartbeat: Heartbeat,
    /// The session.
    pub session: PanelWriter<SessionPanel>,
    /// What of the session panel does not change.
    pub about: SessionPanel,
    /// Instruments, as many as there are panels.
    pub instruments: Vec<PanelWriter<InstrumentPanel>>,
    /// Open orders.
    pub orders: PanelWriter<OrdersPanel>,
    /// Balances.
    pub balances: PanelWriter<BalancesPanel>,
    /// The gate.
    pub risk: PanelWriter<RiskPanel>,
    /// What the strategies show.
    pub gauges: PanelWriter<GaugesPanel>,
    /// Names of assets.
    pub assets: Assets,
    /// Names of venues.
    pub venues: Vec<Symbol>,
}

impl EnginePanels {
    /// Publishes everything as it is now.
    pub fn publish<S: Strategy>(&mut self, engine: &Engine<S>, now: Nanos) {
        self.heartbeat.beat(now);
        self.about.state = match engine.phase() {
            Phase::Reconciling => EngineState::Reconciling,
            Phase::Quoting if !engine.is_reconciled() => EngineState::Reconciling,
            Phase::Quoting => EngineState::Quoting,
            Phase::Paused | Phase::Flattening => EngineState::Paused,
            Phase::Halted => EngineState::Halted,
            Phase::Stopping | Phase::Stopped => EngineState::Stopped,
        };
        self.about.at = engine.now();
        self.about.events = engine.counters.events;
        self.about.halt_code = engine.halt() as u16;
        let halted = engine.halt() != engine::session::Halt::None;
        self.about.halt_reason = text(if halted { engine.halt().name() } else { "" });
        self.session.publish(&self.about);
        for (listing, writer) in engine.market.listings().iter().zip(&mut self.instruments) {
            writer.publish(&instrument_panel(listing, &engine.desks, &self.assets));
        }
        self.orders.publish(&orders_panel(engine));
        self.balances.publish(&balances_panel(engine, &self.assets, &self.venues));
        if let Some(desk) = engine.desks.first() {
            self.risk.publish(&risk_panel(engine, desk));
        }
        self.gauges.publish(&gauges_panel(engine));
    }
}

/// Two texts with something between them, cut where there is no more room; allocates nothing.
fn joined<const N: usize>(one: &str, between: &str, other: &str) -> shm::words::Text<N> {
    let mut all = ArrayString::<64>::new();
    let _ = write!(all, "{one}{between}{other}");
    text(&all)
}

fn name_of(assets: &Assets, id: AssetId) -> shm::words::Text<16> {
    text(assets.name(id).map_or("?", |name| name.as_str()))
}

fn instrument_panel<S: Strategy>(
    listing: &Listing,
    desks: &[Desk<S>],
    assets: &Assets,
) -> InstrumentPanel {
    let spec = &listing.instrument;
    let mut panel = InstrumentPanel::blank(spec.id, spec.symbol.as_str(), spec.tick, spec.lot);
    panel.base = name_of(assets, spec.base);
    panel.quote = name_of(assets, spec.quote);
    panel.book = match listing.book.state() {
        EngineBook::Blank => BookState::Blank,
        EngineBook::Partial => BookState::Syncing,
        EngineBook::Live => BookState::Live,
        EngineBook::Crossed => BookState::Crossed,
    };
    panel.update_id = listing.book.update_id();
    panel.updated_at = listing.updated_at;
    let levels = |side| {
        let found = listing.book.levels(side).take(10);
        found.map(|(price, qty)| Level { price, qty }).collect::<ArrayVec<Level, 10>>()
    };
    if panel.book != BookState::Blank {
        (panel.bids, panel.asks) = (levels(Side::Buy), levels(Side::Sell));
    }
    panel.last_trade = listing.last_trade.map(|trade| LastTrade {
        price: trade.price,
        qty: trade.qty,
        side: trade.taker,
        at: trade.at,
    });
    panel.mid_milliticks = listing.last_mid_twice.map(|mid| mid.saturating_mul(500));
    own_part(&mut panel, listing, desks);
    panel
}

/// What all desks together have of an instrument, and what the first that trades it reads of it.
fn own_part<S: Strategy>(panel: &mut InstrumentPanel, listing: &Listing, desks: &[Desk<S>]) {
    let spec = &listing.instrument;
    let own = || desks.iter().filter(|desk| desk.trades(spec.id));
    let quotes = |side| {
        let mut all: ArrayVec<Quote, 64> = own()
            .flat_map(|desk| desk.orders.side(spec.id, side))
            .map(|order| Quote { price: order.price, qty: order.remaining() })
            .take(64)
            .collect();
        all.sort_unstable_by_key(|quote| quote.price.0 * -side.sign());
        all.into_iter().take(4).collect::<ArrayVec<Quote, 4>>()
    };
    (panel.bid_quotes, panel.ask_quotes) = (quotes(Side::Buy), quotes(Side::Sell));
    let Some(first) = own().next() else { return };
    let reading = first.strategy.reading(spec.id);
    if reading.reservation != 0 {
        panel.reservation_milliticks = Some(reading.reservation);
    }
    panel.fair_milliticks = panel.mid_milliticks;
    let position = own()
        .filter_map(|desk| desk.positions.get(spec.id.index()))
        .fold(Position::default(), |sum, one| sum.with(one));
    panel.position = spec.lots(position.base);
    let one_tick = spec.value(position.base, engine::num::Price(1)).0;
    if one_tick != 0 {
        let average = i128::from(position.cost.0) * 1000 / i128::from(one_tick);
        panel.average_milliticks = i64::try_from(average).ok();
    }
    panel.realised = position.realised;
    if let Some(mid) = listing.last_mid_twice {
        panel.unrealised = position.unrealised(spec, mid);
    }
    panel.fees = position.fees;
    panel.turnover = position.turnover;
    [panel.bid_fills, panel.ask_fills] = position.fills;
}

fn orders_panel<S: Strategy>(engine: &Engine<S>) -> OrdersPanel {
    let live = engine.desks.iter().flat_map(|desk| desk.orders.live());
    let orders = live.take(64).map(|order| OpenOrder {
        id: order.id(),
        instrument: order.instrument,
        side: order.side,
        price: order.price,
        qty: order.qty,
        filled: order.filled,
        state: text(order.state.name()),
        placed_at: order.sent_at,
    });
    // Held orders are shown behind those at the venue, each under its number.
    let held = engine.held().iter().map(|held| OpenOrder {
        id: OrderId::new(0, u32::from(held.hold.number)),
        instrument: held.instrument,
        side: held.hold.side,
        price: held.hold.price,
        qty: held.hold.qty.saturating_add(held.filled),
        filled: held.filled,
        state: joined(held.state.name(), " ", held.hold.trigger.name()),
        placed_at: Nanos(0),
    });
    let orders = orders.chain(held).take(64);
    OrdersPanel { open: engine.live_orders() as u64, orders: orders.collect() }
}

fn balances_panel<S: Strategy>(
    engine: &Engine<S>,
    assets: &Assets,
    venues: &[Symbol],
) -> BalancesPanel {
    let all = (0..venues.len()).flat_map(|venue| {
        (0..assets.len()).map(move |asset| (VenueId(venue as u8), AssetId(asset as u16)))
    });
    // Of several venues each shows what it has or had.
    let alone = venues.len() < 2;
    let shown = all.filter_map(|(venue, id)| {
        let balance = engine.account(venue).balance(id);
        if !alone && balance == engine::account::Balance::default() {
            return None;
        }
        let (locked, reserved) = bound(engine, (venue, id));
        let locked = locked.saturating_add(Amount(balance.margin.0));
        let free = balance.total.saturating_sub(locked).saturating_sub(reserved);
        let name = assets.name(id).map_or("?", |name| name.as_str());
        let asset = match venues.get(venue.index()) {
            Some(venue) if !alone => joined(venue.as_str(), ":", name),
            _ => text(name),
        };
        Some(Balance { asset, free, locked, reserved })
    });
    BalancesPanel { balances: shown.take(32).collect() }
}

/// What open orders lock of an asset at a venue, and what orders in flight (pending, unknown)
/// reserve.
fn bound<S: Strategy>(engine: &Engine<S>, (venue, asset): (VenueId, AssetId)) -> (Amount, Amount) {
    let (mut locked, mut reserved) = (Amount(0), Amount(0));
    for order in engine.desks.iter().flat_map(|desk| desk.orders.live()) {
        let Some(listing) = engine.market.listing(order.instrument) else { continue };
        let spec = &listing.instrument;
        let notional = || spec.notional(order.price, order.remaining()).0;
        let amount = match order.side {
            _ if spec.venue != venue => continue,
            _ if spec.kind == Kind::Linear && spec.quote == asset => {
                let margin = i128::from(notional()) * i128::from(spec.margin_ppm) / 1_000_000;
                Amount(i64::try_from(margin).unwrap_or(i64::MAX))
            }
            _ if spec.kind == Kind::Linear => continue,
            Side::Buy if spec.quote == asset => Amount(notional()),
            Side::Sell if spec.base == asset => spec.base_amount(order.remaining()),
            _ => continue,
        };
        let stands = matches!(order.state, OrderState::Open | OrderState::PendingAmend);
        let sum = if stands { &mut locked } else { &mut reserved };
        *sum = sum.saturating_add(amount);
    }
    (locked, reserved)
}

fn risk_panel<S: Strategy>(engine: &Engine<S>, desk: &Desk<S>) -> RiskPanel {
    let limits = desk.gate.limits(0);
    let position = desk.positions.iter().map(|position| position.base.0.abs()).max().unwrap_or(0);
    let day = desk.day_pnl(&engine.market).0;
    let limit = |name: &str, limit: i64, used: i64, decimals: u8| LimitUse {
        name: text(name),
        instrument: None,
        limit,
        used,
        decimals,
    };
    let uses = [
        limit("position_max", limits.position_max.0, position, AMOUNT_DECIMALS),
        limit("open_orders_max", limits.open_orders_max.into(), desk.orders.live_len() as i64, 0),
        limit(
            "gross_notional_max",
            limits.gross_notional_max.0,
            desk.gross(&engine.market).0,
            AMOUNT_DECIMALS,
        ),
        limit("daily_loss_max", limits.daily_loss_max.0, (-day).max(0), AMOUNT_DECIMALS),
    ];
    let counts = desk.gate.refusals();
    let refusals = Reason::ALL
        .iter()
        .map(|(reason, name)| Refusal { reason: text(name), count: counts[reason.index()] });
    RiskPanel {
        killed: desk.gate.is_killed(),
        approved: desk.gate.approved(),
        refused: counts.iter().sum(),
        limits: uses.into_iter().collect(),
        refusals: refusals.collect(),
    }
}

fn gauges_panel<S: Strategy>(engine: &Engine<S>) -> GaugesPanel {
    let mut gauges = ArrayVec::new();
    for desk in &engine.desks {
        for id in &desk.instruments {
            let reading = desk.strategy.reading(*id);
            let shown: [(&str, i64, u8); 6] = [
                ("sigma_per_sqrt_s", reading.sigma, 9),
                ("half_spread_ticks", reading.half_spread, 3),
                ("kappa_bid", reading.kappa[0], 9),
                ("kappa_ask", reading.kappa[1], 9),
                ("arrival_bid_per_s", reading.arrival[0], 9),
                ("arrival_ask_per_s", reading.arrival[1], 9),
            ];
            for (name, value, decimals) in shown {
                let instrument: Option<InstrumentId> = Some(*id);
                let gauge = Gauge { name: text(name), instrument, value, decimals };
                if gauges.try_push(gauge).is_err() {
                    return GaugesPanel { gauges };
                }
            }
        }
    }
    GaugesPanel { gauges }
}
