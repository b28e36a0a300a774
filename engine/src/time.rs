//! Time as the engine knows it: nanoseconds since 1970 that only events bring.

/// Nanoseconds since 1970-01-01 UTC, or a span of nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The start of time; an age measured from here is always over its limit.
    pub const ZERO: Self = Self(0);

    /// A span of milliseconds; sticks at the end of the range.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// A span of seconds; sticks at the end of the range.
    pub const fn from_s(s: u64) -> Self {
        Self(s.saturating_mul(1_000_000_000))
    }

    /// Whole milliseconds.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Seconds as a float, for formulas in strategies.
    pub fn as_s_f64(self) -> f64 {
        self.0 as f64 * 1e-9
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by a span; sticks at the end of the range.
    #[must_use]
    pub const fn after(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The day since 1970 (UTC) that this instant lies in.
    pub const fn day(self) -> u64 {
        self.0 / 86_400_000_000_000
    }
}

/// Where agents get the time from; only processes own a real one.
pub trait Clock {
    /// Nanoseconds since 1970, never decreasing.
    fn now(&self) -> Nanos;

    /// What this clock showed when the system's clock (UTC, which may be set) showed `at`: for
    /// stamps that the kernel made.
    fn of_system(&self, at: Nanos) -> Nanos {
        at
    }
}

/// A stage of an order's way, in the order it is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Last byte's packet taken by the kernel to that byte read from the socket.
    Kernel,
    /// Last byte read from the socket to event rows decoded.
    Decode,
    /// Rows decoded to the last one popped by the engine.
    Ring,
    /// Popped to book updated.
    Book,
    /// Book updated to plan written by the strategy and reconciled.
    Decide,
    /// Intent to approved by the risk gate.
    Risk,
    /// Approved to encoded as a frame.
    Encode,
    /// Encoded to accepted by the kernel (the write call returned).
    Write,
    /// Last byte of the causing message read to order frame handed to the socket.
    TickToOrder,
    /// Order written to the venue's answer read.
    OrderToAck,
}

impl Stage {
    /// All stages with the names that reports use.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Kernel, "kernel"),
        (Self::Decode, "decode"),
        (Self::Ring, "ring"),
        (Self::Book, "book"),
        (Self::Decide, "decide"),
        (Self::Risk, "risk"),
        (Self::Encode, "encode"),
        (Self::Write, "write"),
        (Self::TickToOrder, "tick_to_order"),
        (Self::OrderToAck, "order_to_ack"),
    ];

    /// As an index into a dense table.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Where agents put the spans that they measured; must not allocate, lock or block.
pub trait Trace {
    /// One span of a stage.
    fn record(&mut self, stage: Stage, span: Nanos);
    /// Whether inner stages are to be stamped this turn; ingress and egress always are.
    fn sampled(&self) -> bool;
    /// The frame of an order is whole, and is handed over with those of the same turn. Nothing of
    /// it is kept while trading; a bench stamps it.
    #[inline]
    fn framed<C: Clock>(&mut self, _clock: &C, _read_at: Nanos) {}
}

/// Measures nothing: for replay, simulation and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    fn record(&mut self, _: Stage, _: Nanos) {}
    fn sampled(&self) -> bool {
        false
    }
}
