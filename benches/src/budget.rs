//! The instruction budget: `budget.toml` says how many instructions each hot function may take, and
//! CI fails when one takes more.

use crate::results::Counts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each function may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Instructions of one operation at most, by the name of a promised row.
    pub instructions: BTreeMap<String, u64>,
}

/// A function's count beside its budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Which.
    pub name: String,
    /// Instructions of one operation; `None` where it was not counted.
    pub counted: Option<u64>,
    /// At most so many; `None` where nobody set a budget.
    pub budget: Option<u64>,
}

impl Judged {
    /// Whether it stays within its budget: what has none, or was not counted, does not.
    pub fn met(&self) -> bool {
        matches!((self.counted, self.budget), (Some(counted), Some(budget)) if counted <= budget)
    }
}

impl Budget {
    /// From a file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// All that has a budget or a count.
    pub fn judge(&self, counts: &Counts) -> Vec<Judged> {
        let mut names: Vec<&String> = self.instructions.keys().chain(counts.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let judged = names.into_iter().map(|name| Judged {
            name: name.clone(),
            counted: counts.get(name).copied(),
            budget: self.instructions.get(name).copied(),
        });
        judged.collect()
    }
}

/// Measured and budget, for people.
pub fn table(judged: &[Judged]) -> String {
    let number = |value: Option<u64>| value.map_or("–".to_owned(), |value| value.to_string());
    let mut text = format!("{:<26} {:>9} {:>9}\n", "instructions", "measured", "budget");
    for one in judged {
        let share = match (one.counted, one.budget) {
            (Some(counted), Some(budget)) if budget > 0 => {
                format!("{:>5.1} %", counted as f64 / budget as f64 * 100.0)
            }
            _ => format!("{:>7}", "–"),
        };
        let verdict = if one.met() { "" } else { "  OVER" };
        let (counted, budget) = (number(one.counted), number(one.budget));
        text += &format!("{:<26} {counted:>9} {budget:>9} {share}{verdict}\n", one.name);
    }
    text
}

/// The instructions that gungraun counted for the bench of this name, as it left them below here.
pub fn counted(home: &Path, name: &str) -> Result<u64, String> {
    let file = summary(home, name)
        .ok_or_else(|| format!("gungraun left no summary of {name} below {}", home.display()))?;
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    let found = &value["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"];
    match found.as_u64() {
        Some(count) if count > 0 => Ok(count),
        _ => Err(format!("{}: holds no instruction count", file.display())),
    }
}

/// The summary in the folder that ends with this bench's name, at most eight folders deep.
fn summary(home: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = vec![(home.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).ok()?.filter_map(Result::ok) {
            let path = entry.path();
            let is_its = path.extension().is_some_and(|end| end == name);
            if is_its && path.join("summary.json").is_file() {
                return Some(path.join("summary.json"));
            }
            if path.is_dir() && depth < 8 {
                folders.push((path, depth + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine::bench::work;

    #[test]
    fn each_hot_function_has_a_budget_and_nothing_else_has() {
        let budget = Budget::read(&crate::setting::root().join("benches/budget.toml")).unwrap();
        let budgeted: Vec<&str> = budget.instructions.keys().map(String::as_str).collect();
        let mut works: Vec<&str> = work::ALL.iter().map(|(name, _)| *name).collect();
        works.sort_unstable();
        assert_eq!(budgeted, works);
    }

    #[test]
    fn over_budget_is_said() {
        let budget: Budget = toml::from_str("[instructions]\ngate = 100\nhmac = 50").unwrap();
        let counts = Counts::from([("gate".to_owned(), 101), ("new".to_owned(), 7)]);
        let judged = budget.judge(&counts);
        assert!(judged.iter().all(|one| !one.met()), "{judged:?}");
        assert_eq!(
            table(&judged),
            "instructions                measured    budget\n\
             gate                             101       100 101.0 %  OVER\n\
             hmac                               –        50       –  OVER\n\
             new                                7         –       –  OVER\n"
        );
        assert!(toml::from_str::<Budget>("[instruction]\ngate = 1").is_err());
    }

    #[test]
    fn gungraun_s_summary_is_found_and_read() {
        let home = std::env::temp_dir().join(format!("peregrine-budget-{}", std::process::id()));
        let folder = home.join("benches/instructions/counted/hot/turn.gate");
        fs::create_dir_all(&folder).unwrap();
        let ir = serde_json::json!({"Ir": {"values": {"new": 1234}}});
        let text = serde_json::json!({"profiles": [{"data": {"total": {"metrics": ir}}}]});
        fs::write(folder.join("summary.json"), text.to_string()).unwrap();
        assert_eq!(counted(&home, "gate"), Ok(1234));
        assert!(counted(&home, "gat").is_err_and(|why| why.contains("no summary of gat")));
        fs::remove_dir_all(&home).unwrap();
    }
}
