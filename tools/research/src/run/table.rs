//! Rows of a run as columns of a Parquet file: written in bounded batches, read the same way.

use arrow_array::builder::{BooleanBuilder, Float64Builder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

/// Rows of one group, and the most that are held in memory.
const BATCH: usize = 16_384;

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// A whole number.
    Int(u64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Flag(bool),
}

impl Cell {
    /// The whole number; 0 where it is none.
    pub const fn int(self) -> u64 {
        if let Self::Int(value) = self { value } else { 0 }
    }

    /// The number; not one where it is none.
    pub const fn float(self) -> f64 {
        if let Self::Float(value) = self { value } else { f64::NAN }
    }

    /// Whether it is a yes.
    pub const fn flag(self) -> bool {
        matches!(self, Self::Flag(true))
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Int,
    /// Numbers.
    Float,
    /// Yes or no.
    Flag,
}

/// Names and kinds of a table's columns.
pub type Columns = &'static [(&'static str, Kind)];

enum Builder {
    Int(UInt64Builder),
    Float(Float64Builder),
    Flag(BooleanBuilder),
}

impl Builder {
    fn push(&mut self, cell: Cell) {
        match self {
            Self::Int(builder) => builder.append_value(cell.int()),
            Self::Float(builder) => builder.append_value(cell.float()),
            Self::Flag(builder) => builder.append_value(cell.flag()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Flag(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A table that is being written.
pub struct TableWriter {
    writer: ArrowWriter<File>,
    schema: Arc<Schema>,
    builders: Vec<Builder>,
    rows: usize,
}

impl TableWriter {
    /// Begins one.
    pub fn begin(file: File, columns: Columns) -> Result<Self, ParquetError> {
        let field = |(name, kind): &(&str, Kind)| {
            let data = match kind {
                Kind::Int => DataType::UInt64,
                Kind::Float => DataType::Float64,
                Kind::Flag => DataType::Boolean,
            };
            Field::new(*name, data, false)
        };
        let builder = |(_, kind): &(&str, Kind)| match kind {
            Kind::Int => Builder::Int(UInt64Builder::new()),
            Kind::Float => Builder::Float(Float64Builder::new()),
            Kind::Flag => Builder::Flag(BooleanBuilder::new()),
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        Ok(Self { writer, schema, builders: columns.iter().map(builder).collect(), rows: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[Cell]) -> Result<(), ParquetError> {
        self.builders.iter_mut().zip(row).for_each(|(builder, cell)| builder.push(*cell));
        self.rows += 1;
        if self.rows >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let arrays: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        self.writer.write(&RecordBatch::try_new(self.schema.clone(), arrays)?)?;
        self.writer.flush()
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<(), ParquetError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.close().map(|_| ())
    }
}

/// A table that is being read, row by row.
pub struct TableReader {
    reader: ParquetRecordBatchReader,
    columns: Columns,
    rows: VecDeque<Vec<Cell>>,
}

impl TableReader {
    /// Opens one, which must have these columns in this order.
    pub fn open(file: File, columns: Columns) -> Result<Self, ParquetError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH);
        let names: Vec<&str> =
            builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
        let expected: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        if names != expected {
            let text = format!("its columns are {names:?}, expected {expected:?}");
            return Err(ParquetError::General(text));
        }
        Ok(Self { reader: builder.build()?, columns, rows: VecDeque::new() })
    }

    /// The next row, which stays.
    pub fn peek(&mut self) -> Result<Option<&[Cell]>, ParquetError> {
        while self.rows.is_empty() {
            let Some(batch) = self.reader.next() else { return Ok(None) };
            self.load(&batch.map_err(|error| ParquetError::ArrowError(error.to_string()))?)?;
        }
        Ok(self.rows.front().map(Vec::as_slice))
    }

    /// Takes the row that was peeked at.
    pub fn pop(&mut self) -> Option<Vec<Cell>> {
        self.rows.pop_front()
    }

    fn load(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let width = self.columns.len();
        self.rows.resize_with(batch.num_rows(), || Vec::with_capacity(width));
        for (array, (name, kind)) in batch.columns().iter().zip(self.columns) {
            let wrong = || ParquetError::General(format!("column {name} is of another type"));
            let cells: Box<dyn Iterator<Item = Cell> + '_> = match kind {
                Kind::Int => {
                    let array = array.as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?;
                    Box::new(array.values().iter().map(|value| Cell::Int(*value)))
                }
                Kind::Float => {
                    let array = array.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?;
                    Box::new(array.values().iter().map(|value| Cell::Float(*value)))
                }
                Kind::Flag => {
                    let array = array.as_boolean_opt().ok_or_else(wrong)?;
                    Box::new((0..batch.num_rows()).map(|place| Cell::Flag(array.value(place))))
                }
            };
            self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
        }
        Ok(())
    }
}
