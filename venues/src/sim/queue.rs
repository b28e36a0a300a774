//! Where an own order stands in the queue at its price: models of what happened ahead of it.
//!
//! Notation, in lots: F is the quantity of others ahead, Q0 and Q1 what is displayed at the price
//! before and after a change, C what has traded there since the last change, B = Q0 - F what stands
//! behind. A trade takes q from F in every model. A level that shrinks by more than what traded,
//! d = Q0 - Q1 - C, shrank somewhere, and the models differ in where:
//!
//! - risk-averse: behind us, as long as there is room: F = min(F, Q1);
//! - by probability p that it was behind us: F = min(F - (1-p)d + min(B - pd, 0), Q1), with p by
//!   one of the functions of [`QueueModel`]; growth always goes behind;
//! - first in, first out by single orders: see [`super::lumps`].
//!
//! F is a float because p is one; it is never below 0, and with the risk-averse model always whole.

use super::lumps::Lumps;

/// How an order's place in the queue is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum QueueModel {
    /// What is cancelled was behind us.
    #[default]
    RiskAverse,
    /// p = f(B) / (f(B) + f(F)) with f(x) = x^n.
    Power(f64),
    /// p = f(B) / f(B + F) with f(x) = x^n.
    Power2(f64),
    /// p = 1 - (F / (F + B))^n.
    Power3(f64),
    /// p = f(B) / (f(B) + f(F)) with f(x) = ln(1 + x), x in units of the base asset.
    Log,
    /// p = f(B) / f(B + F) with f(x) = ln(1 + x), x in units of the base asset.
    Log2,
    /// What grew and shrank is followed as single orders.
    Fifo,
}

impl QueueModel {
    /// The models by the names that configurations use; those with an exponent have n = 2.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("risk-averse", Self::RiskAverse),
        ("power", Self::Power(2.0)),
        ("power2", Self::Power2(2.0)),
        ("power3", Self::Power3(2.0)),
        ("log", Self::Log),
        ("log2", Self::Log2),
        ("fifo", Self::Fifo),
    ];

    /// The same model with another exponent; models without one stay as they are.
    #[must_use]
    pub const fn with_exponent(self, n: f64) -> Self {
        match self {
            Self::Power(_) => Self::Power(n),
            Self::Power2(_) => Self::Power2(n),
            Self::Power3(_) => Self::Power3(n),
            other => other,
        }
    }

    /// Whether it has an exponent.
    pub const fn has_exponent(self) -> bool {
        matches!(self, Self::Power(_) | Self::Power2(_) | Self::Power3(_))
    }

    /// The probability that a decrease happened behind us, for F and B in units of the base asset;
    /// `None` for models that have none, and where the formula has no value.
    pub fn behind(self, front: f64, back: f64) -> Option<f64> {
        let log = |x: f64| libm::log(1.0 + x);
        let share = |f: &dyn Fn(f64) -> f64| f(back) / (f(back) + f(front));
        let of_all = |f: &dyn Fn(f64) -> f64| f(back) / f(back + front);
        let p = match self {
            Self::RiskAverse | Self::Fifo => return None,
            Self::Power(n) => share(&|x| libm::pow(x, n)),
            Self::Power2(n) => of_all(&|x| libm::pow(x, n)),
            Self::Power3(n) => 1.0 - libm::pow(front / (front + back), n),
            Self::Log => share(&log),
            Self::Log2 => of_all(&log),
        };
        if p.is_infinite() { Some(1.0) } else { Some(p).filter(|p| !p.is_nan()) }
    }
}

/// A model with the size of a lot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub model: QueueModel,
    /// One lot in units of the base asset.
    pub lot: f64,
}

/// An order's place. Quantities in lots.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// F; infinite while nothing is known of the price.
    pub ahead: f64,
    /// C.
    traded: f64,
    /// Q0; `None` while nothing is known of the price.
    seen: Option<i64>,
    lumps: Option<Box<Lumps>>,
}

impl Queue {
    /// The place of an order that arrives where this much is displayed.
    pub fn join(&self, displayed: Option<i64>) -> Place {
        let lumps = || Box::new(Lumps::joining(displayed.unwrap_or(0)));
        Place {
            ahead: displayed.map_or(f64::INFINITY, |lots| lots as f64),
            traded: 0.0,
            seen: displayed,
            lumps: (self.model == QueueModel::Fifo && displayed.is_some()).then(lumps),
        }
    }
}

impl Place {
    /// So many lots traded at the price, of which `own` went to own orders before this one.
    /// F may be below 0 then, by what has reached us: [`Place::reached`] settles it.
    pub fn trade(&mut self, lots: i64, own: i64) {
        self.ahead -= (lots - own).max(0) as f64;
        self.traded += lots as f64;
        if let Some(lumps) = &mut self.lumps {
            lumps.trade((lots - own).max(0));
        }
    }

    /// The lots that have come through to us since the last time; they are ours to take.
    pub fn reached(&mut self) -> i64 {
        if self.ahead >= 0.0 {
            return 0;
        }
        let lots = libm::round(-self.ahead) as i64;
        self.ahead = 0.0;
        lots
    }

    /// Nothing stands ahead any more: the price was traded through.
    pub fn first(&mut self) {
        self.ahead = 0.0;
        if let Some(lumps) = &mut self.lumps {
            lumps.first();
        }
    }

    /// Whether this is not what was displayed last.
    pub fn differs(&self, displayed: i64) -> bool {
        self.seen != Some(displayed)
    }

    /// The displayed quantity is now this. True when F had to be kept from going below 0.
    pub fn depth(&mut self, queue: &Queue, displayed: i64) -> bool {
        let (before, now) = (self.seen.replace(displayed), displayed as f64);
        let traded = core::mem::take(&mut self.traded);
        let Some(before) = before else {
            // The first that is known of the price: all of it may be ahead.
            self.ahead = self.ahead.min(now);
            if queue.model == QueueModel::Fifo {
                self.lumps = Some(Box::new(Lumps::joining(self.ahead as i64)));
            }
            return false;
        };
        if let Some(lumps) = &mut self.lumps {
            self.ahead = lumps.depth(before - displayed - traded as i64, displayed) as f64;
            return false;
        }
        let shrunk = before as f64 - now - traded;
        let back = before as f64 - self.ahead;
        let p = match shrunk < 0.0 {
            true => None,
            false => queue.model.behind(self.ahead * queue.lot, back * queue.lot),
        };
        let front = p
            .map_or(self.ahead, |p| self.ahead - (1.0 - p) * shrunk + (back - p * shrunk).min(0.0));
        self.ahead = front.max(0.0).min(now);
        front < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn queue(model: QueueModel) -> Queue {
        Queue { model, lot: 1.0 }
    }

    /// F = 10; the level goes from 10 to 14 and to 7; nothing trades.
    #[test]
    fn the_worked_examples_come_out() {
        let check = |model: QueueModel, p: f64, ahead: f64| {
            let queue = queue(model);
            let mut place = queue.join(Some(10));
            place.depth(&queue, 14);
            assert!((model.behind(10.0, 4.0).unwrap() - p).abs() < 5e-4, "{model:?}");
            place.depth(&queue, 7);
            assert!((place.ahead - ahead).abs() < 5e-3, "{model:?}: {}", place.ahead);
        };
        check(QueueModel::Log2, 0.594, 7.0);
        check(QueueModel::Power(2.0), 16.0 / 116.0, 3.97);
        check(QueueModel::Power3(3.0), 0.636, 7.0);
    }

    #[test]
    fn what_traded_is_not_taken_off_twice() {
        let queue = queue(QueueModel::Power(1.0));
        let mut place = queue.join(Some(10));
        place.trade(4, 0);
        assert_eq!(place.reached(), 0);
        place.depth(&queue, 6);
        assert!((place.ahead - 6.0).abs() < 1e-9);
        place.trade(7, 0);
        assert_eq!((place.reached(), place.ahead), (1, 0.0));
    }

    #[test]
    fn the_log_function_does_not_go_below_zero() {
        let queue = queue(QueueModel::Log);
        let mut place = queue.join(Some(1));
        place.depth(&queue, 100);
        assert!(place.depth(&queue, 10), "it went below 0 and was kept from it");
        assert_eq!(place.ahead, 0.0);
    }

    #[test]
    fn an_empty_level_has_no_probability() {
        for (_, model) in QueueModel::NAMES {
            let queue = queue(model);
            let mut place = queue.join(Some(0));
            place.depth(&queue, 0);
            assert_eq!(place.ahead, 0.0, "{model:?}");
        }
    }

    /// The formulas as they are written down, with nothing clever.
    fn naive(model: QueueModel, (f, q0, q1, c): (f64, f64, f64, f64)) -> f64 {
        let d = q0 - q1 - c;
        let b = q0 - f;
        if d < 0.0 || model == QueueModel::RiskAverse {
            return f.min(q1);
        }
        let p = match model {
            QueueModel::Power(n) => b.powf(n) / (b.powf(n) + f.powf(n)),
            QueueModel::Power2(n) => b.powf(n) / (b + f).powf(n),
            QueueModel::Power3(n) => 1.0 - (f / (f + b)).powf(n),
            QueueModel::Log => (1.0 + b).ln() / ((1.0 + b).ln() + (1.0 + f).ln()),
            _ => (1.0 + b).ln() / (1.0 + b + f).ln(),
        };
        if p.is_nan() {
            return f.min(q1);
        }
        (f - (1.0 - p) * d + (b - p * d).min(0.0)).max(0.0).min(q1)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn every_model_does_as_its_formula(
            start in 0..50_i64,
            steps in prop::collection::vec((0..60_i64, 0..8_i64), 1..40),
            model in 0..6_usize,
            n in 1..5_u8,
        ) {
            let model = QueueModel::NAMES[model].1.with_exponent(f64::from(n));
            let queue = queue(model);
            let mut place = queue.join(Some(start));
            let (mut f, mut q0) = (start as f64, start as f64);
            for (displayed, traded) in steps {
                place.trade(traded, 0);
                let reached = place.reached();
                prop_assert!(reached <= traded);
                f = (f - traded as f64).max(0.0);
                place.depth(&queue, displayed);
                f = naive(model, (f, q0, displayed as f64, traded as f64));
                q0 = displayed as f64;
                prop_assert!((place.ahead - f).abs() < 1e-6, "{model:?} {} {f}", place.ahead);
                prop_assert!(place.ahead >= 0.0 && place.ahead <= q0);
            }
        }
    }
}
