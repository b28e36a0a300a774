//! Power: whether cores run at full clock, and how deeply they sleep.

use super::{Check, Machine, Wish};

/// Waking from a state within this is as good as not sleeping, µs: C1, not C1E.
const EXIT_US_MAX: i64 = 2;
/// What to do where nothing can be set from inside.
const METAL: &str = "wait = \"spin\" keeps hot cores awake; more than that needs a metal instance";
/// Why sleep cannot be told there.
const HIDDEN: &str = "the hypervisor chooses how deeply a halted core sleeps";
/// Where cores are told.
const CPU: &str = "sys/devices/system/cpu";

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![governor(machine), sleep(machine)]
}

fn governor(machine: &Machine<'_>) -> Check {
    let hot = &machine.hot;
    let wish = Wish::new(
        "governor",
        format!("performance on {}", machine.hot_named()),
        "cpupower frequency-set -g performance",
    );
    let mut slow = Vec::new();
    let mut read = 0;
    for core in hot.iter() {
        let path = format!("{CPU}/cpu{core}/cpufreq/scaling_governor");
        if let Ok(governor) = machine.root.text(&path) {
            read += 1;
            if governor != "performance" {
                slow.push(format!("core {core}: {governor}"));
            }
        }
    }
    match (read, machine.is_virtual) {
        (0, true) => {
            wish.or_else(METAL).unknown("the hypervisor chooses the clock, and does not tell")
        }
        (0, false) => wish.unknown(machine.without("the kernel has no cpufreq driver".to_owned())),
        _ if slow.is_empty() => wish.ok("performance"),
        _ => wish.missing(super::interrupts::shortened(&slow)),
    }
}

/// Sleep states of the hot cores that take long to leave.
fn deep_states(machine: &Machine<'_>) -> (usize, Vec<String>) {
    let (mut states, mut deep) = (0, Vec::new());
    for core in machine.hot.iter() {
        let folder = format!("{CPU}/cpu{core}/cpuidle");
        for state in machine.root.names(&folder) {
            let number = |name| machine.root.number(&format!("{folder}/{state}/{name}"));
            let Ok(exit_us) = number("latency") else { continue };
            states += 1;
            if exit_us > EXIT_US_MAX && number("disable") != Ok(1) {
                let name = machine.root.text(&format!("{folder}/{state}/name"));
                let name = name.unwrap_or(state);
                deep.push(format!("core {core}: {name} takes {exit_us} us to leave"));
            }
        }
    }
    (states, deep)
}

fn sleep(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "c-states",
        format!(
            "no sleep that takes more than {EXIT_US_MAX} us to leave, on {}",
            machine.hot_named()
        ),
        format!(
            "cpupower idle-set -D {EXIT_US_MAX}, for good: kernel arguments \
             intel_idle.max_cstate=1 processor.max_cstate=1"
        ),
    );
    // Whoever holds this file open bounds all cores; reading it tells the tightest bound.
    if let Ok(bytes) = machine.root.bytes("dev/cpu_dma_latency")
        && let Ok(word) = <[u8; 4]>::try_from(bytes.as_slice())
        && i64::from(i32::from_ne_bytes(word)) <= EXIT_US_MAX
    {
        return wish.ok(format!("held at {} us by a process", i32::from_ne_bytes(word)));
    }
    let line = machine.root.text("proc/cmdline").unwrap_or_default();
    if line.split_whitespace().any(|word| word == "idle=poll") {
        return wish.ok("cores never sleep: idle=poll");
    }
    let driver = machine.root.text(&format!("{CPU}/cpuidle/current_driver"));
    let (states, deep) = deep_states(machine);
    match (states, driver) {
        (_, Ok(driver)) if machine.is_virtual && matches!(driver.as_str(), "none" | "haltpoll") => {
            wish.or_else(METAL).unknown(HIDDEN)
        }
        (0, _) if machine.is_virtual => wish.or_else(METAL).unknown(HIDDEN),
        (0, Ok(driver)) => wish.unknown(format!("driver `{driver}` tells no sleep states")),
        (0, Err(why)) => wish.unknown(machine.without(why)),
        _ if deep.is_empty() => wish.ok("none that takes longer is on"),
        _ => wish.missing(super::interrupts::shortened(&deep)),
    }
}
