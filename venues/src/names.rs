//! Names in messages: instruments by what the venue calls them, assets, amounts and client ids.

use crate::wire::WireFault;
use engine::asset::Assets;
use engine::id::AssetId;
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{AMOUNT_DECIMALS, Amount, NumError, Price, Qty, parse_decimal};

/// Instruments by symbol and assets by name.
#[derive(Debug)]
pub(crate) struct Names {
    instruments: Vec<Instrument>,
    assets: Assets,
}

impl Names {
    pub const fn new(instruments: Vec<Instrument>, assets: Assets) -> Self {
        Self { instruments, assets }
    }

    /// The instrument of this symbol, if it is one of ours.
    #[inline]
    pub fn instrument(&self, symbol: &str) -> Option<&Instrument> {
        self.instruments.iter().find(|one| one.symbol.as_bytes() == symbol.as_bytes())
    }

    /// The same at a venue that uses one name for a pair and for its perpetual.
    #[inline]
    pub fn instrument_of(&self, kind: Kind, symbol: &str) -> Option<&Instrument> {
        let same =
            |one: &&Instrument| one.kind == kind && one.symbol.as_bytes() == symbol.as_bytes();
        self.instruments.iter().find(same)
    }

    /// The id of an asset; new ones are added until the table is full.
    #[inline]
    pub fn asset(&mut self, name: &str) -> Option<AssetId> {
        match self.assets.id(name.as_bytes()) {
            Some(id) => Some(id),
            None => self.assets.intern(Symbol::new(name)?),
        }
    }

    pub const fn assets(&self) -> &Assets {
        &self.assets
    }

    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// New grids or limits of an instrument.
    pub fn set(&mut self, instrument: &Instrument) {
        for known in &mut self.instruments {
            if known.id == instrument.id {
                *known = *instrument;
            }
        }
    }
}

/// An amount of an asset, toward zero where the venue tells more than eight places.
#[inline]
pub(crate) fn amount(value: &str) -> Result<Amount, WireFault> {
    let wrong = WireFault::Form("amount");
    match parse_decimal(value.as_bytes(), AMOUNT_DECIMALS) {
        Ok(amount) => Ok(Amount(amount)),
        Err(NumError::OffGrid) => {
            let places = usize::from(AMOUNT_DECIMALS) + 1;
            let point = value.find('.').ok_or(wrong)?;
            let cut = value.get(..point + places).ok_or(wrong)?;
            // The rest are digits, or the text is no number.
            let digits = value[point + places..].bytes().all(|byte| byte.is_ascii_digit());
            let cut = if digits {
                parse_decimal(cut.as_bytes(), AMOUNT_DECIMALS)
            } else {
                Err(NumError::Syntax)
            };
            cut.map(Amount).map_err(|_| wrong)
        }
        Err(_) => Err(wrong),
    }
}

/// The same where an empty text means none.
#[inline]
pub(crate) fn amount_or_none(value: &str) -> Result<Amount, WireFault> {
    if value.is_empty() { Ok(Amount::ZERO) } else { amount(value) }
}

/// A price on the instrument's grid; empty text is none.
#[inline]
pub(crate) fn price(instrument: &Instrument, value: &str) -> Result<Price, WireFault> {
    if value.is_empty() {
        return Ok(Price::ZERO);
    }
    instrument.price(value.as_bytes()).map_err(|_| WireFault::Form("price off the grid"))
}

/// A quantity in the venue's unit on the instrument's grid; empty text is none.
#[inline]
pub(crate) fn qty(instrument: &Instrument, value: &str) -> Result<Qty, WireFault> {
    if value.is_empty() {
        return Ok(Qty::ZERO);
    }
    instrument.qty(value.as_bytes()).map_err(|_| WireFault::Form("quantity off the grid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_eight_places_and_refuse_what_is_no_number() {
        assert_eq!(amount("1.5").unwrap(), Amount(150_000_000));
        assert_eq!(amount("-0.000000019").unwrap(), Amount(-1));
        assert_eq!(amount("0.123456789012").unwrap(), Amount(12_345_678));
        assert!(amount("0.1234567890x2").is_err() && amount("").is_err() && amount("1e5").is_err());
        assert_eq!(amount_or_none("").unwrap(), Amount::ZERO);
    }
}
