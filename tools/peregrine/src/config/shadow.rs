//! Shadows: other parameters of a desk, tried on the same market while it trades.

use super::DeskSettings;
use super::desk::{named, parameters};
use super::section::{At, Section, suggestion};
use strategies::any::Settings;

/// Most of them.
pub const SHADOWS_MAX: usize = 16;

/// Other parameters of a desk.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowSettings {
    /// What we call it, and what promotes it.
    pub name: String,
    /// Place of its desk in [`super::Config::desks`].
    pub desk: usize,
    /// The desk's strategy with its own parameters.
    pub strategy: Settings,
}

/// Reads all of them. `whole` says whether the desks have no fault: what a name of one means is
/// open otherwise.
pub(super) fn shadows(
    sections: &[Section<'_>],
    desks: &[DeskSettings],
    whole: bool,
) -> Vec<ShadowSettings> {
    let mut out: Vec<ShadowSettings> = Vec::new();
    // What trades is called `live` beside them.
    let mut taken = vec!["live".to_owned()];
    for (place, section) in sections.iter().enumerate() {
        if place == SHADOWS_MAX {
            let count = sections.len();
            let message = format!("there are {count}, {SHADOWS_MAX} at most can run");
            section.problem(section.span(), "", message, "take the others out");
        }
        let name = named(section, "shadow", |name| taken.iter().any(|one| one == name));
        taken.extend(name.clone());
        let desk = desk(section, desks, whole);
        let table = section.table("parameters");
        let strategy = desk.and_then(|desk| parameters(&table, desks[desk].strategy));
        table.finish_if(desk.is_some());
        if let (Some(name), Some(desk), Some(strategy)) = (name, desk, strategy) {
            out.push(ShadowSettings { name, desk, strategy });
        }
    }
    out
}

/// The desk that one names, or the only one.
fn desk(section: &Section<'_>, desks: &[DeskSettings], whole: bool) -> Option<usize> {
    let given = section.text("desk");
    if !whole {
        return None;
    }
    let known = || desks.iter().map(|desk| desk.name.as_str());
    match (given, desks.len()) {
        (Some(At { value, span }), _) => {
            let found = known().position(|name| name == value);
            if found.is_none() {
                let message = format!("there is no desk {value}");
                section.problem(span, "desk", message, suggestion(&value, known()));
            }
            found
        }
        (None, 1) => Some(0),
        (None, 0) => None,
        (None, _) => {
            if !section.has("desk") {
                let names: Vec<&str> = known().collect();
                section.missing("desk", format!("there are several: {}", names.join(", ")));
            }
            None
        }
    }
}

#[cfg(test)]
mod tests;
