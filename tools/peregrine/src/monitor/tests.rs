//! Snapshot in, picture out; and the same as JSON.

use super::draw::Look;
use super::screen::picture;
use super::*;
use engine::id::{InstrumentId, OrderId, Side};
use engine::num::{Amount, Grid, Notional, Price, Qty};
use shm::header::Identity;
use shm::panel::*;
use shm::words::text;

const NOW: Nanos = Nanos::from_s(1_000_000);

fn before(ms: u64) -> Nanos {
    Nanos(NOW.0 - Nanos::from_ms(ms).0)
}

fn empty() -> Snapshot {
    let (pid, pid_start, epoch) = (4711, 1, 7);
    Snapshot {
        identity: Identity { pid, pid_start, started_at: before(60_000), epoch },
        alive: true,
        heartbeat: before(10),
        beats: 5,
        session: None,
        links: Vec::new(),
        instruments: Vec::new(),
        orders: None,
        balances: None,
        risk: None,
        counters: None,
        gauges: None,
        latency: None,
        shadows: None,
    }
}

fn session() -> SessionPanel {
    SessionPanel {
        state: EngineState::Quoting,
        mode: text("paper"),
        layout: text("inline"),
        wait: text("spin"),
        strategy: text("avellaneda-stoikov"),
        account: text("main"),
        cores: text("2"),
        started_at: before(60_000),
        at: before(1),
        events: 1_234_567,
        halt_code: 0,
        halt_reason: text(""),
    }
}

fn instrument() -> InstrumentPanel {
    let (tick, lot) = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
    let level = |price, qty| Level { price: Price(price), qty: Qty(qty) };
    let quote = |price| Quote { price: Price(price), qty: Qty(100) };
    InstrumentPanel {
        base: text("BTC"),
        quote: text("USDT"),
        book: BookState::Live,
        update_id: 42,
        updated_at: before(5),
        bids: [level(6_183_763, 12_300), level(6_183_700, 1)].into_iter().collect(),
        asks: [level(6_183_764, 45_600)].into_iter().collect(),
        mid_milliticks: Some(6_183_763_500),
        reservation_milliticks: Some(6_183_761_250),
        bid_quotes: [quote(6_183_700)].into_iter().collect(),
        ask_quotes: [quote(6_183_800)].into_iter().collect(),
        position: Qty(-250),
        realised: Notional(1_234_000_000),
        unrealised: Notional(-56_000_000),
        fees: Notional(7_000_000),
        bid_fills: 12,
        ask_fills: 9,
        ..InstrumentPanel::blank(InstrumentId(0), "BTCUSDT", tick, lot)
    }
}

fn link(name: &str, message_at: Nanos) -> LinkPanel {
    LinkPanel {
        name: text(name),
        state: LinkState::Up,
        message_at,
        age_limit: Nanos::from_s(5),
        round_trip: Nanos(420_000),
        messages: 250_000,
        bytes: 1 << 30,
        reconnects: 1,
        gaps: 0,
    }
}

fn order() -> OpenOrder {
    OpenOrder {
        id: OrderId::new(7, 3),
        instrument: InstrumentId(0),
        side: Side::Sell,
        price: Price(6_183_800),
        qty: Qty(100),
        filled: Qty(25),
        state: text("open"),
        placed_at: before(2_500),
    }
}

fn variant(name: &str, rank: u8) -> Variant {
    Variant {
        name: text(name),
        desk: text("BTCUSDT"),
        rank,
        simulated: rank > 0,
        pnl: Notional(-123_000_000),
        fees: Notional(45_000_000),
        fills: 67,
        position: Amount(8_900_000),
        quoted_ppm: 987_000,
    }
}

fn full() -> Snapshot {
    let (free, locked, reserved) = (Amount(5_000_000), Amount(100_000), Amount(0));
    let stage = StageLatency {
        name: text("tick_to_order"),
        count: 99,
        p50_ns: 850,
        p90_ns: 1_100,
        p99_ns: 12_340,
        p999_ns: 1_500_000,
        max_ns: 2_000_000_000,
    };
    let limit = LimitUse {
        name: text("position_max"),
        instrument: Some(InstrumentId(0)),
        limit: 2_000_000,
        used: 250_000,
        decimals: 8,
    };
    Snapshot {
        session: Some(session()),
        links: vec![link("market", before(3)), link("orders", before(9_000))],
        instruments: vec![instrument()],
        orders: Some(OrdersPanel { open: 1, orders: [order()].into_iter().collect() }),
        balances: Some(BalancesPanel {
            balances: [Balance { asset: text("BTC"), free, locked, reserved }]
                .into_iter()
                .collect(),
        }),
        risk: Some(RiskPanel {
            killed: false,
            approved: 123,
            refused: 4,
            limits: [limit].into_iter().collect(),
            refusals: [Refusal { reason: text("rate"), count: 4 }].into_iter().collect(),
        }),
        counters: Some(CountersPanel {
            counters: [Counter { name: text("ring_full.market"), count: 2 }].into_iter().collect(),
        }),
        latency: Some(LatencyPanel { stages: [stage].into_iter().collect() }),
        shadows: Some(ShadowsPanel {
            rows_behind: 2_500,
            rows: 9,
            variants: [variant("live", 0), variant("wide", 1)].into_iter().collect(),
        }),
        ..empty()
    }
}

fn look() -> Look<'static> {
    Look { name: "paper", now: NOW, colour: false, note: None }
}

/// Each line of the picture that begins with one of these must read on like this, spaces squeezed.
fn check(snapshot: &Snapshot, expect: &[&str]) {
    let shown = picture((132, 30), snapshot, &look());
    let squeezed: Vec<String> =
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for part in expect {
        assert!(squeezed.iter().any(|line| line.contains(part)), "{part} in\n{shown}");
    }
}

#[test]
fn the_screen_shows_every_panel() {
    check(
        &full(),
        &[
            "PEREGRINE paper QUOTING paper account main avellaneda-stoikov up 60.0 s",
            "beating pid 4711 inline/spin cores 2 1234k events",
            "│BTCUSDT live 61837.63 61837.64 61837.00 61838.00 61837.61250 -0.00250 12.34 -0.56 \
             0.07 12/9│",
            "market up 3.0 ms 420 µs 250k 1 0",
            "orders silent 9.0 s",
            "BTC 0.05 0.001",
            "risk: 123 approved, 4 refused",
            "position_max 0.0025 0.0200",
            "rate 4",
            "orders: 1 open",
            "sell 61838.00 0.00075 open 2.5 s",
            "tick_to_order 99 850 ns 12.3 µs 1.5 ms 2.0 s",
            "ring_full.market 2",
            " shadows, on simulated venues, 2500 rows behind",
            "live - BTCUSDT -1.23 0.45 67 0.089 98.7",
            "wide 1 BTCUSDT -1.23 0.45 67 0.089 98.7",
            "q leaves",
        ],
    );
}

#[test]
fn what_nobody_updates_is_shown_as_stale() {
    let stale = Snapshot { heartbeat: before(3_000), ..full() };
    check(&stale, &["STALE: no heartbeat for 3.0 s; nothing below is current"]);
    let ended = Snapshot { alive: false, heartbeat: before(90_000), ..full() };
    check(&ended, &["ENDED: last state, 90.0 s old"]);
    let mut halted = full();
    halted.session = Some(SessionPanel {
        state: EngineState::Halted,
        halt_code: 3,
        halt_reason: text("daily loss"),
        ..session()
    });
    check(&halted, &["PEREGRINE paper HALTED (daily loss)"]);
}

#[test]
fn any_size_of_terminal_will_do() {
    for snapshot in [empty(), full()] {
        for (width, height) in [(1, 1), (10, 3), (80, 24), (300, 100)] {
            let lines = picture((width, height), &snapshot, &look()).lines().count();
            assert_eq!(lines, usize::from(height));
        }
    }
}

#[test]
fn colours_are_used_only_when_allowed() {
    use ratatui::style::Color;
    for colour in [false, true] {
        let backend = ratatui::backend::TestBackend::new(132, 30);
        let mut terminal = ratatui::Terminal::new(backend).unwrap();
        let look = Look { colour, ..look() };
        terminal.draw(|frame| draw(frame, &full(), &look)).unwrap();
        let cells = &terminal.backend().buffer().content;
        assert_eq!(cells.iter().any(|cell| cell.fg != Color::Reset), colour);
    }
}

#[test]
fn json_has_everything_with_money_as_text() {
    let value = json("paper", &full(), NOW);
    let check = |pointer: &str, expect: serde_json::Value| {
        assert_eq!(value.pointer(pointer), Some(&expect), "{pointer} in {value:#}");
    };
    check("/pulse", "beating".into());
    check("/session/state", "quoting".into());
    check("/instruments/0/bids/0", serde_json::json!(["61837.63", "0.12300"]));
    check("/instruments/0/position", "-0.00250".into());
    check("/instruments/0/realised", "12.34000000".into());
    check("/links/1/age_ns", 9_000_000_000_u64.into());
    check("/orders/orders/0/filled", "0.00025".into());
    check("/balances/BTC/free", "0.05000000".into());
    check("/risk/limits/0/used", "0.00250000".into());
    check("/risk/refusals/rate", 4.into());
    check("/counters/ring_full.market", 2.into());
    check("/shadow/rows_behind", 2_500.into());
    check("/shadow/ranking/0/name", "wide".into());
    check("/shadow/ranking/0/pnl_quote", "-1.23000000".into());
    check("/shadow/live/0/rank", serde_json::Value::Null);
    check("/latency_ns/tick_to_order/p99", 12_340.into());
    let value = json("paper", &empty(), NOW);
    assert!(value["session"].is_null() && value["instruments"].as_array().unwrap().is_empty());
}
