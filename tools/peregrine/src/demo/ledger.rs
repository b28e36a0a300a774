//! Does the exchange's own ledger agree with ours, to the last unit?
//!
//! Ours is the start plus our own fills; theirs is what the exchange wrote down for itself. Each
//! venue is compared by itself.

use engine::asset::Assets;
use engine::engine::Engine;
use engine::id::{AssetId, VenueId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, parse_decimal};
use engine::position::Position;
use engine::strategy::Strategy;
use serde_json::Value;

/// One difference, in words.
pub type Difference = String;

/// Compares balances, fees, number of fills, positions, funding and open orders of one venue; empty
/// when they agree.
pub fn compare<S: Strategy>(
    engine: &Engine<S>,
    (venue, assets): (VenueId, &Assets),
    theirs: &Value,
) -> Vec<Difference> {
    let mut books = Books { engine, venue, assets, theirs, untold: Vec::new(), out: Vec::new() };
    books.late_payments();
    books.balances();
    books.fees();
    books.fills();
    books.positions();
    books.open_orders();
    books.out
}

fn amount(value: &Value) -> Option<Amount> {
    parse_decimal(value.as_str()?.as_bytes(), AMOUNT_DECIMALS).ok().map(Amount)
}

fn shown(amount: Amount) -> Decimal {
    Decimal { value: amount.0, decimals: AMOUNT_DECIMALS }
}

/// Both books of a venue, and what differs so far.
struct Books<'a, S: Strategy> {
    engine: &'a Engine<S>,
    venue: VenueId,
    assets: &'a Assets,
    theirs: &'a Value,
    /// Funding that was paid when nobody listened any more, by instrument.
    untold: Vec<(Instrument, Amount)>,
    out: Vec<Difference>,
}

/// What is paid so short before the end may not have been told.
const END_MS: u64 = 2_000;

impl<'a, S: Strategy> Books<'a, S> {
    /// The instruments that we know at this venue.
    fn instruments(&self) -> Vec<Instrument> {
        let all = self.engine.market.listings().iter().map(|listing| listing.instrument);
        all.filter(|one| one.venue == self.venue).collect()
    }

    /// Sum over all desks of a number of their position in an instrument.
    fn ours(&self, instrument: &Instrument, pick: impl Fn(&Position) -> i64) -> Amount {
        let place = instrument.id.index();
        Amount(self.engine.desks.iter().map(|desk| pick(&desk.positions[place])).sum())
    }

    fn list(&self, name: &str) -> &'a [Value] {
        self.theirs[name].as_array().map_or(&[], Vec::as_slice)
    }

    /// Those entries of a list that are about an instrument. Spot and perpetual may share a name.
    fn about(&self, name: &str, spec: &Instrument) -> impl Iterator<Item = &'a Value> + use<'a, S> {
        let (symbol, kind) = (spec.symbol, spec.kind);
        self.list(name).iter().filter(move |entry| {
            let fits = match entry["product"].as_str() {
                Some(product) => (product == "spot") == (kind == Kind::Spot),
                None => kind != Kind::Spot,
            };
            fits && entry["symbol"] == symbol.as_str()
        })
    }

    fn check(&mut self, what: &str, ours: Amount, theirs: Option<Amount>) {
        match theirs {
            None => self.out.push(format!("{what}: the exchange's ledger is not readable")),
            Some(theirs) if theirs != ours => {
                let (ours, theirs) = (shown(ours), shown(theirs));
                self.out.push(format!("{what}: ours {ours}, theirs {theirs}"));
            }
            Some(_) => {}
        }
    }

    /// A session that has ended is not told of funding: what was paid at the very end, and is all
    /// that is missing in ours, is not counted in theirs.
    fn late_payments(&mut self) {
        let end_ms = self.engine.now().as_ms().saturating_sub(END_MS);
        for spec in self.instruments().into_iter().filter(|one| one.kind == Kind::Linear) {
            let (mut all, mut late) = (0, 0);
            for entry in self.about("funding", &spec) {
                let paid = amount(&entry["amount"]).unwrap_or_default().0;
                all += paid;
                late += if entry["time"].as_u64() > Some(end_ms) { paid } else { 0 };
            }
            let ours = self.ours(&spec, |position| position.funding.0).0;
            if ours != all && ours == all - late {
                self.untold.push((spec, Amount(late)));
            }
        }
    }

    /// Of what was paid too late, that for which `is` holds.
    fn late(&self, is: impl Fn(&Instrument) -> bool) -> i64 {
        self.untold.iter().filter(|(spec, _)| is(spec)).map(|(_, paid)| paid.0).sum()
    }

    fn balances(&mut self) {
        if self.theirs["balances"].as_array().is_none() {
            self.out.push("the exchange's ledger has no balances".into());
        }
        for entry in self.list("balances") {
            let name = entry["asset"].as_str().unwrap_or("?");
            let (start, total) = (amount(&entry["start"]), amount(&entry["total"]));
            let known = Symbol::new(name).and_then(|name| self.assets.id(name.as_bytes()));
            let Some(id) = known else {
                if start != total {
                    self.out.push(format!("{name}: moved at the exchange, unknown to us"));
                }
                continue;
            };
            let ours = self.engine.account(self.venue).balance(id);
            self.check(&format!("{name} start"), ours.start, start);
            let late = self.late(|spec| spec.quote == id);
            let total = total.map(|total| Amount(total.0 - late));
            self.check(&format!("{name} total"), ours.total, total);
        }
    }

    fn fees(&mut self) {
        for place in 0..self.assets.len() {
            let id = AssetId(place as u16);
            let Some(name) = self.assets.name(id) else { continue };
            let entry = self.list("fees").iter().find(|fee| fee["asset"] == name.as_str());
            let told = entry.map_or(Some(Amount(0)), |entry| amount(&entry["amount"]));
            let ours = self.engine.account(self.venue).balance(id).fees;
            self.check(&format!("{name} fees"), ours, told);
        }
    }

    fn fills(&mut self) {
        let count = |one: &Instrument| {
            self.ours(one, |position| (position.fills[0] + position.fills[1]) as i64).0
        };
        let ours: i64 = self.instruments().iter().map(count).sum();
        let theirs = self.list("trades").len();
        if ours != theirs as i64 {
            self.out.push(format!("fills: ours {ours}, theirs {theirs}"));
        }
    }

    /// What the trades of spot add up to less fees in kind; of perpetuals what the exchange holds
    /// for us, and the funding that it paid.
    fn positions(&mut self) {
        for spec in self.instruments() {
            let ours = self.ours(&spec, |position| position.base.0);
            let name = format!("{} position", spec.symbol);
            if spec.kind == Kind::Spot {
                let theirs = self.bought(&spec);
                self.check(&name, ours, theirs);
                continue;
            }
            let sum = |list: &str, key: &str| {
                let mut all = self.about(list, &spec).map(|entry| amount(&entry[key]));
                all.try_fold(Amount(0), |sum, one| Some(Amount(sum.0 + one?.0)))
            };
            let (held, funded) = (sum("positions", "qty"), sum("funding", "amount"));
            let account = self.engine.account(self.venue).holding(spec.id).position.base;
            self.check(&name, ours, held);
            self.check(&format!("{} position of the account", spec.symbol), account, held);
            let funding = self.ours(&spec, |position| position.funding.0);
            let late = self.late(|one| one.id == spec.id);
            let funded = funded.map(|funded| Amount(funded.0 - late));
            self.check(&format!("{} funding", spec.symbol), funding, funded);
        }
    }

    fn bought(&self, spec: &Instrument) -> Option<Amount> {
        let base = self.assets.name(spec.base)?;
        self.about("trades", spec).try_fold(Amount(0), |sum, trade| {
            let (qty, fee) = (amount(&trade["qty"])?, amount(&trade["commission"])?);
            let signed = if trade["isBuyer"].as_bool()? { qty.0 } else { -qty.0 };
            let in_kind = trade["commissionAsset"] == base.as_str();
            Some(Amount(sum.0 + signed - if in_kind { fee.0 } else { 0 }))
        })
    }

    fn open_orders(&mut self) {
        let own: Vec<_> = self.instruments().iter().map(|one| one.id).collect();
        let desks = self.engine.desks.iter();
        let live = desks.flat_map(|desk| desk.orders.live());
        let ours = live.filter(|order| own.contains(&order.instrument)).count();
        let theirs = self.list("openOrders").len();
        if ours != theirs {
            self.out.push(format!("open orders: ours {ours}, theirs {theirs}"));
        }
    }
}
