//! What a fill needs: our own rules, or those of the backtester that ours are compared with, and
//! how often they differ.

/// By which rules orders are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rules {
    /// Ours, see [`super`]: nothing is filled that did not trade, cross or stand there to be taken.
    #[default]
    Own,
    /// Those of hftbacktest, for comparing: best prices that are newer than depth are not known,
    /// each depth row is judged by itself, what crosses or is traded through is filled whole, and
    /// what we take stays displayed. Its faults are left out: the quantity ahead does not go below
    /// 0, own orders share a trade, and a fill of exactly what is left ends the order.
    Hftbacktest {
        /// As its exchange with partial fills: what crosses us is bounded by its size, and takers
        /// walk the levels; else everything is filled whole, takers at the best price.
        partial: bool,
    },
}

/// Whether an amended order keeps its place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Priority {
    /// When the price is the same and the quantity not larger.
    #[default]
    KeptWhenSmaller,
    /// Never: it is a cancel and a new order in one.
    Lost,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// How often each of our rules changed what the compared backtester would have done. With
        /// its rules, those that take its faults away.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub struct RuleCounts {
            $($(#[$doc])* pub $name: u64),*
        }

        impl RuleCounts {
            /// The counts by their names, in this order.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            /// Both together.
            #[must_use]
            pub const fn with(&self, other: &Self) -> Self {
                Self { $($name: self.$name.saturating_add(other.$name)),* }
            }
        }
    };
}

counts! {
    /// Trades at our price that filled less than the whole order.
    partial_fills,
    /// Crossings and trades through our price that filled less than the whole order, for no more
    /// came.
    bounded_fills,
    /// Trades of which an own order got less, because another own order had taken of it.
    shared_trades,
    /// Takers that got more prices than the best one.
    walked_takes,
    /// Takers that found less than they wanted within their limit.
    short_takes,
    /// Levels that gave less, because we had taken of them before.
    used_levels,
    /// Crossings by a best price that is newer than depth.
    best_crossings,
    /// Depth rows that crossed an order inside a message that did not cross it as a whole.
    inner_crossings,
    /// Orders that came while the book was unknown, and had all of it ahead.
    unknown_books,
    /// Orders that ended because they would have met an own one.
    self_trades,
    /// Estimates of the quantity ahead that were kept from going below 0.
    clamped_queues,
}
