//! From a venue's task to the thread that writes: a queue that holds so many frames and bytes and
//! no more. A frame that does not fit is dropped and counted, and its place in the file is marked.

use super::tally::{Tally, add};
use engine::time::Nanos;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Frames that wait for the disk.
pub const FRAMES_MAX: usize = 65_536;
/// Bytes of frames that wait for the disk.
pub const BYTES_MAX: usize = 64 << 20;

const SLOW: &str = "the disk was slower than the venue";

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// A frame.
    Frame(Box<[u8]>),
    /// A snapshot of the book.
    Snapshot(Box<[u8]>),
    /// So many frames are missing, for this reason; 0 when nobody knows how many.
    Gap(u64, &'static str),
}

/// One line for the file of one instrument.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place of the instrument in its source.
    pub place: usize,
    /// When it was received.
    pub at: Nanos,
    /// What it says.
    pub what: What,
}

impl Entry {
    fn bytes(&self) -> usize {
        match &self.what {
            What::Frame(text) | What::Snapshot(text) => text.len(),
            What::Gap(..) => 0,
        }
    }
}

/// Nobody writes any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It will be written.
    Kept,
    /// The same, and it is the first after some that were dropped.
    KeptAfterGap,
    /// It did not fit.
    Dropped,
}

/// The end into which frames go.
pub struct Outlet {
    queue: SyncSender<Entry>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
    /// Of each instrument, what is still to be marked.
    gaps: Vec<Option<Entry>>,
    tally: Arc<Tally>,
}

/// The other end.
pub struct Inlet {
    /// What is to be written. Take it through [`Inlet::took`].
    pub queue: Receiver<Entry>,
    bytes: Arc<AtomicUsize>,
}

impl Inlet {
    /// Makes room for what was received.
    pub fn took(&self, entry: &Entry) {
        self.bytes.fetch_sub(entry.bytes(), Ordering::Relaxed);
    }
}

/// A queue for so many instruments, frames and bytes.
pub fn outlet(
    places: usize,
    (frames_max, bytes_max): (usize, usize),
    tally: &Arc<Tally>,
) -> (Outlet, Inlet) {
    let (sender, receiver) = sync_channel(frames_max);
    let bytes = Arc::new(AtomicUsize::new(0));
    let gaps = (0..places).map(|_| None).collect();
    let tally = Arc::clone(tally);
    let outlet = Outlet { queue: sender, bytes: Arc::clone(&bytes), bytes_max, gaps, tally };
    (outlet, Inlet { queue: receiver, bytes })
}

impl Outlet {
    /// Hands a line on, or drops it.
    pub fn send(&mut self, entry: Entry) -> Result<Sent, Closed> {
        let (place, at) = (entry.place, entry.at);
        // A mark is not handed on before the line behind it fits.
        if self.bytes.load(Ordering::Relaxed) + entry.bytes() > self.bytes_max {
            self.drop_one(place, at);
            return Ok(Sent::Dropped);
        }
        let mut sent = Sent::Kept;
        if let Some(gap) = self.gaps.get_mut(place).and_then(Option::take) {
            if let Some(gap) = self.offer(gap)? {
                self.gaps[place] = Some(gap);
                self.drop_one(place, at);
                return Ok(Sent::Dropped);
            }
            sent = Sent::KeptAfterGap;
        }
        if self.offer(entry)?.is_some() {
            self.drop_one(place, at);
            return Ok(Sent::Dropped);
        }
        Ok(sent)
    }

    /// Marks that something is missing before the next line of an instrument.
    pub fn mark(&mut self, place: usize, at: Nanos, reason: &'static str) {
        if let Some(gap @ None) = self.gaps.get_mut(place) {
            *gap = Some(Entry { place, at, what: What::Gap(0, reason) });
        }
    }

    /// Marks what was dropped last, waiting for the writer where it must.
    pub fn close(mut self) {
        for gap in self.gaps.iter_mut().filter_map(Option::take) {
            if matches!(gap.what, What::Gap(1.., _)) {
                // A writer that has ended has said why.
                let _ = self.queue.send(gap);
            }
        }
    }

    fn drop_one(&mut self, place: usize, at: Nanos) {
        add(&self.tally.dropped, 1);
        let Some(gap) = self.gaps.get_mut(place) else { return };
        let entry = gap.get_or_insert(Entry { place, at, what: What::Gap(0, SLOW) });
        if let What::Gap(dropped, _) = &mut entry.what {
            *dropped += 1;
        }
    }

    /// Gives back what does not fit.
    fn offer(&self, entry: Entry) -> Result<Option<Entry>, Closed> {
        let len = entry.bytes();
        if self.bytes.load(Ordering::Relaxed) + len > self.bytes_max {
            return Ok(Some(entry));
        }
        self.bytes.fetch_add(len, Ordering::Relaxed);
        match self.queue.try_send(entry) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(entry)) => {
                self.bytes.fetch_sub(len, Ordering::Relaxed);
                Ok(Some(entry))
            }
            Err(TrySendError::Disconnected(_)) => Err(Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(place: usize, at: u64, text: &str) -> Entry {
        Entry { place, at: Nanos(at), what: What::Frame(text.as_bytes().into()) }
    }

    fn gap(place: usize, at: u64, dropped: u64) -> Entry {
        Entry { place, at: Nanos(at), what: What::Gap(dropped, SLOW) }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_marked_in_its_place() {
        for limits in [(2, 1_000), (1_000, 2)] {
            let tally = Arc::new(Tally::default());
            let (mut outlet, inlet) = outlet(2, limits, &tally);
            let mut send = |entry| outlet.send(entry).unwrap();
            let take = || {
                let entry = inlet.queue.try_recv().unwrap();
                inlet.took(&entry);
                entry
            };
            assert_eq!(send(frame(0, 1, "a")), Sent::Kept);
            assert_eq!(send(frame(1, 2, "b")), Sent::Kept);
            assert_eq!(send(frame(0, 3, "c")), Sent::Dropped);
            assert_eq!(send(frame(0, 4, "d")), Sent::Dropped);
            assert_eq!((take(), take()), (frame(0, 1, "a"), frame(1, 2, "b")));
            assert_eq!(send(frame(0, 5, "e")), Sent::KeptAfterGap);
            assert_eq!((take(), take()), (gap(0, 3, 2), frame(0, 5, "e")));
            assert_eq!(send(frame(1, 6, "f")), Sent::Kept);
            assert_eq!(tally.count().dropped, 2);
        }
    }

    #[test]
    fn the_last_ones_dropped_are_marked_at_the_end_and_a_dead_writer_is_noticed() {
        let tally = Arc::new(Tally::default());
        let (mut one, inlet) = outlet(1, (1, 10), &tally);
        one.send(frame(0, 1, "a")).unwrap();
        assert_eq!(one.send(frame(0, 2, "b")), Ok(Sent::Dropped));
        let end = std::thread::spawn(move || one.close());
        let told: Vec<Entry> = inlet.queue.iter().collect();
        end.join().unwrap();
        assert_eq!(told, [frame(0, 1, "a"), gap(0, 2, 1)]);
        let (mut one, inlet) = outlet(1, (1, 10), &tally);
        drop(inlet);
        assert_eq!(one.send(frame(0, 1, "a")), Err(Closed));
    }
}
