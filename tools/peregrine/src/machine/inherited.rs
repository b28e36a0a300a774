//! What a process inherits from whoever starts it: a quota of processor time, and timer slack.

use super::{Check, CoreSet, Machine, Root, Wish};

/// Slack that is no delay, ns; the kernel's default is 50 µs.
const SLACK_NS_MAX: i64 = 1_000;

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    vec![quota(machine), slack(machine)]
}

/// Folders of the control groups that this process is in: that of version 2, then that of a
/// controller of version 1.
fn groups(root: &Root, controller: &str) -> Result<(String, String), String> {
    let text = root.text("proc/self/cgroup")?;
    let line = |wanted: &dyn Fn(&str) -> bool| {
        let mut fields = text.lines().map(|line| line.splitn(3, ':'));
        fields.find_map(|mut fields| {
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            wanted(controllers).then(|| path.trim_matches('/').to_owned())
        })
    };
    let unified = line(&str::is_empty).unwrap_or_default();
    let own = line(&|list| list.split(',').any(|one| one == controller)).unwrap_or_default();
    Ok((unified, own))
}

/// Cores that threads of this process may be pinned to, where its control group tells.
pub(super) fn permitted(root: &Root) -> Option<CoreSet> {
    let (unified, own) = groups(root, "cpuset").ok()?;
    let unified = format!("sys/fs/cgroup/{unified}/cpuset.cpus.effective");
    let own = format!("sys/fs/cgroup/cpuset/{own}/cpuset.effective_cpus");
    let told = [unified, own].into_iter().filter_map(|path| root.cores(&path).ok());
    told.into_iter().find(|cores| !cores.is_empty())
}

/// A path and all above it, the lowest first.
fn upwards(path: &str) -> impl Iterator<Item = String> + '_ {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    (0..=parts.len()).rev().map(move |count| parts[..count].join("/"))
}

fn quota(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "cpu-quota",
        "none: a spinning thread uses up any quota, and is stopped until the next period",
        "remove CPUQuota= from the unit, or --cpus from the container",
    );
    let (unified, own) = match groups(machine.root, "cpu") {
        Ok(groups) => groups,
        Err(why) => return wish.unknown(why),
    };
    for group in upwards(&unified) {
        let max = machine.root.text(&format!("sys/fs/cgroup/{group}/cpu.max"));
        if let Ok(max) = max
            && !max.starts_with("max")
        {
            return wish.missing(format!("{max} us (quota, period) for /{group}"));
        }
    }
    for group in upwards(&own) {
        let path = format!("sys/fs/cgroup/cpu/{group}/cpu.cfs_quota_us");
        if let Ok(us @ 0..) = machine.root.number(&path) {
            return wish.missing(format!("{us} us a period for /{group}"));
        }
    }
    match machine.root.has("sys/fs/cgroup") {
        true => wish.ok("none"),
        false => wish.unknown(machine.without("/sys/fs/cgroup is not there".to_owned())),
    }
}

fn slack(machine: &Machine<'_>) -> Check {
    let wish = Wish::new(
        "timer-slack",
        format!("at most {SLACK_NS_MAX} ns; only parked waits feel it"),
        "TimerSlackNSec=1 in the unit",
    );
    match machine.root.number("proc/self/timerslack_ns") {
        Ok(ns) => wish.judge(ns <= SLACK_NS_MAX, format!("{ns} ns, for processes started here")),
        Err(why) => wish.unknown(why),
    }
}
