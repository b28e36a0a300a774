//! The venues' own words.

use super::scribe::{Has, Level, Scribe, Wanted, instrument, side_text};
use crate::binance_spot::{BinanceSpot, BinanceSpotConfig};
use crate::binance_usdm::{BinanceUsdm, BinanceUsdmConfig};
use crate::bybit::{Bybit, BybitConfig, Market};
use crate::okx::{Okx, OkxConfig};
use engine::id::Side;
use engine::instrument::Kind;

/// Binance Spot.
pub struct Spot;

/// Binance USDⓈ-M.
pub struct Usdm;

/// Bybit, of one market.
pub struct V5(Market);

/// Bybit's linear perpetuals.
pub const LINEAR: V5 = V5(Market::Linear);

/// Bybit's spot market.
pub const BYBIT_SPOT: V5 = V5(Market::Spot);

/// OKX's swaps.
pub struct Swap;

fn sides(levels: &[Level]) -> (String, String) {
    (side_text(levels, Side::Buy, ""), side_text(levels, Side::Sell, ""))
}

fn wrapped(stream: &str, data: &str) -> String {
    format!(r#"{{"stream":"btcusdt@{stream}","data":{{{data}}}}}"#)
}

impl Scribe for Spot {
    type Dialect = BinanceSpot;

    fn has(&self) -> Has {
        Has { lenient: true, notice: true, endpoints: 1, ..Has::default() }
    }

    fn dialect(&self) -> BinanceSpot {
        let one = instrument("BTCUSDT", Kind::Spot);
        let config = BinanceSpotConfig::new("ws://h", "http://h", vec![one]);
        let config = BinanceSpotConfig { snapshot_levels: 50, diff_levels_max: 50, ..config };
        assert_eq!(config.check(), Vec::<String>::new());
        BinanceSpot::new(&config)
    }

    fn book(&self, id: u64, levels: &[Level]) -> String {
        let (bids, asks) = sides(levels);
        format!(r#"{{"lastUpdateId":{id},"bids":{bids},"asks":{asks}}}"#)
    }

    fn diff(&self, before: u64, id: u64, levels: &[Level]) -> String {
        let ((bids, asks), first) = (sides(levels), before + 1);
        let ids = format!(r#""U":{first},"u":{id}"#);
        let data = format!(r#""e":"depthUpdate","E":1,"s":"BTCUSDT",{ids},"b":{bids},"a":{asks}"#);
        wrapped("depth@100ms", &data)
    }

    fn best(&self, id: u64, [bid, ask]: [(i64, i64); 2]) -> String {
        let bid = format!(r#""b":"{}","B":"{}""#, bid.0, bid.1);
        let ask = format!(r#""a":"{}","A":"{}""#, ask.0, ask.1);
        wrapped("bookTicker", &format!(r#""u":{id},"s":"BTCUSDT",{bid},{ask}"#))
    }

    fn trades(&self, all: &[(u64, i64, i64, Side)]) -> Vec<String> {
        let one = |(id, price, qty, taker): &(u64, i64, i64, Side)| {
            let made = *taker == Side::Sell;
            let head = format!(r#""e":"trade","E":1,"s":"BTCUSDT","t":{id}"#);
            let data = format!(r#"{head},"p":"{price}","q":"{qty}","T":1,"m":{made},"M":true"#);
            wrapped("trade", &data)
        };
        all.iter().map(one).collect()
    }

    fn answers(&self) -> Vec<String> {
        vec![r#"{"result":null,"id":1}"#.into(), r#"{"result":["a"],"id":2}"#.into()]
    }

    fn strangers(&self) -> Vec<String> {
        let other = self.best(99, [(5, 1), (6, 1)]).replace("BTCUSDT", "XRPUSDT");
        vec![other, wrapped("kline_1m", r#""e":"kline","s":"BTCUSDT""#)]
    }

    fn notice(&self) -> String {
        r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#.into()
    }
}

impl Scribe for Usdm {
    type Dialect = BinanceUsdm;

    fn has(&self) -> Has {
        Has { lenient: true, perpetual: true, notice: true, endpoints: 2, ..Has::default() }
    }

    fn dialect(&self) -> BinanceUsdm {
        let one = instrument("BTCUSDT", Kind::Linear);
        let config = BinanceUsdmConfig::new("ws://h", "http://h", vec![one]);
        let config = BinanceUsdmConfig { snapshot_levels: 50, diff_levels_max: 50, ..config };
        assert_eq!(config.check(), Vec::<String>::new());
        BinanceUsdm::new(&config)
    }

    fn book(&self, id: u64, levels: &[Level]) -> String {
        let (bids, asks) = sides(levels);
        format!(r#"{{"lastUpdateId":{id},"E":2,"T":1,"bids":{bids},"asks":{asks}}}"#)
    }

    fn diff(&self, before: u64, id: u64, levels: &[Level]) -> String {
        let (bids, asks) = sides(levels);
        // Ids are of the whole venue: what lies between is of other books.
        let ids = format!(r#""U":{id},"u":{id},"pu":{before}"#);
        let head = r#""e":"depthUpdate","E":2,"T":1,"s":"BTCUSDT""#;
        wrapped("depth@100ms", &format!(r#"{head},{ids},"b":{bids},"a":{asks}"#))
    }

    fn best(&self, id: u64, [bid, ask]: [(i64, i64); 2]) -> String {
        let bid = format!(r#""b":"{}","B":"{}""#, bid.0, bid.1);
        let ask = format!(r#""a":"{}","A":"{}""#, ask.0, ask.1);
        let head = format!(r#""e":"bookTicker","u":{id},"s":"BTCUSDT""#);
        wrapped("bookTicker", &format!(r#"{head},{bid},{ask},"T":1,"E":2"#))
    }

    fn trades(&self, all: &[(u64, i64, i64, Side)]) -> Vec<String> {
        let one = |(id, price, qty, taker): &(u64, i64, i64, Side)| {
            let made = *taker == Side::Sell;
            let head = format!(r#""e":"aggTrade","E":2,"s":"BTCUSDT","a":{id},"p":"{price}""#);
            let rest = format!(r#""q":"{qty}","nq":"0","f":1,"l":2,"T":1,"m":{made}"#);
            wrapped("aggTrade", &format!("{head},{rest}"))
        };
        all.iter().map(one).collect()
    }

    fn mark(&self, stamp: u64, mark: &str, index: &str) -> Vec<String> {
        let head = format!(r#""e":"markPriceUpdate","E":{stamp},"s":"BTCUSDT","p":"{mark}""#);
        vec![wrapped("markPrice@1s", &format!(r#"{head},"i":"{index}","r":"","T":0"#))]
    }

    fn funding(&self, stamp: u64, rate: &str, next_ms: u64) -> Vec<String> {
        let head = format!(r#""e":"markPriceUpdate","E":{stamp},"s":"BTCUSDT","p":"5","i":"5""#);
        vec![wrapped("markPrice@1s", &format!(r#"{head},"r":"{rate}","T":{next_ms}"#))]
    }

    fn liquidation(&self, stamp: u64, price: i64, qty: i64, taker: Side) -> Vec<String> {
        let side = if taker == Side::Buy { "BUY" } else { "SELL" };
        let order = format!(r#""s":"BTCUSDT","S":"{side}","q":"{qty}","p":"{price}""#);
        let order = format!(r#""o":{{{order},"ap":"{price}","X":"FILLED","T":{stamp}}}"#);
        vec![wrapped("forceOrder", &format!(r#""e":"forceOrder","E":{stamp},{order}"#))]
    }

    fn answers(&self) -> Vec<String> {
        Spot.answers()
    }

    fn strangers(&self) -> Vec<String> {
        Spot.strangers()
    }

    fn notice(&self) -> String {
        Spot.notice()
    }
}

impl V5 {
    fn levels(id: u64, levels: &[Level], kind: &str) -> String {
        let (bids, asks) = sides(levels);
        let data = format!(r#"{{"s":"BTCUSDT","b":{bids},"a":{asks},"u":{id},"seq":{id}}}"#);
        let head = format!(r#""topic":"orderbook.50.BTCUSDT","type":"{kind}","ts":2"#);
        format!(r#"{{{head},"data":{data},"cts":1}}"#)
    }
}

impl Scribe for V5 {
    type Dialect = Bybit;

    fn has(&self) -> Has {
        Has {
            streamed: true,
            requests: true,
            window: true,
            perpetual: self.0 == Market::Linear,
            restarts: true,
            lenient: true,
            many: true,
            endpoints: 1,
            ..Has::default()
        }
    }

    fn dialect(&self) -> Bybit {
        let kind = if self.0 == Market::Linear { Kind::Linear } else { Kind::Spot };
        let config = BybitConfig::new("ws://h", self.0, vec![instrument("BTCUSDT", kind)]);
        assert_eq!(config.check(), Vec::<String>::new());
        Bybit::new(&config)
    }

    fn book(&self, id: u64, levels: &[Level]) -> String {
        Self::levels(id, levels, "snapshot")
    }

    fn diff(&self, _before: u64, id: u64, levels: &[Level]) -> String {
        Self::levels(id, levels, "delta")
    }

    fn restart(&self, _before: u64, id: u64, _levels: &[Level], whole: &[Level]) -> String {
        assert_eq!(id, 1, "numbers start anew at 1");
        Self::levels(id, whole, "delta")
    }

    fn best(&self, id: u64, [bid, ask]: [(i64, i64); 2]) -> String {
        let side = |(price, qty): (i64, i64)| match price {
            0 => "[]".to_string(),
            price => format!(r#"[["{price}","{qty}"]]"#),
        };
        let head = r#""topic":"orderbook.1.BTCUSDT","ts":2,"type":"snapshot""#;
        let sides = format!(r#""b":{},"a":{}"#, side(bid), side(ask));
        let data = format!(r#"{{"s":"BTCUSDT",{sides},"u":{},"seq":{id}}}"#, id + 900);
        format!(r#"{{{head},"data":{data},"cts":1}}"#)
    }

    fn trades(&self, all: &[(u64, i64, i64, Side)]) -> Vec<String> {
        let one = |(id, price, qty, taker): &(u64, i64, i64, Side)| {
            let head = format!(r#""T":1,"s":"BTCUSDT","S":"{taker:?}","v":"{qty}","p":"{price}""#);
            format!(r#"{{{head},"L":"PlusTick","i":"t-{id}","BT":false,"RPI":false,"seq":{id}}}"#)
        };
        let all: Vec<String> = all.iter().map(one).collect();
        let head = r#""topic":"publicTrade.BTCUSDT","type":"snapshot","ts":2"#;
        vec![format!(r#"{{{head},"data":[{}]}}"#, all.join(","))]
    }

    fn mark(&self, stamp: u64, mark: &str, index: &str) -> Vec<String> {
        let head = format!(r#""topic":"tickers.BTCUSDT","type":"delta","ts":{stamp},"cs":7"#);
        let prices = format!(r#""markPrice":"{mark}","indexPrice":"{index}""#);
        vec![format!(r#"{{{head},"data":{{"symbol":"BTCUSDT","lastPrice":"5",{prices}}}}}"#)]
    }

    fn funding(&self, stamp: u64, rate: &str, next_ms: u64) -> Vec<String> {
        let head = format!(r#""topic":"tickers.BTCUSDT","type":"delta","ts":{stamp}"#);
        let rate = format!(r#""fundingRate":"{rate}","nextFundingTime":"{next_ms}""#);
        vec![format!(r#"{{{head},"data":{{"symbol":"BTCUSDT",{rate}}}}}"#)]
    }

    fn liquidation(&self, stamp: u64, price: i64, qty: i64, taker: Side) -> Vec<String> {
        let whose = taker.opposite();
        let one =
            format!(r#"{{"T":{stamp},"s":"BTCUSDT","S":"{whose:?}","v":"{qty}","p":"{price}"}}"#);
        let head = format!(r#""topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":{stamp}"#);
        vec![format!(r#"{{{head},"data":[{one}]}}"#)]
    }

    fn grant(&self, wanted: &Wanted) -> Vec<String> {
        let op = if wanted.leaves { "unsubscribe" } else { "subscribe" };
        let id = &wanted.id;
        let rest = format!(r#""conn_id":"c","req_id":"{id}","op":"{op}""#);
        vec![format!(r#"{{"success":true,"ret_msg":"",{rest}}}"#)]
    }

    fn refuse(&self, wanted: &Wanted) -> Vec<String> {
        let id = &wanted.id;
        let why = r#""success":false,"ret_msg":"Invalid topic","conn_id":"c""#;
        vec![format!(r#"{{{why},"req_id":"{id}","op":"subscribe"}}"#)]
    }

    fn answers(&self) -> Vec<String> {
        vec![
            r#"{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}"#.into(),
            r#"{"req_id":"x","op":"pong","args":["1675418560633"],"conn_id":"c"}"#.into(),
            r#"{"retCode":0,"retMsg":"OK","op":"pong","data":["1"],"connId":"c"}"#.into(),
            r#"{"success":true,"ret_msg":"","conn_id":"c","req_id":"3","op":"unsubscribe"}"#.into(),
        ]
    }

    fn strangers(&self) -> Vec<String> {
        let one = self.diff(0, 99, &[(Side::Buy, 5, 1)]);
        let kline = one.replace("orderbook.50", "kline.1");
        vec![one.replace("BTCUSDT", "XRPUSDT"), one.replace(".50.", ".200."), kline]
    }
}

impl Swap {
    fn levels(ids: &str, levels: &[Level], action: &str) -> String {
        let behind = r#","0","3""#;
        let asks = side_text(levels, Side::Sell, behind);
        let bids = side_text(levels, Side::Buy, behind);
        let data = format!(r#"{{"asks":{asks},"bids":{bids},"ts":"1","checksum":0,{ids}}}"#);
        Self::frame("books", &format!(r#""action":"{action}","data":[{data}]"#))
    }

    fn frame(channel: &str, rest: &str) -> String {
        format!(r#"{{"arg":{{"channel":"{channel}","instId":"BTC-USDT-SWAP"}},{rest}}}"#)
    }
}

impl Scribe for Swap {
    type Dialect = Okx;

    fn has(&self) -> Has {
        Has {
            streamed: true,
            requests: true,
            window: true,
            perpetual: true,
            restarts: true,
            life: true,
            many: true,
            endpoints: 1,
            notice: true,
            checksum: true,
            ..Has::default()
        }
    }

    fn dialect(&self) -> Okx {
        let one = instrument("BTC-USDT-SWAP", Kind::Linear);
        let config = OkxConfig::new("ws://h", "http://h", vec![one]);
        assert_eq!(config.check(), Vec::<String>::new());
        Okx::new(&config)
    }

    fn book(&self, id: u64, levels: &[Level]) -> String {
        Self::levels(&format!(r#""prevSeqId":-1,"seqId":{id}"#), levels, "snapshot")
    }

    fn diff(&self, before: u64, id: u64, levels: &[Level]) -> String {
        Self::levels(&format!(r#""prevSeqId":{before},"seqId":{id}"#), levels, "update")
    }

    fn restart(&self, before: u64, id: u64, levels: &[Level], _whole: &[Level]) -> String {
        self.diff(before, id, levels)
    }

    fn best(&self, id: u64, [bid, ask]: [(i64, i64); 2]) -> String {
        let side = |(price, qty): (i64, i64)| match price {
            0 => "[]".to_string(),
            price => format!(r#"[["{price}","{qty}","0","2"]]"#),
        };
        let sides = format!(r#""asks":{},"bids":{}"#, side(ask), side(bid));
        Self::frame("bbo-tbt", &format!(r#""data":[{{{sides},"ts":"1","seqId":{id}}}]"#))
    }

    fn trades(&self, all: &[(u64, i64, i64, Side)]) -> Vec<String> {
        let one = |(id, price, qty, taker): &(u64, i64, i64, Side)| {
            let side = if *taker == Side::Buy { "buy" } else { "sell" };
            let head = format!(r#""instId":"BTC-USDT-SWAP","tradeId":"{id}","px":"{price}""#);
            let rest = format!(r#""sz":"{qty}","side":"{side}","ts":"1","count":"1""#);
            format!(r#"{{{head},{rest},"source":"0","seqId":7}}"#)
        };
        let all: Vec<String> = all.iter().map(one).collect();
        vec![Self::frame("trades", &format!(r#""data":[{}]"#, all.join(",")))]
    }

    fn mark(&self, stamp: u64, mark: &str, index: &str) -> Vec<String> {
        let one = format!(r#"{{"instId":"BTC-USDT","idxPx":"{index}","ts":"{stamp}"}}"#);
        let index = format!(
            r#"{{"arg":{{"channel":"index-tickers","instId":"BTC-USDT"}},"data":[{one}]}}"#
        );
        let one = format!(r#"{{"instType":"SWAP","markPx":"{mark}","ts":"{stamp}"}}"#);
        vec![index, Self::frame("mark-price", &format!(r#""data":[{one}]"#))]
    }

    fn funding(&self, stamp: u64, rate: &str, next_ms: u64) -> Vec<String> {
        let rate = format!(r#""fundingRate":"{rate}","fundingTime":"{next_ms}""#);
        let one =
            format!(r#"{{{rate},"nextFundingRate":"","nextFundingTime":"9","ts":"{stamp}"}}"#);
        vec![Self::frame("funding-rate", &format!(r#""data":[{one}]"#))]
    }

    fn liquidation(&self, stamp: u64, price: i64, qty: i64, taker: Side) -> Vec<String> {
        let side = if taker == Side::Buy { "buy" } else { "sell" };
        let detail = format!(r#""side":"{side}","posSide":"long","bkPx":"{price}","sz":"{qty}""#);
        let detail = format!(r#"{{{detail},"bkLoss":"0","ccy":"","ts":"{stamp}"}}"#);
        let own = format!(r#"{{"instId":"BTC-USDT-SWAP","details":[{detail}]}}"#);
        let other = own.replace("BTC-USDT-SWAP", "XRP-USDT-SWAP");
        let arg = r#""arg":{"channel":"liquidation-orders","instType":"SWAP"}"#;
        vec![format!(r#"{{{arg},"data":[{other},{own}]}}"#)]
    }

    fn grant(&self, wanted: &Wanted) -> Vec<String> {
        let event = if wanted.leaves { "unsubscribe" } else { "subscribe" };
        let one =
            |arg: &serde_json::Value| format!(r#"{{"event":"{event}","arg":{arg},"connId":"c"}}"#);
        wanted.args.iter().map(one).collect()
    }

    fn refuse(&self, wanted: &Wanted) -> Vec<String> {
        let id = &wanted.id;
        vec![format!(r#"{{"id":"{id}","event":"error","code":"60018","msg":"no such channel"}}"#)]
    }

    fn answers(&self) -> Vec<String> {
        let count = r#"{"event":"channel-conn-count","channel":"orders","connCount":"2"}"#;
        let left = r#"{"event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT-SWAP"}}"#;
        vec!["pong".into(), count.into(), left.into()]
    }

    fn strangers(&self) -> Vec<String> {
        let one = self.diff(8, 99, &[(Side::Buy, 5, 1)]);
        let candle = one.replace("\"books\"", "\"candle1m\"");
        vec![one.replace("BTC-USDT-SWAP", "XRP-USDT-SWAP"), candle]
    }

    fn notice(&self) -> String {
        r#"{"event":"notice","code":"64008","msg":"Please reconnect.","connId":"c"}"#.into()
    }
}
