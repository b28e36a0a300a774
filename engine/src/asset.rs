//! The assets of an account, by dense id. Names are for the edges; the engine counts by id.

use crate::id::AssetId;
use crate::instrument::Symbol;
use alloc::vec::Vec;

/// Most assets that one account follows.
pub const ASSETS_MAX: usize = 256;

/// Names of assets in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets {
    names: Vec<Symbol>,
}

impl Assets {
    /// The id of a name, new ones being added; `None` when the table is full.
    pub fn intern(&mut self, name: Symbol) -> Option<AssetId> {
        if let Some(id) = self.id(name.as_bytes()) {
            return Some(id);
        }
        if self.names.len() >= ASSETS_MAX {
            return None;
        }
        self.names.push(name);
        Some(AssetId((self.names.len() - 1) as u16))
    }

    /// The id of a known name.
    pub fn id(&self, name: &[u8]) -> Option<AssetId> {
        let place = self.names.iter().position(|known| known.as_bytes() == name)?;
        Some(AssetId(place as u16))
    }

    /// The name of an id.
    pub fn name(&self, id: AssetId) -> Option<&Symbol> {
        self.names.get(id.index())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
