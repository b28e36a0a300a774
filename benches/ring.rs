//! A hop between two pinned threads: a row goes there through one ring and comes back through
//! another, as between feed and engine. The bar is a raw ping-pong of one atomic word, the least
//! that a hop can cost on this machine at this moment: a hypervisor moves cores apart and together
//! again within seconds, so only turns beside each other can be compared. Rivals carry the same
//! 64-byte row.

use benches::stage::{Bar, Contestant, Stage};
use core_affinity::CoreId;
use crossbeam::channel;
use crossbeam::queue::ArrayQueue;
use engine::event::Event;
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

/// Round trips of one turn: a fifth of a millisecond, so that a time slice lost to other load spoils
/// few turns.
const TRIPS: usize = 1_000;
/// Rows that fit a ring, as shipped.
const ROWS: usize = 4_096;
/// After so many empty looks the core is lent, for machines with one.
const LOOKS: u32 = 100_000;
const RAW: &str = "raw atomic ping-pong";

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
type Side = Box<dyn FnMut(usize) + Send>;

/// Both sides of a way of handing over: who begins, who answers.
struct Pair {
    name: &'static str,
    begin: Side,
    answer: Side,
}

fn raw() -> Pair {
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

/// A pair of two equal ways, each with a way to put a row in and one to get it out.
fn pair<P, G>(name: &'static str, there: (P, G), back: (P, G)) -> Pair
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

fn ours() -> Pair {
    let one = || {
        let (mut put, mut get) = rtrb::RingBuffer::new(ROWS);
        (move |row: Event| assert!(put.push(row).is_ok(), "one row fits"), move || get.pop().ok())
    };
    pair("ours (rtrb)", one(), one())
}

fn array_queue() -> Pair {
    let one = || {
        let queue = Arc::new(ArrayQueue::new(ROWS));
        let other = queue.clone();
        (move |row| assert!(queue.push(row).is_ok(), "one row fits"), move || other.pop())
    };
    pair("crossbeam ArrayQueue", one(), one())
}

fn crossbeam_channel() -> Pair {
    let one = || {
        let (put, get) = channel::bounded(ROWS);
        (move |row| assert!(put.try_send(row).is_ok(), "one row fits"), move || get.try_recv().ok())
    };
    pair("crossbeam-channel", one(), one())
}

fn std_mpsc() -> Pair {
    let one = || {
        let (put, get) = mpsc::sync_channel(ROWS);
        (move |row| assert!(put.try_send(row).is_ok(), "one row fits"), move || get.try_recv().ok())
    };
    pair("std mpsc", one(), one())
}

/// The thread that answers: told by a number which pair is next.
struct Echo {
    told: Arc<Word>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    fn start(mut answers: Vec<Side>, trips: usize, core: Option<CoreId>) -> Self {
        let (told, ends) = (Arc::new(Word::default()), Arc::new(AtomicBool::new(false)));
        let (word, over) = (told.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            pin(core);
            let mut last = 0;
            loop {
                let now = until(|| {
                    let now = word.0.load(Ordering::Acquire);
                    (now != last || over.load(Ordering::Relaxed)).then_some(now)
                });
                if now == last {
                    return;
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

    fn tell(&self, which: usize) {
        let turn = self.told.0.load(Ordering::Relaxed) >> 8;
        self.told.0.store((turn + 1) << 8 | which as u64, Ordering::Release);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok(), "the echo ends well");
        }
    }
}

/// To this core; said, where there is none or it refuses.
fn pin(core: Option<CoreId>) {
    if !core.is_some_and(core_affinity::set_for_current) {
        println!("ring: a thread is not pinned: its hops wander with it");
    }
}

fn main() {
    let mut stage = Stage::new("ring");
    // Read before anything is pinned: a pinned thread sees its own core only.
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    pin(cores.first().copied());
    let trips = if stage.smoke() { 10 } else { TRIPS };
    let pairs = [ours(), raw(), array_queue(), crossbeam_channel(), std_mpsc()];
    let (mut begins, mut answers) = (Vec::new(), Vec::new());
    for pair in pairs {
        begins.push((pair.name, pair.begin));
        answers.push(pair.answer);
    }
    let echo = Echo::start(answers, trips, cores.get(1).copied());
    let all = begins.into_iter().enumerate().map(|(place, (name, mut begin))| {
        let echo = &echo;
        Contestant::new(name, move || {
            echo.tell(place);
            begin(trips);
        })
    });
    let all: Vec<Contestant<'_>> = all.collect();
    stage.duel("hop of one row", Bar::within(1.2, RAW), 2 * trips, all);
    drop(echo);
    stage.finish();
}
