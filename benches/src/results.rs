//! What benches leave: each stage its rows, below the target directory; all together `bench.json`
//! with the promised rows, in `benches/runs/<date>-<machine>/`. It is written anew when a stage
//! ends, from all stages that were run at the same commit with the same profile; what was not keeps
//! the entry that it had, with the commit that it was measured at.

use crate::numbers::{NUMBERS, Number};
use crate::row::Row;
use crate::setting::{self, Setting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Instructions of one operation, by the name of a promised row.
pub type Counts = BTreeMap<String, u64>;

/// A file of one stage, or of the counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept<T> {
    /// What was measured.
    pub commit: String,
    /// How it was built.
    pub profile: String,
    /// Load over a minute, before.
    pub load: f64,
    /// The results.
    pub rows: T,
}

/// Where the stages leave their rows; pictures too (`*.png`, `*.svg`), which are copied to the run.
pub fn directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| setting::root().join("target"));
    target.join("benches")
}

/// Keeps one stage's results for those who come after.
pub fn keep<T: Serialize>(stage: &str, kept: &Kept<T>) -> io::Result<()> {
    let directory = directory();
    fs::create_dir_all(&directory)?;
    let text = serde_json::to_string_pretty(kept)?;
    fs::write(directory.join(format!("{stage}.json")), text + "\n")
}

/// What a stage left, if it was at this commit and with this profile.
fn found<T: for<'de> Deserialize<'de>>(stage: &str, commit: &str, of: &str) -> Option<Kept<T>> {
    let text = fs::read_to_string(directory().join(format!("{stage}.json"))).ok()?;
    let kept: Kept<T> = serde_json::from_str(&text).ok()?;
    (kept.commit == commit && kept.profile == of).then_some(kept)
}

/// The counts of this commit; none where they were not taken. They are of the release profile
/// whatever the times are of.
pub fn counts(commit: &str) -> Counts {
    let profiles = ["release", "production"];
    let kept = profiles.iter().find_map(|profile| found("instructions", commit, profile));
    kept.map(|kept: Kept<Counts>| kept.rows).unwrap_or_default()
}

/// The rows of these stages at this commit with this profile, in order, with the counts put in;
/// and the highest load that any of them began under.
pub fn rows(stages: &[&str], commit: &str, profile: &str) -> (Vec<Row>, f64) {
    let counts = counts(commit);
    let (mut all, mut load) = (Vec::new(), 0.0_f64);
    for stage in stages {
        let Some(kept) = found::<Vec<Row>>(stage, commit, profile) else { continue };
        load = load.max(kept.load);
        all.extend(kept.rows.into_iter().map(|row| with_count(row, &counts)));
    }
    (all, load)
}

/// The row with its instructions, where they were counted and it does not know them itself.
pub fn with_count(mut row: Row, counts: &Counts) -> Row {
    if row.instructions.is_none()
        && let Some(number) = crate::numbers::named(&row.stage, &row.title)
    {
        row.instructions = counts.get(number.name).copied();
    }
    row
}

/// `bench.json`: the machine, the commit, and an entry for each promised row; `before` is the file
/// as it was.
pub fn compose(setting: &Setting, rows: &[Row], before: &Value) -> Value {
    let entry = |number: &Number| {
        let old = || {
            let mut old = before["stages"][number.name].as_object().cloned()?;
            old.entry("commit").or_insert_with(|| before["commit"].clone());
            old["ns_p50"].is_number().then_some(Value::Object(old))
        };
        let entry = measured(number, rows).or_else(old).unwrap_or_else(|| missing(number));
        (number.name.to_owned(), entry)
    };
    let stages: Map<String, Value> = NUMBERS.iter().map(entry).collect();
    json!({ "machine": setting, "commit": setting.commit, "stages": stages })
}

/// Of a row that was never run.
fn missing(number: &Number) -> Value {
    json!({
        "ns_p50": null, "ns_p99": null, "instructions": null, "rivals": {},
        "bar": number.bar, "met": false,
    })
}

fn measured(number: &Number, rows: &[Row]) -> Option<Value> {
    let of =
        |title: &&str| rows.iter().find(|row| row.stage == number.bench && row.title == **title);
    let row = number.titles.iter().find_map(of)?;
    let tenth = |ns: f64| (ns * 10.0).round() / 10.0;
    let hundredth = |ratio: f64| (ratio * 100.0).round() / 100.0;
    let rivals = row.against.iter().map(|one| (one.name.clone(), json!(hundredth(one.ratio))));
    let rivals: Map<String, Value> = rivals.collect();
    let mut entry = json!({
        "ns_p50": tenth(row.ns),
        "ns_p99": row.p99().map(tenth),
        "instructions": row.instructions,
        "rivals": rivals,
        "bar": row.bar_text(),
        // A row for information has nothing to miss.
        "met": row.met().unwrap_or(true),
    });
    let figures =
        row.figures.iter().map(|(name, figure)| (name.clone(), json!(hundredth(*figure))));
    let figures: Map<String, Value> = figures.collect();
    if let Some(entry) = entry.as_object_mut().filter(|_| !figures.is_empty()) {
        entry.insert("figures".to_owned(), figures.into());
    }
    Some(entry)
}

/// Writes `bench.json` and the pictures of all that was run at this commit; the file.
pub fn leave(profile: &str) -> io::Result<PathBuf> {
    let mut setting = Setting::here(profile);
    let stages: Vec<&str> = crate::STAGES.to_vec();
    let (rows, load) = rows(&stages, &setting.commit, profile);
    setting.load = load;
    let folder = setting.folder();
    fs::create_dir_all(&folder)?;
    let path = folder.join("bench.json");
    let before = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let composed = compose(&setting, &rows, &before.unwrap_or_default());
    fs::write(&path, serde_json::to_string_pretty(&composed)? + "\n")?;
    copy_pictures(&directory(), &folder)?;
    Ok(path)
}

fn copy_pictures(from: &Path, to: &Path) -> io::Result<()> {
    for file in fs::read_dir(from)?.filter_map(Result::ok) {
        let path = file.path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if matches!(kind, Some("png" | "svg")) {
            fs::copy(&path, to.join(file.file_name()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Against, Bar};

    #[test]
    fn bench_json_has_an_entry_for_each_promised_row() {
        let against = vec![Against { name: "rival".to_owned(), ns: 300.0, ratio: 7.239 }];
        let bar = Bar::All(vec![Bar::times(8.0, "rival"), Bar::NsMax(50.0)]);
        let decode = Row {
            p99_ns: Some(44.44),
            against,
            bar,
            ..Row::new("decode", "bookTicker, recorded", 41.44)
        };
        let other = Row::new("decode", "bookTicker", 1.0);
        let gate = Row::new("risk", "approved", 12.0).with([("rows", 1.5)]);
        let gate = Row { bar: Bar::NsMax(20.0), ..gate };
        let counts = Counts::from([("gate".to_owned(), 99)]);
        let rows: Vec<Row> =
            [other, decode, gate].into_iter().map(|row| with_count(row, &counts)).collect();
        let setting = Setting::here("release");
        let value = compose(&setting, &rows, &Value::Null);
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["commit", "machine", "stages"]);
        for key in ["model", "cores", "kernel", "compiler", "profile", "load", "governor"] {
            assert!(value["machine"].get(key).is_some(), "{key}");
        }
        for key in ["hypervisor", "clock_source", "page_size"] {
            assert!(value["machine"].get(key).is_some(), "{key}");
        }
        assert_eq!(value["commit"], setting.commit);
        let stages = value["stages"].as_object().unwrap();
        assert_eq!(stages.len(), NUMBERS.len());
        assert_eq!(
            stages["book_ticker_decode"],
            json!({"ns_p50": 41.4, "ns_p99": 44.4, "instructions": null,
                   "rivals": {"rival": 7.24}, "bar": "≥ 8× rival, ≤ 50 ns", "met": false})
        );
        assert_eq!(stages["gate"]["instructions"], 99);
        assert_eq!(stages["gate"]["met"], true);
        assert_eq!(stages["gate"]["figures"], json!({"rows": 1.5}));
    }

    #[test]
    fn what_was_run_before_stays_with_its_commit() {
        let setting = Setting::here("release");
        let row = |ns: f64| Row { bar: Bar::NsMax(20.0), ..Row::new("risk", "approved", ns) };
        let first = compose(
            &Setting { commit: "one".into(), ..setting.clone() },
            &[row(9.0)],
            &Value::Null,
        );
        let second = compose(&Setting { commit: "two".into(), ..setting.clone() }, &[], &first);
        let third = compose(&Setting { commit: "three".into(), ..setting.clone() }, &[], &second);
        for later in [&second, &third] {
            let gate = &later["stages"]["gate"];
            assert_eq!((&gate["ns_p50"], &gate["commit"]), (&json!(9.0), &json!("one")));
            assert_eq!(later["stages"]["engine_rows"]["met"], false);
        }
        let again = compose(&setting, &[row(8.0)], &third);
        assert_eq!(again["stages"]["gate"]["ns_p50"], 8.0);
        assert_eq!(again["stages"]["gate"].get("commit"), None);
    }

    #[test]
    fn what_was_not_run_is_listed_and_not_met() {
        let value = compose(&Setting::here("release"), &[], &Value::Null);
        for number in NUMBERS {
            assert_eq!(
                value["stages"][number.name],
                json!({"ns_p50": null, "ns_p99": null, "instructions": null, "rivals": {},
                       "bar": number.bar, "met": false}),
            );
        }
    }
}
