"""ccxt, and ccxt.pro, trade on the simulated exchange as on Binance USDⓈ-M Futures.

The library is as published; set are the addresses. Every other address it knows points to a
closed port, so a look-up elsewhere fails the test.
"""

import asyncio
from decimal import Decimal

import ccxt.pro
import pytest
import pytest_asyncio
from ccxt.base import errors

from conftest import read_keys

SYMBOL = "BTC/USDT:USDT"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def usdm_keys(world_ledger):
    return read_keys(world_ledger / "binance-usdm")


def client(url, key=None):
    """A ccxt client of the exchange at `url`."""
    venue = ccxt.pro.binanceusdm({
        "apiKey": key.name if key else "",
        "secret": key.secret if key else "",
        "enableRateLimit": False,
        "options": {"fetchCurrencies": False},
    })
    for name, address in venue.urls["api"].items():
        venue.urls["api"][name] = NOWHERE if isinstance(address, str) else address
    for scope in ("Public", "Private"):
        for version, path in (("", "v1"), ("V2", "v2"), ("V3", "v3")):
            venue.urls["api"][f"fapi{scope}{version}"] = f"{url}/fapi/{path}"
    socket = "ws" + url.removeprefix("http")
    venue.urls["api"]["ws"] = {
        "linear": f"{socket}/ws",
        "ws-api": {"linear": f"{socket}/ws-fapi/v1"},
    }
    return venue


@pytest_asyncio.fixture
async def reader(world_url):
    """A client without a key."""
    venue = client(world_url)
    await venue.load_markets()
    yield venue
    await venue.close()


@pytest_asyncio.fixture
async def trader(world_url, usdm_keys, kind):
    """A client with a demo key that leaves no order and no position behind."""
    venue = client(world_url, usdm_keys[kind])
    await venue.load_markets()
    yield venue
    await venue.cancel_all_orders(SYMBOL)
    for position in await venue.fetch_positions([SYMBOL]):
        side = "sell" if position["side"] == "long" else "buy"
        await venue.create_order(
            SYMBOL, "market", side, position["contracts"], None, {"reduceOnly": True})
    await venue.close()


@pytest.fixture
def later(within):
    """Starts to watch now, and gives the first row that `accept` takes when awaited."""

    async def until(watch, accept):
        while True:
            rows = await watch()
            for row in rows if isinstance(rows, list) else [rows]:
                if accept(row):
                    return row

    return lambda watch, accept: asyncio.create_task(within(until(watch, accept)))


@pytest_asyncio.fixture
async def listener(trader, within):
    """The trader, once its private stream is open: what happens before is told to nobody."""
    await trader.authenticate()
    first = asyncio.create_task(trader.watch_orders(SYMBOL))
    await asyncio.sleep(0)
    key = trader.options["linear"]["listenKey"]
    stream = trader.client(trader.get_private_ws_url("linear", key))
    while not stream.connection:
        await asyncio.sleep(0.01)
    yield trader
    first.cancel()


async def far_below(venue, part=0.95):
    """A tick-aligned price so far below the best bid that nobody sells there."""
    bid = (await venue.fetch_order_book(SYMBOL, 5))["bids"][0][0]
    return float(venue.price_to_precision(SYMBOL, bid * part))


def check_book(book):
    """Both sides are there, sorted from the touch outward, and not crossed."""
    bids, asks = [p for p, _ in book["bids"]], [p for p, _ in book["asks"]]
    assert bids and asks
    assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
    assert bids[0] < asks[0]


# ---- market data


async def test_metadata(reader):
    market = reader.market(SYMBOL)
    assert (market["id"], market["type"], market["linear"]) == ("BTCUSDT", "swap", True)
    assert (market["settle"], market["contractSize"]) == ("USDT", 1)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 5
    assert await reader.fetch_time() > 1_600_000_000_000


async def test_rest_market_data(reader):
    check_book(await reader.fetch_order_book(SYMBOL, 100))
    ticker = await reader.fetch_ticker(SYMBOL)
    assert ticker["last"] > 0
    assert len(await reader.fetch_trades(SYMBOL, limit=5)) <= 5
    rate = await reader.fetch_funding_rate(SYMBOL)
    assert rate["markPrice"] > 0 and rate["indexPrice"] > 0 and rate["fundingTimestamp"] > 0
    assert (await reader.fetch_open_interest(SYMBOL))["openInterestAmount"] >= 0
    best = (await reader.fetch_bids_asks([SYMBOL]))[SYMBOL]
    assert 0 < best["bid"] < best["ask"]


async def test_streamed_book(reader, within):
    nonces = []
    for _ in range(8):
        book = await within(reader.watch_order_book(SYMBOL))
        check_book(book)
        nonces.append(book["nonce"])
    # The first result is the snapshot; ccxt raises ChecksumError on any gap after it.
    assert nonces == sorted(set(nonces))


async def test_streamed_trades_touch_and_mark(reader, within):
    trades = await within(reader.watch_trades(SYMBOL, params={"name": "aggTrade"}))
    assert all(trade["price"] > 0 and trade["amount"] > 0 for trade in trades)
    best = (await within(reader.watch_bids_asks([SYMBOL])))[SYMBOL]
    assert 0 < best["bid"] < best["ask"]
    mark = await within(reader.watch_mark_price(SYMBOL))
    assert mark["markPrice"] > 0


# ---- orders


async def test_order_life_by_rest_is_told_in_the_user_stream(listener, later, client_id):
    trader = listener
    name, price = client_id("usdm"), await far_below(trader)

    def watch():
        return trader.watch_orders(SYMBOL)

    told = later(watch, lambda o: o["clientOrderId"] == name)
    placed = await trader.create_order(
        SYMBOL, "limit", "buy", 0.01, price, {"clientOrderId": name, "postOnly": True})
    report = await told
    assert (placed["status"], placed["clientOrderId"], placed["filled"]) == ("open", name, 0)
    assert (report["id"], report["price"], report["amount"]) == (placed["id"], price, 0.01)
    [standing] = await trader.fetch_open_orders(SYMBOL)
    assert standing["timeInForce"] == "PO" and standing["postOnly"] is True
    lower = float(trader.price_to_precision(SYMBOL, price - 10))
    told = later(watch, lambda o: o["id"] == placed["id"] and o["price"] == lower)
    edited = await trader.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.02, lower)
    assert (edited["id"], edited["price"], edited["amount"]) == (placed["id"], lower, 0.02)
    assert (await told)["amount"] == 0.02
    gone = later(watch, lambda o: o["id"] == placed["id"] and o["status"] == "canceled")
    await trader.cancel_order(placed["id"], SYMBOL)
    assert (await gone)["filled"] == 0
    assert (await trader.fetch_order(placed["id"], SYMBOL))["status"] == "canceled"
    assert await trader.fetch_open_orders(SYMBOL) == []


async def test_order_life_by_websocket_api(trader, within, client_id):
    name, price = client_id("usdm-ws"), await far_below(trader)
    placed = await within(trader.create_order_ws(
        SYMBOL, "limit", "buy", 0.01, price, {"clientOrderId": name}))
    assert (placed["status"], placed["clientOrderId"]) == ("open", name)
    edited = await within(trader.edit_order_ws(
        placed["id"], SYMBOL, "limit", "buy", 0.02, price, {}))
    assert (edited["id"], edited["amount"]) == (placed["id"], 0.02)
    gone = await within(trader.cancel_order_ws(placed["id"], SYMBOL))
    assert (gone["id"], gone["status"]) == (placed["id"], "canceled")


async def test_trade_position_and_balance(listener, later, client_id):
    trader = listener
    before = Decimal(str((await trader.fetch_balance())["USDT"]["total"]))
    name = client_id("usdm-ioc")
    filled = later(lambda: trader.watch_my_trades(SYMBOL), lambda t: t["side"] == "buy")
    held = later(lambda: trader.watch_positions([SYMBOL]), lambda p: p["contracts"] == 0.01)
    bought = await trader.create_order(
        SYMBOL, "market", "buy", 0.01, None, {"clientOrderId": name})
    assert (bought["status"], bought["filled"]) == ("closed", 0.01)
    trade = await filled
    assert (trade["order"], trade["takerOrMaker"]) == (bought["id"], "taker")
    assert trade["fee"]["cost"] > 0
    assert (await held)["side"] == "long"
    [position] = await trader.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"]) == ("long", 0.01)
    assert position["entryPrice"] == pytest.approx(bought["average"], rel=1e-9)
    await trader.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert await trader.fetch_positions([SYMBOL]) == []
    trades = await trader.fetch_my_trades(SYMBOL, limit=1000)
    orders = {trade["order"] for trade in trades}
    assert bought["id"] in orders
    change = sum(
        Decimal(t["info"]["realizedPnl"]) - Decimal(t["info"]["commission"]) for t in trades)
    after = Decimal(str((await trader.fetch_balance())["USDT"]["total"]))
    start = Decimal("1000000")
    assert after == start + change and after != before


async def test_batches(trader, client_id):
    price = await far_below(trader)
    rows = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price,
         "params": {"clientOrderId": client_id("usdm-batch")}}
        for _ in range(2)
    ]
    placed = await trader.create_orders(rows)
    assert [order["status"] for order in placed] == ["open", "open"]
    gone = await trader.cancel_orders([order["id"] for order in placed], SYMBOL)
    assert [order["status"] for order in gone] == ["canceled", "canceled"]


async def test_stop_orders_wait(trader):
    price = await far_below(trader, 0.9)
    order = await trader.create_order(
        SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": price})
    [standing] = await trader.fetch_open_orders(SYMBOL, params={"trigger": True})
    assert (standing["id"], standing["triggerPrice"]) == (order["id"], price)
    await trader.cancel_order(order["id"], SYMBOL, {"trigger": True})
    assert await trader.fetch_open_orders(SYMBOL, params={"trigger": True}) == []


async def test_trailing_stops_wait(trader):
    price = await far_below(trader, 0.9)
    order = await trader.create_order(
        SYMBOL, "market", "buy", 0.01, None,
        {"trailingPercent": 5, "trailingTriggerPrice": price})
    [standing] = await trader.fetch_open_orders(SYMBOL, params={"trigger": True})
    assert standing["id"] == order["id"]
    assert standing["info"]["orderType"] == "TRAILING_STOP_MARKET"
    assert float(standing["info"]["callbackRate"]) == 5
    await trader.cancel_order(order["id"], SYMBOL, {"trigger": True})
    assert await trader.fetch_open_orders(SYMBOL, params={"trigger": True}) == []


async def test_settings(trader):
    await trader.set_leverage(10, SYMBOL)
    assert (await trader.fetch_leverage(SYMBOL))["longLeverage"] == 10
    await trader.set_leverage(20, SYMBOL)
    assert (await trader.fetch_position_mode(SYMBOL))["hedged"] is False
    await trader.set_position_mode(True, SYMBOL)
    await trader.set_position_mode(False, SYMBOL)
    fees = await trader.fetch_trading_fee(SYMBOL)
    assert (fees["maker"], fees["taker"]) == (0.0002, 0.0005)
    assert isinstance(await trader.fetch_funding_history(SYMBOL), list)


# ---- refusals, each as the library's own class


async def test_refused_orders(trader):
    price = await far_below(trader)
    ask = (await trader.fetch_order_book(SYMBOL, 5))["asks"][0][0]
    over = float(trader.price_to_precision(SYMBOL, ask * 1.01))
    with pytest.raises(errors.InvalidOrder, match="-5022"):
        await trader.create_order(SYMBOL, "limit", "buy", 0.01, over, {"postOnly": True})
    await trader.set_leverage(2, SYMBOL)
    # ccxt finds the class of this code by the venue's own host name, which ours is not.
    with pytest.raises(errors.ExchangeError, match="-2019"):
        await trader.create_order(SYMBOL, "limit", "buy", 100, over)
    await trader.set_leverage(20, SYMBOL)
    with pytest.raises(errors.ExchangeError, match="-2022"):
        await trader.create_order(SYMBOL, "limit", "buy", 0.01, price, {"reduceOnly": True})
    with pytest.raises(errors.OrderNotFound):
        await trader.cancel_order("5", SYMBOL)
    with pytest.raises(errors.OrderNotFound):
        await trader.fetch_order("5", SYMBOL)


async def test_wrong_secret(world_url, usdm_keys, kind):
    venue = client(world_url, usdm_keys[kind].with_wrong_secret())
    try:
        with pytest.raises(errors.AuthenticationError, match="-1022"):
            await venue.fetch_balance()
    finally:
        await venue.close()
