//! The report as one HTML file: pictures, numbers and trades, with nothing from outside and no
//! script, on light and on dark paper.

use super::Picture;
use super::drawing::Drawing;
use super::frame::{COLOURS, hex, number, span, utc};
use super::numbers::{Group, Tone};
use crate::metrics::Trade;
use crate::run::divergence::{Alone, Divergence};
use engine::id::Side;
use std::fmt::Write as _;

/// Rows of the table of differences that a page shows.
const ALONE_SHOWN: usize = 500;

const STYLE: &str = "
body { margin: 0 auto; max-width: 1000px; padding: 24px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 4px 0 12px; color: var(--grey); }
svg { width: 100%; height: auto; display: block; font-family: system-ui, sans-serif; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th { text-align: left; color: var(--grey); font-weight: 600; }
td, th { padding: 2px 12px 2px 0; border-bottom: 1px solid var(--faint); white-space: nowrap; }
td.number, th.number { text-align: right; }
.numbers td { white-space: normal; }
.numbers { columns: 2 420px; column-gap: 40px; }
.numbers section { break-inside: avoid; margin-bottom: 20px; } .numbers h2 { margin-top: 0; }
.scroll { max-height: 420px; overflow: auto; }
.good { color: var(--green); } .bad { color: var(--red); }
";

/// Text as HTML writes it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn colours() -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    for (name, colour, night) in COLOURS {
        light += &format!("--{name}: {}; ", hex(colour));
        dark += &format!("--{name}: {night}; ");
    }
    format!(
        ":root {{ color-scheme: light dark; {light}}}\n\
         @media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}"
    )
}

/// A picture in the page's colours and letters, with its name for those who cannot see it.
pub(crate) fn inline(picture: &Picture) -> String {
    let mut svg = picture.svg.clone();
    for (name, colour, _) in COLOURS {
        svg = svg.replace(&format!("\"{}\"", hex(colour)), &format!("\"var(--{name})\""));
    }
    svg = svg.replace(" font-family=\"sans-serif\"", "");
    let title = escaped(&picture.title);
    svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1)
}

fn numbers(groups: &[Group]) -> String {
    let mut out = String::from("<div class=\"numbers\">\n");
    for (heading, lines) in groups {
        let _ = writeln!(out, "<section><h2>{}</h2><table>", escaped(heading));
        for line in lines {
            let tone = match line.tone {
                Tone::Plain => "",
                Tone::Good => " good",
                Tone::Bad => " bad",
            };
            let _ = writeln!(
                out,
                "<tr title=\"{}\"><td>{}</td><td class=\"number{tone}\">{}</td></tr>",
                escaped(&line.key),
                escaped(&line.name).replace("  ", "&#160;&#160;"),
                escaped(&line.text)
            );
        }
        out += "</table></section>\n";
    }
    out + "</div>\n"
}

/// One row of a table: cells with their class, in `td` or `th`.
pub(crate) fn row(cells: &[(String, &str)], tag: &str) -> String {
    let cells = cells.iter().map(|(text, class)| {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        format!("<{tag}{class}>{}</{tag}>", escaped(text))
    });
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

/// The head of a table: names with the class of their column.
pub(crate) fn head(names: &[(&str, &'static str)]) -> String {
    let cells: Vec<(String, &str)> =
        names.iter().map(|(name, class)| ((*name).to_owned(), *class)).collect();
    row(&cells, "th")
}

fn places(step: f64) -> usize {
    (-step.log10()).ceil().clamp(0.0, 10.0) as usize
}

fn trade(drawing: &Drawing, trade: &Trade) -> String {
    let Some(place) = drawing.places.get(trade.market) else { return String::new() };
    let market = &place.market;
    let price = |price: f64| number(price, places(market.tick));
    let side = if trade.side == Side::Buy { "long" } else { "short" };
    let won = if trade.pnl < 0.0 { "number bad" } else { "number good" };
    row(
        &[
            (utc(drawing.utc_ns(trade.opened.0)), ""),
            (market.name.clone(), ""),
            (side.to_owned(), ""),
            (number(trade.qty, places(market.lot)), "number"),
            (price(trade.entry), "number"),
            (price(trade.exit), "number"),
            (span(trade.closed.since(trade.opened).0 as f64), "number"),
            (format!("{} {}", number(trade.pnl, 6), market.quote), won),
        ],
        "td",
    )
}

fn trades(drawing: &Drawing, all: u64) -> String {
    let mut list: Vec<&Trade> = drawing.measures.trades().collect();
    list.reverse();
    let shown = match list.len() as u64 {
        shown if shown == all => format!("All {all} round trips, the newest first."),
        shown => format!("The newest {shown} of {all} round trips; all fills are in the run."),
    };
    let names = [
        ("opened", ""),
        ("market", ""),
        ("side", ""),
        ("quantity", "number"),
        ("entry", "number"),
        ("exit", "number"),
        ("held", "number"),
        ("P&L", "number"),
    ];
    let rows: String = list.iter().map(|one| trade(drawing, one)).collect();
    format!(
        "<h2>Trades</h2>\n<p>{shown}</p>\n<div class=\"scroll\"><table>\n{}{rows}</table></div>\n",
        head(&names)
    )
}

fn alone(one: &Alone) -> String {
    let Alone { print, only_in, nearest, why } = one;
    let (later, price) = nearest.map_or(("–".to_owned(), "–".to_owned()), |(later, price)| {
        let sign = if later < 0 { "−" } else { "+" };
        (format!("{sign}{}", span(later.unsigned_abs() as f64)), price.to_string())
    });
    row(
        &[
            (utc(print.utc_ns), ""),
            (print.market.clone(), ""),
            (print.side.to_owned(), ""),
            (print.price.to_string(), "number"),
            (print.qty.to_string(), "number"),
            ((*only_in).to_owned(), ""),
            (later, "number"),
            (price, "number"),
            ((*why).to_owned(), ""),
        ],
        "td",
    )
}

/// The part of a page that compares with another run.
fn compared(found: &Divergence, (run, other): (&str, &str)) -> String {
    let percent = |share: f64| number(share * 100.0, 2);
    let mut out = format!(
        "<h2>Against another run</h2>\n<p>Fills are the same when market, side and price are, and \
         their times are within one second; parts of one order at one price count as one. Here \
         “run” is {}, “other” is {}.</p>\n<table>\n",
        escaped(run),
        escaped(other)
    );
    let lines = [
        ("fills of the run (each part counted)", format!("{} ({})", found.run, found.parts[0])),
        ("fills of the other", format!("{} ({})", found.other, found.parts[1])),
        ("in both", found.matched.to_string()),
        ("precision: of the run's, found in the other", format!("{} %", percent(found.precision))),
        ("recall: of the other's, found in the run", format!("{} %", percent(found.recall))),
        ("the run's came later by, on average", format!("{} ms", number(found.later_ms, 2))),
    ];
    for (name, text) in lines {
        out += &row(&[(name.to_owned(), ""), (text, "number")], "td");
    }
    out += "</table>\n";
    let names = [
        ("time", ""),
        ("market", ""),
        ("side", ""),
        ("price", "number"),
        ("quantity", "number"),
        ("only in", ""),
        ("nearest there", "number"),
        ("at", "number"),
        ("probably", ""),
    ];
    let shown = found.alone.len().min(ALONE_SHOWN);
    let rows: String = found.alone.iter().take(ALONE_SHOWN).map(alone).collect();
    let _ = write!(
        out,
        "<p>{shown} of {} fills that only one has.</p>\n<div class=\"scroll\"><table>\n{}{rows}\
         </table></div>\n",
        found.alone.len(),
        head(&names)
    );
    out
}

/// What every page begins with: colours, letters, its title, and what it is about.
pub(crate) fn opening(title: &str, about: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n\
         <meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>{about}</p>\n",
        colours(),
        title = escaped(title),
        about = escaped(about),
    )
}

/// What every page ends with.
pub(crate) const CLOSING: &str = "</body>\n</html>\n";

/// The whole page.
pub fn page(
    drawing: &Drawing,
    (groups, trade_count): (&[Group], u64),
    pictures: &[Picture],
    versus: Option<(&Divergence, &str)>,
) -> String {
    let name = drawing.meta.as_ref().map_or("a run", |meta| &meta.name);
    let span = drawing.measures.span().map_or((0, 0), |(first, last)| (first.0, last.0));
    let (from, to) = (utc(drawing.utc_ns(span.0)), utc(drawing.utc_ns(span.1)));
    let mut out = opening(name, &format!("{from} to {to}"));
    out += &numbers(groups);
    if let Some((found, other)) = versus {
        out += &compared(found, (name, other));
    }
    for picture in pictures {
        let _ = writeln!(out, "<h2>{}</h2>\n{}", escaped(&picture.title), inline(picture));
    }
    out += &trades(drawing, trade_count);
    out + CLOSING
}
