//! The panels of the screen, each a table of one part of a snapshot.

use super::draw::Look;
use super::format::{amount, cents, count, fitting, milliticks, span};
use engine::id::Side;
use engine::time::Nanos;
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Row, Table};
use shm::Snapshot;
use shm::panel::{BookState, InstrumentPanel, LinkPanel, LinkState, Quote, ShadowsPanel, Variant};

/// A column: its name, its width, and how long it stays when the screen is narrow (0: longest). A
/// number that is cut would be another number, so whole columns go instead.
struct Column(&'static str, u16, u8);

/// Draws a bordered table. Columns whose name begins with `>` stand to the right; the first one
/// takes the room that is left.
fn table(
    frame: &mut Frame<'_>,
    area: Rect,
    title: String,
    columns: &[Column],
    rows: Vec<Vec<Cell<'_>>>,
) {
    let needed = |rank: u8| -> u16 {
        columns.iter().filter(|column| column.2 <= rank).map(|column| column.1 + 1).sum()
    };
    let room = area.width.saturating_sub(1);
    let rank = (0..=9).rev().find(|rank| needed(*rank) <= room).unwrap_or(0);
    let shown = |place: &usize| columns.get(*place).is_some_and(|column| column.2 <= rank);
    let name = |column: &Column| match column.0.strip_prefix('>') {
        Some(text) => Cell::new(Line::from(text).right_aligned()),
        None => Cell::new(column.0),
    };
    let header = columns.iter().filter(|column| column.2 <= rank).map(name);
    let header = Row::new(header).style(Style::new().add_modifier(Modifier::DIM));
    let rows = rows.into_iter().map(|cells| {
        let cells = cells.into_iter().enumerate().filter(|(place, _)| shown(place));
        Row::new(cells.map(|(_, cell)| cell))
    });
    let width = |(place, column): (usize, &Column)| match place {
        0 => Constraint::Min(column.1),
        _ => Constraint::Length(column.1),
    };
    let widths: Vec<Constraint> =
        columns.iter().enumerate().filter(|(place, _)| shown(place)).map(width).collect();
    let table = Table::new(rows, widths).header(header).column_spacing(1);
    frame.render_widget(table.block(Block::bordered().title(title)), area);
}

fn right<'a>(text: impl Into<String>) -> Cell<'a> {
    Cell::new(Line::from(text.into()).right_aligned())
}

fn money<'a>(units: i64, look: &Look<'_>) -> Cell<'a> {
    let style = match units {
        ..0 => look.bad(),
        0 => Style::new(),
        1.. => look.good(),
    };
    Cell::new(Line::from(Span::styled(cents(units), style)).right_aligned())
}

pub(super) fn instruments(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let rows = snapshot.instruments.iter().map(|panel| instrument(panel, look)).collect();
    let columns = [
        Column("symbol", 8, 0),
        Column("book", 7, 0),
        Column(">bid", 10, 1),
        Column(">ask", 10, 1),
        Column(">our bid", 10, 2),
        Column(">our ask", 10, 2),
        Column(">reservation", 12, 4),
        Column(">position", 10, 0),
        Column(">realised", 10, 0),
        Column(">unreal.", 9, 3),
        Column(">fees", 8, 3),
        Column(">fills b/a", 11, 2),
    ];
    table(frame, area, " instruments ".into(), &columns, rows);
}

fn instrument<'a>(panel: &'a InstrumentPanel, look: &Look<'_>) -> Vec<Cell<'a>> {
    let style = match panel.book {
        BookState::Live => look.good(),
        BookState::Stale | BookState::Crossed => look.bad(),
        _ => look.warn(),
    };
    let level = |level: Option<&shm::panel::Level>| {
        right(level.map_or("-".into(), |level| panel.tick.decimal(level.price.0).to_string()))
    };
    let quote = |quotes: &[Quote]| {
        right(match quotes.first() {
            Some(quote) => panel.tick.decimal(quote.price.0).to_string(),
            None => "-".to_owned(),
        })
    };
    let reservation = panel.reservation_milliticks.map(|value| milliticks(panel.tick, value));
    vec![
        Cell::new(panel.symbol.as_str()),
        Cell::new(Span::styled(panel.book.as_str(), style)),
        level(panel.best_bid()),
        level(panel.best_ask()),
        quote(&panel.bid_quotes),
        quote(&panel.ask_quotes),
        right(reservation.unwrap_or_else(|| "-".into())),
        right(panel.lot.decimal(panel.position.0).to_string()),
        money(panel.realised.0, look),
        money(panel.unrealised.0, look),
        right(cents(panel.fees.0)),
        right(format!("{}/{}", count(panel.bid_fills), count(panel.ask_fills))),
    ]
}

pub(super) fn links(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let rows = snapshot.links.iter().map(|panel| link(panel, look)).collect();
    let columns = [
        Column("link", 6, 0),
        Column("state", 8, 0),
        Column(">heard", 8, 1),
        Column(">ping", 8, 3),
        Column(">rows", 5, 2),
        Column(">again", 5, 4),
        Column(">gaps", 4, 4),
    ];
    table(frame, area, " links ".into(), &columns, rows);
}

fn link<'a>(panel: &'a LinkPanel, look: &Look<'_>) -> Vec<Cell<'a>> {
    let heard = look.now.since(panel.message_at);
    let silent = panel.message_at != Nanos::ZERO && heard > panel.age_limit;
    // The reader's own clock: an engine that hangs cannot say that its link is silent.
    let (name, style) = match panel.state {
        LinkState::Up if silent => ("silent", look.bad()),
        LinkState::Up => ("up", look.good()),
        LinkState::Connecting => ("connecting", look.warn()),
        state => (state.as_str(), look.bad()),
    };
    let since = |at: Nanos, age: Nanos| if at == Nanos::ZERO { "-".into() } else { span(age) };
    vec![
        Cell::new(panel.name.as_str()),
        Cell::new(Span::styled(name, style)),
        right(since(panel.message_at, heard)),
        right(since(panel.round_trip, panel.round_trip)),
        right(count(panel.messages)),
        right(count(panel.reconnects)),
        right(count(panel.gaps)),
    ]
}

pub(super) fn balances(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, _: &Look<'_>) {
    let balances = snapshot.balances.iter().flat_map(|panel| panel.balances.iter());
    let row = |balance: &'_ shm::panel::Balance| {
        vec![
            Cell::new(balance.asset.as_str().to_owned()),
            right(amount(balance.free.0)),
            right(amount(balance.locked.0)),
            right(amount(balance.reserved.0)),
        ]
    };
    let columns = [
        Column("asset", 5, 0),
        Column(">free", 16, 0),
        Column(">locked", 14, 1),
        Column(">in flight", 14, 2),
    ];
    let rows = balances.map(row).collect();
    table(frame, area, " balances ".into(), &columns, rows);
}

pub(super) fn risk(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let mut title = " risk ".to_owned();
    let mut rows = Vec::new();
    if let Some(panel) = &snapshot.risk {
        let killed = if panel.killed { "KILLED, " } else { "" };
        let (approved, refused) = (count(panel.approved), count(panel.refused));
        title = format!(" risk: {killed}{approved} approved, {refused} refused ");
        for refusal in panel.refusals.iter().filter(|refusal| refusal.count > 0) {
            let name = Span::styled(refusal.reason.as_str(), look.warn());
            rows.push(vec![Cell::new(name), right(count(refusal.count)), Cell::new("")]);
        }
        for limit in &panel.limits {
            let close = i128::from(limit.used) * 10 >= i128::from(limit.limit) * 8;
            let style = if close { look.warn() } else { Style::new() };
            let used = fitting(limit.used, limit.decimals, 9);
            let most = fitting(limit.limit, limit.decimals, 9);
            let name = Span::styled(limit.name.as_str(), style);
            rows.push(vec![Cell::new(name), right(used), right(most)]);
        }
    }
    let columns =
        [Column("limit or refusal", 12, 0), Column(">used", 9, 0), Column(">limit", 9, 1)];
    table(frame, area, title, &columns, rows);
}

pub(super) fn orders(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let mut title = " orders ".to_owned();
    let mut rows = Vec::new();
    if let Some(panel) = &snapshot.orders {
        title = format!(" orders: {} open ", panel.open);
        for order in &panel.orders {
            let of = snapshot.instruments.iter().find(|panel| panel.id == order.instrument);
            let price =
                of.map_or(order.price.to_string(), |of| of.tick.decimal(order.price.0).to_string());
            let open = order.qty.0.saturating_sub(order.filled.0);
            let open = of.map_or(open.to_string(), |of| of.lot.decimal(open).to_string());
            let (side, style) = match order.side {
                Side::Buy => ("buy", look.good()),
                Side::Sell => ("sell", look.warn()),
            };
            let age = span(look.now.since(order.placed_at));
            rows.push(vec![
                Cell::new(Span::styled(side, style)),
                right(price),
                right(open),
                Cell::new(order.state.as_str()),
                right(age),
            ]);
        }
    }
    let columns = [
        Column("side", 4, 0),
        Column(">price", 10, 0),
        Column(">open", 10, 0),
        Column("state", 7, 2),
        Column(">age", 7, 1),
    ];
    table(frame, area, title, &columns, rows);
}

pub(super) fn latency(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, _: &Look<'_>) {
    let stages = snapshot.latency.iter().flat_map(|panel| panel.stages.iter());
    let row = |stage: &'_ shm::panel::StageLatency| {
        let ns = |ns: u64| right(span(Nanos(ns)));
        vec![
            Cell::new(stage.name.as_str().to_owned()),
            right(count(stage.count)),
            ns(stage.p50_ns),
            ns(stage.p99_ns),
            ns(stage.p999_ns),
            ns(stage.max_ns),
        ]
    };
    let columns = [
        Column("stage", 13, 0),
        Column(">count", 5, 4),
        Column(">p50", 7, 0),
        Column(">p99", 7, 1),
        Column(">p99.9", 7, 2),
        Column(">max", 7, 3),
    ];
    let rows = stages.map(row).collect();
    table(frame, area, " latency ".into(), &columns, rows);
}

pub(super) fn counters(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, _: &Look<'_>) {
    let mut rows = Vec::new();
    let gauges = snapshot.gauges.iter().flat_map(|panel| panel.gauges.iter());
    for gauge in gauges {
        let value = fitting(gauge.value, gauge.decimals, 12);
        rows.push(vec![Cell::new(gauge.name.as_str().to_owned()), right(value)]);
    }
    let counters = snapshot.counters.iter().flat_map(|panel| panel.counters.iter());
    for counter in counters.filter(|counter| counter.count > 0) {
        let name = counter.name.as_str().to_owned();
        rows.push(vec![Cell::new(name), right(count(counter.count))]);
    }
    let columns = [Column("number", 8, 0), Column(">value", 12, 0)];
    table(frame, area, " numbers ".into(), &columns, rows);
}

pub(super) fn shadows(frame: &mut Frame<'_>, area: Rect, panel: &ShadowsPanel, look: &Look<'_>) {
    let row = |one: &'_ Variant| {
        let rank = if one.simulated { one.rank.to_string() } else { "-".to_owned() };
        vec![
            Cell::new(one.name.as_str().to_owned()),
            right(rank),
            Cell::new(one.desk.as_str().to_owned()),
            money(one.pnl.0, look),
            right(cents(one.fees.0)),
            right(count(one.fills)),
            right(amount(one.position.0)),
            right(format!("{:.1}", f64::from(one.quoted_ppm) / 1e4)),
        ]
    };
    let columns = [
        Column("variant", 16, 0),
        Column(">rank", 4, 0),
        Column("desk", 16, 4),
        Column(">P&L", 10, 0),
        Column(">fees", 9, 3),
        Column(">fills", 6, 1),
        Column(">position", 14, 2),
        Column(">quoting %", 9, 2),
    ];
    let behind = match panel.rows_behind {
        0 => String::new(),
        rows => format!(", {} rows behind", count(rows)),
    };
    let title = format!(" shadows, on simulated venues{behind} ");
    table(frame, area, title, &columns, panel.variants.iter().map(row).collect());
}
