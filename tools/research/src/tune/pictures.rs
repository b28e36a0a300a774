//! The pictures of a tuning: scores as they came, parallel coordinates, heat maps of two
//! parameters, the front of several objectives, and what other luck would have made of the winner.

use super::monte::Spread;
use super::plan::Tuned;
use super::space::{Param, Range, Space, Value};
use super::study::{Ended, Trial};
use crate::report::Picture;
use crate::report::frame::{
    AMBER, Area, Axis, BLUE, FAINT, Fault, GREEN, GREY, INK, LETTER, PAPER, RED, Sign, WIDTH,
    chart, digits, fault, legend, letters, number, picture, range,
};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const HIGH: u32 = 560;

/// Most parameters that stand side by side; those that explain most.
const AXES_MAX: usize = 9;

/// Parameters whose pairs have heat maps.
const HEATED: usize = 3;

/// Cells of a heat map in one direction, for a parameter of more values.
const CELLS: usize = 7;

/// All pictures that there is something to draw in.
pub fn pictures(tuned: &Tuned, space: &Space, trials: &[Trial]) -> Result<Vec<Picture>, Fault> {
    let mut all = Vec::new();
    let mut add = |name: String, title: String, svg: String| all.push(Picture { name, title, svg });
    let whole: Vec<&Trial> = trials.iter().filter(|trial| trial.ended == Ended::Whole).collect();
    let name = tuned.scores.first().map_or("score", String::as_str);
    add("scores".into(), "Scores as they came".into(), scores(name, &whole)?);
    let mut order: Vec<usize> = (0..space.dims()).collect();
    order.sort_by(|&a, &b| tuned.importance[b].total_cmp(&tuned.importance[a]));
    let shown: Vec<usize> = order.iter().take(AXES_MAX).copied().collect();
    let title = "Parameters of the trials, those that explain most first";
    add("parallel".into(), title.into(), parallel(space, &shown, (name, tuned), &whole)?);
    let heated = &order[..order.len().min(HEATED)];
    for (at, &across) in heated.iter().enumerate() {
        for &up in &heated[at + 1..] {
            let pair = (&space.params()[across], &space.params()[up]);
            let title = format!("Mean {name}: {} and {}", pair.0.key, pair.1.key);
            let svg = heat(pair, (across, up), &whole)?;
            add(format!("heat-{across}-{up}"), title, svg);
        }
    }
    if tuned.scores.len() > 1 {
        let title = format!("The front of {}", tuned.scores.join(" and "));
        add("front".into(), title, front(tuned, trials)?);
    }
    let other = &tuned.monte_carlo;
    if let Some(shuffled) = &other.shuffled {
        let title = "The winner with its trades shuffled, a tenth missed";
        add("shuffled".into(), title.into(), luck("% of the trades", &shuffled.path)?);
    }
    if let Some(resampled) = &other.resampled {
        let title = "The winner with its returns drawn again";
        add("drawn".into(), title.into(), luck("% of the stretch", &resampled.path)?);
    }
    if let Some(noise) = &other.noise {
        let title = "The winner with other latencies and fills";
        add("noise".into(), title.into(), luck("% of the stretch", &noise.path)?);
    }
    Ok(all)
}

/// Each whole trial's first score by its number, and the best so far.
fn scores(name: &str, whole: &[&Trial]) -> Result<String, Fault> {
    let points: Vec<(f64, f64)> =
        whole.iter().map(|trial| (trial.trial as f64, trial.scores[0])).collect();
    let last = points.last().map_or(1.0, |point| point.0.max(1.0));
    picture(HIGH, |area| {
        let high = range(points.iter().map(|point| point.1));
        let write = digits(&high);
        let up = Axis { name, range: high, labels: 6, write: &write };
        let count = |value: f64| number(value, 0);
        let across = Axis { name: "trial", range: 0.0..last, labels: 10, write: &count };
        let below = legend(area, &[("best so far", BLUE, Sign::Line)])?;
        let mut chart = chart(&below, (&across, &up))?;
        let dots = points.iter().map(|&point| Circle::new(point, 6, GREY.mix(0.7).filled()));
        chart.draw_series(dots).map_err(fault)?;
        let mut best = f64::MIN;
        let steps = points.iter().flat_map(|&(trial, score)| {
            let before = best;
            best = best.max(score);
            [(trial, if before == f64::MIN { best } else { before }), (trial, best)]
        });
        let steps: Vec<(f64, f64)> = steps.collect();
        let line = LineSeries::new(steps, BLUE.stroke_width(4));
        chart.draw_series(line).map(|_| ()).map_err(fault)
    })
}

/// A number with three digits.
fn short(value: f64) -> String {
    format!("{value:.2e}").parse::<f64>().map_or_else(|_| String::new(), |value| value.to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Float(value) => short(*value),
        other => other.to_string(),
    }
}

/// The last part of a key, which fits under an axis.
fn stem(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, stem)| stem)
}

fn draw_text(
    area: &Area<'_>,
    text: impl Into<String>,
    at: (i32, i32),
    (h, v): (HPos, VPos),
    colour: RGBColor,
) -> Result<(), Fault> {
    let style = letters(LETTER - 4, colour).pos(Pos::new(h, v));
    area.draw(&Text::new(text.into(), at, style)).map_err(fault)
}

/// A line for each trial through its parameters to its score: the better, the stronger; the winner
/// in green.
fn parallel(
    space: &Space,
    shown_at: &[usize],
    (name, tuned): (&str, &Tuned),
    whole: &[&Trial],
) -> Result<String, Fault> {
    const TOP: i32 = 90;
    const FOOT: i32 = 640;
    const LEFT: i32 = 170;
    let wide = (WIDTH as i32 - 2 * LEFT) / shown_at.len().max(1) as i32;
    let first = whole.iter().map(|trial| trial.scores[0]);
    let (low, high) = first.fold((f64::MAX, f64::MIN), |(l, h), s| (l.min(s), h.max(s)));
    let height = |share: f64| FOOT - (share * f64::from(FOOT - TOP)) as i32;
    let share = |score: f64| if high > low { (score - low) / (high - low) } else { 0.5 };
    let mut order: Vec<&Trial> = whole.to_vec();
    order.sort_by(|a, b| a.scores[0].total_cmp(&b.scores[0]));
    let winner = tuned.folds.last().map(|found| found.trial);
    order.sort_by_key(|trial| Some(trial.trial) == winner);
    let count = order.len().max(2) as f64;
    picture(730, |area| {
        for (place, trial) in order.iter().enumerate() {
            let params = shown_at.iter().enumerate().map(|(axis, &at)| {
                let share = space.params()[at].range.place(&trial.values[at]);
                (LEFT + wide * axis as i32, height(share))
            });
            let end = (LEFT + wide * shown_at.len() as i32, height(share(trial.scores[0])));
            let points: Vec<(i32, i32)> = params.chain([end]).collect();
            let rank = place as f64 / (count - 1.0);
            let style = match Some(trial.trial) == winner {
                true => GREEN.stroke_width(7),
                false if rank >= 0.8 => BLUE.mix(0.35 + 0.4 * (rank - 0.8) / 0.2).stroke_width(3),
                false => GREY.mix(0.12 + 0.2 * rank).stroke_width(2),
            };
            area.draw(&PathElement::new(points, style)).map_err(fault)?;
        }
        let axis = |at: i32, name: &str, (low, high): (String, String)| -> Result<(), Fault> {
            let x = LEFT + wide * at;
            let line = PathElement::new(vec![(x, TOP), (x, FOOT)], INK.stroke_width(3));
            area.draw(&line).map_err(fault)?;
            let row = if at % 2 == 0 { 16 } else { 48 };
            draw_text(area, name, (x, row), (HPos::Center, VPos::Center), INK)?;
            draw_text(area, high, (x, TOP - 6), (HPos::Center, VPos::Bottom), GREY)?;
            draw_text(area, low, (x, FOOT + 12), (HPos::Center, VPos::Top), GREY)
        };
        for (place, &at) in shown_at.iter().enumerate() {
            let param = &space.params()[at];
            let ends = (shown(&param.range.value(0.0)), shown(&param.range.value(1.0)));
            axis(place as i32, stem(&param.key), ends)?;
        }
        axis(shown_at.len() as i32, name, (short(low), short(high)))
    })
}

/// The cells of a parameter, with what stands at each.
fn cells(range: &Range) -> Vec<String> {
    let count = range.count().unwrap_or(CELLS).min(CELLS);
    let is_counted = range.count() == Some(count);
    let middle = |cell: usize| match (is_counted, range) {
        (true, Range::Int { low, step, .. }) => Value::Int(low + cell as i64 * step),
        _ => range.value((cell as f64 + 0.5) / count as f64),
    };
    (0..count).map(|cell| shown(&middle(cell))).collect()
}

fn cell(range: &Range, value: &Value, count: usize) -> usize {
    let is_counted = range.count() == Some(count);
    let place = range.place(value);
    let at = match (is_counted, range) {
        (true, Range::Int { low, step, .. }) => match value {
            Value::Int(value) => return ((value - low) / step).clamp(0, count as i64 - 1) as usize,
            _ => 0.0,
        },
        (true, _) => (place * (count - 1) as f64).round(),
        (false, _) => (place * count as f64).floor(),
    };
    (at as usize).min(count - 1)
}

/// The mean first score in each cell of two parameters, with how many trials it is of.
fn heat(
    (across, up): (&Param, &Param),
    (x, y): (usize, usize),
    whole: &[&Trial],
) -> Result<String, Fault> {
    const LEFT: i32 = 260;
    const ROW: i32 = 74;
    const TOP: i32 = 20;
    let (columns, rows) = (cells(&across.range), cells(&up.range));
    let mut sums = vec![vec![(0.0, 0_u32); columns.len()]; rows.len()];
    for trial in whole {
        let column = cell(&across.range, &trial.values[x], columns.len());
        let row = cell(&up.range, &trial.values[y], rows.len());
        let sum = &mut sums[row][column];
        *sum = (sum.0 + trial.scores[0], sum.1 + 1);
    }
    let means = sums.iter().flatten().filter(|sum| sum.1 > 0).map(|sum| sum.0 / f64::from(sum.1));
    let (low, high) = means.fold((f64::MAX, f64::MIN), |(l, h), s| (l.min(s), h.max(s)));
    let wide = (WIDTH as i32 - LEFT - 40) / columns.len() as i32;
    let foot = TOP + ROW * rows.len() as i32;
    picture((foot + 110) as u32, |area| {
        let centre = (HPos::Center, VPos::Center);
        for (row, name) in rows.iter().enumerate() {
            let y = foot - ROW * (row as i32 + 1);
            draw_text(area, name, (LEFT - 16, y + ROW / 2), (HPos::Right, VPos::Center), INK)?;
            for (column, (sum, count)) in sums[row].iter().enumerate() {
                let x = LEFT + wide * column as i32;
                let corners = [(x + 2, y + 2), (x + wide - 2, y + ROW - 2)];
                if *count == 0 {
                    area.draw(&Rectangle::new(corners, FAINT.filled())).map_err(fault)?;
                    continue;
                }
                let mean = sum / f64::from(*count);
                let share = if high > low { (mean - low) / (high - low) } else { 0.5 };
                let style = BLUE.mix(0.08 + 0.84 * share).filled();
                area.draw(&Rectangle::new(corners, style)).map_err(fault)?;
                let ink = if share > 0.55 { PAPER } else { INK };
                let text = format!("{} ({count})", short(mean));
                draw_text(area, text, (x + wide / 2, y + ROW / 2), centre, ink)?;
            }
        }
        for (column, name) in columns.iter().enumerate() {
            let x = LEFT + wide * column as i32 + wide / 2;
            draw_text(area, name, (x, foot + 10), (HPos::Center, VPos::Top), INK)?;
        }
        let below = (LEFT + wide * columns.len() as i32 / 2, foot + 76);
        draw_text(area, across.key.as_str(), below, centre, GREY)?;
        let style = letters(LETTER - 4, GREY).pos(Pos::new(HPos::Center, VPos::Center));
        let turned = style.transform(FontTransform::Rotate270);
        let name = Text::new(up.key.clone(), (24, foot / 2), turned);
        area.draw(&name).map_err(fault)
    })
}

/// Two objectives of all whole trials; what none beats in both in blue, the winner in green.
fn front(tuned: &Tuned, trials: &[Trial]) -> Result<String, Fault> {
    let point = |trial: &Trial| (trial.scores[1], trial.scores[0]);
    let whole = || trials.iter().filter(|trial| trial.ended == Ended::Whole);
    picture(HIGH + 100, |area| {
        let ranges = [0, 1].map(|at| range(whole().map(|trial| trial.scores[at])));
        let (write_up, write_across) = (digits(&ranges[0]), digits(&ranges[1]));
        let [high, wide] = ranges;
        let up = Axis { name: &tuned.scores[0], range: high, labels: 6, write: &write_up };
        let across = Axis { name: &tuned.scores[1], range: wide, labels: 8, write: &write_across };
        let mut chart = chart(area, (&across, &up))?;
        let all = whole().map(|trial| Circle::new(point(trial), 6, GREY.mix(0.6).filled()));
        chart.draw_series(all).map_err(fault)?;
        let mut best: Vec<(f64, f64)> = tuned.front.iter().map(|&at| point(&trials[at])).collect();
        best.sort_by(|a, b| a.0.total_cmp(&b.0));
        let line = LineSeries::new(best.clone(), BLUE.stroke_width(3));
        chart.draw_series(line).map_err(fault)?;
        let dots = best.into_iter().map(|at| Circle::new(at, 8, BLUE.filled()));
        chart.draw_series(dots).map_err(fault)?;
        let winner = tuned.folds.last().and_then(|found| trials.get(found.trial));
        let dot = winner.map(|trial| Circle::new(point(trial), 12, GREEN.filled()));
        chart.draw_series(dot).map(|_| ()).map_err(fault)
    })
}

/// A colour as it looks through on paper, from 0 to 1.
fn pale(RGBColor(red, green, blue): RGBColor, strength: f64) -> RGBColor {
    let RGBColor(r, g, b) = PAPER;
    let [red, green, blue] = [(r, red), (g, green), (b, blue)].map(|(paper, ink)| {
        (f64::from(paper) + (f64::from(ink) - f64::from(paper)) * strength) as u8
    });
    RGBColor(red, green, blue)
}

/// Percentiles of the total return on its way.
fn luck(way: &str, path: &[Spread]) -> Result<String, Fault> {
    let nothing = Spread { p5: 0.0, p25: 0.0, p50: 0.0, p75: 0.0, p95: 0.0 };
    let path: Vec<Spread> = [nothing].into_iter().chain(path.iter().copied()).collect();
    let last = (path.len() - 1).max(1) as f64;
    let at = |of: fn(&Spread) -> f64| {
        let points = path.iter().enumerate();
        points.map(|(place, one)| (place as f64 / last * 100.0, of(one) * 100.0)).collect()
    };
    picture(HIGH, |area| {
        let ends = path.iter().flat_map(|one| [one.p5 * 100.0, one.p95 * 100.0]);
        let high = range(ends);
        let write = digits(&high);
        let up = Axis { name: "return, %", range: high, labels: 6, write: &write };
        let percent = |value: f64| number(value, 0);
        let across = Axis { name: way, range: 0.0..100.0, labels: 10, write: &percent };
        let [wide, narrow] = [0.25, 0.6].map(|strength| pale(BLUE, strength));
        let signs = [("9 of 10 runs", wide), ("every second run", narrow), ("the middle", AMBER)];
        let signs = signs.map(|(name, colour)| (name, colour, Sign::Line));
        let below = legend(area, &signs)?;
        let mut chart = chart(&below, (&across, &up))?;
        let wide_band: [Vec<(f64, f64)>; 2] = [at(|one| one.p5), at(|one| one.p95)];
        let narrow_band = [at(|one| one.p25), at(|one| one.p75)];
        for (colour, [low, high]) in [(wide, wide_band), (narrow, narrow_band)] {
            let points: Vec<(f64, f64)> = low.into_iter().chain(high.into_iter().rev()).collect();
            let band = std::iter::once(Polygon::new(points, colour.filled()));
            chart.draw_series(band).map_err(fault)?;
        }
        let middle: Vec<(f64, f64)> = at(|one| one.p50);
        let line = LineSeries::new(middle, AMBER.stroke_width(5));
        chart.draw_series(line).map_err(fault)?;
        let zero = LineSeries::new([(0.0, 0.0), (100.0, 0.0)], RED.mix(0.6).stroke_width(2));
        chart.draw_series(zero).map(|_| ()).map_err(fault)
    })
}
