//! What a backtest is warned of: clocks that disagree, and why nothing was traded.

use super::market::Markets;
use crate::exit::Failure;
use engine::book::BookState;
use engine::engine::Engine;
use engine::id::VenueId;
use engine::risk::Refusal;
use research::backtest::Came;
use strategies::any::Any;

/// A share of rows that were received before they happened, from which on it is worth a word.
const EARLY: f64 = 0.01;

/// Of tapes whose two clocks differ.
pub(super) fn early(markets: &Markets) -> Result<Vec<String>, Failure> {
    let tapes = markets.early()?.into_iter().filter(|(_, share)| *share > EARLY);
    let text = tapes.map(|(path, share)| {
        format!(
            "{:.0} % of the first rows of {} were received before they happened: the two clocks \
             differ, and orders meet a market that we had seen before; import it with --clock \
             shift",
            share * 100.0,
            path.display()
        )
    });
    Ok(text.collect())
}

/// Of a run that sent no order.
pub(super) fn idle(engine: &Engine<Any>, came: &Came, markets: &Markets) -> Option<String> {
    (came.sent == 0).then(|| format!("no order was sent: {}", why_idle(engine, markets)))
}

fn why_idle(engine: &Engine<Any>, markets: &Markets) -> String {
    let blank = |place: &usize| {
        let listing = engine.market.listings().get(*place);
        listing.is_some_and(|listing| listing.book.state() == BookState::Blank)
    };
    if let Some(place) = (0..engine.market.listings().len()).find(blank) {
        return format!(
            "{} has no book: best prices and trades alone do not say what stands; its data need \
             depth that begins with a whole book",
            markets.name(place)
        );
    }
    let refusals = Refusal::ALL.iter().map(|(why, name)| {
        let of_all = engine.desks.iter().map(|desk| desk.gate.refusals()[why.index()]);
        (of_all.sum::<u64>(), *name)
    });
    if let Some((count, name)) = refusals.max().filter(|(count, _)| *count > 0) {
        return format!("the risk gate refused all, most often ({count} times) by {name}");
    }
    let venues = engine.market.listings().iter().map(|one| one.instrument.venue.0).max();
    let holds =
        |venue: u8| engine.account(VenueId(venue)).balances().any(|(_, one)| one.total.0 > 0);
    if !(0..=venues.unwrap_or(0)).any(holds) {
        return "the accounts hold nothing; [paper.balances] says what they begin with".to_owned();
    }
    "the strategy wanted none, or less than the smallest lot".to_owned()
}
