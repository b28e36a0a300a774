//! The fixed list of kills: each has its seed, and all else about it follows from that.

/// How many there are.
pub const KILLS: u64 = 200;

/// What a kill waits for before its time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The engine quotes.
    Quotes,
    /// A report of a fill has left the exchange.
    Fill,
    /// A request has left the engine.
    Request,
    /// Nothing: it is hit while it starts, recovers and reconciles.
    Start,
    /// An operator's pause, so that cancels are under way.
    Pause,
    /// As quotes, and the disk takes no more from then on.
    Full,
    /// As quotes, and the exchange dies with it.
    Both,
}

/// One kill.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// Its seed.
    pub seed: u64,
    /// What it waits for.
    pub aim: Aim,
    /// How long after that.
    pub after_ms: u64,
    /// How long the wire takes there and back.
    pub wire_ms: [u64; 2],
    /// Whether the session before it ends in order, and another begins.
    pub in_order_first: bool,
    /// How long the exchange goes on alone.
    pub dead_ms: u64,
}

/// Numbers from a seed: splitmix64, by Steele, Lea and Flood (OOPSLA 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }
}

impl Kill {
    /// The kill of this place in the list.
    pub fn of(place: u64) -> Self {
        let seed = 7_000 + place;
        let mut draw = Draw(seed);
        let aim = match place % 10 {
            0 => Aim::Both,
            1 | 4 | 7 => Aim::Fill,
            2 => Aim::Start,
            3 | 6 => Aim::Request,
            5 => Aim::Pause,
            8 => Aim::Full,
            _ => Aim::Quotes,
        };
        let mut wire_ms = [20 + draw.below(80), 40 + draw.below(120)];
        if matches!(aim, Aim::Fill | Aim::Request) {
            // A machine that stands still for a moment must not hit too late.
            wire_ms[1] += 120;
        }
        let after_ms = match aim {
            // Before the report or the answer has arrived.
            Aim::Fill | Aim::Request => draw.below(wire_ms[1] / 2),
            Aim::Start => draw.below(1_200),
            Aim::Pause => draw.below(60),
            Aim::Full => draw.below(150),
            // Long enough for checkpoints, which follow two segments behind.
            Aim::Quotes if place % 20 == 9 => 3_000 + draw.below(1_500),
            Aim::Quotes | Aim::Both => draw.below(900),
        };
        let in_order_first = place % 9 == 4;
        Self { seed, aim, after_ms, wire_ms, in_order_first, dead_ms: draw.below(300) }
    }
}
