//! What an account holds, as dialects hear it: coins and positions.

use crate::json::{each, object, text};
use crate::names::{Names, amount_or_none, qty};
use crate::wire::{Hear, Heard, RequestId, WireFault};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::{Notional, Qty};
use simd_json::tape::Value;

/// What a venue calls the parts of a coin's balance.
pub(crate) struct CoinKeys {
    /// Its name.
    pub coin: &'static str,
    /// All of it.
    pub total: &'static str,
    /// What open orders bind of it.
    pub locked: &'static str,
}

/// One coin of an account: what is not locked is free.
pub(crate) fn coin<H: Hear>(
    asked: Option<RequestId>,
    item: Value<'_, '_>,
    keys: &CoinKeys,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let (mut name, mut total, mut locked) = (None, None, "");
    for (key, value) in object(item)?.iter() {
        if key == keys.coin {
            name = text(value);
        } else if key == keys.total {
            total = text(value);
        } else if key == keys.locked {
            locked = text(value).unwrap_or("");
        }
    }
    let name = name.ok_or(WireFault::Form(keys.coin))?;
    let total = amount_or_none(total.ok_or(WireFault::Form(keys.total))?)?;
    let locked = amount_or_none(locked)?;
    let free = total.saturating_sub(locked);
    sink.hear(match names.asset(name) {
        Some(asset) => Heard::Balance { asked, asset, free, locked },
        None => Heard::Ignored,
    });
    Ok(())
}

/// One position, as a venue tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    instrument: InstrumentId,
    lots: Qty,
    entry: Notional,
    one_way: bool,
}

impl Position {
    /// From the venue's texts. `short` where lots are told without a sign; `one_way` where it is
    /// not one side of a hedged account.
    pub(crate) fn new(
        instrument: &Instrument,
        (size, entry): (&str, &str),
        (short, one_way): (bool, bool),
    ) -> Result<Self, WireFault> {
        let lots = qty(instrument, size)?;
        let lots = if short { -lots } else { lots };
        let entry = Notional(amount_or_none(entry)?.0);
        let entry = if lots.is_zero() { Notional::ZERO } else { entry };
        Ok(Self { instrument: instrument.id, lots, entry, one_way })
    }

    /// Tells one of the stream. One side of a hedged account is no position of ours.
    pub(crate) fn tell<H: Hear>(found: Option<Self>, sink: &mut H) {
        sink.hear(match found {
            Some(Self { instrument, lots, entry, one_way: true }) => {
                Heard::Position { asked: None, instrument, lots, entry }
            }
            _ => Heard::Ignored,
        });
    }

    /// Tells those of an answer about one instrument: both sides of a hedged one as their sum.
    pub(crate) fn tell_all<H: Hear>(
        id: RequestId,
        list: Value<'_, '_>,
        read: impl Fn(Value<'_, '_>) -> Result<Option<Self>, WireFault>,
        sink: &mut H,
    ) -> Result<(), WireFault> {
        let mut sum: Option<Self> = None;
        each(list, |item| {
            let Some(one) = read(item)? else { return Ok(()) };
            let before = sum.unwrap_or(Self { lots: Qty::ZERO, entry: Notional::ZERO, ..one });
            let entry = if one.lots.is_zero() { before.entry } else { one.entry };
            sum = Some(Self { lots: before.lots.saturating_add(one.lots), entry, ..one });
            Ok(())
        })?;
        if let Some(Self { instrument, lots, entry, .. }) = sum {
            sink.hear(Heard::Position { asked: Some(id), instrument, lots, entry });
        }
        Ok(())
    }
}
