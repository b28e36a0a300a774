//! The screen: one picture of one snapshot. Pure: same snapshot, same cells.

use super::Pulse;
use super::format::{count, span};
use super::panels;
use engine::time::Nanos;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use shm::Snapshot;
use shm::panel::EngineState;

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The engine's name.
    pub name: &'a str,
    /// The wall clock, UTC: ages are measured from here.
    pub now: Nanos,
    /// Whether colours may be used.
    pub colour: bool,
    /// A line at the bottom, such as a warning or what the keys do.
    pub note: Option<&'a str>,
}

impl Look<'_> {
    /// A colour, where colours may be used.
    pub(super) fn paint(&self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn good(&self) -> Style {
        self.paint(Color::Green)
    }

    pub(super) fn bad(&self) -> Style {
        self.paint(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn warn(&self) -> Style {
        self.paint(Color::Yellow)
    }

    pub(super) fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot, look: &Look<'_>) {
    let instruments = height(snapshot.instruments.len(), 8);
    let middle = height(snapshot.links.len().max(4), 8);
    let variants = snapshot.shadows.as_ref().map_or(0, |panel| panel.variants.len());
    let variants = if variants > 0 { height(variants, 18) } else { 0 };
    let [title, state, books, links, shadows, rest, note] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(instruments),
        Constraint::Length(middle),
        Constraint::Length(variants),
        Constraint::Min(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title_line(snapshot, look), title);
    frame.render_widget(state_line(snapshot, look), state);
    panels::instruments(frame, books, snapshot, look);
    draw_middle(frame, links, snapshot, look);
    if let Some(panel) = snapshot.shadows.as_ref().filter(|_| variants > 0) {
        panels::shadows(frame, shadows, panel, look);
    }
    draw_rest(frame, rest, snapshot, look);
    let text = look.note.unwrap_or("q leaves");
    frame.render_widget(Paragraph::new(text).style(look.dim()), note);
}

/// Lines of a bordered table with a header.
fn height(rows: usize, most: usize) -> u16 {
    u16::try_from(rows.clamp(1, most)).unwrap_or(1) + 3
}

fn draw_middle(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let [links, balances, risk] = Layout::horizontal([
        Constraint::Percentage(40),
        Constraint::Percentage(31),
        Constraint::Percentage(29),
    ])
    .areas(area);
    panels::links(frame, links, snapshot, look);
    panels::balances(frame, balances, snapshot, look);
    panels::risk(frame, risk, snapshot, look);
}

fn draw_rest(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, look: &Look<'_>) {
    let [orders, latency, counters] = Layout::horizontal([
        Constraint::Percentage(34),
        Constraint::Percentage(41),
        Constraint::Percentage(25),
    ])
    .areas(area);
    panels::orders(frame, orders, snapshot, look);
    panels::latency(frame, latency, snapshot, look);
    panels::counters(frame, counters, snapshot, look);
}

fn title_line<'a>(snapshot: &'a Snapshot, look: &Look<'a>) -> Line<'a> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled("PEREGRINE ", bold), Span::styled(look.name, bold)];
    if let Some(session) = &snapshot.session {
        let style = match session.state {
            EngineState::Quoting => look.good(),
            EngineState::Halted => look.bad(),
            _ => look.warn(),
        };
        spans.push(Span::raw("  "));
        spans.push(Span::styled(session.state.as_str().to_uppercase(), style));
        if session.halt_code != 0 {
            spans.push(Span::styled(format!(" ({})", session.halt_reason), look.bad()));
        }
        let up = look.now.since(session.started_at);
        spans.push(Span::raw(format!(
            "  {}  account {}  {}  up {}",
            session.mode,
            session.account,
            session.strategy,
            span(up)
        )));
    }
    Line::from(spans)
}

fn state_line<'a>(snapshot: &'a Snapshot, look: &Look<'a>) -> Line<'a> {
    let mut spans = vec![match Pulse::of(snapshot, look.now) {
        Pulse::Beating => Span::styled("beating", look.good()),
        Pulse::Stale(age) => {
            let text = format!("STALE: no heartbeat for {}; nothing below is current", span(age));
            Span::styled(text, look.bad())
        }
        Pulse::Ended(age) => {
            let text = format!("ENDED: last state, {} old", span(age));
            Span::styled(text, look.bad())
        }
    }];
    let mut text = format!("  pid {}", snapshot.identity.pid);
    if let Some(session) = &snapshot.session {
        let cores = if session.cores.is_empty() { "any" } else { session.cores.as_str() };
        text.push_str(&format!(
            "  {}/{}  cores {cores}  {} events",
            session.layout,
            session.wait,
            count(session.events)
        ));
    }
    spans.push(Span::raw(text));
    Line::from(spans)
}
