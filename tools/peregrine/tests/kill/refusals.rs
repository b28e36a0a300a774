//! Starts that are refused: one message each, exit code 1, and nothing is written over.

use crate::exchange::Exchange;
use crate::harness::{Ended, Folder, ctl};
use crate::trader::{Change, Trader, files};
use crate::wire::Wire;
use shm::journal::Directory;
use std::path::{Path, PathBuf};

/// It must have ended by itself with one message that says all of this.
pub fn check(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let is_message = |line: &&str| line.starts_with("peregrine: ");
    let messages: Vec<&str> = ended.err.lines().filter(is_message).collect();
    assert_eq!(messages.len(), 1, "one message: {}", ended.err);
    for word in words {
        assert!(messages[0].contains(word), "{word} in {}", ended.err);
    }
    assert!(!ended.err.contains("panicked at"), "{}", ended.err);
}

/// An engine with a journal that has traded and ended, and where it did.
fn traded(name: &str, changes: &[Change]) -> (Folder, Exchange, Wire, Trader) {
    let folder = Folder::new(name);
    let exchange = Exchange::start(&folder);
    let wire = Wire::to(exchange.address);
    let mut trader = Trader::new(&folder, &exchange, &wire, changes);
    trader.start();
    trader.until_quotes();
    (folder, exchange, wire, trader)
}

#[test]
fn a_second_engine_on_the_journal_is_refused() {
    let (folder, exchange, wire, mut first) = traded("journal-twice", &[]);
    let other = Folder::new("journal-twice-second");
    // Another key, so that it is not the account's lock that it meets.
    let key = format!("{:?}", exchange.key().with_file_name("demo-hmac.key"));
    let changes = [("venue.binance", "key_file", key.as_str())];
    let mut second = Trader::new(&other, &exchange, &wire, &changes);
    second.journal = first.journal.clone();
    second.start();
    let pid = first.process().id().to_string();
    let place = first.journal.to_str().unwrap().to_owned();
    check(&second.ended(), &["in use by process", &pid, &place]);
    ctl(&folder, &["stop"], 0);
    assert_eq!(first.ended().code, Some(0));
}

#[test]
fn a_second_engine_on_the_account_is_refused() {
    let (folder, exchange, wire, mut first) = traded("account-twice", &[]);
    let other = Folder::new("account-twice-second");
    let mut second = Trader::new(&other, &exchange, &wire, &[]);
    second.start();
    let pid = first.process().id().to_string();
    check(&second.ended(), &["this account", &pid]);
    first.until_quotes();
    ctl(&folder, &["stop"], 0);
    assert_eq!(first.ended().code, Some(0));
}

/// Segments of a journal, by the order of rows.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let places = Directory::open(folder).unwrap().segments;
    places.into_iter().map(|place| place.path).collect()
}

/// Changes one file with this, expects a refusal with these words, and takes the change back.
fn damaged(trader: &mut Trader, path: &Path, words: &[&str], damage: impl Fn(&mut Vec<u8>)) {
    let good = std::fs::read(path).unwrap();
    let mut bad = good.clone();
    damage(&mut bad);
    std::fs::write(path, bad).unwrap();
    let before = files(&trader.journal);
    trader.start();
    check(&trader.ended(), words);
    assert!(files(&trader.journal) == before, "something was written: {words:?}");
    std::fs::write(path, good).unwrap();
}

/// First byte of the row of this place in a segment.
const fn row(place: usize) -> usize {
    4096 + place * 64
}

#[test]
fn a_journal_that_is_not_whole_is_refused_with_the_place() {
    let small = [("journal", "rotate_s", "1")];
    let (folder, exchange, _wire, mut trader) = traded("damaged", &small);
    crate::harness::until("two segments", || (segments(&trader.journal).len() > 1).then_some(()));
    ctl(&folder, &["stop"], 0);
    assert_eq!(trader.ended().code, Some(0));

    let last = segments(&trader.journal).pop().unwrap();
    let seq = Directory::open(&trader.journal).unwrap().segments.pop().unwrap().seq;
    let name = last.file_name().unwrap().to_str().unwrap().to_owned();
    let (damage, byte) = (format!("row {}", seq + 1), format!("byte {}", row(1)));
    damaged(&mut trader, &last, &[&name, &damage, &byte], |bytes| bytes[row(1) + 20] ^= 0x10);
    damaged(&mut trader, &last, &[&name, &format!("row {seq}")], |bytes| {
        let (one, other) = (row(0)..row(1), row(1)..row(2));
        let first: Vec<u8> = bytes[one.clone()].into();
        bytes.copy_within(other.clone(), one.start);
        bytes[other].copy_from_slice(&first);
    });
    damaged(&mut trader, &last, &[&name, "header", "checksum"], |bytes| bytes[50] ^= 1);
    damaged(&mut trader, &last, &[&name, "no journal of Peregrine"], |bytes| {
        *bytes = b"my shopping list\n".repeat(1000);
    });
    damaged(&mut trader, &last, &[&name], Vec::clear);

    // Taken back, it is as good as ever.
    trader.start();
    trader.until_quotes();
    ctl(&folder, &["stop"], 0);
    assert_eq!(trader.ended().code, Some(0));
    assert_eq!(exchange.open(), 0);
}
