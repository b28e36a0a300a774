//! The table of cases that each dialect passes. A line does something at the venue, and what comes
//! out of the feed until the next line is compared.
//!
//! | line | at the venue |
//! |---|---|
//! | `up 0`, `down 0` | a connection comes up, or is lost |
//! | `grant`, `refuse` | what was asked for is granted, or is not |
//! | `book 10 b5*1 s6*1` | the book that was asked for: levels of bids and asks |
//! | `reply 10 …` | the same over HTTP, where it comes over the stream otherwise |
//! | `diff 11 b5*2` | a change, of one id |
//! | `repeat` | the last frame comes once more |
//! | `restart 1 b5*1 s7*1` | the ids start anew with a change; the book is then this |
//! | `life` | a message without a change |
//! | `best 12 5*1 6*1` | the best prices |
//! | `trade 7 5*1 buy 8 5*2 sell` | trades |
//! | `mark`, `funding`, `liquidation` | as the rows that come out |
//! | `wait 500` | ms pass |
//! | `on 1` | what follows comes over this connection |
//! | `notice`, `answers`, `strangers` | frames that are about no market |

use super::scribe::{Has, Level, Scribe};
use super::scribes::{Linear, Spot, Swap, Usdm};
use super::stage::{INSTRUMENT, Stage};
use crate::feed::Counters;
use engine::id::Side;

/// A case: its name, whom it is for, its lines with what comes out, and what is counted then.
struct Case {
    name: &'static str,
    of: fn(Has) -> bool,
    lines: &'static str,
    counted: &'static [(&'static str, u64)],
}

const fn all(_: Has) -> bool {
    true
}

/// Beginning of nearly all of them: in step at 10.
const BEGIN: &str = "
    up 0                    -> link Up; ask book
    grant
    book 10 b5*1 b4*2 s6*1  -> book 10 b4*2 b5*1 s6*1
";

const CASES: &[Case] = &[
    Case {
        name: "a snapshot and its changes",
        of: all,
        lines: "
            diff 11 b5*2 s7*1       -> diff 11 b5*2 s7*1
            diff 12 s7*0            -> diff 12 s7*0
            best 13 5*3 6*1         -> best 13 5*3 6*1
            diff 13 b5*3            -> diff 13 b5*3
        ",
        counted: &[("gaps", 0), ("snapshots", 1), ("resyncs", 0), ("decode_errors", 0)],
    },
    Case {
        name: "a missing change breaks the book, which is asked for again",
        of: all,
        lines: "
            diff 11 b5*2            -> diff 11 b5*2
            diff 13 b5*3            -> gap Sequence
            wait 1000               -> ask book
            grant
            book 14 b5*4 s6*1       -> book 14 b5*4 s6*1
            diff 15 b5*5            -> diff 15 b5*5
        ",
        counted: &[("gaps", 1), ("snapshots", 2), ("resyncs", 1)],
    },
    Case {
        name: "what comes twice counts once",
        of: |has| has.lenient,
        lines: "
            diff 11 b5*2            -> diff 11 b5*2
            repeat
            diff 12 b5*3            -> diff 12 b5*3
            old 11 b5*9
            diff 13 b5*4            -> diff 13 b5*4
        ",
        counted: &[("gaps", 0), ("old_diffs", 2)],
    },
    Case {
        name: "the last one twice counts once, an older one breaks the chain",
        of: |has| !has.lenient,
        lines: "
            diff 11 b5*2            -> diff 11 b5*2
            repeat
            diff 12 b5*3            -> diff 12 b5*3
            old 11 b5*9             -> gap Sequence
            wait 1000               -> ask book
            diff 13 b5*4
            grant
            book 14 b5*4 s6*1       -> book 14 b5*4 s6*1
        ",
        counted: &[("gaps", 1), ("snapshots", 2)],
    },
    Case {
        name: "changes out of order are a gap and never a wrong book",
        of: all,
        lines: "
            diff 12 b5*3            -> gap Sequence
            diff 11 b5*2
            wait 1000               -> ask book
            grant
            book 12 b5*3 s6*1       -> book 12 b5*3 s6*1
            diff 13 b5*4            -> diff 13 b5*4
        ",
        counted: &[("gaps", 1), ("snapshots", 2)],
    },
    Case {
        name: "ids that start anew bring the book with them",
        of: |has| has.restarts,
        lines: "
            best 12 5*3 6*1             -> best 12 5*3 6*1
            restart 1 b5*7 b4*2 s6*1    -> book 1 b4*2 b5*7 s6*1
            best 2 5*8 6*1              -> best 2 5*8 6*1
            diff 2 b5*8                 -> diff 2 b5*8
            diff 3 b5*9                 -> diff 3 b5*9
        ",
        counted: &[("gaps", 0), ("restarts", 1), ("resyncs", 0)],
    },
    Case {
        name: "signs of life change nothing",
        of: |has| has.life,
        lines: "
            life
            life
            diff 11 b5*2            -> diff 11 b5*2
        ",
        counted: &[("gaps", 0), ("old_diffs", 0)],
    },
    Case {
        name: "a crossed book does not come out",
        of: |has| has.window,
        lines: "
            diff 11 b6*1            -> gap Crossed
            wait 1000               -> ask book
            grant
            book 12 b5*3 s6*1       -> book 12 b5*3 s6*1
            diff 13 b6*1 s6*0 s7*1  -> diff 13 b6*1 s6*0 s7*1
        ",
        counted: &[("crossed", 1), ("gaps", 0), ("snapshots", 2)],
    },
    Case {
        name: "a side may be empty, and both of a book that comes over its stream",
        of: |has| has.streamed,
        lines: "
            diff 11 s6*0            -> diff 11 s6*0
            best 12 5*1 0*0         -> best 12 5*1 0*0
            diff 12 b5*0 b4*0       -> diff 12 b4*0 b5*0
            best 14 0*0 0*0         -> best 14 0*0 0*0
            diff 14 b5*1            -> gap Sequence
            wait 1000               -> ask book
            grant
            book 20                 -> book 20 b1*0
            diff 21 b3*1            -> diff 21 b3*1
        ",
        counted: &[("gaps", 1), ("decode_errors", 0)],
    },
    Case {
        name: "best prices overlay an older book only",
        of: all,
        lines: "
            best 12 5*3 6*1         -> best 12 5*3 6*1
            best 12 5*3 6*1
            best 11 5*9 6*9
            diff 11 b5*2            -> diff 11 b5*2
            diff 12 b5*3            -> diff 12 b5*3
            best 12 5*4 6*1
            best 13 5*4 6*1         -> best 13 5*4 6*1
        ",
        counted: &[("stale_best_dropped", 3)],
    },
    Case {
        name: "trades come out once each",
        of: all,
        lines: "
            trade 7 5*1 buy                     -> trade 7 5*1 buy
            trade 8 5*2 sell 9 6*1 buy          -> trade 8 5*2 sell; trade 9 6*1 buy
        ",
        counted: &[("missed_trades", 0), ("repeated_trades", 0), ("decode_errors", 0)],
    },
    Case {
        name: "over two connections the first to say something wins",
        of: |has| !has.requests,
        lines: "
            up 1
            on 1
            diff 11 b5*2                        -> diff 11 b5*2
            trade 7 5*1 buy 8 5*1 buy           -> trade 7 5*1 buy; trade 8 5*1 buy
            on 0
            old 11 b5*2
            trade 7 5*1 buy 8 5*1 buy 9 5*1 buy -> trade 9 5*1 buy
            down 1
            diff 12 b5*3                        -> diff 12 b5*3
        ",
        counted: &[("gaps", 0), ("repeated_trades", 2), ("missed_trades", 0), ("late_arrivals", 3)],
    },
    Case {
        name: "over two connections with a book each the first to say something wins",
        of: |has| has.requests,
        lines: "
            up 1                                -> ask book
            grant
            on 1
            book 10 b5*1 b4*2 s6*1
            diff 11 b5*2                        -> diff 11 b5*2
            trade 7 5*1 buy 8 5*1 buy           -> trade 7 5*1 buy; trade 8 5*1 buy
            on 0
            old 11 b5*2
            trade 7 5*1 buy 8 5*1 buy 9 5*1 buy -> trade 9 5*1 buy
            down 1
            diff 12 b5*3                        -> diff 12 b5*3
        ",
        counted: &[("gaps", 0), ("repeated_trades", 2), ("missed_trades", 0), ("snapshots", 1)],
    },
    Case {
        name: "what lies between is waited for while another connection may bring it",
        of: |has| !has.requests,
        lines: "
            up 1
            on 1
            diff 12 b5*3
            on 0
            diff 11 b5*2                        -> diff 11 b5*2; diff 12 b5*3
        ",
        counted: &[("gaps", 0), ("held_ahead", 1)],
    },
    Case {
        name: "ids that start anew over one connection are not mixed with the old ones of another",
        of: |has| has.restarts,
        lines: "
            up 1                                -> ask book
            grant
            on 1
            book 10 b5*1 b4*2 s6*1
            diff 11 b5*2                        -> diff 11 b5*2
            restart 1 b5*7 b4*2 s6*1            -> book 1 b4*2 b5*7 s6*1
            diff 2 b5*8                         -> diff 2 b5*8
            on 0
            old 11 b5*2
            anew 11 1 b5*7 b4*2 s6*1
            old 2 b5*8
            diff 3 b5*9                         -> diff 3 b5*9
            on 1
            old 3 b5*9
        ",
        counted: &[("gaps", 0), ("restarts", 1)],
    },
    Case {
        name: "marks, funding and liquidations",
        of: |has| has.perpetual,
        lines: "
            mark 1000 5.5 5.4           -> mark 550000000 540000000
            funding 1001 -0.0001 2000   -> funding -10000 2000
            liquidation 1000 5*3 sell   -> liquidation 5*3 sell
            liquidation 1000 6*3 buy    -> liquidation 6*3 buy
        ",
        counted: &[("decode_errors", 0), ("unknown_frames", 0)],
    },
    Case {
        name: "a lost connection blanks the book once",
        of: all,
        lines: "
            wait 11000
            down 0                  -> gap Reconnect; link Down
            up 0                    -> link Up; ask book
            grant
            book 30 b5*1 s6*1       -> book 30 b5*1 s6*1
            diff 31 b5*2            -> diff 31 b5*2
        ",
        counted: &[("gaps", 0), ("snapshots", 2)],
    },
    Case {
        name: "answers say nothing, strangers are counted",
        of: all,
        lines: "
            answers
            strangers
            diff 11 b5*2            -> diff 11 b5*2
        ",
        counted: &[("decode_errors", 0)],
    },
    Case {
        name: "a book that does not follow its subscription is asked for over HTTP in the end",
        of: |has| has.life,
        lines: "
            diff 12 b5*3            -> gap Sequence
            wait 1000               -> ask book
            grant
            wait 10000
            wait 1000               -> ask book
            grant
            wait 10000
            wait 2000               -> ask book
            diff 13 b5*4
            diff 14 b5*5
            reply 13 b5*4 s6*1      -> book 13 b5*4 s6*1; diff 14 b5*5
            diff 15 b5*6            -> diff 15 b5*6
        ",
        counted: &[("gaps", 1), ("snapshot_errors", 2), ("snapshots", 2)],
    },
    Case {
        name: "a notice makes another connection wanted",
        of: |has| has.notice,
        lines: "notice",
        counted: &[("shutdowns", 1), ("decode_errors", 0)],
    },
    Case {
        name: "silence of a stream that always speaks is told",
        of: |has| has.requests,
        lines: "
            diff 11 b5*2            -> diff 11 b5*2
            wait 19000
            diff 12 b5*2            -> diff 12 b5*2
            wait 1000
            diff 13 b5*2            -> diff 13 b5*2
        ",
        counted: &[("gaps", 0), ("decode_errors", 0)],
    },
];

/// Runs a line; returns whether it is one that a dialect may not have.
pub(super) struct Teller {
    on: usize,
    /// The id that each connection told last.
    pub at: [u64; 2],
    last: String,
}

impl Teller {
    pub fn new() -> Self {
        Self { on: 0, at: [0; 2], last: String::new() }
    }

    fn frame<S: Scribe>(&mut self, stage: &mut Stage<S>, text: String) {
        stage.frame(self.on, &text);
        self.last = text;
    }

    pub fn tell<S: Scribe>(&mut self, stage: &mut Stage<S>, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |place: usize| words[place].parse::<u64>().unwrap();
        let level = |place: usize| {
            let (price, qty) = words[place].split_once('*').unwrap();
            (price.parse::<i64>().unwrap(), qty.parse::<i64>().unwrap())
        };
        let side = |place: usize| if words[place] == "buy" { Side::Buy } else { Side::Sell };
        match words[0] {
            "up" => stage.joins(number(1) as usize),
            "down" => stage.leaves(number(1) as usize),
            "on" => self.on = number(1) as usize,
            "grant" => stage.grant(),
            "refuse" => stage.refuse(),
            "wait" => {
                stage.wait(number(1));
            }
            "book" => {
                let text = stage.scribe.book(number(1), &levels(&words[2..]));
                self.at[self.on] = number(1);
                if stage.scribe.has().streamed {
                    self.frame(stage, text);
                } else {
                    assert!(stage.requested, "nobody asked for a book");
                    stage.reply(&text);
                }
            }
            "reply" => {
                assert!(stage.requested, "nobody asked over HTTP");
                let text = stage.scribe.book(number(1), &levels(&words[2..]));
                stage.reply(&text);
            }
            "diff" | "old" => {
                let id = number(1);
                let text = stage.scribe.diff(id - 1, id, &levels(&words[2..]));
                self.at[self.on] = id;
                self.frame(stage, text);
            }
            "restart" | "anew" => {
                let first = 1 + usize::from(words[0] == "anew");
                let (before, id) = (self.at[self.on], number(first));
                let whole = levels(&words[first + 1..]);
                let text = stage.scribe.restart(before, id, &whole[..1], &whole);
                self.at[self.on] = id;
                self.frame(stage, text);
            }
            "life" => {
                let at = self.at[self.on];
                let text = stage.scribe.diff(at, at, &[]);
                self.frame(stage, text);
            }
            "repeat" => {
                let text = self.last.clone();
                self.frame(stage, text);
            }
            "best" => {
                let text = stage.scribe.best(number(1), [level(2), level(3)]);
                self.frame(stage, text);
            }
            "trade" => {
                let one = |at: usize| {
                    let (price, qty) = level(at + 1);
                    (number(at), price, qty, side(at + 2))
                };
                let all: Vec<_> = (1..words.len()).step_by(3).map(one).collect();
                self.frames(stage, |scribe| scribe.trades(&all));
            }
            "mark" => self.frames(stage, |scribe| scribe.mark(number(1), words[2], words[3])),
            // Some tell the mark price with it.
            "funding" => {
                self.frames(stage, |scribe| scribe.funding(number(1), words[2], number(3)));
                stage.keep(|line| !line.starts_with("mark"));
            }
            "liquidation" => {
                let (price, qty) = level(2);
                self.frames(stage, |scribe| scribe.liquidation(number(1), price, qty, side(3)));
            }
            "notice" => self.frames(stage, |scribe| vec![scribe.notice()]),
            "answers" => self.frames(stage, Scribe::answers),
            "strangers" => self.frames(stage, Scribe::strangers),
            other => panic!("{other}?"),
        }
    }

    fn frames<S: Scribe>(&mut self, stage: &mut Stage<S>, texts: impl Fn(&S) -> Vec<String>) {
        for text in texts(&stage.scribe) {
            self.frame(stage, text);
        }
    }
}

/// `b5*1 s6*2` as levels.
pub(super) fn levels(words: &[&str]) -> Vec<Level> {
    let one = |word: &&str| {
        let (side, rest) = word.split_at(1);
        let (price, qty) = rest.split_once('*').unwrap();
        let side = if side == "b" { Side::Buy } else { Side::Sell };
        (side, price.parse().unwrap(), qty.parse().unwrap())
    };
    words.iter().map(one).collect()
}

fn counter(counters: &Counters, name: &str) -> u64 {
    counters.named().iter().find(|(one, _)| *one == name).unwrap().1
}

fn run<S: Scribe>(case: &Case, scribe: S) {
    let mut stage = Stage::new(scribe);
    let mut teller = Teller::new();
    for line in BEGIN.lines().chain(case.lines.lines()).filter(|line| !line.trim().is_empty()) {
        let (line, expect) = line.split_once("->").unwrap_or((line, ""));
        teller.tell(&mut stage, line.trim());
        assert_eq!(stage.said().join("; "), expect.trim(), "{}: {line}", case.name);
    }
    let counters = stage.books.counted();
    for (name, expect) in case.counted {
        assert_eq!(counter(&counters, name), *expect, "{}: {name}", case.name);
    }
}

/// Each dialect passes every case that is about what its venue has.
#[test]
fn every_dialect_passes_every_case() {
    let mut ran = [0; 4];
    for case in CASES {
        println!("{}", case.name);
        let wants = |has: Has| (case.of)(has);
        if wants(Spot.has()) {
            run(case, Spot);
            ran[0] += 1;
        }
        if wants(Usdm.has()) {
            run(case, Usdm);
            ran[1] += 1;
        }
        if wants(Linear.has()) {
            run(case, Linear);
            ran[2] += 1;
        }
        if wants(Swap.has()) {
            run(case, Swap);
            ran[3] += 1;
        }
    }
    println!("cases of spot, USDⓈ-M, Bybit, OKX: {ran:?} of {}", CASES.len());
    assert!(ran.iter().all(|ran| *ran >= 10), "{ran:?}");
}

/// In step, with everything granted and every stream having spoken.
fn in_step<S: Scribe>(scribe: S) -> (Stage<S>, Teller) {
    let (mut stage, mut teller) = (Stage::new(scribe), Teller::new());
    for line in BEGIN.lines().filter(|line| !line.trim().is_empty()) {
        teller.tell(&mut stage, line.split("->").next().unwrap().trim());
    }
    stage.said();
    (stage, teller)
}

/// Unknown fields change nothing, spoilt frames change nothing and are said; the next frame is read.
fn oddities<S: Scribe>(scribe: S) {
    let (mut stage, _) = in_step(scribe);
    let frame = stage.scribe.diff(10, 11, &[(Side::Buy, 5, 2)]);
    for spoilt in stage.scribe.spoilt(&frame) {
        stage.frame(0, &spoilt);
        assert_eq!(stage.said(), Vec::<String>::new(), "{spoilt}");
        assert!(stage.refused.take().is_some(), "{spoilt} was read");
    }
    for end in 0..frame.len() {
        stage.frame(0, &frame[..end]);
        assert_eq!(stage.said(), Vec::<String>::new(), "{}", &frame[..end]);
    }
    let whole = stage.scribe.adorned(&frame);
    stage.frame(0, &whole);
    assert_eq!(stage.said(), ["diff 11 b5*2"], "{whole}");
    let crowded: Vec<Level> = (0..4_001).map(|n| (Side::Buy, n + 1, 1)).collect();
    stage.refused = None;
    let crowded = stage.scribe.diff(11, 12, &crowded);
    stage.frame(0, &crowded);
    let why = stage.refused.unwrap().to_string();
    assert!(why.starts_with("more than"), "{why}");
    let next = stage.scribe.diff(12, 13, &[(Side::Buy, 5, 3)]);
    stage.frame(0, &next);
    assert_eq!(stage.said(), ["gap Sequence"], "what was not read is missing");
}

#[test]
fn odd_frames_do_no_harm() {
    oddities(Spot);
    oddities(Usdm);
    oddities(Linear);
    oddities(Swap);
}

/// Strangers are counted, one by one.
fn strangers<S: Scribe>(scribe: S) {
    let (mut stage, mut teller) = in_step(scribe);
    let count = stage.scribe.strangers().len() as u64;
    teller.tell(&mut stage, "strangers");
    assert_eq!(stage.books.counted().unknown_frames, count);
}

#[test]
fn strangers_are_counted() {
    strangers(Spot);
    strangers(Usdm);
    strangers(Linear);
    strangers(Swap);
}

/// Topics that are refused or not answered are told by name and asked for again, each alone.
fn subscriptions<S: Scribe>(scribe: S) {
    let mut stage = Stage::new(scribe);
    stage.joins(0);
    assert_eq!(stage.wanted.len(), 1, "one request");
    let topics = stage.wanted[0].1.args.len();
    stage.refuse();
    assert_eq!(stage.books.counted().subscriptions_refused, 1);
    let why = stage.books.trouble().unwrap().to_string();
    assert!(why.contains("BTC") && why.contains("ws://h"), "{why}");
    assert!(stage.wanted.is_empty(), "not at once");
    stage.wait(1_000);
    assert_eq!(stage.wanted.len(), topics, "each alone");
    stage.wait(10_000);
    assert_eq!(stage.books.counted().subscriptions_unanswered, topics as u64);
    let why = stage.books.trouble().unwrap().to_string();
    assert!(why.contains("not answered") || why.contains("no book followed"), "{why}");
    stage.wanted.clear();
    stage.wait(3_000);
    assert!(!stage.wanted.is_empty());
    stage.grant();
    assert!(stage.books.counted().subscriptions > 0);
    let lane = &stage.books.lanes[0];
    assert_eq!(lane.instrument, INSTRUMENT);
}

#[test]
fn refused_and_unanswered_topics_are_told_and_asked_for_again() {
    subscriptions(Linear);
    subscriptions(Swap);
}

/// A stream that always speaks and does not: it is asked for again, or its connection is left.
#[test]
fn silence_from_the_start_is_mended() {
    let mut stage = Stage::new(Linear);
    stage.joins(0);
    stage.grant();
    stage.said();
    // The book comes, best prices and marks do not.
    let book = stage.scribe.book(10, &levels(&["b5*1", "s6*1"]));
    stage.frame(0, &book);
    stage.wait(20_000);
    assert_eq!(stage.books.counted().silent_topics, 3, "best, trade, mark");
    assert!(stage.books.trouble().unwrap().to_string().contains("nothing came"));
    stage.wait(1_000);
    let left: Vec<_> = stage.wanted.iter().filter(|(_, wanted)| wanted.leaves).collect();
    assert_eq!(left.len(), 2, "trades may rest");
    let mut stage = Stage::new(Usdm);
    stage.joins(0);
    let mark = stage.scribe.mark(1, "5", "5");
    stage.frame(0, &mark[0]);
    stage.wait(20_000);
    let why = stage.deaf.unwrap().to_string();
    assert!(why.contains("bookTicker") && why.contains("another connection"), "{why}");
}

/// A checksum that is not 0 is verified: a book with another one is wanted anew.
#[test]
fn checksums_are_verified_where_there_are_any() {
    let (mut stage, _) = in_step(Swap);
    let summed = |text: String, sum: &[u8]| {
        let sum = crc32fast::hash(sum) as i32;
        text.replace(r#""checksum":0"#, &format!(r#""checksum":{sum}"#))
    };
    let right = stage.scribe.diff(10, 11, &levels(&["b5*2"]));
    stage.frame(0, &summed(right, b"5:2:6:1:4:2"));
    assert_eq!(stage.said(), ["diff 11 b5*2"]);
    let wrong = stage.scribe.diff(11, 12, &levels(&["b5*3"]));
    stage.frame(0, &summed(wrong, b"5:2:6:1:4:2"));
    assert_eq!(stage.said(), ["gap Sequence"]);
    assert_eq!(stage.books.counted().checksum_errors, 1);
    stage.wait(1_000);
    assert_eq!(stage.said(), ["ask book"]);
}
