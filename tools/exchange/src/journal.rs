//! The ledger on disk: a snapshot, an append-only journal, and a file of counters.
//!
//! `snapshot.json` names its generation; `journal-N.log` holds what changed since, one transaction
//! a line, each a CRC and JSON. A transaction is one `write` before its answer leaves, so it
//! outlives a killed process (the kernel keeps written pages; only a power cut may lose the last of
//! them). A torn last line is what a kill in mid-write leaves, and is dropped. `counters` has two
//! slots of 512 bytes written in turn, so that one of them is always whole.

use crate::account::{Account, Balance, Settings};
use crate::event::Funding;
use crate::order::{AccountId, Fill, Order};
use crate::venue::{Attached, OrderList, Position, Trigger};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Ids to hand out next; they only go up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub order: u64,
    pub execution: u64,
    pub list: Vec<SymbolCounters>,
}

/// Ids and the last price of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SymbolCounters {
    pub update: u64,
    pub trade: u64,
    pub last: i64,
}

/// What one transaction changed, as it stands afterwards.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transaction {
    #[serde(rename = "o", default)]
    pub orders: Vec<Order>,
    #[serde(rename = "f", default)]
    pub fills: Vec<(AccountId, Fill)>,
    #[serde(rename = "b", default)]
    pub balances: Vec<(AccountId, String, Balance)>,
    #[serde(rename = "p", default)]
    pub positions: Vec<(AccountId, Position)>,
    #[serde(rename = "u", default)]
    pub fundings: Vec<(AccountId, Funding)>,
    #[serde(rename = "t", default)]
    pub triggers: Vec<Trigger>,
    #[serde(rename = "l", default)]
    pub lists: Vec<OrderList>,
    #[serde(rename = "a", default)]
    pub attached: Vec<Attached>,
    #[serde(rename = "s", default)]
    pub settings: Vec<(AccountId, Settings)>,
    #[serde(rename = "c", default)]
    pub counters: Counters,
}

impl Transaction {
    pub(crate) fn is_empty(&self) -> bool {
        self.orders.is_empty()
            && self.fills.is_empty()
            && self.balances.is_empty()
            && self.positions.is_empty()
            && self.settings.is_empty()
            && self.triggers.is_empty()
            && self.lists.is_empty()
            && self.attached.is_empty()
    }
}

/// The whole ledger.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub generation: u64,
    pub accounts: Vec<Account>,
    pub orders: Vec<Order>,
    pub fills: Vec<(AccountId, Fill)>,
    pub triggers: Vec<Trigger>,
    #[serde(default)]
    pub lists: Vec<OrderList>,
    #[serde(default)]
    pub attached: Vec<Attached>,
    pub counters: Counters,
}

/// An open ledger directory.
pub(crate) struct Journal {
    dir: PathBuf,
    log: File,
    counters: File,
    slot: u64,
    generation: u64,
    /// Transactions since the snapshot.
    pub written: u64,
}

const SLOT: u64 = 512;

impl Journal {
    /// Reads what a directory holds, if anything.
    pub(crate) fn recover(dir: &Path) -> io::Result<Option<Snapshot>> {
        let path = dir.join("snapshot.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut snapshot: Snapshot = serde_json::from_slice(&text).map_err(|error| {
            io::Error::other(format!(
                "{}: {error}; remove the directory to start anew",
                path.display()
            ))
        })?;
        let mut orders: BTreeMap<u64, Order> =
            snapshot.orders.drain(..).map(|order| (order.id, order)).collect();
        let log = BufReader::new(File::open(log_path(dir, snapshot.generation))?);
        for line in log.split(b'\n') {
            let Some(transaction) = open_line::<Transaction>(&line?) else { break };
            for order in transaction.orders {
                orders.insert(order.id, order);
            }
            snapshot.fills.extend(transaction.fills);
            for (account, asset, balance) in transaction.balances {
                if let Some(account) = snapshot.accounts.get_mut(account as usize) {
                    account.balances.insert(asset, balance);
                }
            }
            for (account, position) in transaction.positions {
                if let Some(account) = snapshot.accounts.get_mut(account as usize) {
                    *account.position_mut(position.symbol, position.leg) = position;
                }
            }
            for (account, funding) in transaction.fundings {
                if let Some(account) = snapshot.accounts.get_mut(account as usize) {
                    account.fundings.push(funding);
                }
            }
            for trigger in transaction.triggers {
                snapshot.triggers.retain(|one| one.id != trigger.id);
                snapshot.triggers.push(trigger);
            }
            for list in transaction.lists {
                snapshot.lists.retain(|one| one.id != list.id);
                snapshot.lists.push(list);
            }
            for one in transaction.attached {
                snapshot.attached.retain(|before| before.parent != one.parent);
                snapshot.attached.push(one);
            }
            for (account, settings) in transaction.settings {
                if let Some(account) = snapshot.accounts.get_mut(account as usize) {
                    account.settings = settings;
                }
            }
            raise(&mut snapshot.counters, &transaction.counters);
        }
        snapshot.orders = orders.into_values().collect();
        if let Ok(bytes) = std::fs::read(dir.join("counters")) {
            for slot in bytes.chunks(SLOT as usize) {
                if let Some(counters) = open_line(slot.split(|b| *b == b'\n').next().unwrap_or(&[]))
                {
                    raise(&mut snapshot.counters, &counters);
                }
            }
        }
        Ok(Some(snapshot))
    }

    /// Writes `snapshot` as a new generation and opens its empty journal.
    pub(crate) fn start(dir: &Path, mut snapshot: Snapshot) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let before = snapshot.generation;
        snapshot.generation += 1;
        let generation = snapshot.generation;
        let log = File::create(log_path(dir, generation))?;
        let temporary = dir.join("snapshot.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(&snapshot)?)?;
        file.sync_all()?;
        std::fs::rename(&temporary, dir.join("snapshot.json"))?;
        let _ = std::fs::remove_file(log_path(dir, before));
        let counters = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("counters"))?;
        Ok(Self { dir: dir.into(), log, counters, slot: 0, generation, written: 0 })
    }

    /// Appends one transaction with a single `write`.
    pub(crate) fn append(&mut self, transaction: &Transaction) -> io::Result<()> {
        self.log.seek(SeekFrom::End(0))?;
        self.log.write_all(&seal_line(transaction)?)?;
        self.written += 1;
        Ok(())
    }

    /// Notes the counters; the other slot keeps the ones before.
    pub(crate) fn mark(&mut self, counters: &Counters) -> io::Result<()> {
        let mut line = seal_line(counters)?;
        line.resize(SLOT as usize, b' ');
        self.counters.write_all_at(&line, (self.slot % 2) * SLOT)?;
        self.slot += 1;
        Ok(())
    }

    /// Where the ledger lies and its generation.
    pub(crate) fn place(&self) -> (&Path, u64) {
        (&self.dir, self.generation)
    }
}

fn log_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("journal-{generation}.log"))
}

fn raise(to: &mut Counters, from: &Counters) {
    to.order = to.order.max(from.order);
    to.execution = to.execution.max(from.execution);
    if to.list.len() < from.list.len() {
        to.list.resize_with(from.list.len(), Default::default);
    }
    for (to, from) in to.list.iter_mut().zip(&from.list) {
        if from.update >= to.update {
            to.last = from.last;
        }
        to.update = to.update.max(from.update);
        to.trade = to.trade.max(from.trade);
    }
}

fn seal_line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let mut line = format!("{:08x} ", crc32c::crc32c(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

fn open_line<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let crc = u32::from_str_radix(std::str::from_utf8(line.get(..8)?).ok()?, 16).ok()?;
    let json = line.get(9..)?;
    if crc32c::crc32c(json) != crc {
        return None;
    }
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_last_line_is_dropped_and_counters_only_rise() {
        let dir = std::env::temp_dir().join(format!("exchange-journal-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let account = Account::new("a", false, &[("USDT".into(), 5)], BTreeMap::new());
        let snapshot = Snapshot { accounts: vec![account], ..Default::default() };
        let mut journal = Journal::start(&dir, snapshot).unwrap();
        let change = |free| Transaction {
            balances: vec![(0, "USDT".into(), Balance { free, locked: 0 })],
            ..Default::default()
        };
        journal.append(&change(7)).unwrap();
        journal.append(&change(9)).unwrap();
        for order in [5, 7, 6] {
            journal.mark(&Counters { order, ..Default::default() }).unwrap();
        }
        let log = log_path(&dir, 1);
        let whole = std::fs::read(&log).unwrap();
        std::fs::write(&log, &whole[..whole.len() - 3]).unwrap();
        let back = Journal::recover(&dir).unwrap().unwrap();
        assert_eq!(back.accounts[0].balance("USDT").free, 7);
        assert_eq!(back.counters.order, 7);
        let _ = std::fs::remove_dir_all(&dir);
    }
}
