//! A run as people read it: one HTML page, its pictures as PNG, its numbers as JSON and as a table.

pub mod bars;
pub mod curves;
pub mod drawing;
pub mod frame;
pub mod numbers;
pub mod page;
pub mod raster;
pub mod thin;

pub use drawing::Drawing;

use crate::metrics::Metrics;
use crate::run::divergence::Divergence;
use frame::Fault;
use std::fs;
use std::path::{Path, PathBuf};

/// Markets that have pictures of their own; those beyond have only their numbers.
const MARKETS_DRAWN: usize = 8;

/// A picture: the name of its file, what it shows, and itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Stem of its file's name.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// As SVG, in the colours of light paper.
    pub svg: String,
}

/// All pictures of a run.
pub fn pictures(drawing: &Drawing, metrics: &Metrics) -> Result<Vec<Picture>, Fault> {
    let asset = drawing.meta.as_ref().map_or("", |meta| &meta.asset);
    let mut all = Vec::new();
    let mut add = |name: String, title: String, svg: String| all.push(Picture { name, title, svg });
    add("equity".into(), "Equity".into(), curves::equity(drawing)?);
    add("drawdown".into(), "Drawdown".into(), curves::drawdown(drawing)?);
    let several = drawing.places.len() > 1;
    for (number, place) in drawing.places.iter().take(MARKETS_DRAWN).enumerate() {
        let market = &place.market.name;
        let name = |stem: &str| if several { format!("{stem}-{number}") } else { stem.to_owned() };
        let title = |what: &str| format!("{what}: {market}");
        add(name("price"), title("Price and fills"), curves::price(drawing, place)?);
        let close = "The two minutes with the most fills";
        add(name("quotes"), title(close), curves::quotes(drawing, place)?);
        add(name("inventory"), title("Inventory"), curves::inventory(drawing, place)?);
    }
    add("pnl".into(), "P&L by its parts".into(), bars::split(metrics, asset)?);
    add("markouts".into(), "Markouts".into(), bars::markouts(drawing, metrics)?);
    if let Some(svg) = bars::latency(drawing)? {
        add("latency".into(), "Latency".into(), svg);
    }
    if !drawing.heat.rows.is_empty() {
        add("heat".into(), "P&L by hour and day".into(), bars::heat(&drawing.heat, asset)?);
    }
    let tallies = drawing.measures.inventories().zip(&drawing.places).take(MARKETS_DRAWN);
    for (number, ((market, tally), place)) in tallies.enumerate() {
        let name = if several { format!("held-{number}") } else { "held".to_owned() };
        let axis = format!("held at the looks, {}", place.market.base);
        let title = format!("How inventory lay: {market}");
        add(name, title, bars::distribution(tally, &axis)?);
    }
    if let Some(tally) = drawing.measures.holding().filter(|tally| !tally.is_empty()) {
        let svg = bars::distribution(tally, "held for, seconds")?;
        add("holding".into(), "How long trades were held".into(), svg);
    }
    Ok(all)
}

/// Writes `report.html` and the pictures into a folder, which is made where it is missing; gives
/// what was written. `versus` names another run and where fills differ from it.
pub fn write(
    folder: &Path,
    drawing: &Drawing,
    versus: Option<(&Divergence, &str)>,
) -> Result<Vec<PathBuf>, Fault> {
    let failed = |path: &Path, error: std::io::Error| {
        format!("{}: cannot be written: {error}", path.display())
    };
    let metrics = drawing.measures.metrics();
    let asset = drawing.meta.as_ref().map_or("", |meta| &meta.asset);
    let pictures = pictures(drawing, &metrics)?;
    let groups = numbers::groups(&metrics, asset);
    let text = page::page(drawing, (&groups, metrics.trades), &pictures, versus);
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let path = folder.join("report.html");
    // Whole at every instant, for whoever has it open.
    let beside = folder.join(".report.html.part");
    fs::write(&beside, text).map_err(|error| failed(&beside, error))?;
    fs::rename(&beside, &path).map_err(|error| failed(&path, error))?;
    let mut written = vec![path];
    let raster = raster::Raster::default();
    for picture in &pictures {
        let path = folder.join(format!("{}.png", picture.name));
        raster.save(&picture.svg, &path)?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
