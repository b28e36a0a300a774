//! Time: which clock the kernel reads, whether the TSC can be trusted, and who keeps it right.

use super::{Check, Machine, Wish, processor};

/// Distance from UTC that is no alarm, ns.
const OFFSET_NS_MAX: u64 = 1_000_000;
/// Place of the kernel's clock sources.
const SOURCES: &str = "sys/devices/system/clocksource/clocksource0";

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![source(machine), tsc(machine), sync(machine), hardware(machine)]
}

fn source(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "clock-source",
        "tsc (arch_sys_counter on Arm): read without entering the kernel",
        format!(
            "echo tsc > /{SOURCES}/current_clocksource, for good: kernel argument clocksource=tsc"
        ),
    );
    let root = machine.root;
    match root.text(&format!("{SOURCES}/current_clocksource")) {
        Ok(name) if matches!(name.as_str(), "tsc" | "arch_sys_counter") => wish.ok(name),
        Ok(name) => {
            let offered = root.text(&format!("{SOURCES}/available_clocksource"));
            let offered = offered.unwrap_or_default();
            match offered.split_whitespace().any(|one| one == "tsc") {
                true => wish.missing(name),
                false => wish.missing(format!("{name}; tsc is not offered")),
            }
        }
        Err(why) => wish.unknown(machine.without(why)),
    }
}

fn tsc(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "tsc",
        "one rate on every core, in every sleep (constant_tsc nonstop_tsc)",
        "another machine: time stamps of this one cannot be compared",
    );
    let cpuinfo = machine.root.text("proc/cpuinfo");
    match (cpuinfo, processor::flags(machine.root)) {
        (Err(why), _) => wish.unknown(why),
        (Ok(_), None) => wish.unknown("/proc/cpuinfo tells no flags, as on Arm"),
        (Ok(_), Some(flags)) => {
            let lacking: Vec<&str> =
                ["constant_tsc", "nonstop_tsc"].into_iter().filter(|one| !flags.has(one)).collect();
            match lacking.is_empty() {
                true => wish.ok("constant_tsc nonstop_tsc"),
                false => wish.missing(format!("the processor lacks {}", lacking.join(" "))),
            }
        }
    }
}

/// Leap status and distance from UTC, ns, of `chronyc -c tracking`.
fn tracking(answer: &str) -> Option<(&str, u64)> {
    let fields: Vec<&str> = answer.lines().next()?.split(',').collect();
    let seconds: f64 = fields.get(4)?.parse().ok()?;
    let leap = fields.get(13)?;
    seconds.is_finite().then(|| (*leap, (seconds.abs() * 1e9) as u64))
}

fn sync(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "time-sync",
        format!("chrony, within {} ms of UTC", OFFSET_NS_MAX / 1_000_000),
        "apt install chrony; servers as in config/TUNING.md; then systemctl enable --now chrony",
    );
    let root = machine.root;
    match root.runs("chronyd") {
        Some(true) => {}
        Some(false) => {
            let others = ["systemd-timesyncd", "ntpd", "ptp4l", "phc2sys"];
            let found = others.into_iter().find(|name| root.runs(name) == Some(true));
            return match found {
                Some(name @ "systemd-timesyncd") => {
                    wish.missing(format!("{name}: good to some ms, and does not tell how good"))
                }
                Some(name) => wish.unknown(format!("{name} runs; ask it how far off it is")),
                None => wish.missing("nothing keeps the clock"),
            };
        }
        None => return wish.unknown("the machine's processes cannot be seen from here"),
    }
    let answer = match root.ask("chronyc", &["-n", "-c", "tracking"]) {
        Ok(answer) => answer,
        Err(why) => return wish.unknown(format!("chronyd runs; {why}")),
    };
    match tracking(&answer) {
        None => wish.unknown("chronyd runs; chronyc's answer cannot be read"),
        Some(("Not synchronised", _)) => wish.missing("chronyd runs, and is not synchronised yet"),
        Some((_, ns)) => {
            wish.judge(ns <= OFFSET_NS_MAX, format!("chronyd, {} us off", ns as f64 / 1e3))
        }
    }
}

fn hardware(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "hardware-clock",
        "a clock on the network card or from the hypervisor, for chrony's refclock",
        "AWS: an instance with a PTP clock, `options ena phc_enable=1` in \
         /etc/modprobe.d/ena.conf; KVM: modprobe ptp_kvm; then \
         `refclock PHC /dev/ptp0 poll 0 delay 0.000010 prefer` in chrony.conf",
    );
    let names: Vec<String> = machine
        .root
        .names("sys/class/ptp")
        .into_iter()
        .map(|name| {
            let clock = machine.root.text(&format!("sys/class/ptp/{name}/clock_name"));
            clock.map_or_else(|_| name.clone(), |clock| format!("{name} ({clock})"))
        })
        .collect();
    match names.is_empty() {
        false => wish.ok(names.join(", ")),
        true if machine.root.has("sys/class/net") => {
            wish.unknown("none is shown; without one, UTC is known to some 100 us")
        }
        true => wish.unknown(machine.without("/sys/class/ptp is not there".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chronys_answer_is_read() {
        let good = "A9FEA97B,169.254.169.123,4,1769000000.1,-0.000012345,0.000001,0.000002,\
                    -1.2,0.0,0.01,0.0003,0.0001,16.1,Normal";
        assert_eq!(tracking(good), Some(("Normal", 12_345)));
        for bad in ["", "506 Cannot talk to daemon", "1,2,3,4,NaN,,,,,,,,,Normal", "1,2,3,4,5"] {
            assert_eq!(tracking(bad), None, "{bad}");
        }
    }
}
