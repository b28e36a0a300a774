//! Balances of the simulated account: free and locked per asset.

use engine::id::AssetId;
use engine::num::Amount;

/// Balances by asset, with the assets that changed since they were last told.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    free: Amount,
    locked: Amount,
    changed: bool,
}

impl Ledger {
    /// Accounts for assets up to the highest id given, with these free balances.
    pub fn new(balances: &[(AssetId, Amount)], assets: impl Iterator<Item = AssetId>) -> Self {
        let highest = assets.chain(balances.iter().map(|row| row.0)).max();
        let count = highest.map_or(0, |asset| asset.index() + 1);
        let mut rows = vec![Row { changed: true, ..Row::default() }; count];
        for (asset, amount) in balances {
            rows[asset.index()].free += *amount;
        }
        Self { rows }
    }

    /// What may be spent.
    pub fn free(&self, asset: AssetId) -> Amount {
        self.rows.get(asset.index()).map_or(Amount::ZERO, |row| row.free)
    }

    /// What orders lock.
    pub fn locked(&self, asset: AssetId) -> Amount {
        self.rows.get(asset.index()).map_or(Amount::ZERO, |row| row.locked)
    }

    /// Free and locked together.
    pub fn total(&self, asset: AssetId) -> Amount {
        self.free(asset).saturating_add(self.locked(asset))
    }

    /// Free and locked of every asset, by id.
    pub fn rows(&self) -> impl Iterator<Item = (AssetId, Amount, Amount)> + '_ {
        let row = |(id, row): (usize, &Row)| (AssetId(id as u16), row.free, row.locked);
        self.rows.iter().enumerate().map(row)
    }

    /// Moves an amount from free to locked; a negative one moves it back.
    pub fn lock(&mut self, asset: AssetId, amount: Amount) {
        self.change(asset, -amount, amount);
    }

    /// Adds to (or takes from) what is free.
    pub fn credit(&mut self, asset: AssetId, amount: Amount) {
        self.change(asset, amount, Amount::ZERO);
    }

    /// The first asset that changed and has not been told, with its balances; it counts as told.
    pub fn next_changed(&mut self) -> Option<(AssetId, Amount, Amount)> {
        let place = self.rows.iter().position(|row| row.changed)?;
        let row = &mut self.rows[place];
        row.changed = false;
        Some((AssetId(place as u16), row.free, row.locked))
    }

    /// Counts all assets as told.
    pub fn all_told(&mut self) {
        self.rows.iter_mut().for_each(|row| row.changed = false);
    }

    fn change(&mut self, asset: AssetId, free: Amount, locked: Amount) {
        if let Some(row) = self.rows.get_mut(asset.index()) {
            row.free = row.free.saturating_add(free);
            row.locked = row.locked.saturating_add(locked);
            row.changed |= !(free.is_zero() && locked.is_zero());
        }
    }
}
