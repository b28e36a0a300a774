//! Pictures over time: equity, drawdown, inventory, price with fills, and a close look at quotes.

use super::drawing::{Drawing, Place};
use super::frame::{
    AMBER, Area, Axis, BLUE, Chart, Clock, Fault, GREEN, GREY, RED, Sign, chart, corners, digits,
    fault, inside, legend, number, picture, range,
};
use super::thin::Point;
use crate::run::Look;
use engine::id::Side;
use plotters::prelude::*;

const HIGH: u32 = 620;

/// What a curve is drawn over: the time of all looks.
fn clock(drawing: &Drawing) -> Clock {
    let span = drawing.measures.span().map_or((0, 1), |(first, last)| (first.0, last.0));
    Clock::new(span, drawing.utc_ns(span.0))
}

fn line<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    points: Vec<(f64, f64)>,
    colour: RGBColor,
) -> Result<(), Fault> {
    let series = LineSeries::new(points, colour.stroke_width(3));
    chart.draw_series(series).map(|_| ()).map_err(fault)
}

/// Values as steps: each stands until the next one.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut steps = Vec::with_capacity(points.len() * 2);
    for (place, point) in points.iter().enumerate() {
        if let Some(before) = place.checked_sub(1).and_then(|place| points.get(place)) {
            steps.push((point.0, before.1));
        }
        steps.push(*point);
    }
    steps
}

fn placed(clock: &Clock, points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().map(|(at, value)| (clock.at(*at), *value)).collect()
}

/// The surface between a curve and a height.
fn surface<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    points: &[(f64, f64)],
    (to, colour): (f64, RGBAColor),
) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let mut edge = points.to_vec();
    edge.extend([(last.0, to), (first.0, to)]);
    chart.draw_series([Polygon::new(edge, colour)]).map(|_| ()).map_err(fault)
}

/// Equity over time.
pub fn equity(drawing: &Drawing) -> Result<String, Fault> {
    let clock = clock(drawing);
    let points = placed(&clock, &drawing.equity.points());
    let asset = drawing.meta.as_ref().map_or("", |meta| &meta.asset);
    picture(HIGH, |area| {
        let range = range(points.iter().map(|point| point.1));
        let name = format!("equity, {asset}");
        let write = digits(&range);
        let up = Axis { name: &name, range: range.clone(), labels: 7, write: &write };
        let mut chart = chart(area, (&clock.axis(), &up))?;
        surface(&mut chart, &points, (range.start, BLUE.mix(0.12)))?;
        line(&mut chart, points, BLUE)
    })
}

/// How far equity is below its peak.
pub fn drawdown(drawing: &Drawing) -> Result<String, Fault> {
    let clock = clock(drawing);
    let points: Vec<(f64, f64)> = placed(&clock, &drawing.drawdown.points())
        .into_iter()
        .map(|(at, below)| (at, -below * 100.0))
        .collect();
    picture(HIGH * 2 / 3, |area| {
        let mut range = range(points.iter().map(|point| point.1));
        range = range.start.min(-1e-6)..0.0;
        let write = digits(&range);
        let up = Axis { name: "below its peak, %", range, labels: 6, write: &write };
        let mut chart = chart(area, (&clock.axis(), &up))?;
        surface(&mut chart, &points, (0.0, RED.mix(0.18)))?;
        line(&mut chart, points, RED)
    })
}

/// What is held of a market.
pub fn inventory(drawing: &Drawing, place: &Place) -> Result<String, Fault> {
    let clock = clock(drawing);
    let points = steps(&placed(&clock, &place.position.points()));
    picture(HIGH * 2 / 3, |area| {
        let range = range(points.iter().map(|point| point.1).chain([0.0]));
        let name = format!("held, {}", place.market.base);
        let write = digits(&range);
        let up = Axis { name: &name, range, labels: 6, write: &write };
        let mut chart = chart(area, (&clock.axis(), &up))?;
        surface(&mut chart, &points, (0.0, AMBER.mix(0.18)))?;
        line(&mut chart, points, AMBER)
    })
}

/// Fills: bought point up, sold point down; where there are many of them they are small.
fn fills<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    points: &[(f64, f64)],
    (side, size): (Side, i32),
) -> Result<(), Fault> {
    let colour = if side == Side::Buy { GREEN } else { RED };
    let size = if points.len() > 200 { size / 2 } else { size };
    let (across, up) = (chart.x_range(), chart.y_range());
    let points = points.iter().filter(|at| inside(&across, at.0) && inside(&up, at.1));
    let signs = points.map(|at| {
        let corners = corners(side == Side::Buy, size);
        EmptyElement::at(*at) + Polygon::new(corners, colour.mix(0.85))
    });
    chart.draw_series(signs).map(|_| ()).map_err(fault)
}

/// Mid of a market with our fills on it.
pub fn price(drawing: &Drawing, place: &Place) -> Result<String, Fault> {
    let clock = clock(drawing);
    let mid = placed(&clock, &place.mid.points());
    let [bought, sold] = [0, 1].map(|side| placed(&clock, &place.fills[side].points()));
    picture(HIGH, |area| {
        let all = [&mid, &bought, &sold].into_iter().flatten();
        let range = range(all.map(|point| point.1));
        let name = format!("price, {}", place.market.quote);
        let write = digits(&range);
        let up = Axis { name: &name, range, labels: 7, write: &write };
        let signs =
            [("mid", GREY, Sign::Line), ("bought", GREEN, Sign::Up), ("sold", RED, Sign::Down)];
        let below = legend(area, &signs)?;
        let mut chart = chart(&below, (&clock.axis(), &up))?;
        line(&mut chart, mid, GREY)?;
        fills(&mut chart, &bought, (Side::Buy, 8))?;
        fills(&mut chart, &sold, (Side::Sell, 8))
    })
}

/// A curve of steps that ends where there is no value and begins anew behind.
fn pieces<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    points: impl Iterator<Item = (f64, f64)>,
    colour: RGBColor,
) -> Result<(), Fault> {
    let mut piece = Vec::new();
    for point in points.chain([(0.0, f64::NAN)]) {
        if point.1.is_finite() {
            piece.push(point);
        } else if !piece.is_empty() {
            line(chart, steps(&piece), colour)?;
            piece.clear();
        }
    }
    Ok(())
}

/// A price of a look.
type Pick = fn(&Look) -> f64;

const QUOTED: [(&str, RGBColor, Sign); 5] = [
    ("best prices", GREY, Sign::Line),
    ("our bid", GREEN, Sign::Line),
    ("our ask", RED, Sign::Line),
    ("bought", GREEN, Sign::Up),
    ("sold", RED, Sign::Down),
];

/// Best prices and ours in the two minutes with the most fills.
pub fn quotes(drawing: &Drawing, place: &Place) -> Result<String, Fault> {
    let close = &place.close;
    let ends = (close.looks.front(), close.looks.back());
    let (first, last) = (ends.0.map_or(0, |look| look.at.0), ends.1.map_or(1, |look| look.at.0));
    let clock = Clock::new((first, last), drawing.utc_ns(first));
    let prices = close.looks.iter().flat_map(|l| [l.bid, l.ask, l.own_bid, l.own_ask]);
    let range = range(prices.chain(close.fills.iter().map(|fill| fill.price)));
    picture(HIGH, |area: &Area<'_>| {
        let name = format!("price, {}", place.market.quote);
        let places = (-place.market.tick.log10()).ceil().clamp(0.0, 10.0) as usize;
        let write = move |value| number(value, places);
        let up = Axis { name: &name, range: range.clone(), labels: 7, write: &write };
        let below = legend(area, &QUOTED)?;
        let mut chart = chart(&below, (&clock.axis(), &up))?;
        let picks: [(Pick, RGBColor); 4] = [
            (|look| look.bid, GREY),
            (|look| look.ask, GREY),
            (|look| look.own_bid, GREEN),
            (|look| look.own_ask, RED),
        ];
        for (pick, colour) in picks {
            let points = close.looks.iter().map(|look| (clock.at(look.at.0), pick(look)));
            pieces(&mut chart, points, colour)?;
        }
        for side in Side::BOTH {
            let of_side = close.fills.iter().filter(|fill| fill.side == side);
            let points: Vec<(f64, f64)> =
                of_side.map(|fill| (clock.at(fill.at.0), fill.price)).collect();
            fills(&mut chart, &points, (side, 10))?;
        }
        Ok(())
    })
}
