//! Cores: how many there are, which ones the scheduler, its tick and RCU leave alone, who shares
//! one, and what the hypervisor takes away.

use super::{Check, CoreSet, Machine, Root, Wish};
use std::collections::BTreeSet;

/// Two hot threads, and two for everything else.
const CORES_MIN: usize = 4;
/// Stolen time that is no alarm, in millionths of all time.
const STEAL_PPM_MAX: u64 = 1_000;
/// Where cores are told.
const CPU: &str = "sys/devices/system/cpu";

/// Words of a line of /proc/cpuinfo.
pub(super) struct Flags(BTreeSet<String>);

impl Flags {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.0.contains(flag)
    }
}

/// Flags of the first core, where the architecture tells such.
pub(super) fn flags(root: &Root) -> Option<Flags> {
    let cpuinfo = root.text("proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    let (_, flags) = line.split_once(':')?;
    Some(Flags(flags.split_whitespace().map(str::to_owned).collect()))
}

/// Cores that the scheduler leaves alone, by kernel argument or by isolated partitions of cgroups.
pub(super) fn isolated(root: &Root) -> CoreSet {
    let at_boot = root.cores(&format!("{CPU}/isolated")).unwrap_or_default();
    let partitions = root.cores("sys/fs/cgroup/cpuset.cpus.isolated").unwrap_or_default();
    at_boot.or(&partitions)
}

/// Threads of the same physical core, this one among them.
pub(super) fn siblings(root: &Root, core: usize) -> Option<CoreSet> {
    root.cores(&format!("{CPU}/cpu{core}/topology/thread_siblings_list")).ok()
}

/// Which cores to isolate where none is: the last two physical ones, with their siblings; the last
/// one alone where there are fewer than four.
pub(super) fn best(root: &Root, online: &CoreSet) -> CoreSet {
    let physical = if online.len() < CORES_MIN { 1 } else { 2 };
    let mut best = CoreSet::default();
    let mut taken = 0;
    let only = online.len() == 1;
    for core in online.iter().rev().filter(|core| only || *core > 0) {
        if taken < physical && !best.has(core) {
            let alone = CoreSet::from_iter([core]);
            best = best.or(&siblings(root, core).unwrap_or_default().or(&alone));
            taken += 1;
        }
    }
    best
}

/// The value of a kernel argument.
fn argument(root: &Root, name: &str) -> Result<Option<String>, String> {
    let line = root.text("proc/cmdline")?;
    let mut words = line.split_whitespace().filter_map(|word| word.split_once('='));
    Ok(words.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()))
}

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![
        cores(machine),
        isolated_cores(machine),
        tick(machine),
        rcu(machine),
        smt(machine),
        steal(machine),
    ]
}

fn cores(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "cores",
        format!("at least {CORES_MIN}: two for hot threads, two for everything else"),
        "rent a machine with more; below that set layout = \"inline\"",
    );
    match &machine.online {
        Ok(online) => wish.judge(online.len() >= CORES_MIN, format!("{} online", online.len())),
        Err(why) => wish.unknown(machine.without(why.clone())),
    }
}

/// What to write into the kernel's command line.
fn boot_line(argument: &str) -> String {
    format!("kernel argument {argument} in /etc/default/grub, then update-grub, then reboot")
}

fn isolated_cores(machine: &Machine<'_>) -> Check {
    let (hot, isolated) = (&machine.hot, &machine.isolated);
    let wish = Wish::new(
        "isolated",
        format!("{} kept from the scheduler", machine.hot_named()),
        boot_line(&format!("isolcpus=managed_irq,domain,{hot}")),
    );
    match &machine.online {
        Err(why) => wish.unknown(machine.without(why.clone())),
        Ok(_) => {
            let good = !isolated.is_empty() && hot.without(isolated).is_empty();
            wish.judge(good, format!("isolated: {isolated}"))
        }
    }
}

fn tick(machine: &Machine<'_>) -> Check {
    let hot = &machine.hot;
    let wish = Wish::new(
        "tick",
        format!("no timer tick on {}", machine.hot_named()),
        boot_line(&format!("nohz_full={hot}")),
    );
    match machine.root.cores(&format!("{CPU}/nohz_full")) {
        Ok(quiet) => {
            let good = !quiet.is_empty() && hot.without(&quiet).is_empty();
            wish.judge(good, format!("nohz_full: {quiet}"))
        }
        Err(_) if machine.online.is_ok() => {
            let remedy = format!("a kernel built with CONFIG_NO_HZ_FULL, and {}", wish.remedy);
            wish.or_else(remedy).missing("this kernel cannot stop its tick")
        }
        Err(why) => wish.unknown(machine.without(why)),
    }
}

fn rcu(machine: &Machine<'_>) -> Check {
    let (root, hot) = (machine.root, &machine.hot);
    let wish = Wish::new(
        "rcu",
        format!("no RCU callbacks on {}", machine.hot_named()),
        boot_line(&format!("rcu_nocbs={hot}")),
    );
    let line = argument(root, "rcu_nocbs").and_then(|own| Ok((own, argument(root, "nohz_full")?)));
    let (own, quiet) = match line {
        Ok(arguments) => arguments,
        Err(why) => return wish.unknown(why),
    };
    let online = machine.online.clone().unwrap_or_default();
    // Cores of nohz_full have their callbacks taken off too.
    let read = |text: Option<String>| match text.as_deref() {
        Some("all") => online.clone(),
        Some(text) => CoreSet::from_list(text).unwrap_or_default(),
        None => CoreSet::default(),
    };
    let off = read(own).or(&read(quiet));
    let good = !off.is_empty() && hot.without(&off).is_empty();
    wish.judge(good, format!("callbacks taken off: {off}"))
}

fn smt(machine: &Machine<'_>) -> Check {
    let hot = &machine.hot;
    let wish = Wish::new(
        "smt",
        format!("nothing else on the physical cores of {hot}"),
        "kernel argument nosmt, or in the cloud an instance with one thread a core (AWS: \
         --cpu-options ThreadsPerCore=1); for now: echo off > /sys/devices/system/cpu/smt/control",
    );
    match machine.root.text(&format!("{CPU}/smt/active")).as_deref() {
        Ok("0") if machine.is_virtual => wish.ok("off, as far as the hypervisor tells"),
        Ok("0") => wish.ok("off"),
        Ok(_) => {
            let all = hot.iter().filter_map(|core| siblings(machine.root, core));
            let all = all.fold(CoreSet::default(), |all, some| all.or(&some));
            let strangers = all.without(&machine.isolated).without(hot);
            let found = format!("on; siblings of {hot} that are not isolated: {strangers}");
            wish.judge(strangers.is_empty(), found)
        }
        Err(why) => wish.unknown(machine.without(why.to_owned())),
    }
}

fn steal(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "steal",
        format!("at most {} % of the time taken by other machines", STEAL_PPM_MAX as f64 / 1e4),
        "rent whole cores: a dedicated instance or metal, never one with CPU credits",
    );
    let stat = match machine.root.text("proc/stat") {
        Ok(stat) => stat,
        Err(why) => return wish.unknown(why),
    };
    // user nice system idle iowait irq softirq steal; guest time is in user already.
    let times: Option<Vec<u64>> =
        stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).and_then(|line| {
            line.split_whitespace().take(8).map(|word| word.parse().ok()).collect()
        });
    let Some(times) = times.filter(|times| times.len() == 8) else {
        return wish.unknown("/proc/stat: its first line is not what the kernel writes");
    };
    let all = times.iter().fold(0_u64, |all, one| all.saturating_add(*one)).max(1);
    let ppm = u64::try_from(u128::from(times[7]) * 1_000_000 / u128::from(all)).unwrap_or(u64::MAX);
    let found = format!("{:.3} % since boot", ppm as f64 / 1e4);
    wish.judge(ppm <= STEAL_PPM_MAX, found)
}
