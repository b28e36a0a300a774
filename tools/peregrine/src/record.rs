//! `peregrine record`: a venue's frames as they came, each with its receive time, in files that
//! `peregrine exchange --replay` and importers read back.
//!
//! # The files
//!
//! zstd text, one line a frame: `LOCAL_NS {json}`. `LOCAL_NS` is when the frame's last byte was
//! read: ns since 1970 by the system clock, never descending. The JSON is byte for byte what the
//! venue sent (a line break between its tokens would become a space). REST snapshots of the book
//! are lines too, `LOCAL_NS {"lastUpdateId":…}`, after the first depth frame of each connection
//! and of each file, so that a reader can begin with any of them. What is missing is marked:
//!
//! ```text
//! LOCAL_NS {"gap":{"dropped":N,"reason":"…"}}
//! ```
//!
//! where N is how many frames came and were not kept, 0 when nobody knows: at the start of a
//! recording, and when a connection is lost.
//!
//! A file holds one instrument and is named `VENUE-SYMBOL-UTC-N.zst`, such as
//! `binance-btcusdt-20240808T093000-0.zst`: UTC of its first line, and a number that tells files of
//! one second apart. A test network's venue is named so: `binance-testnet`. What belongs to no
//! instrument, such as the announcement of a restart, goes to `VENUE-all-…`.
//!
//! While it is written, a file ends in `.part`. It is handed to the system each second, so that a
//! killed recorder loses about one; what it leaves is read up to its last whole line, and renamed
//! to `.cut.zst` by the next recorder in that folder.
//!
//! ```text
//!  venue ──▶ Follower (sockets, snapshots) ──▶ Outlet ─bounded queue─▶ Shelf (thread, files)
//!              one for each venue                a full one drops, counts and marks
//! ```

mod file;
mod follow;
mod link;
mod name;
mod outlet;
mod shelf;
mod source;
mod tally;

pub use file::Rotation;
pub use source::Source;
pub use tally::{Tally, Told};

use crate::cli::{RecordArgs, print, say};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use engine::time::Nanos;
use follow::Follower;
use shelf::Shelf;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Now, by the system clock.
fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(0))
}

/// Records until interrupted, terminated, or the seconds are over.
pub fn run(args: &RecordArgs) -> Result<Exit, Failure> {
    let config = Config::load(&args.config)?;
    let sources = vec![Source::new(&config)];
    let rotation = Rotation::new(args.segment_mib, args.segment_s);
    prepare(&args.out)?;
    let tally = Arc::new(Tally::default());
    let began = Instant::now();
    let recording = Recording { sources, folder: &args.out, rotation, tally: &tally };
    recording.keep(args)?;
    let told = Told { count: tally.count(), elapsed: began.elapsed() };
    if args.seconds.is_some() && told.count.frames == 0 {
        let message = format!(
            "nothing came from {} in {} s; see the warnings above, and check the addresses",
            config.home().endpoints.stream,
            told.elapsed.as_secs()
        );
        return Err(Failure::new(Exit::TimedOut, message));
    }
    match args.json {
        true => print(&told.json()),
        false => say(format_args!("{}", told.summary(&args.out))),
    }
    Ok(Exit::Ok)
}

/// The folder, with what an earlier recorder left in it named for what it is.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::error(format!(
            "cannot record to {}: {error}; name a folder that this user may write",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    for left in name::rename_left(folder).map_err(failed)? {
        tracing::info!("{} was left by a recorder that did not end in order", left.display());
    }
    Ok(())
}

/// What is recorded where.
struct Recording<'a> {
    sources: Vec<Source>,
    folder: &'a Path,
    rotation: Rotation,
    tally: &'a Arc<Tally>,
}

type Shelves = Vec<JoinHandle<Result<(), Failure>>>;

impl Recording<'_> {
    fn keep(self, args: &RecordArgs) -> Result<(), Failure> {
        let failed =
            |error: std::io::Error| Failure::error(format!("cannot start recording: {error}"));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().map_err(failed)?;
        let tally = Arc::clone(self.tally);
        let (followed, shelves) = runtime.block_on(async {
            let (stop, stopped) = watch::channel(false);
            let mut tasks = JoinSet::new();
            let mut shelves = Shelves::new();
            for source in &self.sources {
                let (shelf, outlet, wants) = Shelf::new(source, &self)?;
                let thread = std::thread::Builder::new().name(format!("write {}", source.venue));
                shelves.push(thread.spawn(move || shelf.run()).map_err(failed)?);
                let follower = Follower::new(source.clone(), outlet, wants, &tally);
                tasks.spawn(follower.run(stopped.clone()));
            }
            let ended = until_over(&mut tasks, args, &tally).await;
            // Those that still follow are asked to stop; nobody listens when all have ended.
            let _ = stop.send(true);
            let mut followed = ended;
            while let Some(task) = tasks.join_next().await {
                followed = followed.and(flat(task));
            }
            Ok::<_, Failure>((followed, shelves))
        })?;
        let mut written = Ok(());
        for shelf in shelves {
            let end = shelf.join().unwrap_or_else(|_| Err(Failure::error("a writer panicked")));
            written = written.and(end);
        }
        // A writer that failed is why its follower ended.
        written.and(followed)
    }
}

fn flat(task: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    task.unwrap_or_else(|error| Err(Failure::error(format!("a follower ended: {error}"))))
}

/// Waits for a signal, the time, or a follower that cannot go on; shows progress on a terminal.
async fn until_over(
    tasks: &mut JoinSet<Result<(), Failure>>,
    args: &RecordArgs,
    tally: &Tally,
) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::error(format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let shown = !args.json && crate::logging::on_terminal();
    let began = Instant::now();
    let mut last = tally.count();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.tick().await;
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            Some(task) = tasks.join_next() => return flat(task),
            _ = second.tick() => {
                if shown {
                    let count = tally.count();
                    say(format_args!("{}", count.progress(&last)));
                    last = count;
                }
            }
        }
        if args.seconds.is_some_and(|limit| began.elapsed() >= Duration::from_secs(limit)) {
            return Ok(());
        }
    }
}
