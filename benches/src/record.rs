//! Runs every bench with the profile that the VPS runs, and keeps what was measured with date,
//! machine and commit: `cargo run --profile production -p benches --bin record [-- PROFILE]`. The
//! profile is `production` unless another is named. A missed bar is written down as such; exit code
//! 1.

use benches::stage::{Row, rows_directory};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const STAGES: [&str; 8] =
    ["decode", "book", "risk", "encode", "journal", "inline", "replay", "recovery"];

/// Where and of what it was measured.
#[derive(Serialize)]
struct Setting {
    date: String,
    machine: String,
    cores: usize,
    load_before: String,
    kernel: String,
    compiler: String,
    profile: String,
    commit: String,
}

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
    let setting = setting(profile);
    let _ = fs::remove_dir_all(rows_directory());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["bench", "-p", "benches", "--benches", "--profile", profile])
        .current_dir(root())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("cargo bench ended with {status}: read what it said")),
        Err(error) => return Err(format!("cargo bench does not start: {error}")),
    }
    let rows = rows()?;
    let missed = rows.iter().filter(|kept| kept.met == Some(false)).count();
    let name = format!("{}-{}", setting.date, slug(&setting.machine, setting.cores));
    let directory = root().join("benches/runs").join(name);
    let text = table(&setting, &rows);
    println!("\n{text}");
    let summary = serde_json::json!({ "setting": setting, "rows": rows });
    let json = serde_json::to_string_pretty(&summary).map_err(|error| error.to_string())?;
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(directory.join("summary.json"), json + "\n"))
        .and_then(|()| fs::write(directory.join("summary.md"), text))
        .map_err(|error| format!("{}: cannot be written: {error}", directory.display()))?;
    println!("kept in {}", directory.display());
    Ok(missed)
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}

/// The rows that the stages left, in the order of the way of the data.
fn rows() -> Result<Vec<Kept>, String> {
    let mut kept = Vec::new();
    for stage in STAGES {
        let path = rows_directory().join(format!("{stage}.json"));
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("the bench {stage} left no rows at {path:?}: {error}"))?;
        let rows: Vec<Row> = serde_json::from_str(&text)
            .map_err(|error| format!("the rows at {path:?} cannot be read: {error}"))?;
        kept.extend(rows.into_iter().map(|row| Kept { met: row.met(), row }));
    }
    Ok(kept)
}

fn table(setting: &Setting, rows: &[Kept]) -> String {
    let Setting { date, machine, cores, load_before, kernel, compiler, profile, commit } = setting;
    let mut text = format!(
        "# {date}, {machine}, {cores} cores\n\nCommit {commit}, profile {profile}, {compiler}, \
         kernel {kernel}; load before: {load_before}. Contestants run by turns in one process; ns \
         are medians, ratios are medians of each turn's ratio.\n\n\
         | stage | what | ns | p99 / p99.9 | rivals: ns, ratio | bar | met |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for Kept { row, met } in rows {
        let tail = row.tail_ns.map_or("–".to_owned(), |[a, b]| format!("{a:.0} / {b:.0}"));
        let rivals: Vec<String> = row
            .against
            .iter()
            .map(|one| format!("{} {:.1}, {:.2}×", one.name, one.ns, one.ratio))
            .collect();
        let rivals = if rivals.is_empty() { "–".to_owned() } else { rivals.join("; ") };
        let met = match met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        let (stage, title, bar) = (&row.stage, &row.title, row.bar_text());
        text +=
            &format!("| {stage} | {title} | {:.1} | {tail} | {rivals} | {bar} | {met} |\n", row.ns);
    }
    text
}

fn setting(profile: &str) -> Setting {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let dirty = !told("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    let commit = told("git", &["rev-parse", "--short=12", "HEAD"]);
    Setting {
        date: told("date", &["-u", "+%Y-%m-%d"]),
        machine: model.map_or("unknown processor", |(_, name)| name).trim().to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load_before: load.split(' ').next().unwrap_or_default().to_owned(),
        kernel: told("uname", &["-sr"]),
        compiler: told("rustc", &["--version"]),
        profile: profile.to_owned(),
        commit: if dirty { commit + " and changes" } else { commit },
    }
}

/// What a program says, or nothing.
fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// A machine's name as part of a directory's.
fn slug(machine: &str, cores: usize) -> String {
    let lower = machine.to_lowercase();
    let words = lower.split(|one: char| !one.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(3).collect();
    format!("{}-{cores}-cores", words.join("-"))
}
