//! `peregrine doctor` over machines that the tests make up: trees of `/proc` and `/sys`, text in,
//! text out. One tree lacks nothing; each test changes what it is about.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

use peregrine::doctor::render;
use peregrine::machine::{
    Check, Pinned, State, Wishes, checks, checks_for, cores_set_aside, describe, usable_cores,
};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

const GOOD: &str = include_str!("doctor/good.txt");

/// A program that is being written cannot be started, and a child that is just being started holds
/// what its parent has open: so one test at a time writes trees and starts programs.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where trees are written: to memory, because thousands of small files take long on some disks,
/// unless programs cannot be started from there.
fn folder() -> PathBuf {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let memory = mounts.lines().find(|line| line.contains(" /dev/shm "));
    match memory {
        Some(mount) if !mount.contains("noexec") && !mount.contains(" ro,") => "/dev/shm".into(),
        _ => std::env::temp_dir(),
    }
}

/// Files by path. In text, a line is `path: content`, a line with two blanks before it continues
/// the content, and a path that ends with `/` is an empty folder.
#[derive(Clone)]
struct Tree(BTreeMap<String, String>);

impl Tree {
    fn read(text: &str) -> Self {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match (line.strip_prefix("  "), files.last_mut()) {
                (Some(more), Some((_, content))) => *content += &format!("{more}\n"),
                _ => {
                    let (path, content) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
                    let content = content.trim();
                    let end = if content.is_empty() { "" } else { "\n" };
                    files.push((path.to_owned(), format!("{content}{end}")));
                }
            }
        }
        Self(files.into_iter().collect())
    }

    /// With files in the same notation over it, and `- path` taking away all that begins so.
    fn changed(mut self, changes: &str) -> Self {
        for line in changes.lines() {
            if let Some(gone) = line.strip_prefix("- ") {
                let before = self.0.len();
                self.0.retain(|path, _| !path.starts_with(gone));
                assert!(self.0.len() < before, "nothing begins with {gone}");
            }
        }
        let rest: Vec<&str> = changes.lines().filter(|line| !line.starts_with("- ")).collect();
        self.0.extend(Self::read(&rest.join("\n")).0);
        self
    }

    fn write(&self) -> Root {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-doctor-{}-{count}", std::process::id());
        let root = Root(folder().join(name));
        for (path, content) in &self.0 {
            let full = root.0.join(path);
            if path.ends_with('/') {
                fs::create_dir_all(full).unwrap();
                continue;
            }
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(&full, content).unwrap();
            if content.starts_with("#!") {
                fs::set_permissions(&full, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        fs::create_dir_all(&root.0).unwrap();
        root
    }
}

/// A tree on disk, which goes away with it.
struct Root(PathBuf);

impl Drop for Root {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn good() -> Tree {
    Tree::read(GOOD)
}

fn line(check: &Check) -> String {
    let state = match check.state {
        State::Ok => "ok",
        State::Missing => "missing",
        State::Unknown => "unknown",
    };
    format!("{state} {}: {}", check.name, check.found)
}

/// What is not ok, one a line.
fn faults(checks: &[Check]) -> Vec<String> {
    checks.iter().filter(|check| check.state != State::Ok).map(line).collect()
}

/// The good machine with these changes lacks exactly this.
#[track_caller]
fn check(changes: &str, expect: &[&str]) {
    let _turn = turn();
    let root = good().changed(changes).write();
    assert_eq!(faults(&checks(&root.0)), expect, "{changes}");
}

/// Threads of a configuration: `engine 2, io 3, cold -`.
fn wishes(threads: &str) -> Wishes {
    let thread = |text: &str| {
        let (name, core) = text.trim().split_once(' ').unwrap();
        let names = ["engine", "io", "cold"];
        let thread = *names.iter().find(|one| **one == name).unwrap();
        Pinned { thread, core: core.parse().ok(), is_hot: thread != "cold" }
    };
    let threads = threads.split(',').map(thread).collect();
    Wishes { threads, wait: "spin", lock_memory: true }
}

/// With these threads, the good machine with these changes lacks exactly this.
#[track_caller]
fn check_threads(threads: &str, changes: &str, expect: &[&str]) {
    let _turn = turn();
    let root = good().changed(changes).write();
    assert_eq!(faults(&checks_for(&root.0, &wishes(threads))), expect, "{threads}\n{changes}");
}

#[test]
fn a_good_machine_lacks_nothing() {
    check("", &[]);
    check_threads("engine 2, io 3, cold 0", "", &[]);
    check_threads("engine 2, cold -", "", &[]);
}

#[test]
fn cores_are_checked() {
    check("sys/devices/system/cpu/online: 0-3\nproc/irq/24/effective_affinity_list: 0", &[]);
    check("sys/devices/system/cpu/isolated: ", &["missing isolated: isolated: none"]);
    check("sys/devices/system/cpu/isolated: 2", &[]);
    check("sys/devices/system/cpu/nohz_full: (null)", &["missing tick: nohz_full: none"]);
    check(
        "- sys/devices/system/cpu/nohz_full",
        &["missing tick: this kernel cannot stop its tick"],
    );
    check("proc/cmdline: quiet", &["missing rcu: callbacks taken off: none"]);
    check("proc/cmdline: nohz_full=2-3", &[]);
    check("proc/cmdline: rcu_nocbs=all", &[]);
    check("proc/cmdline: rcu_nocbs=3", &["missing rcu: callbacks taken off: 3"]);
    check(
        "proc/stat: cpu  1000000 0 1000000 8000000 0 0 0 100000 0 0",
        &["missing steal: 0.990 % since boot"],
    );
    check(
        "proc/stat: cpu 1 2",
        &["unknown steal: /proc/stat: its first line is not what the kernel writes"],
    );
}

#[test]
fn isolation_by_control_groups_counts() {
    check("sys/devices/system/cpu/isolated: \nsys/fs/cgroup/cpuset.cpus.isolated: 2-3", &[]);
}

#[test]
fn siblings_are_found() {
    let smt = "sys/devices/system/cpu/smt/active: 1\n\
               sys/devices/system/cpu/cpu2/topology/thread_siblings_list: 2,6\n\
               sys/devices/system/cpu/cpu3/topology/thread_siblings_list: 3,7\n";
    check(smt, &["missing smt: on; siblings of 2-3 that are not isolated: 6-7"]);
    // Whole physical cores isolated are as good as no siblings.
    let whole = "sys/devices/system/cpu/isolated: 2-3,6-7\n\
                 sys/devices/system/cpu/nohz_full: 2-3,6-7\n\
                 proc/cmdline: rcu_nocbs=2-3,6-7\n\
                 sys/devices/virtual/workqueue/cpumask: 33\n";
    let whole = format!("{smt}{whole}");
    check(&whole, &[]);
    check_threads("engine 2, io 3, cold 0", &whole, &[]);
    let clash = &["missing pinned-apart: engine (2) and io (6) are siblings"];
    let near = "sys/devices/system/cpu/cpu6/topology/thread_siblings_list: 2,6\n";
    check_threads("engine 2, io 6, cold 0", &format!("{whole}{near}"), clash);
}

#[test]
fn interrupts_are_found() {
    check(
        "proc/irq/24/effective_affinity_list: 2\nproc/irq/25/smp_affinity_list: 0-7",
        &["missing irq-affinity: 2 of 2 arrive there: 24 (nvme0q1) on 2, 25 (eth0-rx-0) on 2-3"],
    );
    check("proc/900/comm: irqbalance", &["missing irqbalance: running"]);
    check("sys/devices/virtual/workqueue/cpumask: ff", &["missing workqueues: may run on 0-7"]);
    check("proc/sys/kernel/watchdog: 1", &["missing watchdog: soft on cores 0-7"]);
    check("proc/sys/kernel/nmi_watchdog: 1", &["missing watchdog: soft and NMI on cores 0-7"]);
    check("proc/sys/kernel/watchdog: 1\nproc/sys/kernel/watchdog_cpumask: 0-1,4-7", &[]);
}

#[test]
fn power_is_checked() {
    check(
        "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor: powersave",
        &["missing governor: core 3: powersave"],
    );
    check(
        "sys/devices/system/cpu/cpu2/cpuidle/state2/disable: 0",
        &["missing c-states: core 2: C6 takes 170 us to leave"],
    );
    let asleep = "sys/devices/system/cpu/cpu2/cpuidle/state2/disable: 0\n";
    check(&format!("{asleep}proc/cmdline: rcu_nocbs=2-3 idle=poll"), &[]);
}

#[test]
fn memory_is_checked() {
    check(
        "sys/kernel/mm/transparent_hugepage/enabled: [always] madvise never",
        &["missing hugepages: always"],
    );
    check(
        "proc/swaps:\n  Filename Type Size Used Priority\n  /dev/sda2 partition 4 0 -2",
        &["missing swap: /dev/sda2"],
    );
    check("proc/sys/kernel/numa_balancing: 1", &["missing numa-balancing: on"]);
    check("proc/sys/kernel/numa_balancing: 1\nsys/devices/system/node/online: 0", &[]);
    let limited = "proc/self/limits: Max locked memory         8388608   8388608  bytes\n";
    check(limited, &["missing memory-lock: at most 8388608 bytes, for processes started here"]);
    check(&format!("{limited}proc/self/status: CapEff: 000001ffffffffff"), &[]);
}

#[test]
fn the_network_is_checked() {
    check("proc/sys/net/core/busy_read: 0", &["missing busy-poll: net.core.busy_read = 0"]);
    check(
        "usr/sbin/ethtool:\n  #!/bin/sh\n  printf 'Adaptive RX: on  TX: off\\nrx-usecs: 20\\n'",
        &["missing coalescing: eth0: adaptive-rx on, eth0: rx-usecs 20"],
    );
    check(
        "usr/sbin/ethtool:\n  #!/bin/sh\n  exit 95",
        &["unknown coalescing: eth0: ethtool -c eth0 failed"],
    );
    check("- usr/sbin/ethtool", &["unknown coalescing: eth0: ethtool is not installed"]);
    check(
        "sys/class/net/eth0/queues/rx-0/rps_cpus: 0c",
        &["missing packet-steering: eth0 rx-0: cores 2-3"],
    );
    check(
        "proc/sys/net/ipv4/tcp_autocorking: 1\nproc/sys/net/ipv4/tcp_slow_start_after_idle: 1",
        &[
            "missing tcp-idle: net.ipv4.tcp_slow_start_after_idle = 1",
            "missing tcp-autocorking: net.ipv4.tcp_autocorking = 1",
        ],
    );
}

#[test]
fn clocks_are_checked() {
    let source = "sys/devices/system/clocksource/clocksource0";
    check(&format!("{source}/current_clocksource: hpet"), &["missing clock-source: hpet"]);
    check(
        &format!("{source}/current_clocksource: xen\n{source}/available_clocksource: xen"),
        &["missing clock-source: xen; tsc is not offered"],
    );
    check(
        "proc/cpuinfo: flags : fpu constant_tsc",
        &["missing tsc: the processor lacks nonstop_tsc"],
    );
    check("- proc/700", &["missing time-sync: nothing keeps the clock"]);
    check(
        "- proc/700\nproc/701/comm: systemd-timesyn",
        &["missing time-sync: systemd-timesyncd: good to some ms, and does not tell how good"],
    );
    check(
        "usr/bin/chronyc:\n  #!/bin/sh\n  echo 0,0,4,0,0.0025,0,0,0,0,0,0,0,16.1,Normal",
        &["missing time-sync: chronyd, 2500 us off"],
    );
    check(
        "usr/bin/chronyc:\n  #!/bin/sh\n  echo 7F7F0101,,0,0,0,0,0,0,0,0,1,1,0,Not synchronised",
        &["missing time-sync: chronyd runs, and is not synchronised yet"],
    );
    check("- usr/bin", &["unknown time-sync: chronyd runs; chronyc is not installed"]);
    check(
        "- sys/class/ptp",
        &["unknown hardware-clock: none is shown; without one, UTC is known to some 100 us"],
    );
}

#[test]
fn what_a_service_inherits_is_checked() {
    check(
        "sys/fs/cgroup/system.slice/cpu.max: 200000 100000",
        &["missing cpu-quota: 200000 100000 us (quota, period) for /system.slice"],
    );
    check(
        "proc/self/cgroup:\n  2:cpu,cpuacct:/docker/7\n  0::/\n\
         sys/fs/cgroup/cpu/docker/7/cpu.cfs_quota_us: 50000",
        &["missing cpu-quota: 50000 us a period for /docker/7"],
    );
    check(
        "proc/self/timerslack_ns: 50000",
        &["missing timer-slack: 50000 ns, for processes started here"],
    );
}

#[test]
fn a_configuration_is_checked_against_the_machine() {
    check_threads("engine -, io 3, cold 0", "", &["missing pinned: not pinned: engine"]);
    check_threads("engine 2, io 9, cold 0", "", &["missing pinned: io on 9: online are 0-7"]);
    check_threads(
        "engine 2, io 3, cold 0",
        "sys/fs/cgroup/system.slice/peregrine.service/cpuset.cpus.effective: 0-2",
        &["missing pinned: io on 3: the control group permits 0-2"],
    );
    check_threads(
        "engine 2, io 3, cold 3",
        "",
        &[
            "missing pinned-isolated: cold is on the isolated core 3",
            "missing pinned-apart: io and cold on core 3",
        ],
    );
    check_threads(
        "engine 2, io 3, cold 0",
        "sys/devices/system/cpu/cpu2/cache/index3/shared_cpu_list: 0-2",
        &["missing pinned-near: 3 is behind another cache than 2"],
    );
    check_threads(
        "engine 2, io 3, cold 0",
        "proc/irq/25/smp_affinity_list: 2",
        &[
            "missing irq-affinity: 1 of 2 arrive there: 25 (eth0-rx-0) on 2",
            "missing pinned-quiet: 25 (eth0-rx-0) on 2",
        ],
    );
    let _turn = turn();
    let root = good().write();
    let parked = Wishes { wait: "park", lock_memory: false, ..wishes("engine 2, cold -") };
    let expect = ["missing wait: park", "missing lock-memory: not locked"];
    assert_eq!(faults(&checks_for(&root.0, &parked)), expect);
}

#[test]
fn isolated_cores_can_be_used() {
    let _turn = turn();
    let usable = |changes: &str| usable_cores(&good().changed(changes).write().0);
    assert_eq!(usable(""), Some(8), "two of them isolated, and so not allowed at first");
    assert_eq!(usable("sys/devices/system/cpu/isolated: "), Some(6));
    let group = "sys/fs/cgroup/system.slice/peregrine.service/cpuset.cpus.effective";
    assert_eq!(usable(&format!("{group}: 0-1,4-7")), Some(6));
    assert_eq!(usable("- proc/self/status"), None);
    assert_eq!(cores_set_aside(&good().write().0), 2);
}

#[test]
fn cores_of_a_configuration_are_the_ones_that_count() {
    check_threads(
        "engine 5, cold -",
        "",
        &[
            "missing isolated: isolated: 2-3",
            "missing tick: nohz_full: 2-3",
            "missing rcu: callbacks taken off: 2-3",
            "missing workqueues: may run on 0-1,4-7",
            "unknown governor: the kernel has no cpufreq driver",
            "unknown c-states: driver `intel_idle` tells no sleep states",
            "missing pinned-isolated: not isolated: 5",
            "unknown pinned-apart: which cores are siblings is not told",
        ],
    );
}

#[test]
fn more_spinning_threads_than_cores_are_told() {
    check_threads(
        "engine 2, io 3, cold -",
        "sys/devices/system/cpu/online: 2-3\nsys/devices/virtual/workqueue/cpumask: 3",
        &["missing cores: 2 online", "missing enough-cores: 2 online"],
    );
}

#[test]
fn a_hypervisor_is_said_to_hide_what_it_hides() {
    check(
        "- sys/devices/system/cpu/cpu2/cpuidle\n\
         - sys/devices/system/cpu/cpu3/cpuidle\n- sys/devices/system/cpu/cpu2/cpufreq\n\
         - sys/devices/system/cpu/cpu3/cpufreq\n\
         proc/cpuinfo: flags : constant_tsc nonstop_tsc hypervisor",
        &[
            "unknown governor: the hypervisor chooses the clock, and does not tell",
            "unknown c-states: the hypervisor chooses how deeply a halted core sleeps",
        ],
    );
}

#[test]
fn a_container_without_sys_cannot_tell_and_says_so() {
    let _turn = turn();
    let root = good().changed("- sys/\n- proc/irq\n- proc/2/\n- proc/700\n- usr/").write();
    let all = checks(&root.0);
    let hidden = "/sys is not shown here, as in some containers";
    let unknown = [
        "cores",
        "isolated",
        "tick",
        "smt",
        "irq-affinity",
        "irqbalance",
        "workqueues",
        "governor",
        "c-states",
        "hugepages",
        "coalescing",
        "packet-steering",
        "clock-source",
        "time-sync",
        "hardware-clock",
        "cpu-quota",
    ];
    for check in &all {
        assert_ne!(check.state, State::Missing, "{}", line(check));
        let expected = unknown.contains(&check.name);
        assert_eq!(check.state == State::Unknown, expected, "{}", line(check));
    }
    let cores = all.iter().find(|check| check.name == "cores").unwrap();
    assert!(cores.found.ends_with(hidden), "{}", cores.found);
}

#[test]
fn an_empty_root_and_a_broken_one_are_survived() {
    let _turn = turn();
    let names = |checks: &[Check]| checks.iter().map(|check| check.name).collect::<Vec<_>>();
    let whole = good().write();
    let expect = names(&checks(&whole.0));
    let empty = Tree(BTreeMap::new()).write();
    let all = checks(&empty.0);
    assert_eq!(names(&all), expect);
    assert!(all.iter().all(|check| check.state == State::Unknown), "{:?}", faults(&all));
    assert_eq!(describe(&empty.0).cores, 0);
    for rubbish in ["", "\u{0}\u{1}", "-1", "999999999999999999999", "0-", "[", ":", "cpu ", "a b"]
    {
        let broken = good().0.into_iter().map(|(path, content)| match path.ends_with('/') {
            true => (path, content),
            false => (path, rubbish.to_owned()),
        });
        let root = Tree(broken.collect()).write();
        let all = checks_for(&root.0, &wishes("engine 2, io 3, cold 0"));
        assert_eq!(names(&all)[..expect.len()], expect, "{rubbish:?}");
    }
}

#[test]
fn every_check_says_what_is_wanted_and_what_to_do() {
    let _turn = turn();
    for tree in [good(), good().changed("- sys/"), Tree(BTreeMap::new())] {
        let root = tree.write();
        for check in checks_for(&root.0, &wishes("engine 2, io 3, cold 0")) {
            assert!(!check.found.is_empty() && !check.wanted.is_empty(), "{check:?}");
            assert!(!check.remedy.is_empty() && !check.remedy.contains('\n'), "{check:?}");
            assert!(!check.remedy.contains("none"), "{check:?}");
        }
    }
}

#[test]
fn the_guide_explains_each_check_under_its_name() {
    let _turn = turn();
    let root = good().write();
    let checks = checks_for(&root.0, &wishes("engine 2, io 3, cold 0"));
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/TUNING.md");
    let guide = fs::read_to_string(guide).unwrap();
    let headings: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    names.push("jitter");
    assert_eq!(headings, names, "headings of config/TUNING.md, and checks");
}

fn doctor(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    command.arg("doctor").args(args).current_dir(folder).stdin(Stdio::null());
    command.env_remove("PEREGRINE_LOG").env_remove("PEREGRINE_CONFIG").output().unwrap()
}

#[test]
fn the_command_prints_and_its_exit_code_tells() {
    let _turn = turn();
    let whole = good().write();
    let root = whole.0.to_str().unwrap();
    let out = doctor(&["--root", root]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert!(text.starts_with("8 cores of Test Processor 9000, Linux 6.12.0\n"), "{text}");
    assert!(text.ends_with("27 ok, 0 missing, 0 cannot be told\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours in a pipe");
    let out = doctor(&["--root", root, "--config", "config/live.example.toml", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{value}");
    assert_eq!(value["missing"], 0);
    assert_eq!(value["machine"]["cores"], 8);
    let names = value["checks"].as_array().unwrap().iter().map(|check| &check["name"]);
    assert!(names.into_iter().any(|name| name == "pinned-near"), "{value}");
    let bad = good().changed("proc/sys/net/core/busy_read: 0").write();
    let out = doctor(&["--root", bad.0.to_str().unwrap()]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(6), "{text}");
    for part in ["sysctl -w net.core.busy_read=50", "see     config/TUNING.md#busy-poll"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(doctor(&["--config", "no/such.toml"]).status.code(), Some(4));
    assert_eq!(doctor(&["--jitter", "0"]).status.code(), Some(2));
    let help = String::from_utf8(doctor(&["--help"]).stdout).unwrap();
    for part in ["--json", "--config", "--jitter", "Exit code 0", "Examples:"] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn pauses_of_a_core_are_told_but_not_beside_an_engine() {
    let _turn = turn();
    let jitter = |changes: &str| {
        let root = good().changed(changes).write();
        let out = doctor(&["--root", root.0.to_str().unwrap(), "--jitter", "1", "--json"]);
        let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        value["checks"].as_array().unwrap().last().unwrap().clone()
    };
    // Core 0 is on every machine; how quiet it is there is another matter.
    let told = jitter("sys/devices/system/cpu/online: 0\nsys/devices/system/cpu/isolated: 0");
    assert_eq!(told["name"], "jitter");
    let found = told["found"].as_str().unwrap();
    assert!(found.starts_with("core 0: ") && found.ends_with("% lost"), "{found}");
    let told = jitter("proc/4711/comm: peregrine");
    assert_eq!(told["state"], "unknown");
    assert!(told["found"].as_str().unwrap().starts_with("process 4711 "), "{told}");
}

#[test]
fn colours_are_used_only_when_allowed() {
    let _turn = turn();
    let root = good().changed("proc/sys/net/core/busy_read: 0").write();
    let (description, checks) = (describe(&root.0), checks(&root.0));
    for colour in [false, true] {
        let text = render(&description, &checks, colour);
        assert_eq!(text.contains('\u{1b}'), colour, "{text}");
    }
}
