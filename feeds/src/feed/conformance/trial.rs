//! A venue with a book of its own, to which faults happen on the way: in the end the engine's book
//! is compared with it.
//!
//! | line | at the venue, and on the way |
//! |---|---|
//! | `change b5*2` | a change, told over every connection that follows the book |
//! | `lost b5*2`, `twice b5*2`, `garbled b5*2` | the same, but its frame does not arrive, … |
//! | `swapped b5*2 b5*3` | two changes of a level each, of which the second arrives first |
//! | `wrong b6*1` | a frame that says this, while the book stays as it was |
//! | `badsum b5*2` | a change whose frame has another book's checksum |
//! | `keep` | the book as it is now is the one that `stale` tells |
//! | `serve` | requests are granted, books that were asked for are told |
//! | `stale` | the same, but with the book that was kept, and what changed since |
//! | `limited 7` | a request over HTTP is refused; the next one is wanted in 7 s |
//! | `unasked` | nobody may have asked over HTTP since |
//! | `leave` | a connection is left because of what the feed found, and made anew |
//!
//! The other words are those of a [`Teller`].

use super::scribe::{Level, Scribe, side_text};
use super::stage::Stage;
use super::teller::{Teller, levels};
use engine::id::Side;
use std::collections::BTreeMap;

type Sides = [BTreeMap<i64, i64>; 2];

/// A venue, a feed, and an engine's book.
pub(super) struct Trial<S: Scribe> {
    pub stage: Stage<S>,
    teller: Teller,
    book: Sides,
    id: u64,
    kept: (u64, Vec<Level>),
    /// Frames of the changes since the book was kept.
    since: Vec<String>,
    /// Connections that are told of the book.
    follow: [bool; 2],
}

impl<S: Scribe> Trial<S> {
    /// A venue with a book, to which nobody is connected.
    pub fn new(scribe: S) -> Self {
        let mut trial = Self {
            stage: Stage::new(scribe),
            teller: Teller::new(),
            book: Sides::default(),
            id: 10,
            kept: (0, Vec::new()),
            since: Vec::new(),
            follow: [false; 2],
        };
        trial.set(&levels(&["b5*1", "b4*2", "s6*1", "s7*3"]));
        trial
    }

    /// Does what a line says.
    pub fn tell(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let streamed = self.stage.scribe.has().streamed;
        match word {
            "change" => self.change(&words, |text| vec![text.into()]),
            "lost" => self.change(&words, |_| Vec::new()),
            "twice" => self.change(&words, |text| vec![text.into(), text.into()]),
            "garbled" => self.change(&words, |text| vec![text[..text.len() / 2].into()]),
            "badsum" => {
                let with = |text: &str| text.replace(r#""checksum":0"#, r#""checksum":77"#);
                self.change(&words, |text| vec![with(text)]);
            }
            "swapped" => {
                let frames = [&words[..1], &words[1..]].map(|words| self.changed(words));
                frames.iter().rev().for_each(|text| self.arrives(text));
            }
            "wrong" => {
                self.id += 1;
                let text = self.stage.scribe.diff(self.id - 1, self.id, &levels(&words));
                self.arrives(&text);
            }
            "keep" => (self.kept, self.since) = ((self.id, self.levels()), Vec::new()),
            "serve" => self.serve((self.id, self.levels()), &[]),
            "stale" => self.serve(self.kept.clone(), &self.since.clone()),
            "limited" => {
                assert!(std::mem::take(&mut self.stage.requested), "nobody asked over HTTP");
                self.stage.answer(429, "{}", Some(rest.parse().unwrap()));
            }
            "unasked" => assert!(!self.stage.requested, "asked before the venue wants it"),
            "leave" => {
                self.stage.deaf.take().expect("no connection is to be left");
                ["down 0", "up 0"].iter().for_each(|line| self.tell(line));
            }
            "up" | "down" => {
                let number: usize = rest.parse().unwrap();
                self.follow[number] = word == "up" && !streamed;
                self.teller.tell(&mut self.stage, line);
            }
            "best" => {
                let best = format!("best {} 5*1 6*1", self.id);
                self.teller.tell(&mut self.stage, &best);
            }
            _ => self.teller.tell(&mut self.stage, line),
        }
    }

    fn set(&mut self, all: &[Level]) {
        for (side, price, qty) in all {
            match qty {
                0 => self.book[side.index()].remove(price),
                qty => self.book[side.index()].insert(*price, *qty),
            };
        }
    }

    fn levels(&self) -> Vec<Level> {
        let of = |side: Side| {
            self.book[side.index()].iter().map(move |(price, qty)| (side, *price, *qty))
        };
        Side::BOTH.into_iter().flat_map(of).collect()
    }

    /// A change at the venue, and the frame that tells of it.
    fn changed(&mut self, words: &[&str]) -> String {
        let all = levels(words);
        self.set(&all);
        self.id += 1;
        let text = self.stage.scribe.diff(self.id - 1, self.id, &all);
        self.since.push(text.clone());
        text
    }

    fn change(&mut self, words: &[&str], way: impl Fn(&str) -> Vec<String>) {
        let text = self.changed(words);
        way(&text).iter().for_each(|text| self.arrives(text));
    }

    fn arrives(&mut self, text: &str) {
        for by in (0..2).filter(|by| self.follow[*by]) {
            self.stage.frame(by, text);
        }
    }

    /// The venue does what it was asked, with a book of then, and what changed since.
    fn serve(&mut self, (id, all): (u64, Vec<Level>), since: &[String]) {
        let book = self.stage.scribe.book(id, &all);
        for (by, wanted) in self.stage.requests() {
            self.stage.scribe.grant(&wanted).iter().for_each(|text| self.stage.frame(by, text));
            if wanted.is_depth() {
                self.follow[by] = !wanted.leaves;
                let told = std::iter::once(&book).chain(since).filter(|_| !wanted.leaves);
                told.for_each(|text| self.stage.frame(by, text));
            }
        }
        if self.stage.requested {
            self.stage.reply(&book);
        }
    }

    /// Whether the engine's book is the venue's, by text: what it has, what it is to have.
    pub fn books(&mut self) -> (String, String) {
        self.stage.said();
        let (own, all) = (&self.stage.engine, self.levels());
        let sides = |all: &[Level]| Side::BOTH.map(|side| side_text(all, side, "")).join(" ");
        let stands = |side: Side| {
            let mut own: Vec<Level> =
                own.depth(side).levels().map(|(price, qty)| (side, price.0, qty.0)).collect();
            own.sort_unstable();
            own
        };
        let stands: Vec<Level> = Side::BOTH.into_iter().flat_map(stands).collect();
        let live = if own.is_live() { "whole" } else { "broken" };
        (
            format!("{live} {} {}", own.update_id(), sides(&stands)),
            format!("whole {} {}", self.id, sides(&all)),
        )
    }
}
