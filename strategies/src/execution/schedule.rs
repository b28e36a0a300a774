//! How much must be done by now and how much may be, by each algorithm.

use super::{Algorithm, Parameters};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Time since the beginning, seconds.
    pub elapsed_s: f64,
    /// Base units traded by anybody since.
    pub volume: f64,
    /// Base units done.
    pub done: f64,
}

/// What is due, base units since the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// To be taken where it is not done.
    pub must: f64,
    /// To be quoted beyond that.
    pub may: f64,
    /// Whether time is up and the rest is given up.
    pub is_over: bool,
}

/// By the parameters, the clock, and the volume expected from one second of the order to another.
pub fn due(p: &Parameters, clock: &Clock, volume: impl Fn(f64, f64) -> f64) -> Due {
    if clock.elapsed_s >= p.duration_s {
        return Due { must: p.qty, may: p.qty, is_over: !p.take_rest };
    }
    let slice_s = p.duration_s / f64::from(p.slices);
    let slice = libm::floor(clock.elapsed_s / slice_s);
    let part = |slices: f64| {
        let slices = slices.min(f64::from(p.slices));
        match p.algorithm {
            Algorithm::Vwap => {
                let all = volume(0.0, p.duration_s);
                if all > 0.0 { p.qty * volume(0.0, slices * slice_s) / all } else { 0.0 }
            }
            _ => p.qty * slices / f64::from(p.slices),
        }
    };
    let (must, may) = match p.algorithm {
        Algorithm::Twap | Algorithm::Vwap => (part(slice), part(slice + 1.0)),
        Algorithm::Pov => {
            let may = p.participation * clock.volume;
            // What trades beside a quote need not trade with it: it is taken a slice later.
            (may - p.qty / f64::from(p.slices), may)
        }
        Algorithm::Iceberg => (0.0, clock.done + p.display_qty),
        Algorithm::Chaser => (0.0, p.qty),
    };
    let quotes = p.passive || matches!(p.algorithm, Algorithm::Iceberg | Algorithm::Chaser);
    Due { must: if quotes { must } else { may }, may, is_over: false }
}
