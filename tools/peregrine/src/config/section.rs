//! Reading a table of the file key by key, so that every fault is found and not only the first.
//!
//! A [`Section`] remembers which keys were asked for; what is left over is unknown and gets the
//! nearest known key as a suggestion. Numbers that are money come by their decimal text: a TOML
//! float is never turned into a float for them.

use super::problem::{Problem, place_of};
use rust_decimal::Decimal;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Collects problems of one file.
#[derive(Debug)]
pub struct Collector<'a> {
    text: &'a str,
    list: RefCell<Vec<Problem>>,
}

impl<'a> Collector<'a> {
    /// An empty one for this text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, list: RefCell::new(Vec::new()) }
    }

    /// Adds a problem.
    pub fn add(&self, span: Range<usize>, key: String, message: String, help: String) {
        let (line, column) = place_of(self.text, span.start);
        self.list.borrow_mut().push(Problem { line, column, key, message, help, span });
    }

    /// All of them, in the order of the file.
    pub fn finish(self) -> Vec<Problem> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|problem| problem.span.start);
        list
    }
}

/// A value with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// One table of the file.
#[derive(Debug)]
pub struct Section<'a> {
    path: String,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    known: RefCell<BTreeSet<&'static str>>,
    problems: &'a Collector<'a>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(table: &'a Spanned<DeTable<'a>>, problems: &'a Collector<'a>) -> Self {
        Self::new(String::new(), Some(table.get_ref()), 0..0, problems)
    }

    fn new(
        path: String,
        table: Option<&'a DeTable<'a>>,
        span: Range<usize>,
        problems: &'a Collector<'a>,
    ) -> Self {
        Self { path, table, span, known: RefCell::default(), problems }
    }

    /// Where the table begins.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the file has it.
    pub const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the file has this key, right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether the file has one of these keys.
    pub fn has_any<const N: usize>(&self, keys: [&str; N]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// The text of a key, without judging it.
    pub fn peek(&self, key: &str) -> Option<String> {
        match self.table?.get(key)?.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The full path of one of its keys; its own path for the empty key.
    pub fn path(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path if key.is_empty() => path.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// Adds a problem with one of its keys.
    pub fn problem(&self, span: Range<usize>, key: &str, message: String, help: impl Into<String>) {
        self.problems.add(span, self.path(key), message, help.into());
    }

    /// That a required key is not there.
    pub fn missing(&self, key: &str, help: impl Into<String>) {
        let message = match self.is_there() {
            true => "is missing".to_owned(),
            false => format!("is missing, with its whole section [{}]", self.path),
        };
        self.problem(self.span(), key, message, help);
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key);
        self.table?.get(key)
    }

    /// A table in it; one that is not there reads as empty.
    pub fn table(&self, key: &'static str) -> Section<'a> {
        let path = self.path(key);
        let Some(value) = self.value(key) else {
            return Self::new(path, None, self.span(), self.problems);
        };
        match value.get_ref() {
            DeValue::Table(table) => Self::new(path, Some(table), value.span(), self.problems),
            other => {
                let help = format!("write it as a section: [{path}]");
                self.wrong_type(key, value.span(), other, "a table", &help);
                Self::new(path, None, value.span(), self.problems)
            }
        }
    }

    /// An array of tables; one that is not there reads as empty.
    pub fn tables(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let help = format!("write each one as [[{}]]", self.path(key));
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value.span(), value.get_ref(), "an array of tables", &help);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (place, item) in items.iter().enumerate() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let path = format!("{}[{place}]", self.path(key));
                    sections.push(Self::new(path, Some(table), item.span(), self.problems));
                }
                other => self.wrong_type(key, item.span(), other, "a table", &help),
            }
        }
        sections
    }

    /// The tables of a table whose names are free, each with its name.
    pub fn named_tables(&self) -> Vec<(String, Section<'a>)> {
        let Some(table) = self.table else { return Vec::new() };
        let mut out = Vec::new();
        for (name, value) in table {
            let name = name.get_ref().to_string();
            let path = self.path(&name);
            match value.get_ref() {
                DeValue::Table(table) => {
                    let section = Self::new(path, Some(table), value.span(), self.problems);
                    out.push((name, section));
                }
                other => {
                    let help = format!("write it as a section: [{path}]");
                    self.wrong_type(&name, value.span(), other, "a table", &help);
                }
            }
        }
        out
    }

    /// A list of texts, each with its place; one that is not there reads as empty.
    pub fn texts(&self, key: &'static str) -> Vec<At<String>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let help = "such as [\"one\", \"two\"]";
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value.span(), value.get_ref(), "a list of texts", help);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => {
                    out.push(At { value: text.to_string(), span: item.span() });
                }
                other => self.wrong_type(key, item.span(), other, "text", help),
            }
        }
        out
    }

    /// All keys of a table whose names are free, with their values' decimal numbers.
    pub fn decimals(&self, key: &'static str) -> Vec<(String, At<Decimal>)> {
        let section = self.table(key);
        let Some(table) = section.table else { return Vec::new() };
        let mut out = Vec::new();
        for (name, value) in table {
            if let Some(number) = section.decimal_of(name.get_ref(), value) {
                out.push((name.get_ref().to_string(), number));
            }
        }
        out
    }

    /// Text.
    pub fn text(&self, key: &'static str) -> Option<At<String>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), span: value.span() }),
            other => {
                self.wrong_type(key, value.span(), other, "text", "put it in quotes");
                None
            }
        }
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.wrong_type(key, value.span(), other, "true or false", "without quotes");
                None
            }
        }
    }

    /// One of some names.
    pub fn choice<T: Copy>(&self, key: &'static str, names: &[(&str, T)]) -> Option<At<T>> {
        let text = self.text(key)?;
        if let Some((_, value)) = names.iter().find(|(name, _)| *name == text.value) {
            return Some(At { value: *value, span: text.span });
        }
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` is not one of {}", text.value, known.join(", "));
        self.problem(text.span, key, message, suggestion(&text.value, known.into_iter()));
        None
    }

    /// A whole number within a range; `unit` is for the message.
    pub fn whole(&self, key: &'static str, range: RangeInclusive<u64>, unit: &str) -> Option<u64> {
        let value = self.value(key)?;
        let help = || format!("from {} to {} {unit}", range.start(), range.end());
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(key, value.span(), value.get_ref(), "a whole number", &help());
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let message = format!("{} is out of range", integer.as_str());
                self.problem(value.span(), key, message, help());
                None
            }
        }
    }

    /// A decimal number, by its text: `"0.001"`, `0.001` or `5`.
    pub fn decimal(&self, key: &'static str) -> Option<At<Decimal>> {
        let value = self.value(key)?;
        self.decimal_of(key, value)
    }

    fn decimal_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<Decimal>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            other => {
                let help = "such as \"0.001\"";
                self.wrong_type(key, value.span(), other, "a decimal number", help);
                return None;
            }
        };
        let number = match text.contains(['e', 'E']) {
            true => Decimal::from_scientific(text),
            false => Decimal::from_str_exact(text),
        };
        match number {
            Ok(number) => Some(At { value: number.normalize(), span: value.span() }),
            Err(_) => {
                let message = format!("`{text}` is not a decimal number");
                self.problem(value.span(), key, message, "such as \"0.001\"");
                None
            }
        }
    }

    /// A number for a formula, or one of the names of numbers 0, 1, …: never money.
    pub fn number(&self, key: &'static str, names: &[&str]) -> Option<At<f64>> {
        let value = self.value(key)?;
        let at = |number| Some(At { value: number, span: value.span() });
        let named = |text: &str| names.iter().position(|name| *name == text);
        let found = match value.get_ref() {
            DeValue::Boolean(flag) => named(if *flag { "true" } else { "false" }).map(|n| n as f64),
            DeValue::String(text) if !names.is_empty() => match named(text) {
                Some(number) => Some(number as f64),
                None => {
                    let message = format!("`{text}` is not one of {}", names.join(", "));
                    let help = suggestion(text, names.iter().copied());
                    self.problem(value.span(), key, message, help);
                    return None;
                }
            },
            DeValue::String(text) => text.parse().ok(),
            DeValue::Integer(number) if names.is_empty() => number.as_str().parse().ok(),
            DeValue::Float(number) if names.is_empty() => number.as_str().parse().ok(),
            _ => None,
        };
        match found {
            Some(number) => at(number),
            None => {
                let expected = match names.is_empty() {
                    true => "a number".to_owned(),
                    false => format!("one of {}", names.join(", ")),
                };
                self.wrong_type(key, value.span(), value.get_ref(), &expected, "");
                None
            }
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        let Some(table) = self.table else { return };
        let known = self.known.borrow();
        for key in table.keys() {
            if !known.contains(key.get_ref().as_ref()) {
                let name = key.get_ref().as_ref();
                let help = suggestion(name, known.iter().copied());
                self.problem(key.span(), name, "is not a known key".into(), help);
            }
        }
    }

    /// The same, when its keys could be asked for at all.
    pub fn finish_if(self, asked: bool) {
        if asked {
            self.finish();
        }
    }

    fn wrong_type(
        &self,
        key: &str,
        span: Range<usize>,
        found: &DeValue<'_>,
        expected: &str,
        help: &str,
    ) {
        let found = match found {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.problem(span, key, format!("expected {expected}, found {found}"), help);
    }
}

/// "did you mean" with the nearest of some names, or the list of them.
pub fn suggestion<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    let lower = given.to_lowercase().replace('-', "_");
    let near = |name: &str| {
        strsim::damerau_levenshtein(&lower, &name.replace('-', "_")) <= 2 + name.len() / 5
            || strsim::jaro_winkler(&lower, name) > 0.88
    };
    let distance = |name: &&str| strsim::damerau_levenshtein(&lower, &name.replace('-', "_"));
    match names.iter().copied().filter(|name| near(name)).min_by_key(distance) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            names.sort_unstable();
            format!("known here: {}", names.join(", "))
        }
    }
}
