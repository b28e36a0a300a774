//! Where and of what was measured: the machine, the commit, the profile.

use peregrine::machine;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine and what was built for it.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// UTC.
    pub date: String,
    /// The processor's name for itself.
    pub model: String,
    /// Cores that run.
    pub cores: usize,
    /// Release of the kernel.
    pub kernel: String,
    /// Of Rust.
    pub compiler: String,
    /// Of cargo.
    pub profile: String,
    /// Load over a minute, before.
    pub load: f64,
    /// What decides how fast the cores run, or that it cannot be told.
    pub governor: String,
    /// What is below, or "none".
    pub hypervisor: String,
    /// The kernel's.
    pub clock_source: String,
    /// Bytes.
    pub page_size: usize,
    /// Of the sources, with a word where they have changed since.
    #[serde(skip)]
    pub commit: String,
}

impl Setting {
    /// As it is now, with this profile.
    pub fn here(profile: &str) -> Self {
        let about = machine::describe(Path::new("/"));
        let cpu = "/sys/devices/system";
        let governor = read(&format!("{cpu}/cpu/cpu0/cpufreq/scaling_governor"));
        let source = read(&format!("{cpu}/clocksource/clocksource0/current_clocksource"));
        Self {
            date: told("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "undated".to_owned()),
            model: about.processor,
            cores: about.cores,
            kernel: about.kernel,
            compiler: told("rustc", &["--version"]).unwrap_or_else(|| "unknown".to_owned()),
            profile: profile.to_owned(),
            load: load(),
            governor: governor.unwrap_or_else(|| "not shown".to_owned()),
            hypervisor: hypervisor(about.is_virtual),
            clock_source: source.unwrap_or_else(|| "not shown".to_owned()),
            page_size: rustix::param::page_size(),
            commit: commit(),
        }
    }

    /// The folder below `benches/runs/` that it belongs to: profiles that differ must not mix.
    pub fn folder(&self) -> PathBuf {
        let mut name = format!("{}-{}", self.date, slug(&self.model, self.cores));
        if self.profile != "production" {
            name = format!("{name}-{}", self.profile);
        }
        root().join("benches/runs").join(name)
    }
}

/// The workspace.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}

/// The profile that this program was built with, by the directory that it lies in: cargo's `bench`
/// is `release` there.
pub fn profile() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let mut above = program.ancestors().skip(1).filter_map(|path| path.file_name()?.to_str());
    above.find(|name| *name != "deps").unwrap_or("unknown").to_owned()
}

/// The commit, "and changes" where files differ from it. What benches leave are none.
pub fn commit() -> String {
    let head = told("git", &["rev-parse", "--short=12", "HEAD"]);
    let Some(head) = head else { return "unknown".to_owned() };
    let scope = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!benches/runs"];
    let clean = told("git", &scope).is_none();
    if clean { head } else { head + " and changes" }
}

/// Load of the machine over a minute.
pub fn load() -> f64 {
    let load = read("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

fn hypervisor(is_virtual: bool) -> String {
    let vendor = ["/sys/class/dmi/id/sys_vendor", "/sys/hypervisor/type"];
    let vendor = vendor.iter().find_map(|path| read(path));
    match (is_virtual, vendor) {
        (false, _) => "none".to_owned(),
        (true, Some(vendor)) => vendor,
        (true, None) => "yes, unnamed".to_owned(),
    }
}

/// A file's text, where there is some.
fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What a program says, where it says anything.
fn told(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|text| output.status.success() && !text.is_empty())
}

/// A machine's name as part of a directory's.
fn slug(machine: &str, cores: usize) -> String {
    let lower = machine.to_lowercase();
    let words = lower.split(|one: char| !one.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(3).collect();
    format!("{}-{cores}-cores", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_apart_by_day_machine_and_profile() {
        assert_eq!(slug("Intel(R) Xeon(R) Processor", 2), "intel-r-xeon-2-cores");
        let mut setting = Setting::here("production");
        let plain = setting.folder();
        setting.profile = "release".to_owned();
        let other = setting.folder();
        assert!(plain.starts_with(root().join("benches/runs")), "{plain:?}");
        assert_eq!(other.to_string_lossy(), format!("{}-release", plain.display()));
    }
}
