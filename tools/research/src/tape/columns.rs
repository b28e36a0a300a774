//! Rows as columns and back: one parquet column for each field of a row.
//!
//! Columns are read into buffers that are kept, each as one slice, and then laid side by side: no
//! row costs an allocation. All are dictionary-encoded, for within a group times and ids repeat
//! over the levels of a message, and prices over the group: that decodes faster than anything else
//! that the format has, and packs as well.

use engine::event::Event;
use engine::id::InstrumentId;
use engine::time::Nanos;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::RowGroupReader;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::sync::Arc;

/// The columns, in order: six of 64 bits, then five of 32.
const SCHEMA: &str = "message tape {
    required int64 at (timestamp(nanos, true));
    required int64 id (integer(64, false));
    required int64 p0 (integer(64, false));
    required int64 p1 (integer(64, false));
    required int64 p2 (integer(64, false));
    required int64 p3 (integer(64, false));
    required int32 recv_delta_ns (integer(32, false));
    required int32 venue_delta_us;
    required int32 instrument (integer(16, false));
    required int32 kind (integer(8, false));
    required int32 flags (integer(8, false));
}";
const LONGS: usize = 6;
const SHORTS: usize = 5;

/// The schema of every tape.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    parse_message_type(SCHEMA).map(Arc::new)
}

/// How columns are written.
pub(super) fn properties() -> Result<WriterProperties, ParquetError> {
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::EnabledStatistics;
    Ok(WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(usize::MAX)
        .set_write_batch_size(1 << 16)
        .build())
}

/// Buffers of one group's columns, kept from group to group.
#[derive(Debug, Default)]
pub(super) struct Columns {
    longs: [Vec<i64>; LONGS],
    shorts: [Vec<i32>; SHORTS],
}

impl Columns {
    pub(super) fn push(&mut self, row: &Event) {
        let [one, two, three, four] = row.payload;
        let longs = [row.at.0, row.id, one, two, three, four];
        for (column, word) in self.longs.iter_mut().zip(longs) {
            column.push(word as i64);
        }
        let shorts = [
            row.recv_delta_ns as i32,
            row.venue_delta_us,
            i32::from(row.instrument.0),
            i32::from(row.kind),
            i32::from(row.flags),
        ];
        for (column, word) in self.shorts.iter_mut().zip(shorts) {
            column.push(word);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.longs[0].len()
    }

    fn clear(&mut self) {
        self.longs.iter_mut().for_each(Vec::clear);
        self.shorts.iter_mut().for_each(Vec::clear);
    }

    /// Writes what was pushed as one group, and is empty then.
    pub(super) fn write<W: Write + Send>(
        &mut self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let missing = || ParquetError::General("the schema has too few columns".into());
        for values in &self.longs {
            let mut column = group.next_column()?.ok_or_else(missing)?;
            column.typed::<Int64Type>().write_batch(values, None, None)?;
            column.close()?;
        }
        for values in &self.shorts {
            let mut column = group.next_column()?.ok_or_else(missing)?;
            column.typed::<Int32Type>().write_batch(values, None, None)?;
            column.close()?;
        }
        group.close()?;
        self.clear();
        Ok(())
    }

    /// Reads a group; its rows replace what was in `rows`.
    pub(super) fn read(
        &mut self,
        group: &dyn RowGroupReader,
        rows: &mut Vec<Event>,
    ) -> Result<(), ParquetError> {
        self.clear();
        let count = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let other = || ParquetError::General("a column has another type than a tape's".into());
        for (place, values) in self.longs.iter_mut().enumerate() {
            let ColumnReader::Int64ColumnReader(mut column) = group.get_column_reader(place)?
            else {
                return Err(other());
            };
            column.read_records(count, None, None, values)?;
        }
        for (place, values) in self.shorts.iter_mut().enumerate() {
            let ColumnReader::Int32ColumnReader(mut column) =
                group.get_column_reader(LONGS + place)?
            else {
                return Err(other());
            };
            column.read_records(count, None, None, values)?;
        }
        self.lay(count, rows)
    }

    /// Lays columns side by side.
    fn lay(&self, count: usize, rows: &mut Vec<Event>) -> Result<(), ParquetError> {
        let short = || ParquetError::General("a column ends before the others".into());
        let [at, id, one, two, three, four] = &self.longs;
        let [recv, venue, instrument, kind, flags] = &self.shorts;
        let longs = self.longs.iter().all(|column| column.len() == count);
        if !longs || !self.shorts.iter().all(|column| column.len() == count) {
            return Err(short());
        }
        rows.clear();
        rows.reserve(count);
        let heads = at.iter().zip(id);
        let words = one.iter().zip(two).zip(three.iter().zip(four));
        let tails = recv.iter().zip(venue).zip(instrument).zip(kind.iter().zip(flags));
        let all = heads.zip(words).zip(tails);
        rows.extend(all.map(|(((at, id), ((one, two), (three, four))), tail)| {
            let (((recv, venue), instrument), (kind, flags)) = tail;
            Event {
                at: Nanos(*at as u64),
                id: *id as u64,
                payload: [*one as u64, *two as u64, *three as u64, *four as u64],
                recv_delta_ns: *recv as u32,
                venue_delta_us: *venue,
                instrument: InstrumentId(*instrument as u16),
                kind: *kind as u8,
                flags: *flags as u8,
                crc: 0,
            }
        }));
        Ok(())
    }
}
