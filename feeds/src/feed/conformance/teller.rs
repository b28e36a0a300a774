//! The words that scripts are made of.
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
//! | `time 7` | the venue's time of what follows, ms |
//! | `stall`, `read` | the engine stops to read its ring, or goes on |
//! | `on 1` | what follows comes over this connection |
//! | `notice`, `answers`, `strangers` | frames that are about no market |

use super::scribe::{Level, Scribe};
use super::stage::Stage;
use engine::id::Side;

/// Does at the venue what lines say.
pub(super) struct Teller {
    on: usize,
    /// The id that each connection told last.
    at: [u64; 2],
    /// The venue's time; 0 for what its scribe says.
    time: u64,
    last: String,
}

/// A frame of a book with this time of the venue, ms.
pub(super) fn stamped(text: &str, time: u64) -> String {
    let text = text.replace(r#""cts":1}"#, &format!(r#""cts":{time}}}"#));
    text.replace(r#""ts":"1""#, &format!(r#""ts":"{time}""#))
}

impl Teller {
    pub fn new() -> Self {
        Self { on: 0, at: [0; 2], time: 0, last: String::new() }
    }

    fn frame<S: Scribe>(&mut self, stage: &mut Stage<S>, mut text: String) {
        if self.time != 0 {
            text = stamped(&text, self.time);
        }
        stage.frame(self.on, &text);
        self.last = text;
    }

    pub fn tell<S: Scribe>(&mut self, stage: &mut Stage<S>, line: &str) {
        let words = Words(line.split_whitespace().collect());
        match words.0[0] {
            "up" => stage.joins(words.number(1) as usize),
            "down" => stage.leaves(words.number(1) as usize),
            "on" => self.on = words.number(1) as usize,
            "grant" => stage.grant(),
            "refuse" => stage.refuse(),
            "wait" => stage.wait(words.number(1)),
            "time" => self.time = words.number(1),
            "stall" => stage.stalled = true,
            "read" => {
                stage.stalled = false;
                stage.turn();
            }
            "notice" => self.frames(stage, |scribe| vec![scribe.notice()]),
            "answers" => self.frames(stage, Scribe::answers),
            "strangers" => self.frames(stage, Scribe::strangers),
            "repeat" => {
                let text = self.last.clone();
                self.frame(stage, text);
            }
            "best" | "trade" | "mark" | "funding" | "liquidation" => self.tell_price(stage, &words),
            _ => self.tell_book(stage, &words),
        }
    }

    /// What happens to a book.
    fn tell_book<S: Scribe>(&mut self, stage: &mut Stage<S>, words: &Words<'_>) {
        match words.0[0] {
            "book" => {
                let text = stage.scribe.book(words.number(1), &levels(&words.0[2..]));
                self.at[self.on] = words.number(1);
                if stage.scribe.has().streamed {
                    self.frame(stage, text);
                } else {
                    assert!(stage.requested, "nobody asked for a book");
                    stage.reply(&text);
                }
            }
            "reply" => {
                assert!(stage.requested, "nobody asked over HTTP");
                let text = stage.scribe.book(words.number(1), &levels(&words.0[2..]));
                stage.reply(&text);
            }
            "diff" | "old" => {
                let id = words.number(1);
                let text = stage.scribe.diff(id - 1, id, &levels(&words.0[2..]));
                self.at[self.on] = id;
                self.frame(stage, text);
            }
            "restart" | "anew" => {
                let first = 1 + usize::from(words.0[0] == "anew");
                let (before, id) = (self.at[self.on], words.number(first));
                let whole = levels(&words.0[first + 1..]);
                let text = stage.scribe.restart(before, id, &whole[..1], &whole);
                self.at[self.on] = id;
                self.frame(stage, text);
            }
            "life" => {
                let at = self.at[self.on];
                let text = stage.scribe.diff(at, at, &[]);
                self.frame(stage, text);
            }
            other => panic!("{other}?"),
        }
    }

    /// Prices and trades.
    fn tell_price<S: Scribe>(&mut self, stage: &mut Stage<S>, words: &Words<'_>) {
        let number = |place| words.number(place);
        match words.0[0] {
            "best" => {
                let text = stage.scribe.best(number(1), [words.level(2), words.level(3)]);
                self.frame(stage, text);
            }
            "trade" => {
                let one = |at: usize| {
                    let (price, qty) = words.level(at + 1);
                    (number(at), price, qty, words.side(at + 2))
                };
                let all: Vec<_> = (1..words.0.len()).step_by(3).map(one).collect();
                self.frames(stage, |scribe| scribe.trades(&all));
            }
            "mark" => self.frames(stage, |scribe| scribe.mark(number(1), words.0[2], words.0[3])),
            // Some tell the mark price with it.
            "funding" => {
                self.frames(stage, |scribe| scribe.funding(number(1), words.0[2], number(3)));
                stage.keep(|line| !line.starts_with("mark"));
            }
            _ => {
                let ((price, qty), side) = (words.level(2), words.side(3));
                self.frames(stage, |scribe| scribe.liquidation(number(1), price, qty, side));
            }
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

/// The words of a line.
struct Words<'a>(Vec<&'a str>);

impl Words<'_> {
    fn number(&self, place: usize) -> u64 {
        self.0[place].parse().unwrap()
    }

    /// `5*2`: price and quantity.
    fn level(&self, place: usize) -> (i64, i64) {
        let (price, qty) = self.0[place].split_once('*').unwrap();
        (price.parse().unwrap(), qty.parse().unwrap())
    }

    fn side(&self, place: usize) -> Side {
        if self.0[place] == "buy" { Side::Buy } else { Side::Sell }
    }
}
