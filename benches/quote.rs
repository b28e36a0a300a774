//! What a tick costs between book and gate: Avellaneda–Stoikov's quotes from its cached terms, and
//! the comparison of a plan with the orders that stand. The rival of the quote evaluates the
//! paper's formulas on each tick, as it is written down.

use benches::corpus;
use benches::stage::{Bar, Contestant, Stage};
use engine::num::Amount;
use peregrine::bench::desk::{Quotes, Unchanged, parameters, walk};
use peregrine::bench::work::{Unfit, Work};
use std::hint::black_box;
use strategies::optimal::quoter::{Model, Quoter};
use strategies::scale::Scale;

fn quotes(stage: &mut Stage) -> Result<(), Unfit> {
    let mut work = Quotes::new()?;
    let ops = work.run();
    let ours = || {
        work.run();
    };
    let ticks = walk();
    let model = Model { sigma: 1.0, left_s: 60.0, kappa: [0.5; 2], rate: [1.0; 2], mid: 0 };
    let mut quoter = Quoter::new(parameters(), Scale::of(&corpus::spot()));
    quoter.set_position(Amount(0));
    let theirs = || {
        for (bid, ask) in &ticks {
            quoter.set_model(Some(black_box(Model { mid: bid.0 + ask.0, ..model })));
            quoter.quote(*bid, *ask, |side, price, qty| {
                black_box((side, price, qty));
            });
        }
    };
    let all = vec![Contestant::new("ours", ours), Contestant::new("formulas each tick", theirs)];
    stage.duel("avellaneda-stoikov, cached", Bar::NsMax(10.0), ops, all);
    Ok(())
}

fn unchanged(stage: &mut Stage) {
    let mut work = Unchanged::new();
    let ops = work.run();
    let ours = || {
        work.run();
    };
    let all = vec![Contestant::new("ours", ours)];
    stage.duel("reconcile 2×5 levels, unchanged", Bar::NsMax(30.0), ops, all);
}

fn main() -> Result<(), Unfit> {
    let mut stage = Stage::new("quote");
    quotes(&mut stage)?;
    unchanged(&mut stage);
    stage.finish();
    Ok(())
}
