//! What interrupts a core: devices, the balancer that moves them, kernel workers, watchdogs.

use super::{Check, CoreSet, Machine, Root, Wish};

/// Most interrupts that are named.
const NAMED_MAX: usize = 4;

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![affinity(machine), balance(machine), workers(machine), watchdog(machine)]
}

/// One interrupt with its devices.
pub(super) struct Interrupt {
    /// Its number.
    number: String,
    /// Devices that ask for it.
    devices: Vec<String>,
    /// Cores that it arrives on.
    cores: CoreSet,
}

/// All interrupts that a device asks for.
fn interrupts(root: &Root) -> Vec<Interrupt> {
    let numbers = root.names("proc/irq").into_iter();
    let all = numbers.filter_map(|number| {
        let folder = format!("proc/irq/{number}");
        let devices: Vec<String> = root
            .names(&folder)
            .into_iter()
            .filter(|name| root.is_folder(&format!("{folder}/{name}")))
            .collect();
        // Where it arrives differs from where it may: a managed one that may go anywhere arrives
        // on one core.
        let arrives = root.cores(&format!("{folder}/effective_affinity_list"));
        let arrives = arrives.ok().filter(|cores| !cores.is_empty());
        let may = || root.cores(&format!("{folder}/smp_affinity_list")).ok();
        Some(Interrupt { number, devices, cores: arrives.or_else(may)? })
    });
    all.filter(|interrupt| !interrupt.devices.is_empty()).collect()
}

/// Those of a set of interrupts that arrive on these cores, for people.
pub(super) fn arriving(root: &Root, cores: &CoreSet) -> Option<(usize, Vec<String>)> {
    let all = interrupts(root);
    let on = |interrupt: &&Interrupt| !interrupt.cores.and(cores).is_empty();
    let named: Vec<String> = all
        .iter()
        .filter(on)
        .map(|it| format!("{} ({}) on {}", it.number, it.devices.join(" "), it.cores.and(cores)))
        .collect();
    (!all.is_empty()).then_some((all.len(), named))
}

/// A list with an end.
pub(super) fn shortened(list: &[String]) -> String {
    let shown = list.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match list.len() > NAMED_MAX {
        true => format!("{shown} and {} more", list.len() - NAMED_MAX),
        false => shown,
    }
}

/// Cores that are not hot, for commands.
fn others(machine: &Machine<'_>) -> CoreSet {
    let online = machine.online.clone().unwrap_or_default();
    let others = online.without(&machine.hot);
    if others.is_empty() { CoreSet::from_iter([0]) } else { others }
}

fn affinity(machine: &Machine<'_>) -> Check {
    let (hot, named, others) = (&machine.hot, machine.hot_named(), others(machine));
    let wish = Wish::new(
        "irq-affinity",
        format!("no device interrupt on {named}"),
        format!("for f in /proc/irq/*/smp_affinity_list; do echo {others} > $f; done"),
    );
    if let Some(why) = machine.no_core() {
        return wish.unknown(why);
    }
    match arriving(machine.root, hot) {
        None => wish.unknown("/proc/irq names no device's interrupt: is this a container?"),
        Some((all, named)) if named.is_empty() => {
            wish.ok(format!("{all} interrupts of devices, all elsewhere"))
        }
        Some((all, named)) => {
            let count = named.len();
            wish.missing(format!("{count} of {all} arrive there: {}", shortened(&named)))
        }
    }
}

fn balance(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "irqbalance",
        "not running: it moves interrupts to hot cores",
        "systemctl disable --now irqbalance, then set irq-affinity",
    );
    match machine.root.runs("irqbalance") {
        Some(true) => wish.missing("running"),
        Some(false) => wish.ok("not running"),
        None => wish.unknown("the machine's processes cannot be seen from here"),
    }
}

fn workers(machine: &Machine<'_>) -> Check {
    let (hot, named, others) = (&machine.hot, machine.hot_named(), others(machine));
    let wish = Wish::new(
        "workqueues",
        format!("no unbound kernel work on {named}"),
        format!("echo {} > /sys/devices/virtual/workqueue/cpumask", others.mask()),
    );
    if let Some(why) = machine.no_core() {
        return wish.unknown(why);
    }
    match machine.root.mask("sys/devices/virtual/workqueue/cpumask") {
        Ok(cores) => wish.judge(cores.and(hot).is_empty(), format!("may run on {cores}")),
        Err(why) => wish.unknown(machine.without(why)),
    }
}

fn watchdog(machine: &Machine<'_>) -> Check {
    let (root, hot, named) = (machine.root, &machine.hot, machine.hot_named());
    let wish = Wish::new(
        "watchdog",
        format!("no lock-up watchdog on {named}"),
        "sysctl -w kernel.watchdog=0 kernel.nmi_watchdog=0",
    );
    let hard = root.number("proc/sys/kernel/nmi_watchdog").unwrap_or(0) != 0;
    let soft = root.number("proc/sys/kernel/watchdog");
    let cores = root.cores("proc/sys/kernel/watchdog_cpumask");
    match (soft, cores) {
        (Ok(0), _) if !hard => wish.ok("off"),
        (Ok(_), Ok(_)) if let Some(why) = machine.no_core() => wish.unknown(why),
        (Ok(_), Ok(cores)) if cores.and(hot).is_empty() => {
            wish.ok(format!("on {} alone", cores.named()))
        }
        (Ok(_), Ok(cores)) => {
            let kind = if hard { "soft and NMI" } else { "soft" };
            wish.missing(format!("{kind} on {}", cores.named()))
        }
        (Ok(_), Err(_)) => wish.missing("on all cores"),
        (Err(why), _) => wish.unknown(why),
    }
}
