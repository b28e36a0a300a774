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
    /// Frames that did not look as their stream's frames always do, but were plain text in the
    /// venue's order: read more slowly.
    decode_plain,
    /// Frames that the general reader of JSON had to read, those that it refused included: slowest.
    decode_general,
    /// Frames of streams, events or symbols that nobody asked for, and error messages.
    unknown_frames,
    /// Best bids and asks that were not newer than what was known.
    stale_best_dropped,
    /// Diffs that the book was already beyond: around snapshots, and over slower connections.
    old_diffs,
    /// Trades and liquidations that came again over another connection.
    repeated_trades,
    /// Messages that were ahead of what another connection was still to bring, and waited for it.
    held_ahead,
    /// Messages that the first connection was the first to bring, while there were several.
    first_arrivals_1,
    /// The same of the second one.
    first_arrivals_2,
    /// The same of the third one.
    first_arrivals_3,
    /// The same of the fourth one.
    first_arrivals_4,
    /// The same of the fifth one, which is there while another one is being replaced.
    first_arrivals_5,
    /// Messages that another connection had brought before.
    late_arrivals,
    /// Trade ids that never came.
    missed_trades,
    /// Books declared broken because update ids were missing.
    gaps,
    /// Books declared broken because bid met ask after a whole message.
    crossed,
    /// Books declared broken because the venue's checksum was another one.
    checksum_errors,
    /// Books whose update ids started anew: the venue restarted.
    restarts,
    /// Topics that the venue granted.
    subscriptions,
    /// Topics, or requests for several, that the venue refused.
    subscriptions_refused,
    /// Topics that were asked for and not answered in time.
    subscriptions_unanswered,
    /// Topics that were subscribed to and said nothing for too long.
    silent_topics,
    /// Topics that were left and asked for again, to have their book anew.
    resubscriptions,
    /// Snapshots wanted after the first of each book, for whatever reason.
    resyncs,
    /// Snapshots that became a book.
    snapshots,
    /// Snapshots older than the stream: asked for again.
    old_snapshots,
    /// Snapshots that failed, could not be read, or did not follow their subscription.
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
    /// Socket options that the system did not grant: trading goes on without them.
    options_refused,
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
