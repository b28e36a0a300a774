//! What a feed counts, by name, so that a monitor shows every loss and every full queue.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// How many counters there are.
            pub const LEN: usize = [$(stringify!($name)),*].len();

            /// All of them with their names.
            pub const fn named(&self) -> [(&'static str, u64); Self::LEN] {
                [$((stringify!($name), self.$name)),*]
            }
        }
    };
}

counters! {
    /// Bytes read from connections.
    bytes,
    /// Messages and control frames read.
    frames,
    /// Rows handed to the ring.
    rows,
    /// Frames that could not be read as what they should be.
    decode_errors,
    /// Frames of streams, events or symbols that nobody asked for, and error messages.
    unknown_frames,
    /// Best bids and asks that were not newer than what was known.
    stale_best_dropped,
    /// Diffs that the book was already beyond: around snapshots, and while two connections overlap.
    old_diffs,
    /// Trades that came again while two connections overlap.
    repeated_trades,
    /// Trade ids that never came.
    missed_trades,
    /// Books declared broken because update ids were missing.
    gaps,
    /// Snapshots wanted after the first of each book, for whatever reason.
    resyncs,
    /// Snapshots that became a book.
    snapshots,
    /// Snapshots older than the stream: asked for again.
    old_snapshots,
    /// Snapshots that failed or could not be read.
    snapshot_errors,
    /// Messages that found the ring full.
    ring_full,
    /// Times that more diffs came than are held for a snapshot.
    held_full,
    /// Changes of the link's state that were left out because the ring stayed full.
    links_dropped,
    /// Connections made.
    connects,
    /// Connections that could not be made.
    connect_errors,
    /// Connections lost.
    reconnects,
    /// Connections replaced in time by another one.
    rollovers,
    /// Announcements of the server that it goes away.
    shutdowns,
    /// Times that a connection was silent for its limit.
    stale_connection,
    /// Times that a stream was silent for its limit.
    stale_stream,
}
