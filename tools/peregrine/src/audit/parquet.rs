//! A table as parquet: rows are gathered into bounded batches, one row group each.

use super::table::{Kind, Schema, Value};
use arrow_array::builder::{
    BooleanBuilder, Decimal128Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, TimeUnit};
use engine::num::{Decimal, POW10};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::sync::Arc;

/// Rows of one group.
const BATCH: usize = 65_536;
/// Places of every decimal: the finest grid there is.
const SCALE: u8 = 12;
const PRECISION: u8 = 38;

enum Column {
    Int(Int64Builder),
    Text(StringBuilder),
    Time(TimestampNanosecondBuilder),
    Decimal(Decimal128Builder),
    Flag(BooleanBuilder),
}

impl Column {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Time => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Kind::Flag => Self::Flag(BooleanBuilder::new()),
            Kind::Decimal => {
                let decimal = DataType::Decimal128(PRECISION, SCALE as i8);
                Self::Decimal(Decimal128Builder::new().with_data_type(decimal))
            }
        }
    }

    /// Adds a value; one of another kind than the column's is none.
    fn push(&mut self, value: &Value) {
        match (self, value) {
            (Self::Int(column), Value::Int(value)) => column.append_value(*value),
            (Self::Text(column), Value::Text(value)) => column.append_value(value),
            (Self::Time(column), Value::Time(at)) => column.append_value(at.0 as i64),
            (Self::Decimal(column), Value::Decimal(value)) => column.append_value(scaled(*value)),
            (Self::Flag(column), Value::Flag(value)) => column.append_value(*value),
            (Self::Int(column), _) => column.append_null(),
            (Self::Text(column), _) => column.append_null(),
            (Self::Time(column), _) => column.append_null(),
            (Self::Decimal(column), _) => column.append_null(),
            (Self::Flag(column), _) => column.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Decimal(column) => Arc::new(column.finish()),
            Self::Flag(column) => Arc::new(column.finish()),
        }
    }
}

fn scaled(value: Decimal) -> i128 {
    let places = usize::from(SCALE.saturating_sub(value.decimals));
    i128::from(value.value) * i128::from(POW10[places])
}

/// A file that is being written.
pub struct Columns {
    writer: ArrowWriter<File>,
    schema: Arc<arrow_schema::Schema>,
    columns: Vec<Column>,
    rows: usize,
}

impl Columns {
    /// Begins one.
    pub fn begin(file: File, schema: Schema) -> Result<Self, ParquetError> {
        let columns: Vec<Column> = schema.iter().map(|(_, kind)| Column::new(*kind)).collect();
        let field = |(name, kind): &(&str, Kind)| {
            let data = match kind {
                Kind::Int => DataType::Int64,
                Kind::Text => DataType::Utf8,
                Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                Kind::Decimal => DataType::Decimal128(PRECISION, SCALE as i8),
                Kind::Flag => DataType::Boolean,
            };
            Field::new(*name, data, true)
        };
        let fields: Vec<Field> = schema.iter().map(field).collect();
        let schema = Arc::new(arrow_schema::Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        Ok(Self { writer, schema, columns, rows: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[Value]) -> Result<(), ParquetError> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.rows += 1;
        if self.rows >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)?;
        self.writer.write(&batch)?;
        self.writer.flush()
    }

    /// Ends the file.
    pub fn finish(mut self: Box<Self>) -> Result<(), ParquetError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.close().map(|_| ())
    }
}
