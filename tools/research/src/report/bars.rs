//! Pictures that are not over time: markouts, latency, P&L by its parts, distributions, and what
//! each hour of each day won.

use super::drawing::{Drawing, Heat};
use super::frame::{
    AMBER, Axis, BLUE, FAINT, Fault, GREEN, GREY, INK, LETTER, RED, Sign, WIDTH, chart, date,
    digits, fault, legend, letters, number, picture, range, span,
};
use crate::metrics::{Metrics, Tally};
use crate::run::{AFTER, Leg};
use hdrhistogram::Histogram;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const HIGH: u32 = 520;

/// What fills were worth some time after, and how far the mid went against them.
pub fn markouts(drawing: &Drawing, metrics: &Metrics) -> Result<String, Fault> {
    let (won, against) = (drawing.measures.markouts(), drawing.measures.adverse());
    let curve = |start: f64, values: [f64; AFTER.len()]| -> Vec<(f64, f64)> {
        let points = [start].into_iter().chain(values).enumerate();
        points.map(|(place, value)| (place as f64, value)).filter(|p| p.1.is_finite()).collect()
    };
    let curves = [
        (curve(metrics.spread_captured, won), BLUE, "markout: mid then, against our price"),
        (curve(0.0, against), RED, "adverse selection: mid then, against mid at the fill"),
    ];
    picture(HIGH, |area| {
        let values = curves.iter().flat_map(|(points, ..)| points.iter().map(|point| point.1));
        let range = range(values.chain([0.0]));
        let write = digits(&range);
        let up = Axis { name: "basis points", range, labels: 6, write: &write };
        let names = ["at the fill", "0.1 s", "1 s", "10 s", "60 s"];
        let write = |place: f64| {
            let name = names.get(place.round().max(0.0) as usize).copied().unwrap_or_default();
            if (place - place.round()).abs() < 0.01 { name.to_owned() } else { String::new() }
        };
        let last = AFTER.len() as f64;
        let across = Axis {
            name: "time after the fill",
            range: -0.15..last + 0.15,
            labels: 5,
            write: &write,
        };
        let below = legend(area, &curves.each_ref().map(|curve| (curve.2, curve.1, Sign::Line)))?;
        let mut chart = chart(&below, (&across, &up))?;
        let zero = LineSeries::new([(-0.15, 0.0), (last + 0.15, 0.0)], GREY.stroke_width(2));
        chart.draw_series(zero).map_err(fault)?;
        for (points, colour, _) in &curves {
            let line = LineSeries::new(points.clone(), colour.stroke_width(4));
            chart.draw_series(line).map_err(fault)?;
            let dots = points.iter().map(|dot| Circle::new(*dot, 7, colour.filled()));
            chart.draw_series(dots).map_err(fault)?;
        }
        Ok(())
    })
}

/// Bins of a logarithmic axis, ns: ten a decade.
fn bins(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let mut bins = vec![0_u64; 140];
    for value in histogram.iter_recorded() {
        let place = ((value.value_iterated_to() as f64).log10() * 10.0) as usize;
        if let Some(bin) = bins.get_mut(place) {
            *bin += value.count_at_value();
        }
    }
    let all = histogram.len().max(1) as f64;
    let shares = bins.into_iter().enumerate().filter(|(_, count)| *count > 0);
    shares.map(|(place, count)| (place as f64 / 10.0, count as f64 / all * 100.0)).collect()
}

/// A way, how long it took, and that as bins.
type Strip<'a> = (&'static str, &'a Histogram<u64>, Vec<(f64, f64)>);

/// How long messages and orders took, one strip a way.
pub fn latency(drawing: &Drawing) -> Result<Option<String>, Fault> {
    let legs = drawing.delays.iter().zip(Leg::ALL);
    let legs: Vec<Strip<'_>> = legs
        .filter_map(|(histogram, (_, name))| histogram.as_ref().map(|one| (name, one, bins(one))))
        .collect();
    if legs.is_empty() {
        return Ok(None);
    }
    let places = legs.iter().flat_map(|(.., bins)| bins.iter().map(|bin| bin.0));
    let ends = places.fold((20.0_f64, 0.0_f64), |(low, high), at| (low.min(at), high.max(at)));
    let across = ends.0.floor()..(ends.1 + 0.1).ceil();
    let drawn = picture(300 * legs.len() as u32 + 40, |area| {
        let strips = area.split_evenly((legs.len(), 1));
        for (strip, (name, histogram, bins)) in strips.iter().zip(&legs) {
            let most = bins.iter().map(|bin| bin.1).fold(0.0, f64::max);
            let up = Axis {
                name: "% of all",
                range: 0.0..most * 1.3,
                labels: 3,
                write: &|v| number(v, 0),
            };
            let write = |value: f64| span(10_f64.powf(value));
            let at = |share| span(histogram.value_at_quantile(share) as f64);
            let title = format!(
                "{}: p50 {}, p99 {}, most {}, of {}",
                name.replace('_', " "),
                at(0.5),
                at(0.99),
                at(1.0),
                number(histogram.len() as f64, 0)
            );
            let labels = (across.end - across.start) as usize + 1;
            let below = Axis { name: "", range: across.clone(), labels, write: &write };
            let mut chart = chart(strip, (&below, &up))?;
            let bars = bins.iter().map(|(at, share)| {
                Rectangle::new([(*at, 0.0), (at + 0.092, *share)], BLUE.filled())
            });
            chart.draw_series(bars).map_err(fault)?;
            strip.draw(&Text::new(title, (215, 22), letters(LETTER, INK))).map_err(fault)?;
        }
        Ok(())
    })?;
    Ok(Some(drawn))
}

/// What the P&L is made of.
pub fn split(metrics: &Metrics, asset: &str) -> Result<String, Fault> {
    let parts = [
        ("spread", metrics.pnl_spread),
        ("inventory", metrics.pnl_inventory),
        ("fees", metrics.pnl_fees),
        ("funding", metrics.pnl_funding),
        ("all", metrics.pnl),
    ];
    picture(HIGH, |area| {
        let mut range = range(parts.iter().map(|part| part.1).chain([0.0]));
        let wide = range.end - range.start;
        range = range.start - wide * 0.06..range.end + wide * 0.06;
        let name = format!("P&L, {asset}");
        let exact = digits(&range);
        let up = Axis { name: &name, range: range.clone(), labels: 6, write: &exact };
        // A place more than at the axis.
        let told = digits(&(range.start / 30.0..range.end / 30.0));
        let write = |place: f64| {
            let part = parts.get(place.round().max(0.0) as usize);
            let near = (place - place.round()).abs() < 0.01 && place > -0.4;
            part.filter(|_| near).map_or_else(String::new, |part| part.0.to_owned())
        };
        let across = Axis { name: "", range: -0.5..4.5, labels: 11, write: &write };
        let mut chart = chart(area, (&across, &up))?;
        let bars = parts.iter().enumerate().map(|(place, (_, value))| {
            let colour = if *value < 0.0 { RED } else { GREEN };
            let at = place as f64;
            Rectangle::new([(at - 0.3, 0.0), (at + 0.3, *value)], colour.mix(0.85).filled())
        });
        chart.draw_series(bars).map_err(fault)?;
        let zero = LineSeries::new([(-0.5, 0.0), (4.5, 0.0)], GREY.stroke_width(2));
        chart.draw_series(zero).map_err(fault)?;
        let texts = parts.iter().enumerate().map(|(place, (_, value))| {
            let v_pos = if *value < 0.0 { VPos::Top } else { VPos::Bottom };
            let style = letters(LETTER, INK).pos(Pos::new(HPos::Center, v_pos));
            let shift = if *value < 0.0 { 8 } else { -8 };
            EmptyElement::at((place as f64, *value)) + Text::new(told(*value), (0, shift), style)
        });
        chart.draw_series(texts).map_err(fault)?;
        Ok(())
    })
}

/// How often values came.
pub fn distribution(tally: &Tally, name: &str) -> Result<String, Fault> {
    let bars = tally.bars(90);
    let all = tally.len().max(1) as f64;
    picture(HIGH, |area| {
        let ends = bars.iter().flat_map(|(at, width, _)| [*at, at + width]);
        let across = range(ends);
        let write = digits(&across);
        let below = Axis { name, range: across, labels: 8, write: &write };
        let most = bars.iter().map(|bar| bar.2).max().unwrap_or(1) as f64 / all * 100.0;
        let top = 0.0..most * 1.08;
        let write = digits(&top);
        let up = Axis { name: "% of all", range: top, labels: 6, write: &write };
        let mut chart = chart(area, (&below, &up))?;
        let bars = bars.iter().filter(|bar| bar.2 > 0).map(|(at, width, count)| {
            let high = *count as f64 / all * 100.0;
            Rectangle::new([(*at, 0.0), (at + width * 0.96, high)], AMBER.mix(0.9).filled())
        });
        chart.draw_series(bars).map(|_| ()).map_err(fault)
    })
}

/// What was won by hour of the day and by day.
pub fn heat(heat: &Heat, asset: &str) -> Result<String, Fault> {
    const ROW: i32 = 46;
    const LEFT: i32 = 200;
    const TOP: i32 = 64;
    let wide = (WIDTH as i32 - LEFT - 40) / 24;
    let most = heat.rows.iter().flatten().filter(|won| won.is_finite());
    let most = most.fold(0.0_f64, |most, won| most.max(won.abs()));
    let high = TOP + ROW * heat.rows.len() as i32 + 70;
    picture(high as u32, |area| {
        let draw_text = |text: String, at: (i32, i32), anchor: Pos, colour| {
            area.draw(&Text::new(text, at, letters(LETTER - 4, colour).pos(anchor))).map_err(fault)
        };
        let centre = Pos::new(HPos::Center, VPos::Center);
        for hour in 0..24 {
            let at = (LEFT + hour * wide + wide / 2, TOP / 2);
            draw_text(format!("{hour:02}"), at, centre, INK)?;
        }
        for (place, row) in heat.rows.iter().enumerate() {
            let top = TOP + place as i32 * ROW;
            let (year, month, day) = date(heat.first + place as i64 * heat.days);
            let name = format!("{year:04}-{month:02}-{day:02}");
            let right = Pos::new(HPos::Right, VPos::Center);
            draw_text(name, (LEFT - 16, top + ROW / 2), right, INK)?;
            for (hour, won) in row.iter().enumerate() {
                let left = LEFT + hour as i32 * wide;
                let corners = [(left, top), (left + wide - 3, top + ROW - 3)];
                let colour = match won {
                    won if won.is_nan() => FAINT.mix(0.5),
                    won if *won < 0.0 => RED.mix(0.12 + 0.88 * (-won / most)),
                    won if *won > 0.0 => GREEN.mix(0.12 + 0.88 * (won / most)),
                    _ => FAINT.mix(1.0),
                };
                area.draw(&Rectangle::new(corners, colour.filled())).map_err(fault)?;
            }
        }
        let rows = match heat.days {
            1 => "a row a day".to_owned(),
            days => format!("a row every {days} days"),
        };
        let exact = digits(&(0.0..most.max(1e-9)));
        let text = format!(
            "hours UTC, {rows}; the strongest green is +{0} {asset}, the strongest red is −{0}",
            exact(most)
        );
        let left = Pos::new(HPos::Left, VPos::Center);
        draw_text(text, (LEFT, high - 34), left, GREY)
    })
}
