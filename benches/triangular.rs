//! Triangular arbitrage over thirty instruments: what a best price costs that moves, from the row
//! to the strategy's decision that no cycle pays. Beside it what the books take of that, and cycles
//! of up to four.

use benches::stage::{Bar, Contestant, Stage};
use peregrine::bench::triangular::{Search, Shape};
use peregrine::bench::work::{Unfit, Work as _};

const NS_MAX: f64 = 1_000.0;

fn main() -> Result<(), Unfit> {
    let mut stage = Stage::new("triangular");
    for (title, shape, length, bar) in [
        ("30 instruments, as listed", Shape::Listed, 3.0, Bar::NsMax(NS_MAX)),
        ("30 instruments, densest", Shape::Dense, 3.0, Bar::NsMax(NS_MAX)),
        ("30 instruments, densest, cycles of four too", Shape::Dense, 4.0, Bar::None),
    ] {
        let mut search = Search::new(shape, length, true)?;
        let mut books = Search::new(shape, length, false)?;
        println!("triangular/{title}: {} cycles", search.cycles());
        let ticks = search.run();
        let all = vec![
            Contestant::new("ours", move || {
                search.run();
            }),
            Contestant::new("the books alone", move || {
                books.run();
            }),
        ];
        stage.duel(title, bar, ticks, all);
    }
    stage.finish();
    Ok(())
}
