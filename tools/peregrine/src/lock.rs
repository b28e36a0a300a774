//! Locking the process's memory: no page that was touched once is taken away again, so that no
//! load on the hot path waits for a disk.
//!
//! Pages are locked when they are first touched, never ahead: allocators reserve a gigabyte and
//! use a little of it.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};

/// What to do when it is refused.
const REMEDY: &str = "give the service LimitMEMLOCK=infinity, or its user `memlock unlimited` in \
                      /etc/security/limits.conf; `peregrine doctor` tells what it has";

/// Locks all memory of this process, now and later; else why not, with what to do.
///
/// It is not tried under a limit: once memory to come is locked too, an allocation beyond the
/// limit fails, and that would end the process.
pub fn lock_memory() -> Result<(), String> {
    let limit = getrlimit(Resource::Memlock).current;
    let exempt =
        capabilities(None).is_ok_and(|own| own.effective.contains(CapabilitySet::IPC_LOCK));
    if let Some(bytes) = limit.filter(|_| !exempt) {
        return Err(format!("memory is not locked: at most {bytes} bytes may be; {REMEDY}"));
    }
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(all).map_err(|error| format!("memory is not locked: {error}; {REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_locked_or_it_is_said_why() {
        match lock_memory() {
            Ok(()) => {
                let status = std::fs::read_to_string("/proc/self/status").unwrap();
                let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
                let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
                assert!(kib > 0, "{line}");
            }
            Err(why) => assert!(why.contains("LimitMEMLOCK=infinity"), "{why}"),
        }
    }
}
