//! Named counts of what the gateway did and what went wrong.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counts since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[$doc])* pub $name: u64),* }

        impl Counters {
            /// How many counters there are.
            pub const LEN: usize = [$(stringify!($name)),*].len();

            /// Every counter with its name.
            pub fn named(&self) -> [(&'static str, u64); Self::LEN] {
                [$((stringify!($name), self.$name)),*]
            }
        }
    };
}

counters! {
    /// Places sent, those of cancel-replaces included.
    places,
    /// Cancel-replaces sent.
    replaces,
    /// Orders that were encoded and framed to keep their way warm, and not sent.
    rehearsed,
    /// Cancels sent.
    cancels,
    /// Amends and moves sent.
    amends,
    /// Cancel-alls sent.
    cancel_alls,
    /// Queries sent.
    queries,
    /// Requests sent over REST.
    rest_requests,
    /// Answers read.
    answers,
    /// Answers to requests that had been given up.
    answers_late,
    /// Answers to requests that are not ours.
    answers_unknown,
    /// Requests refused by the venue.
    refused,
    /// Requests given up because no answer came in time.
    timed_out,
    /// Requests whose connection was lost before the answer.
    lost,
    /// Requests whose outcome the venue itself calls open.
    left_open,
    /// Places refused here because the budget was spent.
    over_budget,
    /// Cancels refused here because the venue said to stop.
    cancels_stopped,
    /// Places refused here because the session was not ready.
    not_ready,
    /// Places withdrawn here because a cancel of them came before they were sent.
    withdrawn,
    /// Requests refused here because the table of pending requests was full.
    pending_full,
    /// Requests that could not be encoded.
    not_encoded,
    /// Execution reports read.
    executions,
    /// Messages that could not be understood.
    malformed,
    /// Valid messages about nothing that is followed.
    ignored,
    /// Fees in assets for which there was no room.
    assets_full,
    /// Times that the venue said to stop.
    limited,
    /// Times that a time stamp lay outside the venue's window.
    clock_skews,
    /// Queries answered "no such order" before the window for late arrivals had passed.
    absent_early,
    /// Connections that came up.
    connects,
    /// Connections lost or closed by the other end.
    disconnects,
    /// Dials that failed.
    dial_failures,
    /// Connections given up because nothing came for the limit.
    stale,
    /// Planned changes to a new connection.
    rollovers,
    /// Reconciliations begun.
    reconciliations,
    /// Reconciliations begun again because something changed or failed meanwhile.
    reconcile_retries,
    /// Trades that were told before and came again.
    trades_repeated,
    /// Payments of funding told.
    payments,
    /// Settings and renewals of the dead-man's switch that the venue confirmed.
    switch_set,
    /// Settings and renewals of the dead-man's switch that failed.
    switch_failed,
    /// Renewals of the dead-man's switch held back because the engine is not alive.
    switch_withheld,
    /// Renewals of the key of the private stream that failed.
    key_failed,
    /// The venue's ids of orders that gave way to newer ones in the dialect's table.
    venue_ids_forgotten,
    /// Open orders that were to be cancelled one by one and found no room.
    doomed_full,
    /// Trades learnt by asking that the private stream had not told.
    trades_missed,
    /// Rows of the private stream that did not fit while reconciling.
    buffer_full,
    /// Halts begun because the engine died.
    halts,
    /// Halts whose cancels could not be confirmed in time.
    halts_unconfirmed,
    /// Rows told to the engine.
    rows,
    /// Rows that found the ring full and waited.
    reports_ring_full,
}
