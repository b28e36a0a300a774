//! Fault by venue: whatever goes wrong, the engine's book is the venue's again in the end, and a
//! counter says what it was.

use super::cases::counter;
use super::scribe::{Has, Scribe};
use super::scribes::{BYBIT_SPOT, LINEAR, Spot, Swap, Usdm};
use super::trial::Trial;

/// A fault where it is like this: for whom, what happens, and what is counted; the first counter
/// is the one that names the fault.
struct Way {
    of: fn(Has) -> bool,
    lines: &'static str,
    counted: &'static [(&'static str, u64)],
}

/// A fault, by the ways that it takes in the protocols.
struct Fault {
    /// Head of its column.
    name: &'static str,
    long: &'static str,
    ways: &'static [Way],
}

/// One at least: of each topic, and venues have several.
const SOME: u64 = u64::MAX;

const fn all(_: Has) -> bool {
    true
}

/// Beginning of all but those that begin otherwise: in step.
const BEGIN: &str = "
    up 0
    serve
    best
    change b5*2
";

/// End of all of them: what changes now arrives.
const END: &str = "
    wait 1000
    serve
    change b5*8
    change s7*0 s8*2
";

/// All connections are lost for a while.
const CUT: &str = "
    wait 11000
    down 0
    lost b5*3
    up 0
    serve
";

const FAULTS: &[Fault] = &[
    Fault {
        name: "cut",
        long: "the connection is lost",
        ways: &[
            Way {
                of: |has| has.endpoints == 1,
                lines: CUT,
                counted: &[("reconnects", 1), ("snapshots", 2), ("gaps", 0)],
            },
            Way {
                of: |has| has.endpoints == 2,
                lines: CUT,
                counted: &[("reconnects", 2), ("snapshots", 2), ("gaps", 0)],
            },
        ],
    },
    Fault {
        name: "lost",
        long: "frames are lost",
        ways: &[Way {
            of: all,
            lines: "
                lost b5*3
                change s6*2
            ",
            counted: &[("gaps", 1), ("resyncs", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "twice",
        long: "frames come twice",
        ways: &[Way {
            of: all,
            lines: "
                twice b5*3
                twice b3*1
            ",
            counted: &[("old_diffs", 2), ("gaps", 0), ("snapshots", 1)],
        }],
    },
    Fault {
        name: "order",
        long: "frames overtake each other",
        ways: &[Way {
            of: all,
            lines: "swapped b5*3 b5*4",
            counted: &[("gaps", 1), ("resyncs", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "stale",
        long: "a snapshot is older than the book",
        ways: &[
            Way {
                of: |has| !has.streamed,
                lines: "
                    keep
                    lost b5*3
                    lost b5*4
                    change s6*2
                    wait 1000
                    stale
                ",
                counted: &[("old_snapshots", 1), ("gaps", 1), ("snapshots", 2)],
            },
            // Over its own connection a book comes in its order; over another one it may be late.
            Way {
                of: |has| has.streamed,
                lines: "
                    keep
                    change b5*3
                    change b5*4
                    up 1
                    stale
                    change s6*2
                ",
                counted: &[("late_arrivals", 3), ("gaps", 0), ("snapshots", 1), ("restarts", 0)],
            },
        ],
    },
    Fault {
        name: "sum",
        long: "the checksum is another one",
        ways: &[Way {
            of: |has| has.checksum,
            lines: "badsum b5*3",
            counted: &[("checksum_errors", 1), ("resyncs", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "crossed",
        long: "the book is crossed",
        ways: &[
            Way {
                of: |has| has.window,
                lines: "wrong b6*1",
                counted: &[("crossed", 1), ("resyncs", 1), ("snapshots", 2)],
            },
            // The engine has the whole book, and wants it anew when it stays crossed.
            Way {
                of: |has| !has.window,
                lines: "
                    wrong b6*1
                    change b4*1
                ",
                counted: &[("resyncs", 1), ("gaps", 0), ("snapshots", 2)],
            },
        ],
    },
    Fault {
        name: "garbled",
        long: "a frame is cut off",
        ways: &[Way {
            of: all,
            lines: "
                garbled b5*3
                change s6*2
            ",
            counted: &[("decode_errors", 1), ("gaps", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "silent",
        long: "a topic falls silent",
        ways: &[Way {
            of: all,
            lines: "
                wait 90000
                best
                change b5*3
            ",
            counted: &[("stale_stream", 1), ("resyncs", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "mute",
        long: "a topic never says anything",
        ways: &[
            Way {
                of: |has| has.requests,
                lines: "
                    down 0
                    wait 30000
                    up 0
                    grant
                    wait 20000
                ",
                counted: &[("silent_topics", SOME), ("snapshots", 2)],
            },
            // Only another connection can ask for it again.
            Way {
                of: |has| !has.requests && has.perpetual,
                lines: "
                    down 0
                    wait 30000
                    up 0
                    wait 20000
                    leave
                ",
                counted: &[("silent_topics", SOME), ("snapshots", 2)],
            },
            // Any stream may rest, but not for ever.
            Way {
                of: |has| !has.requests && !has.perpetual,
                lines: "
                    down 0
                    wait 30000
                    up 0
                    serve
                    wait 30000
                    best
                    change b5*3
                ",
                counted: &[("stale_stream", 1), ("snapshots", 3)],
            },
        ],
    },
    Fault {
        name: "refused",
        long: "a subscription is refused",
        ways: &[Way {
            of: |has| has.requests,
            lines: "
                down 0
                wait 30000
                up 0
                refuse
            ",
            counted: &[("subscriptions_refused", 1), ("snapshots", 2)],
        }],
    },
    Fault {
        name: "429",
        long: "a request for a snapshot meets HTTP 429",
        ways: &[
            Way {
                of: |has| !has.streamed,
                lines: "
                    lost b5*3
                    change s6*2
                    wait 1000
                    limited 7
                    wait 6000
                    unasked
                ",
                counted: &[("snapshot_errors", 1), ("gaps", 1), ("snapshots", 2)],
            },
            // Asked for over HTTP after two subscriptions that brought no book.
            Way {
                of: |has| has.life,
                lines: "
                    lost b5*3
                    change s6*2
                    wait 1000
                    grant
                    wait 10000
                    wait 1000
                    grant
                    wait 10000
                    wait 2000
                    limited 7
                    wait 6000
                    unasked
                ",
                counted: &[("snapshot_errors", 3), ("gaps", 1), ("snapshots", 2)],
            },
        ],
    },
    Fault {
        name: "notice",
        long: "the venue says that it closes the connection",
        ways: &[Way {
            of: |has| has.notice,
            lines: "
                notice
                up 1
                serve
                change b5*3
                down 0
                change b5*4
            ",
            counted: &[("shutdowns", 1), ("gaps", 0), ("snapshots", 1)],
        }],
    },
];

/// What a fault leads to at a venue; the book is right in the end, and the counters say so.
fn cell<S: Scribe>(scribe: S, way: &Way) -> Result<(), String> {
    let mut trial = Trial::new(scribe);
    let lines = [BEGIN, way.lines, END].into_iter().flat_map(str::lines).map(str::trim);
    lines.filter(|line| !line.is_empty()).for_each(|line| trial.tell(line));
    let (own, venues) = trial.books();
    let counters = trial.stage.books.counted();
    if own != venues {
        return Err(format!("the engine has {own}, the venue {venues}: {counters:?}"));
    }
    let wrong = |(name, count): &&(&str, u64)| match counter(&counters, name) {
        counted if *count == SOME => counted == 0,
        counted => counted != *count,
    };
    match way.counted.iter().find(wrong) {
        Some((name, count)) => Err(format!("{name} is not {count}: {counters:?}")),
        None => Ok(()),
    }
}

/// What becomes of each fault at a venue; `-` where its protocol has no such thing.
fn row<S: Scribe>(venue: &str, scribe: impl Fn() -> S) -> String {
    let mut cells = vec![format!("{venue:<14}")];
    for fault in FAULTS {
        let way = fault.ways.iter().find(|way| (way.of)(scribe().has()));
        let shown = match way.map(|way| cell(scribe(), way)) {
            Some(Ok(())) => "ok",
            Some(Err(why)) => {
                println!("{venue}, {}: {why}", fault.name);
                "WRONG"
            }
            None => "-",
        };
        cells.push(format!("{shown:<width$}", width = fault.name.len()));
    }
    cells.join(" ").trim_end().to_string()
}

/// All of them.
const TABLE: &str = "
               cut lost twice order stale sum crossed garbled silent mute refused 429 notice
Binance Spot   ok  ok   ok    ok    ok    -   ok      ok      ok     ok   -       ok  ok
Binance USDⓈ-M ok  ok   ok    ok    ok    -   ok      ok      ok     ok   -       ok  ok
Bybit spot     ok  ok   ok    ok    ok    -   ok      ok      ok     ok   ok      -   -
Bybit linear   ok  ok   ok    ok    ok    -   ok      ok      ok     ok   ok      -   -
OKX swap       ok  ok   ok    ok    ok    ok  ok      ok      ok     ok   ok      ok  ok
";

#[test]
fn every_fault_of_every_venue_is_named_and_mended() {
    let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    let table = [
        format!("{:<14} {}", "", names.join(" ")),
        row("Binance Spot", || Spot),
        row("Binance USDⓈ-M", || Usdm),
        row("Bybit spot", || BYBIT_SPOT),
        row("Bybit linear", || LINEAR),
        row("OKX swap", || Swap),
    ];
    let table = table.join("\n");
    println!("{table}\n");
    for fault in FAULTS {
        let mut named: Vec<&str> = fault.ways.iter().map(|way| way.counted[0].0).collect();
        named.dedup();
        println!("{}: {} ({})", fault.name, fault.long, named.join(", or "));
    }
    assert_eq!(table, TABLE.trim_matches('\n'));
}
