//! Binance USDⓈ-M's orders, private stream, account and limits over loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Answer, Client, Exchange, get, http, now_ms, quiet, sign, signed};
use exchange::{Fault, KeyFile, Options, VenueKind, WorldText, venue_keys};
use serde_json::{Value, json};

const WORLD: &str = r#"
name = "usdm"
[latent.BTC]
price = 60000.0
[venue.binance-usdm]
latency_us = 0
perp_fees_bp = [2.0, 5.0]
start = { USDT = 10000.0 }
[venue.binance-usdm.listing."BTC/USDT:perp"]
"#;

fn with(lines: &str) -> Options {
    let world = WorldText::parse(&format!("{WORLD}{lines}"), true).unwrap();
    Options { world: Some(world), keys: keys(), ..quiet() }
}

/// Two accounts with an HMAC key each, and an Ed25519 key of the first.
fn keys() -> Vec<KeyFile> {
    let mut keys = venue_keys(VenueKind::BinanceUsdm, 1);
    let mut other = venue_keys(VenueKind::BinanceUsdm, 2).remove(0);
    other.account = Some("other".into());
    keys.push(other);
    keys
}

/// One account's way of asking, with its private stream.
struct User {
    exchange: std::net::SocketAddr,
    key: KeyFile,
    stream: Client,
}

impl User {
    async fn new(exchange: &Exchange, n: usize) -> Self {
        let key = keys()[n].clone();
        let at = exchange.address;
        let opened = http(at, "POST", "/fapi/v1/listenKey", &key.api_key, "").await;
        let listen = opened.json["listenKey"].as_str().unwrap().to_string();
        let stream = Client::connect(at, &format!("/private/ws/{listen}")).await;
        Self { exchange: at, key, stream }
    }

    async fn ask(&self, method: &str, path: &str, params: &str) -> Answer {
        signed(self.exchange, &self.key, method, &format!("/fapi/{path}"), params).await
    }

    async fn get(&self, path: &str, params: &str) -> Value {
        self.ask("GET", path, params).await.json
    }

    /// A limit order of 0.1 BTC: side, price, client id, and more.
    async fn limit(&self, side: &str, price: &str, client: &str, more: &str) -> Answer {
        let tif = if more.contains("timeInForce") { "" } else { "&timeInForce=GTC" };
        let params = format!(
            "symbol=BTCUSDT&side={side}&type=LIMIT&quantity=0.1&price={price}\
             &newClientOrderId={client}{tif}{more}"
        );
        self.ask("POST", "v1/order", &params).await
    }

    /// The next private event of an order that fits.
    async fn order(&mut self, client: &str, what: &str) -> Value {
        let fits = |m: &Value| {
            m["e"] == "ORDER_TRADE_UPDATE" && m["o"]["c"] == json!(client) && m["o"]["x"] == what
        };
        self.stream.until(fits).await["o"].clone()
    }

    async fn account(&mut self) -> Value {
        self.stream.until(|m| m["e"] == "ACCOUNT_UPDATE").await["a"].clone()
    }

    async fn ledger(&self) -> Value {
        get(self.exchange, &format!("/sim/ledger?apiKey={}", self.key.api_key)).await
    }
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_order_lives_by_rest_and_the_stream_tells_it() {
    let exchange = Exchange::start(with(""));
    let mut user = User::new(&exchange, 0).await;
    let placed = user.limit("BUY", "59000.0", "mm/1:a", "&timeInForce=GTX").await;
    assert_eq!(placed.status, 200, "{}", placed.json);
    let told = &placed.json;
    assert_eq!((&told["status"], &told["timeInForce"]), (&json!("NEW"), &json!("GTX")));
    assert_eq!((&told["price"], &told["origQty"]), (&json!("59000.00"), &json!("0.100")));
    assert!(placed.headers.contains("x-mbx-order-count-10s: 1"));
    assert!(placed.headers.contains("x-mbx-order-count-1m: 1"));
    let event = user.order("mm/1:a", "NEW").await;
    assert_eq!(
        (&event["X"], &event["ps"], &event["f"]),
        (&json!("NEW"), &json!("BOTH"), &json!("GTX"))
    );
    assert_eq!(event["b"], "5900.00000000");
    let id = format!("symbol=BTCUSDT&orderId={}", told["orderId"]);
    let changed = format!("{id}&side=BUY&quantity=0.2&price=58000.0");
    let changed = user.ask("PUT", "v1/order", &changed).await;
    assert_eq!(
        (&changed.json["price"], &changed.json["origQty"]),
        (&json!("58000.00"), &json!("0.200"))
    );
    let event = user.order("mm/1:a", "AMENDMENT").await;
    assert_eq!((&event["X"], &event["q"]), (&json!("NEW"), &json!("0.200")));
    let same = format!("{id}&side=BUY&quantity=0.2&price=58000.0");
    assert_eq!(user.ask("PUT", "v1/order", &same).await.json["code"], -5027);
    assert_eq!(user.get("v1/openOrders", "symbol=BTCUSDT").await.as_array().unwrap().len(), 1);
    let gone = user.ask("DELETE", "v1/order", "symbol=BTCUSDT&origClientOrderId=mm/1:a").await;
    assert_eq!(gone.json["status"], "CANCELED");
    assert_eq!(user.order("mm/1:a", "CANCELED").await["X"], "CANCELED");
    assert_eq!(user.ask("DELETE", "v1/order", &id).await.json["code"], -2011);
    assert_eq!(user.get("v1/order", &id).await["status"], "CANCELED");
    assert_eq!(user.get("v1/openOrder", &id).await["code"], -2013);
    assert_eq!(user.get("v1/allOrders", "").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn trades_move_the_position_and_the_ledger_adds_up() {
    let exchange = Exchange::start(with(""));
    let mut maker = User::new(&exchange, 0).await;
    let mut taker = User::new(&exchange, 2).await;
    maker.limit("SELL", "60000.0", "ask", "").await;
    let taken = taker.limit("BUY", "60000.0", "t1", "&timeInForce=IOC&newOrderRespType=RESULT");
    let taken = taken.await.json;
    assert_eq!((&taken["status"], &taken["cumQuote"]), (&json!("FILLED"), &json!("6000.00000000")));
    let lite = taker.stream.until(|m| m["e"] == "TRADE_LITE").await;
    let full = taker.order("t1", "TRADE").await;
    assert_eq!(
        (&lite["t"], &lite["L"], &lite["m"]),
        (&full["t"], &json!("60000.00"), &json!(false))
    );
    assert_eq!((&full["n"], &full["N"]), (&json!("3.00000000"), &json!("USDT")));
    let update = taker.account().await;
    assert_eq!((&update["m"], &update["P"][0]["pa"]), (&json!("ORDER"), &json!("0.100")));
    assert_eq!(update["B"][0]["wb"], "9997.00000000");
    assert_eq!(maker.order("ask", "TRADE").await["n"], "1.20000000");
    let risk = taker.get("v3/positionRisk", "").await;
    assert_eq!(risk.as_array().unwrap().len(), 1);
    assert_eq!(risk[0]["entryPrice"], "60000.00000000");
    assert!(number(&risk[0]["liquidationPrice"]) < 60_000.0);
    // The position is closed higher; what is left over of a reduce-only order is cut.
    maker.limit("BUY", "61000.0", "bid", "").await;
    let close = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.5&reduceOnly=true\
                 &newClientOrderId=t2&newOrderRespType=RESULT";
    let closed = taker.ask("POST", "v1/order", close).await.json;
    assert_eq!((&closed["status"], &closed["executedQty"]), (&json!("FILLED"), &json!("0.100")));
    assert_eq!(taker.order("t2", "TRADE").await["rp"], "100.00000000");
    assert_eq!(taker.get("v3/positionRisk", "").await, json!([]), "flat symbols are left out");
    assert_eq!(taker.get("v2/positionRisk", "").await.as_array().unwrap().len(), 1);
    let trades = taker.get("v1/userTrades", "symbol=BTCUSDT").await;
    let income = taker.get("v1/income", "").await;
    let sum: f64 = income.as_array().unwrap().iter().map(|one| number(&one["income"])).sum();
    let fees: f64 = trades.as_array().unwrap().iter().map(|one| number(&one["commission"])).sum();
    let ledger = taker.ledger().await;
    let usdt = &ledger["balances"][0];
    let change = number(&usdt["total"]) - number(&usdt["start"]);
    assert!((change - (100.0 - fees)).abs() < 1e-8 && (change - sum).abs() < 1e-8, "{ledger}");
    assert_eq!(ledger["trades"].as_array().unwrap().len(), trades.as_array().unwrap().len());
    let balance = taker.get("v3/balance", "").await;
    assert_eq!(balance[0]["balance"], usdt["total"]);
    let account = taker.get("v3/account", "").await;
    assert_eq!(account["totalWalletBalance"], usdt["total"]);
    assert_eq!(account["assets"][0]["availableBalance"], usdt["total"]);
}

#[tokio::test]
async fn refusals_have_the_venues_codes() {
    let exchange = Exchange::start(with(""));
    let user = User::new(&exchange, 0).await;
    let other = User::new(&exchange, 2).await;
    other.limit("SELL", "60000.0", "ask", "").await;
    user.limit("BUY", "59000.0", "dup", "").await;
    let till = now_ms() + 500_000;
    let base = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC";
    let cases = [
        (format!("{base}&quantity=0.1&price=59000.05"), -4014),
        (format!("{base}&quantity=0.1005&price=59000"), -1111),
        (format!("{base}&quantity=0&price=59000"), -4003),
        (format!("{base}&quantity=999999999&price=59000"), -4005),
        (format!("{base}&quantity=0.1&price=900000"), -4016),
        (format!("{base}&quantity=0.1&price=11000"), -4024),
        (format!("{base}&quantity=0.001&price=20000&reduceOnly=true"), -2022),
        (format!("{base}&quantity=5&price=59000"), -2019),
        (format!("{base}&quantity=0.1&price=59000&newClientOrderId=dup"), -4116),
        (format!("{base}&quantity=0.1&price=59000&newClientOrderId={}", "x".repeat(37)), -4015),
        (format!("{base}&quantity=0.1&price=59000&positionSide=LONG"), -4061),
        (format!("{base}&quantity=0.1&price=59000&priceMatch=QUEUE"), -1106),
        (format!("{base}&quantity=0.1&priceMatch=OPPONENT_10"), -5037),
        (format!("{base}&quantity=0.1&price=59000&selfTradePreventionMode=DECREMENT"), -5039),
        (base.replace("GTC", "GTX") + "&quantity=0.1&price=60000", -5022),
        (base.replace("GTC", "FOK") + "&quantity=0.5&price=60000", -5021),
        (base.replace("GTC", "DAY") + "&quantity=0.1&price=60000", -1115),
        (
            base.replace("GTC", "GTD") + &format!("&quantity=0.1&price=59000&goodTillDate={till}"),
            -5040,
        ),
        ("symbol=BTCUSDT&side=BUY&type=STOP_MARKET&stopPrice=1&quantity=1".into(), -4120),
        ("symbol=BTCUSDT&side=BUY&type=FLY&quantity=1".into(), -1116),
        ("symbol=NOPE&side=BUY&type=MARKET&quantity=1".into(), -1121),
        ("symbol=BTCUSDT&side=BUY&quantity=1".into(), -1102),
    ];
    for (params, code) in cases {
        let answer = user.ask("POST", "v1/order", &params).await;
        assert_eq!(answer.json["code"], code, "{params}: {}", answer.json);
        assert_eq!(answer.status, 400);
    }
    let small = user.limit("BUY", "12100.0", "small", "").await;
    assert_eq!(small.status, 200, "a fifth of the price is just in the band: {}", small.json);
    let unsigned =
        http(user.exchange, "GET", "/fapi/v3/account?timestamp=1&signature=00", "", "").await;
    assert_eq!((unsigned.status, &unsigned.json["code"]), (401, &json!(-2014)));
    let old = format!("timestamp={}", now_ms() - 5001);
    let old = format!("/fapi/v3/account?{old}&signature={}", sign(&user.key, &old));
    let old = http(user.exchange, "GET", &old, &user.key.api_key, "").await;
    assert_eq!(old.json["code"], -1021);
    let forged = format!("/fapi/v3/account?timestamp={}&signature=00ff", now_ms());
    let forged = http(user.exchange, "GET", &forged, &user.key.api_key, "").await;
    assert_eq!(forged.json["code"], -1022);
}

#[tokio::test]
async fn batches_are_carried_out_one_by_one() {
    let exchange = Exchange::start(with(""));
    let user = User::new(&exchange, 0).await;
    let one = |price: &str, client: &str| {
        json!({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.01", "price": price, "newClientOrderId": client})
    };
    let encode = |list: &Value| {
        let text = list.to_string();
        let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
        format!("batchOrders={}", bytes.collect::<String>())
    };
    let list = json!([one("59000.0", "a"), one("59000.05", "b"), one("58000.0", "c")]);
    let placed = user.ask("POST", "v1/batchOrders", &encode(&list)).await;
    assert_eq!(placed.json[0]["clientOrderId"], "a", "{}", placed.json);
    assert_eq!(placed.json[0]["selfTradePreventionMode"], "NONE");
    assert_eq!(
        (&placed.json[1]["code"], &placed.json[2]["status"]),
        (&json!(-4014), &json!("NEW"))
    );
    assert!(placed.headers.contains("x-mbx-order-count-10s: 5"), "{}", placed.headers);
    assert!(placed.headers.contains("x-mbx-order-count-1m: 1"));
    let change = json!([{"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "a",
        "quantity": "0.02", "price": "57000.0"}]);
    let changed = user.ask("PUT", "v1/batchOrders", &encode(&change)).await;
    assert_eq!(changed.json[0]["price"], "57000.00", "{}", changed.json);
    let ids = format!("symbol=BTCUSDT&orderIdList=[{},7]", placed.json[0]["orderId"]);
    let gone = user.ask("DELETE", "v1/batchOrders", &ids).await;
    assert_eq!(
        (&gone.json[0]["status"], &gone.json[1]["code"]),
        (&json!("CANCELED"), &json!(-2011))
    );
    let gone = "symbol=BTCUSDT&origClientOrderIdList=%5B%22c%22%5D";
    assert_eq!(user.ask("DELETE", "v1/batchOrders", gone).await.json[0]["status"], "CANCELED");
    let six = json!([1, 2, 3, 4, 5, 6]);
    assert_eq!(user.ask("POST", "v1/batchOrders", &encode(&six)).await.json["code"], -4082);
    let all = user.ask("DELETE", "v1/allOpenOrders", "symbol=BTCUSDT").await;
    assert_eq!(all.json["code"], 200);
}

#[tokio::test]
async fn self_trades_are_prevented_as_asked() {
    let exchange = Exchange::start(with(""));
    let mut user = User::new(&exchange, 0).await;
    user.limit("SELL", "60000.0", "rest", "").await;
    let mode = |mode: &str| format!("&selfTradePreventionMode={mode}");
    user.limit("BUY", "60000.0", "taker", &mode("EXPIRE_TAKER")).await;
    let gone = user.order("taker", "EXPIRED").await;
    assert_eq!((&gone["X"], &gone["er"]), (&json!("EXPIRED_IN_MATCH"), &json!("1")));
    user.limit("BUY", "60000.0", "maker", &mode("EXPIRE_MAKER")).await;
    assert_eq!(user.order("rest", "EXPIRED").await["X"], "EXPIRED_IN_MATCH");
    assert_eq!(user.get("v1/openOrders", "").await[0]["clientOrderId"], "maker");
}

#[tokio::test]
async fn hedge_mode_keeps_two_positions() {
    let exchange = Exchange::start(with(""));
    let user = User::new(&exchange, 0).await;
    let other = User::new(&exchange, 2).await;
    let dual = "v1/positionSide/dual";
    assert_eq!(user.get(dual, "").await["dualSidePosition"], false);
    let set = user.ask("POST", dual, "dualSidePosition=true").await;
    assert_eq!(set.json["code"], 200);
    assert_eq!(user.ask("POST", dual, "dualSidePosition=true").await.json["code"], -4059);
    let wrong = user.limit("BUY", "60000.0", "x", "").await;
    assert_eq!(wrong.json["code"], -4061);
    let wrong = user.limit("BUY", "60000.0", "x", "&positionSide=LONG&reduceOnly=true").await;
    assert_eq!(wrong.json["code"], -1106);
    for (side, leg, theirs) in [("BUY", "LONG", "SELL"), ("SELL", "SHORT", "BUY")] {
        other.limit(theirs, "60000.0", &format!("o{leg}"), "").await;
        user.limit(side, "60000.0", leg, &format!("&positionSide={leg}")).await;
    }
    let risk = user.get("v3/positionRisk", "").await;
    let told: Vec<[&str; 2]> = risk
        .as_array()
        .unwrap()
        .iter()
        .map(|one| [one["positionSide"].as_str().unwrap(), one["positionAmt"].as_str().unwrap()])
        .collect();
    assert_eq!(told, [["LONG", "0.100"], ["SHORT", "-0.100"]]);
    assert_eq!(user.ask("POST", dual, "dualSidePosition=false").await.json["code"], -4068);
}

#[tokio::test]
async fn leverage_margin_type_and_fees() {
    let exchange = Exchange::start(with(""));
    let mut user = User::new(&exchange, 0).await;
    let set = user.ask("POST", "v1/leverage", "symbol=BTCUSDT&leverage=5").await;
    assert_eq!(set.json["leverage"], 5, "{}", set.json);
    let told = user.stream.until(|m| m["e"] == "ACCOUNT_CONFIG_UPDATE").await;
    assert_eq!(told["ac"], json!({"s": "BTCUSDT", "l": 5}));
    let wrong = user.ask("POST", "v1/leverage", "symbol=BTCUSDT&leverage=126").await;
    assert_eq!(wrong.json["code"], -4028);
    assert_eq!(user.get("v1/symbolConfig", "symbol=BTCUSDT").await[0]["leverage"], 5);
    let same = user.ask("POST", "v1/marginType", "symbol=BTCUSDT&marginType=CROSSED").await;
    assert_eq!(same.json["code"], -4046);
    let fees = user.get("v1/commissionRate", "symbol=BTCUSDT").await;
    assert_eq!(fees["takerCommissionRate"], "0.00050000");
    let bracket = user.get("v1/leverageBracket", "symbol=BTCUSDT").await;
    assert_eq!(bracket[0]["brackets"][0]["initialLeverage"], 20);
    for path in ["v1/accountConfig", "v1/multiAssetsMargin", "v1/apiTradingStatus", "v2/account"] {
        assert_eq!(user.ask("GET", path, "").await.status, 200, "{path}");
    }
    assert_eq!(user.get("v1/rateLimit/order", "").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn funding_is_paid_and_told() {
    let exchange = Exchange::start(with("funding_s = 2.0\ninterest_bp = 10.0\n"));
    let user = User::new(&exchange, 0).await;
    let mut other = User::new(&exchange, 2).await;
    user.limit("SELL", "60000.0", "a", "").await;
    other.limit("BUY", "60000.0", "b", "").await;
    let paid = other.stream.until(|m| m["a"]["m"] == "FUNDING_FEE").await;
    assert!(number(&paid["a"]["B"][0]["bc"]) < 0.0, "longs pay: {paid}");
    assert_eq!((&paid["a"]["P"], &paid["a"]["S"]), (&json!([]), &json!("BTCUSDT")));
    let income = other.get("v1/income", "incomeType=FUNDING_FEE").await;
    assert_eq!(income[0]["income"], paid["a"]["B"][0]["bc"]);
    assert!(!other.ledger().await["funding"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_position_without_margin_is_liquidated() {
    // Maintenance of 4.8 % beside initial margin of 5 %: one percent down is too much.
    let exchange = Exchange::start(with("maintenance_bp = 480.0\n"));
    let mut user = User::new(&exchange, 0).await;
    let other = User::new(&exchange, 2).await;
    let mut market = Client::connect(exchange.address, "/market/ws/!forceOrder@arr").await;
    let order = |side: &str, qty: &str, price: &str| {
        format!(
            "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}&price={price}"
        )
    };
    other.ask("POST", "v1/order", &order("SELL", "3", "60000")).await;
    let bought = user.ask("POST", "v1/order", &order("BUY", "3", "60000")).await;
    assert_eq!(bought.status, 200, "{}", bought.json);
    for (side, price) in [("BUY", "56900"), ("SELL", "57000")] {
        let placed = other.ask("POST", "v1/order", &order(side, "0.1", price)).await;
        assert_eq!(placed.status, 200, "{}", placed.json);
    }
    let is_forced = |m: &Value| m["o"]["c"].as_str().is_some_and(|c| c.starts_with("autoclose-"));
    let event = user.stream.until(|m| is_forced(m) && m["o"]["x"] == "NEW").await;
    assert_eq!((&event["o"]["o"], &event["o"]["S"]), (&json!("LIQUIDATION"), &json!("SELL")));
    let forced = market.until(|m| m["e"] == "forceOrder").await;
    assert_eq!((&forced["o"]["S"], &forced["o"]["q"]), (&json!("SELL"), &json!("3.000")));
    assert_eq!(user.get("v3/positionRisk", "").await, json!([]));
    assert_eq!(user.get("v1/forceOrders", "").await[0]["side"], "SELL");
}

#[tokio::test]
async fn the_countdown_cancels_unless_it_is_renewed() {
    let exchange = Exchange::start(with(""));
    let mut user = User::new(&exchange, 0).await;
    user.limit("BUY", "59000.0", "stays", "").await;
    let path = "v1/countdownCancelAll";
    let set = user.ask("POST", path, "symbol=BTCUSDT&countdownTime=600000").await;
    assert_eq!(set.json, json!({"symbol": "BTCUSDT", "countdownTime": "600000"}));
    user.ask("POST", path, "symbol=BTCUSDT&countdownTime=0").await;
    assert_eq!(user.get("v1/openOrders", "").await.as_array().unwrap().len(), 1);
    user.ask("POST", path, "symbol=BTCUSDT&countdownTime=50").await;
    assert_eq!(user.order("stays", "CANCELED").await["X"], "CANCELED");
}

#[tokio::test]
async fn algo_orders_wait_fire_and_are_cancelled() {
    let exchange = Exchange::start(with(""));
    let mut user = User::new(&exchange, 0).await;
    let other = User::new(&exchange, 2).await;
    for n in 0..2 {
        other.limit("SELL", "60000.0", &format!("o{n}"), "").await;
    }
    user.limit("BUY", "60000.0", "first", "").await;
    let algo = |kind: &str, price: &str, client: &str, more: &str| {
        format!(
            "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type={kind}&triggerPrice={price}\
             &clientAlgoId={client}{more}"
        )
    };
    let stop = algo("STOP_MARKET", "59000.0", "stop", "&closePosition=true");
    let stop = user.ask("POST", "v1/algoOrder", &stop).await;
    assert_eq!(
        (&stop.json["algoStatus"], &stop.json["orderType"]),
        (&json!("NEW"), &json!("STOP_MARKET"))
    );
    let profit = algo("TAKE_PROFIT", "61000.0", "profit", "&quantity=0.1&price=60900.0");
    let profit = user.ask("POST", "v1/algoOrder", &profit).await;
    assert_eq!(profit.json["orderType"], "TAKE_PROFIT", "{}", profit.json);
    let now = algo("STOP_MARKET", "61000.0", "now", "&quantity=0.1");
    assert_eq!(user.ask("POST", "v1/algoOrder", &now).await.json["code"], -2021);
    assert_eq!(user.get("v1/openAlgoOrders", "").await.as_array().unwrap().len(), 2);
    let gone = user.ask("DELETE", "v1/algoOrder", "clientAlgoId=profit").await;
    assert_eq!(gone.json["msg"], "success");
    let told = user.stream.until(|m| m["o"]["X"] == "CANCELED").await;
    assert_eq!((&told["e"], &told["o"]["caid"]), (&json!("ALGO_UPDATE"), &json!("profit")));
    // Two bids: a sale to the first brings the price down to the stop, which sells to the second.
    other.ask("DELETE", "v1/allOpenOrders", "symbol=BTCUSDT").await;
    for n in 0..2 {
        other.limit("BUY", "58900.0", &format!("b{n}"), "&selfTradePreventionMode=NONE").await;
    }
    other.limit("SELL", "58900.0", "push", "&selfTradePreventionMode=NONE").await;
    let fired = user.stream.until(|m| m["o"]["X"] == "FINISHED").await;
    assert_eq!(fired["o"]["caid"], "stop");
    assert_eq!(user.order("stop", "TRADE").await["R"], true);
    assert_eq!(user.get("v3/positionRisk", "").await, json!([]));
    assert_eq!(user.get("v1/algoOrder", "clientAlgoId=stop").await["algoStatus"], "FINISHED");
}

#[tokio::test]
async fn listen_keys_open_extend_and_close() {
    let exchange = Exchange::start(with(""));
    let (at, key) = (exchange.address, keys()[0].clone());
    let path = "/fapi/v1/listenKey";
    let none = http(at, "PUT", path, &key.api_key, "").await;
    assert_eq!(none.json["code"], -1125);
    let user = User::new(&exchange, 0).await;
    let again = http(at, "POST", path, &key.api_key, "").await.json["listenKey"].clone();
    let listen = again.as_str().unwrap();
    assert_eq!(http(at, "PUT", path, &key.api_key, "").await.json["listenKey"], again);
    let only = format!("/private/ws?listenKey={listen}&events=TRADE_LITE/ACCOUNT_UPDATE");
    let mut few = Client::connect(at, &only).await;
    let mut wrapped = Client::connect(at, &format!("/private/stream?listenKey={listen}")).await;
    let other = User::new(&exchange, 2).await;
    user.limit("BUY", "60000.0", "a", "").await;
    other.limit("SELL", "60000.0", "b", "").await;
    assert_eq!(few.receive().await.unwrap()["e"], "TRADE_LITE");
    assert_eq!(few.receive().await.unwrap()["e"], "ACCOUNT_UPDATE");
    let told = wrapped.receive().await.unwrap();
    assert_eq!((&told["stream"], &told["data"]["o"]["x"]), (&again, &json!("NEW")));
    let wrong = http(at, "POST", path, "nosuchkey", "").await;
    assert_eq!((wrong.status, &wrong.json["code"]), (401, &json!(-2015)));
    assert_eq!(http(at, "DELETE", path, &key.api_key, "").await.json, json!({}));
    let new = http(at, "POST", path, &key.api_key, "").await.json["listenKey"].clone();
    assert_ne!(new, again);
}

#[tokio::test]
async fn the_websocket_api_trades_with_and_without_a_session() {
    let exchange = Exchange::start(with(""));
    let [hmac, ed25519] = [keys()[0].clone(), keys()[1].clone()];
    let mut client = Client::connect(exchange.address, "/ws-fapi/v1").await;
    let order = |client: &str| {
        json!({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "price": "59000.0", "quantity": "0.1", "newClientOrderId": client,
            "timestamp": now_ms()})
    };
    let placed = client.call("order.place", order("h"), Some(&hmac)).await;
    assert_eq!((&placed["status"], &placed["result"]["status"]), (&json!(200), &json!("NEW")));
    let kinds: Vec<&str> = placed["rateLimits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["interval"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["SECOND", "MINUTE", "MINUTE"]);
    let refused = client.call("session.logon", json!({}), Some(&hmac)).await;
    assert_eq!(refused["error"]["code"], -4056);
    let on = client.call("session.logon", json!({}), Some(&ed25519)).await;
    assert_eq!(on["status"], 200, "{on}");
    assert_eq!(client.call("order.place", order("s"), None).await["status"], 200);
    let named = json!({"symbol": "BTCUSDT", "origClientOrderId": "s", "timestamp": now_ms()});
    assert_eq!(client.call("order.status", named.clone(), None).await["result"]["status"], "NEW");
    let mut change = named.clone();
    (change["side"], change["price"], change["quantity"]) =
        (json!("BUY"), json!("58000.0"), json!("0.05"));
    let changed = client.call("order.modify", change, None).await;
    assert_eq!(changed["result"]["origQty"], "0.050", "{changed}");
    assert_eq!(
        client.call("order.cancel", named.clone(), None).await["result"]["status"],
        "CANCELED"
    );
    assert_eq!(client.call("order.cancel", named, None).await["error"]["code"], -2011);
    for method in ["v2/account.position", "v2/account.balance", "v2/account.status"] {
        let answer = client.call(method, json!({"timestamp": now_ms()}), None).await;
        assert_eq!(answer["status"], 200, "{method}: {answer}");
    }
    let start = json!({"apiKey": hmac.api_key});
    let started = client.call("userDataStream.start", start.clone(), None).await;
    assert!(started["result"]["listenKey"].is_string(), "{started}");
    assert_eq!(client.call("userDataStream.stop", start, None).await["status"], 200);
    let missing = client.call("openOrders.cancelAll", json!({"timestamp": now_ms()}), None).await;
    assert_eq!(missing["status"], 400, "there is no cancel of all: {missing}");
}

#[tokio::test]
async fn faults_on_orders_leave_them_refused_or_unknown() {
    let query = "symbol=BTCUSDT&origClientOrderId=x";
    let cases: [(&str, u16, i64, &str); 4] = [
        ("reject@0s", 400, -2019, "-2013"),
        ("reject@0s:-1008", 503, -1008, "-2013"),
        ("timeout@0s", 408, -1007, "NEW"),
        ("lost@0s", 408, -1007, "-2013"),
    ];
    for (fault, status, code, after) in cases {
        let faults = Fault::parse_list(fault).unwrap();
        let exchange = Exchange::start(Options { faults, ..with("") });
        exchange.after_faults(1).await;
        let user = User::new(&exchange, 0).await;
        let answer = user.limit("BUY", "59000.0", "x", "").await;
        assert_eq!((answer.status, &answer.json["code"]), (status, &json!(code)), "{fault}");
        let told = user.get("v1/order", query).await;
        let told = told["status"].as_str().map_or_else(|| told["code"].to_string(), String::from);
        assert_eq!(told, after, "{fault}");
    }
    let faults = Fault::parse_list("429@0s:600s").unwrap();
    let exchange = Exchange::start(Options { faults, ..with("") });
    exchange.after_faults(1).await;
    let answer = http(exchange.address, "GET", "/fapi/v1/time", "", "").await;
    assert_eq!((answer.status, &answer.json["code"]), (429, &json!(-1003)));
    assert!(answer.headers.contains("retry-after:"));
}

#[tokio::test]
async fn orders_are_limited_by_ten_seconds_and_by_minute() {
    let limit = WORLD.replace("latency_us = 0", "latency_us = 0\norders_10s = 3");
    let world = WorldText::parse(&limit, true).unwrap();
    let exchange = Exchange::start(Options { world: Some(world), keys: keys(), ..quiet() });
    let user = User::new(&exchange, 0).await;
    // A window may end in between, so there are more than one window takes.
    let mut refused = 0;
    for n in 0..9 {
        let answer = user.limit("BUY", "59000.0", &format!("n{n}"), "").await;
        refused += u32::from(answer.status == 429 && answer.json["code"] == -1015);
    }
    assert!(refused >= 3, "{refused}");
    let gone = user.ask("DELETE", "v1/order", "symbol=BTCUSDT&origClientOrderId=n0").await;
    assert_eq!(gone.status, 200, "a cancel is no order: {}", gone.json);
}
