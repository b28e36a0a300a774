//! Memory: what makes a load take milliseconds: huge pages being made, swap, pages being moved.

use super::{Check, Machine, Wish};

/// The capability that lifts the limit on locked memory: CAP_IPC_LOCK.
const IPC_LOCK_BIT: u32 = 14;

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![huge(machine), swap(machine), numa(machine), lock(machine)]
}

fn huge(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "hugepages",
        "transparent ones only where asked for: madvise, or never",
        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, for good: kernel argument \
         transparent_hugepage=madvise",
    );
    match machine.root.text("sys/kernel/mm/transparent_hugepage/enabled") {
        Ok(text) => {
            let chosen = text.split(['[', ']']).nth(1).unwrap_or(&text).to_owned();
            wish.judge(matches!(chosen.as_str(), "madvise" | "never"), chosen)
        }
        Err(_) if machine.root.has("sys/kernel/mm") => wish.ok("this kernel has none"),
        Err(why) => wish.unknown(machine.without(why)),
    }
}

fn swap(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "swap",
        "off: a page that is swapped out takes milliseconds to come back",
        "swapoff -a, and remove its lines from /etc/fstab (and zram's unit, where there is one)",
    );
    match machine.root.text("proc/swaps") {
        Ok(text) => {
            let names: Vec<String> = text
                .lines()
                .skip(1)
                .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
                .collect();
            let found = if names.is_empty() { "off".to_owned() } else { names.join(", ") };
            wish.judge(names.is_empty(), found)
        }
        Err(why) => wish.unknown(why),
    }
}

fn numa(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "numa-balancing",
        "off: it unmaps pages to see who uses them",
        "sysctl -w kernel.numa_balancing=0",
    );
    let nodes = machine.root.cores("sys/devices/system/node/online");
    match machine.root.number("proc/sys/kernel/numa_balancing") {
        Ok(0) => wish.ok("off"),
        Ok(_) if nodes.as_ref().is_ok_and(|nodes| nodes.len() == 1) => {
            wish.ok("on, with one node: nothing to move")
        }
        Ok(_) => wish.missing("on"),
        Err(_) if machine.root.has("proc/sys/kernel") => wish.ok("this kernel has none"),
        Err(why) => wish.unknown(why),
    }
}

fn lock(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "memory-lock",
        "the right to lock all memory of the engine",
        "LimitMEMLOCK=infinity in the unit, or `* - memlock unlimited` in \
         /etc/security/limits.conf, and log in again",
    );
    let status = machine.root.text("proc/self/status").unwrap_or_default();
    let may = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> IPC_LOCK_BIT & 1 == 1);
    if may {
        return wish.ok("this process has CAP_IPC_LOCK");
    }
    let limits = match machine.root.text("proc/self/limits") {
        Ok(limits) => limits,
        Err(why) => return wish.unknown(why),
    };
    let row = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"));
    match row.and_then(|row| row.split_whitespace().next()) {
        Some("unlimited") => wish.ok("unlimited"),
        Some(bytes) => wish.missing(format!("at most {bytes} bytes, for processes started here")),
        None => wish.unknown("/proc/self/limits has no line for locked memory"),
    }
}
