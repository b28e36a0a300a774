//! A hop between two pinned threads: a row goes there through one way of handing over and comes
//! back through another. A hypervisor moves cores apart and together again within seconds, so only
//! turns beside each other can be compared: each way is a [`Pair`], and one [`Echo`] answers them
//! all.

use core_affinity::CoreId;
use engine::event::Event;
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Rows that fit a ring, as shipped.
pub const ROWS: usize = 4_096;
/// Name of the raw ping-pong.
pub const RAW: &str = "raw atomic ping-pong";
/// After so many empty looks the core is lent, for machines with one.
const LOOKS: u32 = 100_000;

/// A word alone in its pair of cache lines.
#[repr(align(128))]
#[derive(Default)]
struct Word(AtomicU64);

/// Waits for something, spinning.
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let mut looks = 0_u32;
    loop {
        if let Some(found) = look() {
            return found;
        }
        looks += 1;
        if looks >= LOOKS {
            looks = 0;
            std::thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

/// What one side of a pair does with so many trips.
pub type Side = Box<dyn FnMut(usize) + Send>;

/// Both sides of a way of handing over: who begins, who answers.
pub struct Pair {
    /// What it is called.
    pub name: &'static str,
    /// Sends a row and waits until it is back, so many times.
    pub begin: Side,
    /// Sends each row back, so many times.
    pub answer: Side,
}

/// One atomic word, the least that a hop can cost.
pub fn raw() -> Pair {
    let (there, back) = (Arc::new(Word::default()), Arc::new(Word::default()));
    let (to, from) = (there.clone(), back.clone());
    let mut sent = 0;
    let begin = move |trips| {
        for _ in 0..trips {
            sent += 1;
            // Release and Acquire of the other side: the least that could carry a row along.
            to.0.store(sent, Ordering::Release);
            until(|| (from.0.load(Ordering::Acquire) == sent).then_some(()));
        }
    };
    let mut seen = 0;
    let answer = move |trips| {
        for _ in 0..trips {
            seen += 1;
            until(|| (there.0.load(Ordering::Acquire) == seen).then_some(()));
            back.0.store(seen, Ordering::Release);
        }
    };
    Pair { name: RAW, begin: Box::new(begin), answer: Box::new(answer) }
}

/// Two equal ways, each with a way to put a row in and one to get it out.
pub fn pair<P, G>(name: &'static str, there: (P, G), back: (P, G)) -> Pair
where
    P: FnMut(Event) + Send + 'static,
    G: FnMut() -> Option<Event> + Send + 'static,
{
    let ((mut put_there, mut get_there), (mut put_back, mut get_back)) = (there, back);
    let mut row = Event::default();
    let begin = move |trips| {
        for _ in 0..trips {
            row.id += 1;
            put_there(row);
            let got = until(&mut get_back);
            assert_eq!(got.id, row.id, "the row that was sent comes back");
            row = black_box(got);
        }
    };
    let answer = move |trips| {
        for _ in 0..trips {
            put_back(until(&mut get_there));
        }
    };
    Pair { name, begin: Box::new(begin), answer: Box::new(answer) }
}

/// The rings between the product's threads.
pub fn ours() -> Pair {
    let one = || {
        let (mut put, mut get) = rtrb::RingBuffer::new(ROWS);
        (move |row: Event| assert!(put.push(row).is_ok(), "one row fits"), move || get.pop().ok())
    };
    pair("ours (rtrb)", one(), one())
}

/// The thread that answers: told by a number which pair is next.
pub struct Echo {
    told: Arc<Word>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<bool>>,
}

impl Echo {
    /// Answers so many trips whenever it is told, on this core.
    pub fn start(mut answers: Vec<Side>, trips: usize, core: Option<CoreId>) -> Self {
        let (told, ends) = (Arc::new(Word::default()), Arc::new(AtomicBool::new(false)));
        let (word, over) = (told.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            let pinned = core.is_some_and(core_affinity::set_for_current);
            let mut last = 0;
            loop {
                let now = until(|| {
                    let now = word.0.load(Ordering::Acquire);
                    (now != last || over.load(Ordering::Relaxed)).then_some(now)
                });
                if now == last {
                    return pinned;
                }
                last = now;
                // The number's low byte is the pair, the rest makes each number new.
                if let Some(answer) = answers.get_mut((now & 0xFF) as usize) {
                    answer(trips);
                }
            }
        });
        Self { told, ends, thread: Some(thread) }
    }

    /// The pair of this place is next.
    pub fn tell(&self, which: usize) {
        let turn = self.told.0.load(Ordering::Relaxed) >> 8;
        self.told.0.store((turn + 1) << 8 | which as u64, Ordering::Release);
    }

    /// Ends it; whether it was pinned.
    pub fn end(mut self) -> bool {
        self.stop().unwrap_or(false)
    }

    fn stop(&mut self) -> Option<bool> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.take()?.join().ok()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_through_each_pair_by_turns() {
        let (mut begins, mut answers) = (Vec::new(), Vec::new());
        for pair in [ours(), raw()] {
            begins.push(pair.begin);
            answers.push(pair.answer);
        }
        let echo = Echo::start(answers, 50, None);
        for turn in 0..6 {
            echo.tell(turn % 2);
            begins[turn % 2](50);
        }
        assert!(!echo.end(), "no core was named");
    }
}
