//! What is wrong with a configuration: where, which key, why, and what to write instead.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use serde::Serialize;
use std::fmt;
use std::ops::Range;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Path of the key, such as `risk.order_qty_max`; empty when the text is no TOML.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty when there is nothing to add.
    pub help: String,
    /// Which bytes of the file.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// All that is wrong with one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file as it was named.
    pub file: String,
    /// Its text; empty when it could not be read.
    pub text: String,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    /// One that concerns the file as a whole.
    pub fn of_file(file: &str, message: String, help: &str) -> Self {
        let (key, help) = (String::new(), help.to_owned());
        let problem = Problem { line: 1, column: 1, key, message, help, span: 0..0 };
        Self { file: file.to_owned(), text: String::new(), list: vec![problem] }
    }

    /// Each problem with its lines of the file, for people.
    pub fn render(&self, colour: bool) -> String {
        let theme = match colour {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
        let mut out = String::new();
        for problem in &self.list {
            let report = Report::of(self, problem);
            if handler.render_report(&mut out, &report).is_err() {
                out.push_str(&problem.message);
            }
            out.push('\n');
        }
        out.push_str(&self.to_string());
        out
    }

    /// The same as one JSON object.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "file": self.file, "valid": false, "problems": self.list })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        let things = if count == 1 { "problem" } else { "problems" };
        write!(f, "{}: {count} {things}; nothing was started", self.file)
    }
}

impl std::error::Error for Problems {}

/// Line and column, from 1, of a byte of a text.
pub fn place_of(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// A problem in the form that the renderer takes.
#[derive(Debug)]
struct Report {
    title: String,
    help: Option<String>,
    label: Option<LabeledSpan>,
    source: NamedSource<String>,
}

impl Report {
    fn of(problems: &Problems, problem: &Problem) -> Self {
        let title = match problem.key.as_str() {
            "" => problem.message.clone(),
            key => format!("{key}: {}", problem.message),
        };
        let span = problem.span.clone();
        let label = (!problems.text.is_empty())
            .then(|| LabeledSpan::new(Some("here".into()), span.start, span.len().max(1)));
        Self {
            title,
            help: (!problem.help.is_empty()).then(|| problem.help.clone()),
            label,
            source: NamedSource::new(&problems.file, problems.text.clone()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.label.as_ref().map(|_| &self.source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label.as_ref().map(|label| Box::new(std::iter::once(label.clone())) as Box<_>)
    }
}
