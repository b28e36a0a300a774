//! One order through the risk gate, approved and refused. No rival: the bar is a time.

use benches::stage::{Bar, Contestant, Stage};
use peregrine::bench::desk::Check;
use peregrine::bench::work::Work as _;

const NS_MAX: f64 = 20.0;

fn main() {
    let mut stage = Stage::new("risk");
    for (title, quoting) in [("approved", true), ("refused", false)] {
        let mut check = Check::new(quoting);
        let orders = check.run();
        let run = || {
            check.run();
        };
        stage.duel(title, Bar::NsMax(NS_MAX), orders, vec![Contestant::new("ours", run)]);
    }
    stage.finish();
}
