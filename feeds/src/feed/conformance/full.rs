//! What happens while the engine does not read its ring and it is full: all waits, in its order.

use super::cases::play;
use super::scribe::Scribe;
use super::scribes::{LINEAR, Spot, Swap, Usdm};
use super::stage::Stage;

/// Rows in the ring.
const ROWS: usize = 8;

/// In step; then nobody reads and the ring fills up.
const FULL: &str = "
    wait 11000
    stall
    trade 1 5*1 buy 2 5*1 buy 3 5*1 buy 4 5*1 buy
    trade 5 5*1 buy 6 5*1 buy 7 5*1 buy 8 5*1 buy
";

/// A script behind a full ring. Of what comes out, trades are left out, and asking for a book.
fn check<S: Scribe>(scribe: S, lines: &str, expect: &str) {
    let mut stage = Stage::with_ring(scribe, ROWS);
    let (full, end) = (format!("{FULL}{lines}"), "read");
    play("a full ring", &mut stage, &full);
    super::teller::Teller::new().tell(&mut stage, end);
    stage.turn();
    stage.keep(|line| !line.starts_with("trade") && line != "ask book");
    assert_eq!(stage.said().join("; "), expect);
}

/// A link that was lost meanwhile blanks all books: the one after it must not come before.
#[test]
fn a_book_never_overtakes_the_loss_of_its_link() {
    let expect = "link Down; link Up; gap Reconnect; book 30 b5*1 s6*1";
    let lines = "
        down 0
        up 0            -> ask book
        grant
        book 30 b5*1 s6*1
    ";
    check(Spot, lines, expect);
    check(Usdm, lines, expect);
    check(LINEAR, lines, expect);
    check(Swap, lines, expect);
}

/// A connection that breaks off before its book found room: the book is wanted anew, it does not
/// come out to stand still.
#[test]
fn a_book_that_waits_is_broken_like_any_other() {
    let lines = "
        down 0
        up 0            -> ask book
        grant
        book 30 b5*1 s6*1
        diff 33 b5*9
        wait 1000       -> ask book
        grant
        book 40 b5*2 s6*1
        diff 41 b5*3
    ";
    let expect = "link Down; link Up; gap Reconnect; book 40 b5*2 s6*1; diff 41 b5*3";
    check(Swap, lines, expect);
}
