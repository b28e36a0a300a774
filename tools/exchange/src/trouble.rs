//! Carries faults out: each at its time after the start, or after somebody asked for it.

use crate::fault::{Fault, FaultKind};
use crate::floor::{SharedFloor, wall_ms};
use tokio::time::Instant;

/// Carries out the faults that are for this venue, each at its time from now. Those without delay
/// have been when this returns. Needs a tokio runtime, with which the others end.
pub(crate) fn start(floor: &SharedFloor, faults: &[Fault]) {
    let start = Instant::now();
    let kind = floor.lock().kind;
    let fits = |fault: &&Fault| fault.is_ours() && fault.venue.is_none_or(|venue| venue == kind);
    let mut ours: Vec<Fault> = faults.iter().filter(fits).copied().collect();
    ours.sort_by_key(|fault| fault.at);
    let later = ours.split_off(ours.partition_point(|fault| fault.at.is_zero()));
    for fault in &ours {
        carry_out(floor, fault);
    }
    if later.is_empty() {
        return;
    }
    let floor = floor.clone();
    tokio::spawn(async move {
        for fault in &later {
            tokio::time::sleep_until(start + fault.at).await;
            carry_out(&floor, fault);
        }
    });
}

fn carry_out(shared: &SharedFloor, fault: &Fault) {
    let mut floor = shared.lock();
    floor.fault(fault, wall_ms());
    let FaultKind::Shutdown(span) = fault.kind else { return };
    // Whoever comes after the announcement comes to another server.
    let next = floor.hub.next();
    let shared = shared.clone();
    tokio::spawn(async move {
        tokio::time::sleep(span).await;
        shared.lock().hub.close_older(next);
    });
}
