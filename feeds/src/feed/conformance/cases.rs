//! The table of cases that each dialect passes. A line does something at the venue, and what comes
//! out of the feed until the next line is compared.
//!
//! [`Teller`] has the words.

use super::scribe::{Has, Scribe};
use super::scribes::{BYBIT_SPOT, LINEAR, Spot, Swap, Usdm};
use super::stage::Stage;
use super::teller::Teller;
use crate::feed::Counters;

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
pub(super) const BEGIN: &str = "
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
        name: "a book that looks like ours but is of another time may be of other numbers",
        of: |has| has.restarts,
        lines: "
            time 1000000000
            diff 11 b5*1                        -> diff 11 b5*1
            up 1                                -> ask book
            grant
            on 1
            time 999999000
            book 11 b5*1 b4*2 s6*1
            diff 12 b5*9
            on 0
            time 1000000001
            diff 12 b5*2                        -> diff 12 b5*2
        ",
        counted: &[("gaps", 0), ("snapshots", 1), ("old_diffs", 1)],
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

pub(super) fn counter(counters: &Counters, name: &str) -> u64 {
    counters.named().iter().find(|(one, _)| *one == name).unwrap().1
}

/// Tells the lines of a script, and compares what comes out of each.
pub(super) fn play<S: Scribe>(name: &str, stage: &mut Stage<S>, lines: &str) {
    let mut teller = Teller::new();
    for line in BEGIN.lines().chain(lines.lines()).filter(|line| !line.trim().is_empty()) {
        let (line, expect) = line.split_once("->").unwrap_or((line, ""));
        teller.tell(stage, line.trim());
        assert_eq!(stage.said().join("; "), expect.trim(), "{name}: {line}");
    }
}

fn run<S: Scribe>(case: &Case, scribe: S) {
    let mut stage = Stage::new(scribe);
    play(case.name, &mut stage, case.lines);
    let counters = stage.books.counted();
    for (name, expect) in case.counted {
        assert_eq!(counter(&counters, name), *expect, "{}: {name}", case.name);
    }
}

/// Each dialect passes every case that is about what its venue has.
#[test]
fn every_dialect_passes_every_case() {
    let mut ran = [0; 5];
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
        if wants(LINEAR.has()) {
            run(case, LINEAR);
            ran[2] += 1;
        }
        if wants(BYBIT_SPOT.has()) {
            run(case, BYBIT_SPOT);
            ran[3] += 1;
        }
        if wants(Swap.has()) {
            run(case, Swap);
            ran[4] += 1;
        }
    }
    println!("cases of spot, USDⓈ-M, Bybit linear and spot, OKX: {ran:?} of {}", CASES.len());
    assert!(ran.iter().all(|ran| *ran >= 10), "{ran:?}");
}
