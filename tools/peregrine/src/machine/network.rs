//! Network: how long a packet waits in the card and in the kernel, and on which core it is handled.

use super::interrupts::shortened;
use super::{Check, CoreSet, Machine, Root, Wish};

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![
        busy_poll(machine),
        coalescing(machine),
        steering(machine),
        switch(
            machine,
            "tcp-idle",
            "tcp_slow_start_after_idle",
            "off: after a quiet second a burst of orders would leave in small windows",
        ),
        switch(
            machine,
            "tcp-autocorking",
            "tcp_autocorking",
            "off: an order would wait until the one before it has left the card",
        ),
    ]
}

/// Network cards that are there and up: virtual interfaces have no device.
fn cards(root: &Root) -> Vec<String> {
    let names = root.names("sys/class/net").into_iter();
    names
        .filter(|name| root.has(&format!("sys/class/net/{name}/device")))
        .filter(|name| {
            let state = root.text(&format!("sys/class/net/{name}/operstate"));
            state.map_or(true, |state| state != "down")
        })
        .collect()
}

fn busy_poll(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "busy-poll",
        "net.core.busy_read above 0: reading a socket asks the card itself",
        "sysctl -w net.core.busy_read=50 net.core.busy_poll=50",
    );
    match machine.root.number("proc/sys/net/core/busy_read") {
        Ok(us) => wish.judge(us > 0, format!("net.core.busy_read = {us}")),
        Err(why) => wish.unknown(format!("{why}; it is the machine's, not a container's")),
    }
}

/// What of `ethtool -c`'s answer delays a packet; `None` where it tells neither way.
fn delays(answer: &str) -> Option<Vec<String>> {
    let (mut told, mut bad) = (false, Vec::new());
    for line in answer.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim() {
            "Adaptive RX" => {
                let on = value.split_whitespace().next();
                told |= matches!(on, Some("on" | "off"));
                if on == Some("on") {
                    bad.push("adaptive-rx on".to_owned());
                }
            }
            "rx-usecs" => {
                let us = value.parse::<u32>().ok();
                told |= us.is_some();
                bad.extend(us.filter(|us| *us > 0).map(|us| format!("rx-usecs {us}")));
            }
            _ => {}
        }
    }
    told.then_some(bad)
}

fn coalescing(machine: &Machine<'_>) -> Check {
    let cards = cards(machine.root);
    let first = cards.first().map_or("eth0", String::as_str);
    let wish = Wish::new(
        "coalescing",
        "a packet raises its interrupt at once: adaptive-rx off, rx-usecs 0",
        format!("ethtool -C {first} adaptive-rx off rx-usecs 0"),
    );
    if cards.is_empty() {
        return wish.unknown(machine.without("no network card is shown".to_owned()));
    }
    let (mut bad, mut dumb) = (Vec::new(), Vec::new());
    for card in &cards {
        let answer = machine.root.ask("ethtool", &["-c", card]);
        match answer.and_then(|text| delays(&text).ok_or_else(|| "it does not tell".to_owned())) {
            Ok(found) => bad.extend(found.into_iter().map(|one| format!("{card}: {one}"))),
            Err(why) => dumb.push(format!("{card}: {why}")),
        }
    }
    match (bad.is_empty(), dumb.is_empty()) {
        (false, _) => wish.missing(shortened(&bad)),
        (true, false) => wish.unknown(shortened(&dumb)),
        (true, true) => wish.ok(format!("{}: none", cards.join(", "))),
    }
}

fn steering(machine: &Machine<'_>) -> Check {
    let (root, hot) = (machine.root, &machine.hot);
    let cards = cards(root);
    let first = cards.first().map_or("eth0", String::as_str);
    let wish = Wish::new(
        "packet-steering",
        format!("no packets of other cores handled on {}", machine.hot_named()),
        format!("for f in /sys/class/net/{first}/queues/rx-*/rps_cpus; do echo 0 > $f; done"),
    );
    let (mut queues, mut bad) = (0, Vec::new());
    for card in &cards {
        let folder = format!("sys/class/net/{card}/queues");
        for queue in root.names(&folder).into_iter().filter(|name| name.starts_with("rx-")) {
            let Ok(cores) = root.mask(&format!("{folder}/{queue}/rps_cpus")) else { continue };
            queues += 1;
            let both: CoreSet = cores.and(hot);
            if !both.is_empty() {
                bad.push(format!("{card} {queue}: {}", both.named()));
            }
        }
    }
    match queues {
        _ if let Some(why) = machine.no_core() => wish.unknown(why),
        0 => wish.unknown(machine.without("no queue of a network card is shown".to_owned())),
        _ if bad.is_empty() => wish.ok(format!("none of {queues} receive queues is steered there")),
        _ => wish.missing(shortened(&bad)),
    }
}

/// A TCP setting that is to be off.
fn switch(machine: &Machine<'_>, name: &'static str, key: &str, wanted: &str) -> Check {
    let wish = Wish::new(name, wanted, format!("sysctl -w net.ipv4.{key}=0"));
    match machine.root.number(&format!("proc/sys/net/ipv4/{key}")) {
        Ok(0) => wish.ok(format!("net.ipv4.{key} = 0")),
        Ok(value) => wish.missing(format!("net.ipv4.{key} = {value}")),
        Err(why) => wish.unknown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ethtools_answer_is_read() {
        let check = |answer: &str| match delays(answer) {
            None => "?".to_owned(),
            Some(bad) => bad.join(", "),
        };
        let ena = "Coalesce parameters for eth0:\nAdaptive RX: on  TX: n/a\nrx-usecs:\t20\n\
                   rx-frames:\tn/a\n";
        assert_eq!(check(ena), "adaptive-rx on, rx-usecs 20");
        assert_eq!(check("Adaptive RX: off  TX: off\nrx-usecs: 0\ntx-usecs: 64\n"), "");
        assert_eq!(check("Adaptive RX: n/a  TX: n/a\nrx-usecs: n/a\n"), "?");
        assert_eq!(check(""), "?");
    }
}
