//! Whether a configuration uses the machine well: the cores that it pins threads to.

use super::inherited::permitted;
use super::interrupts::{arriving, shortened};
use super::{Check, CoreSet, Machine, Wish, processor};

/// A thread and the core that a configuration gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its name: `engine`, `io` or `cold`.
    pub thread: &'static str,
    /// Its core; none: the system chooses.
    pub core: Option<usize>,
    /// Whether it is on the way from socket to socket.
    pub is_hot: bool,
}

/// What a configuration wants of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// Its threads.
    pub threads: Vec<Pinned>,
    /// How hot threads wait: `spin`, `yield` or `park`.
    pub wait: &'static str,
    /// Whether it has all memory locked.
    pub lock_memory: bool,
}

impl Wishes {
    /// Cores of its hot threads.
    pub fn hot(&self) -> CoreSet {
        let hot = self.threads.iter().filter(|thread| thread.is_hot);
        hot.filter_map(|thread| thread.core).collect()
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, usize, bool)> + '_ {
        self.threads.iter().filter_map(|one| Some((one.thread, one.core?, one.is_hot)))
    }
}

pub(super) fn checks(machine: &Machine<'_>, wishes: &Wishes) -> Vec<Check> {
    vec![
        pinned(machine, wishes),
        isolated(machine, wishes),
        apart(machine, wishes),
        near(machine, wishes),
        quiet(machine, wishes),
        enough(machine, wishes),
        wait(wishes),
        lock(wishes),
    ]
}

/// Cores of hot threads that are online, where that can be told.
fn there(machine: &Machine<'_>, wishes: &Wishes) -> CoreSet {
    let hot = wishes.hot();
    machine.online.as_ref().map_or_else(|_| hot.clone(), |online| hot.and(online))
}

/// Whether each hot thread has a core, which is there and which it may use.
fn pinned(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let wish = Wish::new(
        "pinned",
        "each hot thread on a core of its own that is online",
        format!("cores = {{ engine = N, io = N }} in [engine], each of {}", machine.hot_named()),
    );
    let free: Vec<&str> = wishes
        .threads
        .iter()
        .filter(|thread| thread.is_hot && thread.core.is_none())
        .map(|thread| thread.thread)
        .collect();
    if !free.is_empty() {
        return wish.missing(format!("not pinned: {}", free.join(", ")));
    }
    let online = match &machine.online {
        Ok(online) => online,
        Err(why) => return wish.unknown(machine.without(why.clone())),
    };
    let told = |(name, core, _): (&str, usize, bool)| format!("{name} on {core}");
    let outside = |cores: &CoreSet| -> Vec<String> {
        wishes.named().filter(|(_, core, _)| !cores.has(*core)).map(told).collect()
    };
    let absent = outside(online);
    if !absent.is_empty() {
        return wish.missing(format!("{}: online are {online}", absent.join(", ")));
    }
    let permitted = permitted(machine.root).unwrap_or_else(|| online.clone());
    let refused = outside(&permitted);
    match refused.is_empty() {
        true => wish.ok(wishes.named().map(told).collect::<Vec<_>>().join(", ")),
        false => {
            wish.missing(format!("{}: the control group permits {permitted}", refused.join(", ")))
        }
    }
}

fn isolated(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let hot = there(machine, wishes);
    let suggested = if hot.is_empty() { &machine.hot } else { &hot };
    let wish = Wish::new(
        "pinned-isolated",
        "every hot core isolated, and no other thread of ours on those",
        format!(
            "kernel arguments isolcpus=managed_irq,domain,{suggested} nohz_full={suggested} \
             rcu_nocbs={suggested}"
        ),
    );
    if let Err(why) = &machine.online {
        return wish.unknown(machine.without(why.clone()));
    }
    let open = hot.without(&machine.isolated);
    let cold: Vec<String> = wishes
        .named()
        .filter(|(_, core, is_hot)| !is_hot && machine.isolated.has(*core))
        .map(|(name, core, _)| format!("{name} is on the isolated core {core}"))
        .collect();
    match (hot.is_empty(), open.is_empty(), cold.is_empty()) {
        (true, ..) => wish.missing("no hot thread is pinned to a core that is there"),
        (_, false, _) => wish.missing(format!("not isolated: {open}")),
        // All threads that share a cold core there stay on it: nobody balances isolated cores.
        (.., false) => wish.missing(cold.join(", ")),
        _ => wish.ok(hot.named()),
    }
}

fn apart(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let wish = Wish::new(
        "pinned-apart",
        "no two threads on one core, or on two siblings of one",
        "other numbers in cores = { … }; siblings: \
         cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
    );
    let is_there = |core| machine.online.as_ref().map_or(true, |online| online.has(core));
    let all: Vec<_> = wishes.named().filter(|(_, core, _)| is_there(*core)).collect();
    let mut clashes = Vec::new();
    for (place, (name, core, hot)) in all.iter().enumerate() {
        let siblings = processor::siblings(machine.root, *core).unwrap_or_default();
        for (other, theirs, too) in &all[place + 1..] {
            match (hot | too, core == theirs) {
                (true, true) => clashes.push(format!("{name} and {other} on core {core}")),
                (true, false) if siblings.has(*theirs) => {
                    clashes.push(format!("{name} ({core}) and {other} ({theirs}) are siblings"));
                }
                _ => {}
            }
        }
    }
    let told = all.iter().all(|(_, core, _)| processor::siblings(machine.root, *core).is_some());
    match (clashes.is_empty(), told) {
        (false, _) => wish.missing(clashes.join(", ")),
        (true, false) if !all.is_empty() => {
            wish.unknown(machine.without("which cores are siblings is not told".to_owned()))
        }
        _ => wish.ok("all apart"),
    }
}

/// Whether the two hot threads share a last-level cache: a hop between them costs 50 ns with it and
/// 250 without.
fn near(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let wish = Wish::new(
        "pinned-near",
        "hot cores behind one last-level cache",
        "other numbers in cores = { … }; neighbours: \
         cat /sys/devices/system/cpu/cpu*/cache/index3/shared_cpu_list",
    );
    let hot = there(machine, wishes);
    let Some(first) = hot.iter().next().filter(|_| hot.len() > 1) else {
        return wish.ok("one hot core");
    };
    let path = format!("sys/devices/system/cpu/cpu{first}/cache/index3/shared_cpu_list");
    match machine.root.cores(&path) {
        Ok(shared) => {
            let far = hot.without(&shared);
            let found = match far.is_empty() {
                true => format!("{hot} share one"),
                false => format!("{far} is behind another cache than {first}"),
            };
            wish.judge(far.is_empty(), found)
        }
        Err(why) => wish.unknown(machine.without(why)),
    }
}

fn quiet(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let hot = there(machine, wishes);
    let wish = Wish::new(
        "pinned-quiet",
        "no interrupt of a device on a hot core",
        "as irq-affinity; a card's queues: ethtool -L, and one queue to one core that is not hot",
    );
    if hot.is_empty() {
        return wish.unknown("no hot thread is pinned to a core that is there");
    }
    match arriving(machine.root, &hot) {
        None => wish.unknown("/proc/irq names no device's interrupt: is this a container?"),
        Some((_, named)) if named.is_empty() => wish.ok(format!("none on {}", hot.named())),
        Some((_, named)) => wish.missing(shortened(&named)),
    }
}

fn enough(machine: &Machine<'_>, wishes: &Wishes) -> Check {
    let spinning = match wishes.wait {
        "spin" => wishes.threads.iter().filter(|thread| thread.is_hot).count(),
        _ => 0,
    };
    let wish = Wish::new(
        "enough-cores",
        format!("a core for each spinning thread ({spinning}), and one for everything else"),
        "layout = \"inline\", or wait = \"yield\", or more cores",
    );
    match &machine.online {
        Ok(online) => wish.judge(spinning < online.len(), format!("{} online", online.len())),
        Err(why) => wish.unknown(machine.without(why.clone())),
    }
}

fn wait(wishes: &Wishes) -> Check {
    let wish = Wish::new(
        "wait",
        "spin: a parked thread wakes 25 to 50 us late",
        "wait = \"spin\" in [engine]",
    );
    wish.judge(wishes.wait == "spin", wishes.wait)
}

fn lock(wishes: &Wishes) -> Check {
    let wish = Wish::new(
        "lock-memory",
        "all memory locked: a page of code that was dropped takes milliseconds to come back",
        "lock_memory = true in [engine]",
    );
    wish.judge(wishes.lock_memory, if wishes.lock_memory { "locked" } else { "not locked" })
}
