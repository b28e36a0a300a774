//! Whatever a panel holds comes back, and no words whatever make a reader panic.

use super::*;
use crate::words::{Sink, Source, Text, text};
use arrayvec::ArrayVec;
use engine::{
    id::{InstrumentId, OrderId, Side},
    num::{Amount, Grid, Notional, Price, Qty},
    time::Nanos,
};
use proptest::prelude::*;

/// Draws any value of a type from a stream of random words.
struct Draw(Vec<u64>, usize);

impl Draw {
    fn word(&mut self) -> u64 {
        self.1 += 1;
        self.0[self.1 % self.0.len()].rotate_left((self.1 % 64) as u32)
    }
    fn below(&mut self, end: usize) -> usize {
        (self.word() % end as u64) as usize
    }
    fn int(&mut self) -> i64 {
        self.word() as i64
    }
    fn text<const N: usize>(&mut self) -> Text<N> {
        let letters = ["a", "Z", "é", "€", "-", "9", "𝛾"];
        let count = self.below(N + 1);
        text(&(0..count).map(|_| letters[self.below(letters.len())]).collect::<String>())
    }
    fn list<T, const N: usize>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> ArrayVec<T, N> {
        let count = self.below(N + 1);
        (0..count).map(|_| item(self)).collect()
    }
    fn maybe<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| item(self))
    }
    fn side(&mut self) -> Side {
        Side::BOTH[self.below(2)]
    }
    fn instrument_id(&mut self) -> InstrumentId {
        InstrumentId(self.word() as u16)
    }
    fn grid(&mut self) -> Grid {
        Grid { decimals: self.below(13) as u8, step: (self.int() >> 1).abs().max(1) }
    }

    fn session(&mut self) -> SessionPanel {
        SessionPanel {
            state: EngineState::ALL[self.below(EngineState::ALL.len())],
            mode: self.text(),
            layout: self.text(),
            wait: self.text(),
            strategy: self.text(),
            account: self.text(),
            cores: self.text(),
            started_at: Nanos(self.word()),
            at: Nanos(self.word()),
            events: self.word(),
            halt_code: self.word() as u16,
            halt_reason: self.text(),
        }
    }

    fn instrument(&mut self) -> InstrumentPanel {
        let level = |d: &mut Self| Level { price: Price(d.int()), qty: Qty(d.int()) };
        let quote = |d: &mut Self| Quote { price: Price(d.int()), qty: Qty(d.int()) };
        InstrumentPanel {
            base: self.text(),
            quote: self.text(),
            book: BookState::ALL[self.below(BookState::ALL.len())],
            update_id: self.word(),
            updated_at: Nanos(self.word()),
            bids: self.list(level),
            asks: self.list(level),
            last_trade: self.maybe(|d| LastTrade {
                price: Price(d.int()),
                qty: Qty(d.int()),
                side: d.side(),
                at: Nanos(d.word()),
            }),
            mid_milliticks: self.maybe(Self::int),
            fair_milliticks: self.maybe(Self::int),
            reservation_milliticks: self.maybe(Self::int),
            bid_quotes: self.list(quote),
            ask_quotes: self.list(quote),
            position: Qty(self.int()),
            average_milliticks: self.maybe(Self::int),
            realised: Notional(self.int()),
            unrealised: Notional(self.int()),
            fees: Notional(self.int()),
            turnover: Notional(self.int()),
            bid_fills: self.word(),
            ask_fills: self.word(),
            ..InstrumentPanel::blank(
                self.instrument_id(),
                &self.text::<24>(),
                self.grid(),
                self.grid(),
            )
        }
    }

    fn orders(&mut self) -> OrdersPanel {
        OrdersPanel {
            open: self.word(),
            orders: self.list(|d| OpenOrder {
                id: OrderId(d.word()),
                instrument: d.instrument_id(),
                side: d.side(),
                price: Price(d.int()),
                qty: Qty(d.int()),
                filled: Qty(d.int()),
                state: d.text(),
                placed_at: Nanos(d.word()),
            }),
        }
    }

    fn risk(&mut self) -> RiskPanel {
        RiskPanel {
            killed: self.below(2) == 1,
            approved: self.word(),
            refused: self.word(),
            limits: self.list(|d| LimitUse {
                name: d.text(),
                instrument: d.maybe(Self::instrument_id),
                limit: d.int(),
                used: d.int(),
                decimals: d.word() as u8,
            }),
            refusals: self.list(|d| Refusal { reason: d.text(), count: d.word() }),
        }
    }

    fn balances(&mut self) -> BalancesPanel {
        BalancesPanel {
            balances: self.list(|d| Balance {
                asset: d.text(),
                free: Amount(d.int()),
                locked: Amount(d.int()),
                reserved: Amount(d.int()),
            }),
        }
    }

    fn latency(&mut self) -> LatencyPanel {
        LatencyPanel {
            stages: self.list(|d| StageLatency {
                name: d.text(),
                count: d.word(),
                p50_ns: d.word(),
                p90_ns: d.word(),
                p99_ns: d.word(),
                p999_ns: d.word(),
                max_ns: d.word(),
            }),
        }
    }
}

fn words_of<P: Panel>(panel: &P) -> (Vec<u64>, usize) {
    let mut words = vec![0; P::WORDS];
    let mut sink = Sink::new(&mut words);
    panel.put(&mut sink);
    let used = sink.used();
    (words, used)
}

/// Encodes over `junk`, as a panel is published over the one before it, and reads back.
fn check<P: Panel + PartialEq + std::fmt::Debug>(panel: &P, junk: &[u64]) {
    let (words, used) = words_of(panel);
    assert!(used <= P::WORDS, "{}: {used} words of {}", P::NAME, P::WORDS);
    let mut over: Vec<u64> = junk.iter().copied().cycle().take(P::WORDS).collect();
    over[..used].copy_from_slice(&words[..used]);
    assert_eq!(P::get(&mut Source::new(&over)).as_ref(), Some(panel), "{}", P::NAME);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn panels_come_back_as_they_went(seed in prop::collection::vec(any::<u64>(), 1..97)) {
        let mut draw = Draw(seed.clone(), 0);
        check(&draw.session(), &seed);
        check(&draw.instrument(), &seed);
        check(&draw.orders(), &seed);
        check(&draw.risk(), &seed);
        check(&draw.balances(), &seed);
        check(&draw.latency(), &seed);
        let link = LinkPanel {
            name: draw.text(),
            state: LinkState::ALL[draw.below(LinkState::ALL.len())],
            message_at: Nanos(draw.word()),
            age_limit: Nanos(draw.word()),
            round_trip: Nanos(draw.word()),
            messages: draw.word(),
            bytes: draw.word(),
            reconnects: draw.word(),
            gaps: draw.word(),
        };
        check(&link, &seed);
        let counter = |d: &mut Draw| Counter { name: d.text(), count: d.word() };
        check(&CountersPanel { counters: draw.list(counter) }, &seed);
        let gauge = |d: &mut Draw| Gauge {
            name: d.text(),
            instrument: d.maybe(Draw::instrument_id),
            value: d.int(),
            decimals: d.word() as u8,
        };
        check(&GaugesPanel { gauges: draw.list(gauge) }, &seed);
        let variant = |d: &mut Draw| Variant {
            name: d.text(),
            desk: d.text(),
            rank: d.word() as u8,
            simulated: d.below(2) == 1,
            pnl: Notional(d.int()),
            fees: Notional(d.int()),
            fills: d.word(),
            position: Amount(d.int()),
            quoted_ppm: d.word() as u32,
        };
        let (rows_behind, rows) = (draw.word(), draw.word());
        let variants = draw.list(variant);
        check(&ShadowsPanel { rows_behind, rows, variants }, &seed);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in prop::collection::vec(prop_oneof![0..4_u64, any::<u64>()], 0..700),
    ) {
        let _ = SessionPanel::get(&mut Source::new(&words));
        let _ = LinkPanel::get(&mut Source::new(&words));
        let _ = InstrumentPanel::get(&mut Source::new(&words));
        let _ = OrdersPanel::get(&mut Source::new(&words));
        let _ = BalancesPanel::get(&mut Source::new(&words));
        let _ = RiskPanel::get(&mut Source::new(&words));
        let _ = CountersPanel::get(&mut Source::new(&words));
        let _ = GaugesPanel::get(&mut Source::new(&words));
        let _ = LatencyPanel::get(&mut Source::new(&words));
        let _ = ShadowsPanel::get(&mut Source::new(&words));
    }
}

#[test]
fn words_that_no_writer_wrote_are_refused() {
    let grid = Grid { decimals: 2, step: 1 };
    let (words, _) = words_of(&InstrumentPanel::blank(InstrumentId(3), "BTCUSDT", grid, grid));
    let check = |at: usize, word: u64, what: &str| {
        let mut broken = words.clone();
        broken[at] = word;
        assert!(InstrumentPanel::get(&mut Source::new(&broken)).is_none(), "{what}");
    };
    check(0, 1 << 16, "an instrument beyond 16 bits");
    check(1, 0xff, "a name that is no UTF-8");
    check(8, 19, "more places than 64 bits have");
    check(9, 0, "a step of nothing");
    check(12, 5, "an unknown state of the book");
    check(15, 11, "more levels than there is room for");
    assert!(InstrumentPanel::get(&mut Source::new(&words[..40])).is_none(), "too few words");
}

#[test]
fn text_is_cut_between_characters() {
    assert_eq!(text::<4>("abcdef").as_str(), "abcd");
    assert_eq!(text::<4>("ab€").as_str(), "ab");
    assert_eq!(text::<4>("a\0b").as_str(), "a");
    assert_eq!(text::<4>("").as_str(), "");
}
