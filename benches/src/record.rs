//! Runs every bench with the profile that the VPS runs, and keeps what was measured with date,
//! machine and commit: `cargo run --profile production -p benches --bin record [-- PROFILE]`. The
//! profile is `production` unless another is named. A missed bar is written down as such; exit code
//! 1.

use benches::STAGES;
use benches::results;
use benches::row::Row;
use benches::setting::{self, Setting};
use serde::Serialize;
use std::fs;
use std::process::{Command, ExitCode};

/// What is kept of a row.
#[derive(Serialize)]
struct Kept {
    #[serde(flatten)]
    row: Row,
    met: Option<bool>,
}

fn main() -> ExitCode {
    let profile = std::env::args().nth(1).unwrap_or_else(|| "production".to_owned());
    match record(&profile) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            println!("{missed} bars are missed");
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("record: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn record(profile: &str) -> Result<usize, String> {
    let mut setting = Setting::here(profile);
    let _ = fs::remove_dir_all(results::directory());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["bench", "-p", "benches", "--benches", "--profile", profile])
        .current_dir(setting::root())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("cargo bench ended with {status}: read what it said")),
        Err(error) => return Err(format!("cargo bench does not start: {error}")),
    }
    let (rows, load) = results::rows(&STAGES, &setting.commit, profile);
    setting.load = load;
    let rows: Vec<Kept> = rows.into_iter().map(|row| Kept { met: row.met(), row }).collect();
    if rows.is_empty() {
        return Err("the benches left no rows: the sources changed while they ran".to_owned());
    }
    let missed = rows.iter().filter(|kept| kept.met == Some(false)).count();
    let directory = setting.folder();
    let text = table(&setting, &rows);
    println!("\n{text}");
    let summary = serde_json::json!({ "setting": setting, "commit": setting.commit, "rows": rows });
    let json = serde_json::to_string_pretty(&summary).map_err(|error| error.to_string())?;
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(directory.join("summary.json"), json + "\n"))
        .and_then(|()| fs::write(directory.join("summary.md"), text))
        .map_err(|error| format!("{}: cannot be written: {error}", directory.display()))?;
    println!("kept in {}", directory.display());
    Ok(missed)
}

fn table(setting: &Setting, rows: &[Kept]) -> String {
    let Setting { date, model, cores, load, kernel, compiler, profile, commit, .. } = setting;
    let mut text = format!(
        "# {date}, {model}, {cores} cores\n\nCommit {commit}, profile {profile}, {compiler}, \
         kernel {kernel}; load before: {load}. Contestants run by turns in one process; ns \
         are medians, ratios are medians of each turn's ratio. p99 is of the turns' means, and of \
         single events where p99.9 stands beside it.\n\n\
         | stage | what | ns | p99 / p99.9 | instructions | figures; rivals: ns, ratio | bar \
         | met |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    for Kept { row, met } in rows {
        let tail = match (row.tail_ns, row.p99()) {
            (Some([p99, p999]), _) => format!("{p99:.0} / {p999:.0}"),
            (None, Some(p99)) => format!("{p99:.1}"),
            (None, None) => "–".to_owned(),
        };
        let count = row.instructions.map_or("–".to_owned(), |count| count.to_string());
        let rivals: Vec<String> = row
            .against
            .iter()
            .map(|one| format!("{} {:.1}, {:.2}×", one.name, one.ns, one.ratio))
            .collect();
        let figures = row.figures.iter();
        let rivals: Vec<String> =
            figures.map(|(name, figure)| format!("{name} {figure:.2}")).chain(rivals).collect();
        let rivals = if rivals.is_empty() { "–".to_owned() } else { rivals.join("; ") };
        let met = match met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        let (stage, title, bar) = (&row.stage, &row.title, row.bar_text());
        text += &format!(
            "| {stage} | {title} | {:.1} | {tail} | {count} | {rivals} | {bar} | {met} |\n",
            row.ns
        );
    }
    text
}
