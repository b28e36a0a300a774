//! Batches: several orders, amendments or cancels in one request, each with its own result.

use super::call::Call;
use super::denial::Denial;
use super::entry::{Answer, Usage, take};
use super::orders::one;
use super::params::Params;
use super::words;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::AccountId;
use crate::symbol::Product;
use serde_json::Value;

/// Items of one batch: spot's, and linear's.
const BATCH_MAX: [usize; 2] = [10, 20];

/// A batch: each item has its own result, and takes one from the batch's bucket.
pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> (Result<Answer, Denial>, Option<Usage>) {
    let (product, items) = match read_batch(params) {
        Ok(read) => read,
        Err(denial) => return (Err(denial), None),
    };
    let Some(single) = call.single() else {
        return (Err(Denial::params("not a batch")), None);
    };
    let mut usage = None;
    let (mut list, mut ext) = (Vec::new(), Vec::new());
    for item in items {
        let result = take(floor, (account, call, product), now_ms).and_then(|left| {
            usage = Some(left);
            if single == Call::Create && std::mem::take(&mut floor.pending.lost) {
                return Err(Denial::unknown_fate());
            }
            one(floor, single, &item, account, now_ms)
        });
        let denial = result.as_ref().err();
        let out = Object::new()
            .put("code", denial.map_or(0, |denial| denial.code))
            .put("msg", denial.map_or("OK", |denial| denial.msg.as_str()));
        ext.push(out.end());
        list.push(item_json(product, &item, result.ok().as_deref(), single, now_ms));
    }
    let result = Object::new().raw("list", &array(list)).end();
    let ext = Object::new().raw("list", &array(ext)).end();
    (Ok(Answer { result, ext }), usage)
}

fn item_json(
    product: Product,
    item: &Params,
    done: Option<&str>,
    single: Call,
    now_ms: u64,
) -> String {
    let done: Value = done.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
    let text = |name: &str| done[name].as_str().unwrap_or("").to_string();
    let out = Object::new()
        .put("category", words::category(product))
        .put("symbol", item.get("symbol").unwrap_or(""))
        .put("orderId", text("orderId"))
        .put(
            "orderLinkId",
            match done.is_null() {
                true => item.get("orderLinkId").unwrap_or("").to_string(),
                false => text("orderLinkId"),
            },
        );
    if single != Call::Create {
        return out.end();
    }
    let time = if done.is_null() { String::new() } else { now_ms.to_string() };
    out.put("createAt", time).end()
}

/// Category and items of a batch.
fn read_batch(params: &Params) -> Result<(Product, Vec<Params>), Denial> {
    let product = params.category()?;
    let items = match serde_json::from_str(params.need("request")?) {
        Ok(Value::Array(items)) => items,
        _ => return Err(Denial::params("params error: request invalid")),
    };
    let most = BATCH_MAX[usize::from(product == Product::Perp)];
    if items.is_empty() || items.len() > most {
        return Err(Denial::params(format!("params error: request has 1 to {most} items")));
    }
    let read = |item: &Value| match item {
        Value::Object(object) => {
            Ok(Params::from_object(object)?.with("category", words::category(product)))
        }
        _ => Err(Denial::params("params error: request invalid")),
    };
    let items: Result<Vec<Params>, Denial> = items.iter().map(read).collect();
    Ok((product, items?))
}
