//! The end of a transaction, and the ledger's way to disk and back.

use super::*;

impl Venue {
    pub(super) fn counters(&self) -> Counters {
        let list = self.listings.iter().map(|listing| SymbolCounters {
            update: listing.update,
            trade: listing.trade,
            last: listing.last,
        });
        Counters { order: self.next_order, execution: self.next_execution, list: list.collect() }
    }

    /// Ends a transaction: positions are reported, the journal is written, ended house orders go.
    pub(crate) fn commit(&mut self, now_ms: u64) {
        self.settle_attached(now_ms);
        self.settle_lists(now_ms);
        while self.ended.front().is_some_and(|id| self.is_house_order(*id)) {
            if let Some(id) = self.ended.pop_front() {
                self.orders.remove(&id);
            }
        }
        while self.ended.len() > ENDED_MAX {
            if let Some(id) = self.ended.pop_front() {
                self.orders.remove(&id);
            }
        }
        let touched = std::mem::take(&mut self.touched);
        let mut holders: BTreeSet<AccountId> = touched.balances.keys().copied().collect();
        holders.extend(touched.positions.iter().map(|(account, ..)| *account));
        for account in holders {
            let holder = &mut self.accounts[account as usize];
            holder.updated_ms = now_ms;
            if !holder.house {
                let assets = touched.balances.get(&account);
                let assets = assets.into_iter().flatten().cloned().collect();
                let positions = touched.positions.iter().filter(|one| one.0 == account);
                let positions = positions.map(|(_, symbol, leg)| (*symbol, *leg)).collect();
                let what = Private::Holdings { assets, positions, cause: touched.cause };
                self.events.push(Event::Private { account, what });
            }
        }
        self.write_down(touched);
    }

    pub(super) fn is_house_order(&self, id: u64) -> bool {
        self.orders.get(&id).is_none_or(|order| order.account < USERS)
    }

    pub(super) fn write_down(&mut self, touched: Touched) {
        if self.journal.is_none() {
            return;
        }
        let mut transaction = Transaction {
            orders: touched.orders.iter().filter_map(|id| self.orders.get(id).cloned()).collect(),
            fills: touched.fills,
            fundings: touched.fundings,
            ..Transaction::default()
        };
        for (account, symbol, leg) in touched.positions {
            transaction.positions.push((account, self.account(account).position(symbol, leg)));
        }
        for id in touched.triggers {
            transaction.triggers.extend(self.triggers.get(&id).cloned());
        }
        for id in touched.lists {
            transaction.lists.extend(self.lists.get(&id).cloned());
        }
        for parent in touched.told {
            transaction.attached.extend(self.attached.get(&parent).cloned());
        }
        for account in touched.settings {
            transaction.settings.push((account, self.account(account).settings.clone()));
        }
        for (account, assets) in touched.balances {
            for asset in assets {
                let balance = self.account(account).balance(&asset);
                transaction.balances.push((account, asset, balance));
            }
        }
        let counters = self.counters();
        let noted = (self.next_execution, self.listings.iter().map(|l| l.update + l.trade).sum());
        let Some(journal) = &mut self.journal else { return };
        if !transaction.is_empty() {
            transaction.counters = counters;
            if let Err(error) = journal.append(&transaction) {
                self.journal_errors += 1;
                eprintln!("ledger: {error}; the last transaction would not survive a restart");
            }
        } else if self.counters_noted != noted && journal.mark(&counters).is_err() {
            self.journal_errors += 1;
        }
        self.counters_noted = noted;
        if journal.written > COMPACT_AFTER {
            self.compact();
        }
    }

    pub(super) fn compact(&mut self) {
        let Some((dir, generation)) = self
            .journal
            .as_ref()
            .map(|journal| (journal.place().0.to_path_buf(), journal.place().1))
        else {
            return;
        };
        match Journal::start(&dir, self.snapshot(generation)) {
            Ok(journal) => self.journal = Some(journal),
            Err(error) => {
                self.journal_errors += 1;
                eprintln!("ledger: {}: {error}; the old journal goes on", dir.display());
            }
        }
    }

    /// The whole ledger, users' orders only.
    pub(crate) fn snapshot(&self, generation: u64) -> Snapshot {
        let fills = self.accounts.iter().enumerate();
        let fills =
            fills.flat_map(|(n, a)| a.fills.iter().map(move |f| (n as AccountId, f.clone())));
        Snapshot {
            generation,
            accounts: self.accounts.clone(),
            orders: self.orders.values().filter(|order| order.account >= USERS).cloned().collect(),
            fills: fills.collect(),
            triggers: self.triggers.values().cloned().collect(),
            lists: self.lists.values().cloned().collect(),
            attached: self.attached.values().cloned().collect(),
            counters: self.counters(),
        }
    }

    /// Takes over a recovered ledger: balances, trades, ids, and open orders back in the book, in
    /// the order of their ids.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        for (n, account) in snapshot.accounts.into_iter().enumerate() {
            match self.accounts.get_mut(n) {
                Some(slot) => *slot = account,
                None => self.accounts.push(account),
            }
        }
        for (account, fill) in snapshot.fills {
            if let Some(account) = self.accounts.get_mut(account as usize) {
                account.fills.push(fill);
            }
        }
        self.triggers.extend(snapshot.triggers.into_iter().map(|one| (one.id, one)));
        self.lists.extend(snapshot.lists.into_iter().map(|one| (one.id, one)));
        self.attached.extend(snapshot.attached.into_iter().map(|one| (one.parent, one)));
        let counters = snapshot.counters;
        self.next_order = self.next_order.max(counters.order);
        self.next_execution = self.next_execution.max(counters.execution);
        for (listing, counters) in self.listings.iter_mut().zip(&counters.list) {
            listing.update = listing.update.max(counters.update);
            listing.trade = listing.trade.max(counters.trade);
            listing.agg = listing.agg.max(listing.trade);
            if counters.last > 0 {
                listing.last = counters.last;
                listing.mark =
                    listing.mark.take().map(|_| Mark::new(listing.last * listing.symbol.tick));
            }
        }
        for order in snapshot.orders {
            let id = order.id;
            if order.status.is_open() && usize::from(order.symbol) < self.listings.len() {
                self.reopen(&order);
            } else {
                self.ended.push_back(id);
            }
            self.orders.insert(id, order);
        }
        for symbol in 0..self.listings.len() {
            self.publish_changes(symbol as SymbolId);
        }
        self.events.clear();
    }

    pub(super) fn reopen(&mut self, order: &Order) {
        let listing = &mut self.listings[usize::from(order.symbol)];
        let (account, watched) = (order.account, listing.mark.is_some());
        let entry = Entry { id: order.id, account, lots: order.left(), watched };
        match &mut listing.recorded {
            _ if order.is_off_book() => {}
            Some(recorded) => recorded.reopen(order.id, order.side, order.price, order.left()),
            None => listing.book.rest(order.side, order.price, entry),
        }
        if let Some(holder) = self.accounts.get_mut(order.account as usize) {
            holder.open.insert(order.id);
            holder.clients.insert(order.client.clone(), order.id);
        }
    }
}
