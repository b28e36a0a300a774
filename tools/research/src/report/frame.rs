//! The frame of every picture: size, colours, axes, and how numbers and times stand at them.
//!
//! A picture is SVG in fixed colours. In a page each of them becomes a variable, so that one
//! picture is readable on light and on dark paper.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Units of a picture's width; a page shows two of them as one pixel.
pub const WIDTH: u32 = 1_800;
/// Units of a letter.
pub const LETTER: i32 = 30;

/// Behind everything.
pub const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Text.
pub const INK: RGBColor = RGBColor(32, 36, 42);
/// Grids.
pub const FAINT: RGBColor = RGBColor(226, 230, 235);
/// Axes, and what is beside the point.
pub const GREY: RGBColor = RGBColor(122, 130, 140);
/// The curve.
pub const BLUE: RGBColor = RGBColor(46, 110, 178);
/// Bought, and won.
pub const GREEN: RGBColor = RGBColor(28, 145, 90);
/// Sold, and lost.
pub const RED: RGBColor = RGBColor(208, 62, 48);
/// A second curve.
pub const AMBER: RGBColor = RGBColor(214, 138, 20);

/// The variables of a page, with the colour that each stands for and the one on dark paper.
pub const COLOURS: [(&str, RGBColor, &str); 8] = [
    ("paper", PAPER, "#15181d"),
    ("ink", INK, "#e6e9ed"),
    ("faint", FAINT, "#2d333b"),
    ("grey", GREY, "#8f98a3"),
    ("blue", BLUE, "#6aa9ee"),
    ("green", GREEN, "#3fc380"),
    ("red", RED, "#f2705f"),
    ("amber", AMBER, "#f0b04a"),
];

/// A colour as SVG writes it.
pub fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

/// A drawing area, the chart on it, and why it could not be drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Numbers on both axes.
pub type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// Why a picture could not be drawn.
pub type Fault = String;

/// Any fault of the drawing library as text.
pub fn fault(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// A new picture, so many units high, with what `draw` puts on it.
pub fn picture(
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Fault>,
) -> Result<String, Fault> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&PAPER).map_err(fault)?;
        draw(&area)?;
        area.present().map_err(fault)?;
    }
    Ok(svg)
}

/// Letters in a colour.
pub fn letters(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

/// What stands at an axis.
pub struct Axis<'a> {
    /// Its name, with the unit.
    pub name: &'a str,
    /// From and to.
    pub range: Range<f64>,
    /// How many numbers, about.
    pub labels: usize,
    /// How a number is written.
    pub write: &'a dyn Fn(f64) -> String,
}

/// A chart with both axes drawn.
pub fn chart<'a, 'b>(
    area: &'a Area<'b>,
    (across, up): (&Axis<'_>, &Axis<'_>),
) -> Result<Chart<'a, 'b>, Fault> {
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(50)
        .margin_top(24)
        .x_label_area_size(94)
        .y_label_area_size(190)
        .build_cartesian_2d(across.range.clone(), up.range.clone())
        .map_err(fault)?;
    chart
        .configure_mesh()
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(GREY)
        .label_style(letters(LETTER, INK))
        .axis_desc_style(letters(LETTER, GREY))
        .x_labels(across.labels)
        .y_labels(up.labels)
        .x_desc(across.name)
        .y_desc(up.name)
        .x_label_formatter(&|value| (across.write)(*value))
        .y_label_formatter(&|value| (up.write)(*value))
        .draw()
        .map_err(fault)?;
    Ok(chart)
}

/// Units above a chart that its legend takes.
const LEGEND: u32 = 44;

/// What a colour stands for in a legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A curve.
    Line,
    /// A fill bought.
    Up,
    /// A fill sold.
    Down,
}

/// Corners of the sign of a fill of this size, around its place.
pub fn corners(is_up: bool, size: i32) -> Vec<(i32, i32)> {
    let way = if is_up { -size } else { size };
    vec![(0, way), (size, -way), (-size, -way), (0, way)]
}

/// Draws what the colours stand for in a line above everything else; gives what is left below.
pub fn legend<'b>(area: &Area<'b>, entries: &[(&str, RGBColor, Sign)]) -> Result<Area<'b>, Fault> {
    let (above, below) = area.split_vertically(LEGEND);
    let middle = LEGEND as i32 / 2 + 6;
    let mut left = 210;
    for (name, colour, sign) in entries {
        let drawn = match sign {
            Sign::Line => {
                let ends = vec![(left, middle), (left + 34, middle)];
                above.draw(&PathElement::new(ends, colour.stroke_width(5)))
            }
            Sign::Up | Sign::Down => {
                let around = corners(*sign == Sign::Up, 11).into_iter();
                let around = around.map(|(x, y)| (left + 17 + x, middle + y));
                above.draw(&Polygon::new(around.collect::<Vec<_>>(), colour.filled()))
            }
        };
        drawn.map_err(fault)?;
        let style = letters(LETTER, INK).pos(Pos::new(HPos::Left, VPos::Center));
        above.draw(&Text::new(*name, (left + 46, middle), style)).map_err(fault)?;
        // A letter is about half as wide as it is high.
        left += 46 + name.chars().count() as i32 * (LETTER / 2 - 1) + 46;
    }
    Ok(below)
}

/// Whether a number lies on an axis: the drawing library must not be given what is far outside.
pub fn inside(range: &Range<f64>, value: f64) -> bool {
    range.contains(&value) || value == range.end
}

/// The range of some numbers, a little wider than they are; of none, or of one, around it.
pub fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold(start, |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return 0.0..1.0;
    }
    let wide = high - low;
    let room = if wide > 0.0 { wide * 0.06 } else { low.abs().max(1.0) * 0.001 };
    low - room..high + room
}

/// Writes numbers of a range so that neighbours at an axis differ.
pub fn digits(range: &Range<f64>) -> impl Fn(f64) -> String + use<> {
    let step = (range.end - range.start) / 8.0;
    let places = (-step.log10()).ceil().clamp(0.0, 10.0) as usize;
    move |value| number(value, places)
}

/// A number with so many places and its thousands apart.
pub fn number(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |two| two);
    let mut out = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && whole.len() > 4 {
            out.push(' ');
        }
        out.push(digit);
    }
    let is_zero = text.chars().all(|one| matches!(one, '0' | '.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    if rest.is_empty() { format!("{sign}{out}") } else { format!("{sign}{out}.{rest}") }
}

/// Event time as it stands at an axis: spans since the start, in the unit that fits.
#[derive(Clone, Debug)]
pub struct Clock {
    start: u64,
    unit_ns: f64,
    /// The axis' name.
    pub name: String,
    /// From zero to the end.
    pub range: Range<f64>,
}

impl Clock {
    /// From and to in event time, where zero is at `utc_ns`.
    pub fn new((start, end): (u64, u64), utc_ns: i64) -> Self {
        let span = end.saturating_sub(start).max(1) as f64;
        let (unit, unit_ns) = match span {
            span if span < 3e11 => ("seconds", 1e9),
            span if span < 2e13 => ("minutes", 6e10),
            span if span < 6e14 => ("hours", 3.6e12),
            _ => ("days", 8.64e13),
        };
        let name = format!("{unit} since {}", utc(utc_ns));
        Self { start, unit_ns, name, range: 0.0..span / unit_ns }
    }

    /// Where an instant is.
    pub fn at(&self, at: u64) -> f64 {
        (at as f64 - self.start as f64) / self.unit_ns
    }

    /// Its axis.
    pub fn axis(&self) -> Axis<'_> {
        let write: &dyn Fn(f64) -> String = if self.range.end < 4.0 { &one_place } else { &whole };
        Axis { name: &self.name, range: self.range.clone(), labels: 10, write }
    }
}

fn whole(value: f64) -> String {
    number(value, 0)
}

fn one_place(value: f64) -> String {
    number(value, 1)
}

/// A date and time of day, UTC, to the second.
pub fn utc(ns: i64) -> String {
    let (year, month, day) = date(ns.div_euclid(86_400_000_000_000));
    let s = ns.div_euclid(1_000_000_000).rem_euclid(86_400);
    let (hour, minute, second) = (s / 3_600, s / 60 % 60, s % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date of a day since 1970, by H. Hinnant's `civil_from_days`.
pub const fn date(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}

/// A span for people, from nanoseconds: three digits and its unit.
pub fn span(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns if ns < 1.2e11 => (ns / 1e9, "s"),
        ns if ns < 7.2e12 => (ns / 6e10, "min"),
        ns if ns < 1.7e14 => (ns / 3.6e12, "h"),
        ns => (ns / 8.64e13, "d"),
    };
    let places = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{} {unit}", number(value, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_for_people() {
        let numbers = [(0.0, 2), (-0.001, 2), (1_234.5, 1), (-1_234_567.0, 0), (f64::NAN, 2)];
        let found = numbers.map(|(value, places)| number(value, places));
        assert_eq!(found, ["0.00", "0.00", "1234.5", "−1 234 567", "–"]);
        assert_eq!(utc(1_723_075_200_000_000_000), "2024-08-08 00:00:00 UTC");
        assert_eq!(utc(-1), "1969-12-31 23:59:59 UTC");
        let spans = [0.625, 17.84, 712.0, 7_120.0, 71_200.0, 1e7].map(span);
        assert_eq!(spans, ["0.62 ns", "17.8 ns", "712 ns", "7.12 µs", "71.2 µs", "10.0 ms"]);
        let spans = [9.999, 999.6, 3e9, 3e11, 8e13, 3e15].map(span);
        assert_eq!(spans, ["10.0 ns", "1000 ns", "3.00 s", "5.00 min", "22.2 h", "34.7 d"]);
    }

    #[test]
    fn neighbours_at_an_axis_differ() {
        for range in [0.0..1.0, 0.0..1e-6, 61_000.0..61_001.0, -5e6..5e6] {
            let write = digits(&range);
            let step = (range.end - range.start) / 8.0;
            let labels: Vec<String> =
                (0..8).map(|place| write(range.start + step * f64::from(place))).collect();
            assert!(labels.windows(2).all(|two| two[0] != two[1]), "{labels:?}");
        }
    }
}
