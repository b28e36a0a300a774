//! What came of a backtest, as a table or as one JSON object.

use crate::cli;
use crate::exit::Failure;
use crate::logging;
use crate::print::Utc;
use crate::report::differences;
use engine::session::Halt;
use research::backtest::Came;
use research::report::{Drawing, numbers};
use research::run::divergence::Divergence;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use venues::sim::SimVenues;

/// How a run went, beside what its witnesses measured.
pub(super) struct Ran {
    /// What it counted.
    pub came: Came,
    /// Processor time, s.
    pub took_s: f64,
    /// Why the engine halted, if it did.
    pub halt: Halt,
    /// Orders that venues refused.
    pub refused: u64,
    /// The venues at the end.
    pub venues: SimVenues,
    /// What is to be known of it.
    pub warnings: Vec<String>,
}

/// All that is told.
pub(super) struct Verdict<'a> {
    /// How it went.
    pub ran: Ran,
    /// What was measured.
    pub drawing: &'a Drawing,
    /// Where fills differ from those of the session that it is like.
    pub versus: Option<&'a (Divergence, String)>,
    /// What was written.
    pub files: &'a [PathBuf],
    /// The seed, where one was given.
    pub seed: Option<u64>,
}

impl Verdict<'_> {
    /// Tells it.
    pub fn tell(&self, json: bool) -> Result<(), Failure> {
        if json {
            cli::print(&self.object()?);
        } else {
            cli::say(format_args!("{}", self.text().trim_end()));
        }
        Ok(())
    }

    fn per_s(&self) -> u64 {
        (self.ran.came.events as f64 / self.ran.took_s.max(1e-9)) as u64
    }

    fn liquidations(&self) -> u32 {
        self.ran.venues.venues().iter().map(|venue| venue.liquidations()).sum()
    }

    fn object(&self) -> Result<Value, Failure> {
        let Ran { came, took_s, halt, refused, venues, warnings } = &self.ran;
        let mut object =
            serde_json::to_value(self.drawing.measures.metrics()).map_err(Failure::error)?;
        let rules: Map<String, Value> =
            venues.counts().rows().map(|(name, count)| (name.to_owned(), count.into())).collect();
        let more = json!({
            "events": came.events,
            "events_per_s": self.per_s(),
            "took_s": took_s,
            "reports": came.reports,
            "sent": came.sent,
            "refused": refused,
            "fills_missed": venues.fills_missed(),
            "liquidations": self.liquidations(),
            "halt": (*halt != Halt::None).then(|| halt.name()),
            "began_ns": came.began.0,
            "ended_ns": came.ended.0,
            "asset": self.drawing.meta.as_ref().map(|meta| meta.asset.clone()),
            "seed": self.seed,
            "rules": rules,
            "warnings": warnings,
            "versus": self.versus.map(|(found, _)| found),
            "files": self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        });
        if let (Some(object), Some(more)) = (object.as_object_mut(), more.as_object()) {
            object.extend(more.clone());
        }
        Ok(object)
    }

    fn text(&self) -> String {
        let Ran { came, took_s, halt, refused, venues, warnings } = &self.ran;
        let metrics = self.drawing.measures.metrics();
        let asset = self.drawing.meta.as_ref().map_or("", |meta| &meta.asset);
        let groups = numbers::groups(&metrics, asset);
        let mut text = format!(
            "{} to {}: {} events in {took_s:.2} s of processor time, {} a second\n\
             {} requests, {refused} orders refused by venues, {} reports\n\n",
            Utc(came.began),
            Utc(came.ended),
            came.events,
            self.per_s(),
            came.sent,
            came.reports,
        );
        text += &numbers::text(&groups, logging::colour_on_stdout());
        let rules: Vec<String> = venues
            .counts()
            .rows()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("  {} {count}\n", name.replace('_', " ")))
            .collect();
        if !rules.is_empty() {
            text += "\nWhat our rules changed against hftbacktest's\n";
            text.extend(rules);
        }
        for (what, count) in [
            ("fills could not be told of and did not happen", venues.fills_missed()),
            ("positions were closed by the venue for want of margin", self.liquidations().into()),
        ] {
            if count > 0 {
                text += &format!("\nwarning: {count} {what}\n");
            }
        }
        for warning in warnings {
            text += &format!("\nwarning: {warning}\n");
        }
        if *halt != Halt::None {
            text += &format!("\nwarning: the engine halted: {}\n", halt.name());
        }
        if let Some((found, name)) = self.versus {
            text += &format!("\n{}", differences(found, name));
        }
        for file in self.files {
            text += &format!("\n{}", file.display());
        }
        text
    }
}
