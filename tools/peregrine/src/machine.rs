//! What a machine lacks for low latency, read from `/proc` and `/sys`: one [`Check`] for each
//! thing that `config/TUNING.md` explains under the same name. Nothing is changed.
//!
//! Everything is read below one root, so that tests give a folder of their own. It knows nothing
//! of command lines and screens; `doctor` prints what is found here, `bench` judges by it.

mod coreset;
mod inherited;
mod interrupts;
mod memory;
mod network;
mod pinned;
mod power;
mod processor;
mod root;

mod time;

pub use coreset::CoreSet;
pub use pinned::{Pinned, Wishes};
pub use root::Root;

use serde::Serialize;
use std::path::Path;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// It is not: `remedy` says what to do.
    Missing,
    /// It cannot be told from here; `found` says why.
    Unknown,
}

/// One thing that a machine for low latency has, and whether this one has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, which is its heading in `config/TUNING.md` too.
    pub name: &'static str,
    /// How it came out.
    pub state: State,
    /// What there is, or why that cannot be told.
    pub found: String,
    /// What there should be.
    pub wanted: String,
    /// What to do about it: a command for this machine where there is one.
    pub remedy: String,
}

/// A check that has not come out yet.
struct Wish {
    name: &'static str,
    wanted: String,
    remedy: String,
}

impl Wish {
    fn new(name: &'static str, wanted: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, wanted: wanted.into(), remedy: remedy.into() }
    }

    /// The same with another remedy.
    fn or_else(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    fn came_out(self, state: State, found: impl Into<String>) -> Check {
        let Self { name, wanted, remedy } = self;
        Check { name, state, found: found.into(), wanted, remedy }
    }

    fn ok(self, found: impl Into<String>) -> Check {
        self.came_out(State::Ok, found)
    }

    fn missing(self, found: impl Into<String>) -> Check {
        self.came_out(State::Missing, found)
    }

    fn unknown(self, why: impl Into<String>) -> Check {
        self.came_out(State::Unknown, why)
    }

    fn judge(self, good: bool, found: impl Into<String>) -> Check {
        self.came_out(if good { State::Ok } else { State::Missing }, found)
    }
}

/// What the checks have in common.
struct Machine<'a> {
    root: &'a Root,
    /// Cores that run; why not, where that cannot be read.
    online: Result<CoreSet, String>,
    /// Cores that the scheduler leaves alone.
    isolated: CoreSet,
    /// Cores that hot threads run on: those of a configuration, else the isolated ones, else
    /// those without a tick, else those that would best be isolated.
    hot: CoreSet,
    /// Whether a hypervisor is below.
    is_virtual: bool,
}

impl<'a> Machine<'a> {
    fn read(root: &'a Root, pinned: &CoreSet) -> Self {
        let online = root.cores("sys/devices/system/cpu/online");
        let isolated = processor::isolated(root);
        // A core that is not there says nothing about the machine.
        let pinned = online.as_ref().map_or_else(|_| pinned.clone(), |all| pinned.and(all));
        let quiet = root.cores("sys/devices/system/cpu/nohz_full").unwrap_or_default();
        let known = [pinned, isolated.clone(), quiet].into_iter().find(|set| !set.is_empty());
        let hot = known.unwrap_or_else(|| {
            processor::best(root, online.as_ref().unwrap_or(&CoreSet::default()))
        });
        let is_virtual = processor::flags(root).is_some_and(|flags| flags.has("hypervisor"))
            || root.has("sys/hypervisor/type");
        Self { root, online, isolated, hot, is_virtual }
    }

    /// The hot cores, for people.
    fn hot_named(&self) -> String {
        if self.hot.is_empty() { "hot cores".to_owned() } else { self.hot.named() }
    }

    /// Why nothing can be said of hot cores, where nobody knows which ones they are.
    fn no_core(&self) -> Option<String> {
        let why = self.online.as_ref().err()?;
        self.hot.is_empty().then(|| self.without(why.clone()))
    }

    /// Why a file of `/sys` is not there, for people.
    fn without(&self, why: String) -> String {
        match self.root.has("sys/devices/system/cpu") {
            true => why,
            false => format!("{why}; /sys is not shown here, as in some containers"),
        }
    }
}

/// Which machine it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The processor's name for itself.
    pub processor: String,
    /// Cores that run, as the system counts them; 0 where that cannot be told.
    pub cores: usize,
    /// Release of the kernel.
    pub kernel: String,
    /// Whether a hypervisor is below.
    pub is_virtual: bool,
}

/// Which machine is below this root.
pub fn describe(root: &Path) -> Description {
    let root = Root::new(root);
    let machine = Machine::read(&root, &CoreSet::default());
    let cpuinfo = root.text("proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
    Description {
        processor: model.unwrap_or_else(|| "unknown processor".to_owned()),
        cores: machine.online.as_ref().map_or(0, CoreSet::len),
        kernel: root.text("proc/sys/kernel/osrelease").unwrap_or_else(|_| "unknown".to_owned()),
        is_virtual: machine.is_virtual,
    }
}

/// Cores that this process runs on unless it asks for others, then isolated ones that it may ask
/// for: nothing is put there, and so the system's own count leaves them out.
fn own_cores(root: &Path) -> Option<(CoreSet, CoreSet)> {
    let root = Root::new(root);
    let status = root.text("proc/self/status").ok()?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let allowed = CoreSet::from_list(list)?;
    let mut aside = processor::isolated(&root).without(&allowed);
    if let Some(permitted) = inherited::permitted(&root) {
        aside = aside.and(&permitted);
    }
    Some((allowed, aside))
}

/// How many isolated cores there are for pinned threads beyond those that the system counts.
pub fn cores_set_aside(root: &Path) -> usize {
    own_cores(root).map_or(0, |(_, aside)| aside.len())
}

/// How many cores threads of this process can be pinned to; `None` where that cannot be told.
pub fn usable_cores(root: &Path) -> Option<usize> {
    own_cores(root).map(|(allowed, aside)| allowed.len() + aside.len())
}

/// Cores that are judged: those of a configuration's hot threads, else the isolated ones, else
/// those that would best be isolated. Empty where that cannot be told.
pub fn hot_cores(root: &Path, wishes: Option<&Wishes>) -> CoreSet {
    let pinned = wishes.map_or_else(CoreSet::default, Wishes::hot);
    Machine::read(&Root::new(root), &pinned).hot
}

/// All checks that need no configuration, always the same ones in the same order. The product's
/// root is `/`.
pub fn checks(root: &Path) -> Vec<Check> {
    every(root, None)
}

/// The same with the cores of a configuration in mind, and whether that configuration uses the
/// machine well.
pub fn checks_for(root: &Path, wishes: &Wishes) -> Vec<Check> {
    every(root, Some(wishes))
}

fn every(root: &Path, wishes: Option<&Wishes>) -> Vec<Check> {
    let root = Root::new(root);
    let pinned = wishes.map_or_else(CoreSet::default, Wishes::hot);
    let machine = Machine::read(&root, &pinned);
    let mut checks = Vec::new();
    checks.extend(processor::checks(&machine));
    checks.extend(interrupts::checks(&machine));
    checks.extend(power::checks(&machine));
    checks.extend(memory::checks(&machine));
    checks.extend(network::checks(&machine));
    checks.extend(time::checks(&machine));
    checks.extend(inherited::checks(&machine));
    checks.extend(wishes.into_iter().flat_map(|wishes| pinned::checks(&machine, wishes)));
    checks
}
