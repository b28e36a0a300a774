"""ccxt, and its WebSocket half ccxt.pro, trade on the simulated exchange as on Binance Spot.

The library is as published; set are the exchange's address and, as ccxt documents them, the
options that turn its currency, margin and non-spot look-ups off. Every other address it knows
points to a closed port, so a look-up that is not off fails the test.
"""

import asyncio
import dataclasses
from collections import defaultdict
from decimal import Decimal

import ccxt.pro
import pytest
import pytest_asyncio
from ccxt.base import errors
from pytest import approx

SYMBOL = "BTC/USDT"
NOWHERE = "http://127.0.0.1:1"


def client(url, socket_url, key=None):
    """A ccxt client of the exchange at `url`."""
    venue = ccxt.pro.binance({
        "apiKey": key.name if key else "",
        "secret": key.secret if key else "",
        "enableRateLimit": False,
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
        },
    })
    for name, address in venue.urls["api"].items():
        venue.urls["api"][name] = NOWHERE if isinstance(address, str) else address
    venue.urls["api"]["public"] = venue.urls["api"]["private"] = f"{url}/api/v3"
    venue.urls["api"]["ws"] = {
        "spot": f"{socket_url}/ws",
        "ws-api": {"spot": f"{socket_url}/ws-api/v3"},
    }
    return venue


@pytest_asyncio.fixture
async def reader(url, socket_url):
    """A client without a key."""
    venue = client(url, socket_url)
    await venue.load_markets()
    yield venue
    await venue.close()


@pytest_asyncio.fixture
async def trader(url, socket_url, keys, kind):
    """A client with a demo key that leaves no order behind."""
    venue = client(url, socket_url, keys[kind])
    await venue.load_markets()
    yield venue
    try:
        await venue.cancel_all_orders(SYMBOL)
    except errors.OrderNotFound:
        pass
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


async def far_below(venue, part=0.95):
    """A tick-aligned price so far below the best bid that nobody sells there."""
    bid = (await venue.fetch_order_book(SYMBOL, 5))["bids"][0][0]
    return float(venue.price_to_precision(SYMBOL, bid * part))


async def holdings(venue):
    """The free plus locked amount per asset, exact."""
    account = await venue.privateGetAccount()
    return {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in account["balances"]}


def check_book(book):
    """Both sides are there, sorted from the touch outward, and not crossed."""
    bids, asks = [p for p, _ in book["bids"]], [p for p, _ in book["asks"]]
    assert bids and asks
    assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(amount > 0 for _, amount in book["bids"] + book["asks"])


# ---- market data


async def test_metadata(reader):
    assert all(market["spot"] for market in reader.markets.values())
    market = reader.market(SYMBOL)
    filters = {f["filterType"]: f for f in market["info"]["filters"]}
    assert market["id"] == "BTCUSDT" and market["active"] is True
    assert (market["base"], market["quote"], market["type"]) == ("BTC", "USDT", "spot")
    assert market["precision"]["price"] == float(filters["PRICE_FILTER"]["tickSize"]) > 0
    assert market["precision"]["amount"] == float(filters["LOT_SIZE"]["stepSize"]) > 0
    assert market["limits"]["amount"]["min"] > 0 and market["limits"]["cost"]["min"] > 0
    assert {"LIMIT", "LIMIT_MAKER", "MARKET"} <= set(market["info"]["orderTypes"])
    assert await reader.fetch_time() > 1_600_000_000_000


async def test_rest_market_data(reader):
    book = await reader.fetch_order_book(SYMBOL, 10)
    check_book(book)
    assert book["nonce"] > 0
    assert len(book["bids"]) <= 10 and len(book["asks"]) <= 10
    ticker = (await reader.fetch_bids_asks([SYMBOL]))[SYMBOL]
    assert 0 < ticker["bid"] < ticker["ask"]
    trades = await reader.fetch_trades(
        SYMBOL, limit=5, params={"fetchTradesMethod": "publicGetTrades"})
    ids = [int(trade["id"]) for trade in trades]
    assert ids == sorted(set(ids)) and len(ids) <= 5
    headers = {name.lower(): value for name, value in reader.last_response_headers.items()}
    assert int(headers["x-mbx-used-weight-1m"]) > 0


async def test_streamed_book(reader, within):
    nonces = []
    for _ in range(8):
        book = await within(reader.watch_order_book(SYMBOL))
        check_book(book)
        nonces.append(book["nonce"])
    # The first result is the snapshot; ccxt raises ChecksumError on any gap after it.
    assert nonces == sorted(set(nonces))


async def test_own_order_is_a_level_of_the_streamed_book(reader, trader, within, client_id):
    # ccxt keeps the best `limit` levels of a side, 1000 where nobody asks for more, and the
    # market alone can have that many.
    async def watched():
        return await reader.watch_order_book(SYMBOL, 5000)

    async def amount_becomes(price, amount):
        while True:
            book = await watched()
            check_book(book)
            if dict(map(tuple, book["bids"])).get(price) == amount:
                return

    price, name = await far_below(trader, 0.93), client_id("level")
    await within(watched())
    order = await trader.create_order(
        SYMBOL, "limit", "buy", 0.00137, price, {"clientOrderId": name})
    await within(amount_becomes(price, 0.00137))
    await amend(trader, order["id"], "0.00111")
    await within(amount_becomes(price, 0.00111))
    await trader.cancel_order(order["id"], SYMBOL)
    await within(amount_becomes(price, None))


async def test_streamed_trades_and_touch(reader, within):
    seen = []
    while len(seen) < 4:
        seen += await within(reader.watch_trades(SYMBOL))
    ids = [int(trade["id"]) for trade in seen]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "trade ids of a symbol have no gap"
    assert all(t["price"] > 0 and t["amount"] > 0 and t["side"] in ("buy", "sell") for t in seen)
    last = 0
    for _ in range(5):
        ticker = (await within(reader.watch_bids_asks([SYMBOL])))[SYMBOL]
        assert 0 < ticker["bid"] < ticker["ask"]
        assert ticker["bidVolume"] > 0 and ticker["askVolume"] > 0
        assert ticker["info"]["u"] > last
        last = ticker["info"]["u"]


async def test_streamed_candles_and_day_statistics(reader, within):
    [candle, *_] = await within(reader.watch_ohlcv(SYMBOL, "1m"))
    _, opened, high, low, closed, volume = candle
    assert low <= min(opened, closed) <= max(opened, closed) <= high and volume > 0
    day = await within(reader.watch_ticker(SYMBOL))
    assert 0 < day["low"] <= day["last"] <= day["high"]
    asked = await reader.fetch_ticker(SYMBOL)
    assert asked["bid"] < asked["ask"] and asked["quoteVolume"] > 0
    assert len(await reader.fetch_ohlcv(SYMBOL, "1m", limit=1)) == 1


async def test_aggregated_trades_have_one_numbering(reader, within):
    streamed = await within(reader.watch_trades(SYMBOL, params={"name": "aggTrade"}))
    asked = await reader.fetch_trades(SYMBOL, limit=100)
    assert streamed[-1]["info"]["a"] in {trade["info"]["a"] for trade in asked}


async def test_unsubscribing(reader, within):
    await within(reader.watch_trades(SYMBOL))
    assert await within(reader.un_watch_trades(SYMBOL)) is True
    assert await within(reader.watch_trades(SYMBOL)), "and it can be taken up again"


# ---- orders


async def amend(venue, order_id, quantity):
    """Reduces an order in place; ccxt signs and sends it, but has no method of its own for it."""
    return await venue.request("order/amend/keepPriority", ["private"], "PUT", {
        "symbol": "BTCUSDT", "orderId": order_id, "newQty": quantity,
    })


async def test_order_life_by_rest_is_told_in_the_user_stream(trader, later, client_id):
    await trader.authenticate()
    name, price = client_id("life"), await far_below(trader)

    def watch():
        return trader.watch_orders(SYMBOL)

    # Place.
    told = later(watch, lambda o: o["clientOrderId"] == name)
    locks = approx(price * 0.002, rel=1e-12)
    locked = later(trader.watch_balance, lambda b: b["USDT"]["used"] == locks)
    placed = await trader.create_order(
        SYMBOL, "limit", "buy", 0.002, price, {"clientOrderId": name, "postOnly": True})
    report = await told
    assert (placed["status"], placed["clientOrderId"], placed["filled"]) == ("open", name, 0)
    assert (report["id"], report["status"]) == (placed["id"], "open")
    assert (report["price"], report["amount"], report["filled"]) == (price, 0.002, 0)
    assert (report["info"]["x"], report["info"]["o"]) == ("NEW", "LIMIT_MAKER")
    await locked
    assert (await trader.fetch_balance())["USDT"]["used"] == locks

    # Query.
    standing = await trader.fetch_open_orders(SYMBOL)
    assert [(o["id"], o["clientOrderId"]) for o in standing] == [(placed["id"], name)]
    asked = await trader.fetch_order(None, SYMBOL, {"origClientOrderId": name})
    assert (asked["id"], asked["status"], asked["amount"]) == (placed["id"], "open", 0.002)

    # Amend in place: same order, same priority, less of it.
    told = later(watch, lambda o: o["info"]["x"] == "REPLACED")
    answer = await amend(trader, placed["id"], "0.00150000")
    report = await told
    assert Decimal(answer["amendedOrder"]["qty"]) == Decimal("0.0015")
    assert (report["id"], report["status"], report["amount"]) == (placed["id"], "open", 0.0015)
    [standing] = await trader.fetch_open_orders(SYMBOL)
    assert (standing["id"], standing["amount"]) == (placed["id"], 0.0015)
    with pytest.raises(errors.ExchangeError):
        await amend(trader, placed["id"], "0.00300000")

    # Edit: one cancel-replace.
    old, name = placed["id"], client_id("edit")
    gone = later(watch, lambda o: o["id"] == old and o["status"] == "canceled")
    told = later(watch, lambda o: o["clientOrderId"] == name)
    lower = float(trader.price_to_precision(SYMBOL, price - 1))
    edited = await trader.edit_order(
        old, SYMBOL, "limit", "buy", 0.0012, lower, {"newClientOrderId": name})
    assert edited["id"] != old and edited["status"] == "open"
    assert (await gone)["info"]["x"] == "CANCELED"
    report = await told
    assert (report["id"], report["price"], report["amount"]) == (edited["id"], lower, 0.0012)

    # Cancel.
    gone = later(watch, lambda o: o["id"] == edited["id"] and o["status"] == "canceled")
    freed = later(trader.watch_balance, lambda b: b["USDT"]["used"] == 0)
    canceled = await trader.cancel_order(edited["id"], SYMBOL)
    report = await gone
    assert canceled["status"] == "canceled"
    assert (report["info"]["x"], report["info"]["C"]) == ("CANCELED", name)
    assert report["clientOrderId"] == name and report["filled"] == 0
    await freed
    assert await trader.fetch_open_orders(SYMBOL) == []
    assert (await trader.fetch_order(edited["id"], SYMBOL))["status"] == "canceled"


async def test_order_life_by_websocket_api(trader, later, within, client_id):
    await trader.authenticate()
    name, price = client_id("socket"), await far_below(trader)

    def watch():
        return trader.watch_orders(SYMBOL)

    told = later(watch, lambda o: o["clientOrderId"] == name)
    placed = await within(trader.create_order_ws(
        SYMBOL, "limit", "buy", 0.002, price, {"clientOrderId": name}))
    assert (placed["status"], placed["clientOrderId"]) == ("open", name)
    assert (await told)["id"] == placed["id"]

    asked = await within(trader.fetch_order_ws(placed["id"], SYMBOL))
    assert (asked["clientOrderId"], asked["price"]) == (name, price)
    standing = await within(trader.fetch_open_orders_ws(SYMBOL))
    assert [o["id"] for o in standing] == [placed["id"]]

    gone = later(watch, lambda o: o["id"] == placed["id"] and o["status"] == "canceled")
    edited = await within(trader.edit_order_ws(
        placed["id"], SYMBOL, "limit", "buy", 0.001, price, {}))
    assert edited["id"] != placed["id"] and edited["amount"] == 0.001
    assert (await gone)["clientOrderId"] == name

    gone = later(watch, lambda o: o["id"] == edited["id"] and o["status"] == "canceled")
    canceled = await within(trader.cancel_order_ws(edited["id"], SYMBOL))
    assert (canceled["id"], canceled["status"]) == (edited["id"], "canceled")
    await gone
    for part in (0.94, 0.92):
        await within(trader.create_order_ws(
            SYMBOL, "limit", "buy", 0.001, await far_below(trader, part)))
    swept = await within(trader.cancel_all_orders_ws(SYMBOL))
    assert [o["status"] for o in swept] == ["canceled", "canceled"]
    assert await within(trader.fetch_open_orders_ws(SYMBOL)) == []


async def test_stop_limits_wait_wake_and_are_cancelled(trader, later, client_id):
    """A stop below the market and a take-profit above it, both at a limit that nobody meets."""
    await trader.authenticate()
    bid, reports = await far_below(trader, 1), {}
    price = float(trader.price_to_precision(SYMBOL, bid * 1.05))

    def watch():
        return trader.watch_orders(SYMBOL)

    def is_told(name):
        return later(watch, lambda o: o["clientOrderId"] == name)

    # They wait: told, listed, and their money locked.
    placed = {}
    with pytest.raises(errors.OrderImmediatelyFillable):
        await trader.create_order(
            SYMBOL, "limit", "sell", 0.002, price, {"stopLossPrice": bid * 1.01})
    kinds = (("STOP_LOSS_LIMIT", "stopLossPrice", -1), ("TAKE_PROFIT_LIMIT", "takeProfitPrice", 1))
    for kind, key, sign in kinds:
        name = client_id("stop")
        at = float(trader.price_to_precision(SYMBOL, bid * (1 + sign * 0.03)))
        told = is_told(name)
        order = await trader.create_order(
            SYMBOL, "limit", "sell", 0.002, price, {key: at, "clientOrderId": name})
        placed[order["id"]] = (name, kind, at)
        assert (order["status"], order["triggerPrice"], order["price"]) == ("open", at, price)
        report = await told
        assert (report["id"], report["status"]) == (order["id"], "open")
        reports[order["id"]] = report["info"]
    for id, (_, kind, at) in placed.items():
        told = reports[id]
        assert (told["x"], told["o"], told["w"], float(told["P"])) == ("NEW", kind, False, at)
    standing = await trader.fetch_open_orders(SYMBOL)
    assert {o["id"]: (o["clientOrderId"], o["info"]["type"], o["triggerPrice"])
            for o in standing} == placed
    assert (await trader.fetch_balance())["BTC"]["used"] == 0.004

    # The price comes to one that is near it: it rests at its limit, under the ids that it had.
    near = {}
    woken = later(watch, lambda o: o["clientOrderId"] in near and o["info"]["w"])
    for kind, key, sign in kinds:
        for _ in range(20):
            name, bid = client_id("near"), await far_below(trader, 1)
            at = float(trader.price_to_precision(SYMBOL, bid * (1 + sign * 0.0001)))
            near[name] = (kind, at)
            try:
                order = await trader.create_order(
                    SYMBOL, "limit", "sell", 0.002, price, {key: at, "clientOrderId": name})
            except errors.OrderImmediatelyFillable:
                # The price was there first.
                continue
            placed[order["id"]] = (name, kind, at)
            break
    report = await woken
    kind, at = near[report["clientOrderId"]]
    told = report["info"]
    assert report["status"] == "open"
    assert (told["x"], told["o"], float(told["P"])) == ("NEW", kind, at)
    asked = await trader.fetch_order(report["id"], SYMBOL)
    assert (asked["clientOrderId"], asked["info"]["isWorking"]) == (report["clientOrderId"], True)

    # All are cancelled alike, and one that can only have waited.
    waits = await trader.create_order(
        SYMBOL, "limit", "sell", 0.002, price, {"triggerPrice": await far_below(trader)})
    for id in (*placed, waits["id"]):
        gone = later(watch, lambda o, id=id: o["id"] == id and o["status"] == "canceled")
        assert (await trader.cancel_order(id, SYMBOL))["status"] == "canceled"
        assert (await gone)["info"]["x"] == "CANCELED"
    assert (await trader.fetch_balance())["BTC"]["used"] == 0


async def take(venue, side, amount, later, name):
    """Sends a marketable IOC and checks answer, stream, trade list and balances to the unit."""
    await venue.authenticate()
    before = await holdings(venue)
    book = await venue.fetch_order_book(SYMBOL, 5)
    limit = book["asks"][0][0] * 1.01 if side == "buy" else book["bids"][0][0] * 0.99
    closed = later(lambda: venue.watch_orders(SYMBOL),
                   lambda o: o["clientOrderId"] == name and o["status"] == "closed")
    first_fill = later(lambda: venue.watch_my_trades(SYMBOL), lambda t: t["side"] == side)
    order = await venue.create_order(
        SYMBOL, "limit", side, amount, float(venue.price_to_precision(SYMBOL, limit)),
        {"clientOrderId": name, "timeInForce": "IOC"})
    assert (order["status"], order["filled"], order["remaining"]) == ("closed", amount, 0)

    fills = order["info"]["fills"]
    assert fills and sum(Decimal(f["qty"]) for f in fills) == Decimal(str(amount))
    assert all(Decimal(f["commission"]) > 0 for f in fills)
    for trade in order["trades"]:
        assert trade["fee"]["cost"] > 0 and trade["fee"]["currency"] in before

    change = defaultdict(Decimal)
    sign = 1 if side == "buy" else -1
    for fill in fills:
        change["BTC"] += sign * Decimal(fill["qty"])
        change["USDT"] -= sign * Decimal(fill["price"]) * Decimal(fill["qty"])
        change[fill["commissionAsset"]] -= Decimal(fill["commission"])
    after = await holdings(venue)
    assert {a: after[a] - before[a] for a in after if after[a] != before[a]} == change

    report, fill = await closed, await first_fill
    assert report["id"] == order["id"] and report["filled"] == amount
    assert fill["order"] == order["id"] and fill["takerOrMaker"] == "taker"
    assert fill["fee"]["cost"] > 0
    listed = await venue.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert [int(t["id"]) for t in listed] == [int(f["tradeId"]) for f in fills]
    assert sum(Decimal(t["info"]["commission"]) for t in listed) == sum(
        Decimal(f["commission"]) for f in fills)
    return order


async def test_marketable_ioc_trades_with_fee(trader, later, client_id):
    bought = await take(trader, "buy", 0.003, later, client_id("ioc"))
    sold = await take(trader, "sell", 0.003, later, client_id("ioc"))
    assert int(sold["id"]) > int(bought["id"])
    [fill, *_] = bought["info"]["fills"]
    rates = (await trader.privateGetAccountCommission({"symbol": "BTCUSDT"}))["standardCommission"]
    if fill["commissionAsset"] == "BTC":
        due = Decimal(fill["qty"]) * Decimal(rates["taker"])
        assert abs(Decimal(fill["commission"]) - due) <= Decimal("0.00000001")


async def test_resting_order_is_filled_as_maker(trader, within, client_id):
    """Joins the best ask, as often as it takes until somebody buys from us."""
    await trader.authenticate()
    for _ in range(5):
        ask = (await trader.fetch_order_book(SYMBOL, 5))["asks"][0][0]
        waiting = asyncio.create_task(trader.watch_my_trades(SYMBOL))
        try:
            order = await trader.create_order(
                SYMBOL, "limit", "sell", 0.0005, ask, {"postOnly": True})
            [fill, *_] = await asyncio.wait_for(waiting, 4)
            break
        except (asyncio.TimeoutError, errors.OrderImmediatelyFillable):
            waiting.cancel()
            try:
                await trader.cancel_all_orders(SYMBOL)
            except errors.OrderNotFound:
                pass
    else:
        pytest.fail("nobody bought at the best ask in five tries of four seconds")
    assert (fill["order"], fill["takerOrMaker"]) == (order["id"], "maker")
    assert (fill["side"], fill["price"]) == ("sell", ask)
    assert fill["fee"]["cost"] > 0
    [listed, *_] = await trader.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert (listed["id"], listed["takerOrMaker"]) == (fill["id"], "maker")
    assert listed["fee"]["cost"] == fill["fee"]["cost"]


async def test_market_order_by_cost(trader):
    order = await trader.create_market_order_with_cost(SYMBOL, "buy", 100)
    assert order["status"] in ("closed", "expired") and 95 < order["cost"] <= 100
    await trader.create_order(SYMBOL, "market", "sell", order["filled"])


async def test_market_order_by_quantity(trader):
    order = await trader.create_order(SYMBOL, "market", "buy", 0.002)
    assert (order["status"], order["filled"], order["type"]) == ("closed", 0.002, "market")
    back = await trader.create_order(SYMBOL, "market", "sell", 0.002)
    assert back["average"] == approx(order["average"], rel=0.02)


async def test_ioc_away_from_the_market_expires(trader, client_id):
    order = await trader.create_order(
        SYMBOL, "limit", "buy", 0.002, await far_below(trader), {"timeInForce": "IOC"})
    assert (order["status"], order["filled"], order["info"]["status"]) == (
        "expired", 0, "EXPIRED")
    assert await trader.fetch_open_orders(SYMBOL) == []


# ---- refusals, each as the library's own class


async def test_wrong_secret(url, socket_url, keys, kind, within):
    venue = client(url, socket_url, keys[kind].with_wrong_secret())
    try:
        with pytest.raises(errors.AuthenticationError, match="-1022"):
            await venue.fetch_balance()
        with pytest.raises(errors.AuthenticationError, match="-1022"):
            await venue.create_order(SYMBOL, "limit", "buy", 0.002, 1000)
        with pytest.raises(errors.AuthenticationError, match="-1022"):
            await within(venue.create_order_ws(SYMBOL, "limit", "buy", 0.002, 1000))
        # ccxt trips over its own clean-up after this refusal, so the class is one level down.
        with pytest.raises((errors.AuthenticationError, KeyError)) as refused:
            await within(venue.watch_orders(SYMBOL))
        cause = refused.value.__context__ if refused.type is KeyError else refused.value
        assert isinstance(cause, errors.AuthenticationError) and "-1022" in str(cause)
    finally:
        await venue.close()


async def test_unknown_key(url, socket_url, keys):
    venue = client(url, socket_url, dataclasses.replace(keys["hmac"], name="A" * 64))
    try:
        with pytest.raises(errors.AuthenticationError, match="-2015|-2008"):
            await venue.fetch_balance()
    finally:
        await venue.close()


async def test_timestamps_outside_the_window(trader):
    trader.options["timeDifference"] = 60_000
    with pytest.raises(errors.InvalidNonce):
        await trader.fetch_balance()
    trader.options["timeDifference"] = -60_000
    with pytest.raises(errors.InvalidNonce):
        await trader.fetch_balance()
    trader.options["timeDifference"] = 0
    await trader.fetch_balance()


async def test_refused_orders(trader, within, client_id):
    price, name = await far_below(trader), client_id("refused")
    ask = (await trader.fetch_order_book(SYMBOL, 5))["asks"][0][0]
    over = float(trader.price_to_precision(SYMBOL, ask * 1.01))
    for create in (trader.create_order, trader.create_order_ws):
        with pytest.raises(errors.OrderImmediatelyFillable):
            await within(create(SYMBOL, "limit", "buy", 0.002, over, {"postOnly": True}))
        free = (await trader.fetch_balance())["BTC"]["free"]
        with pytest.raises(errors.InsufficientFunds):
            await within(create(SYMBOL, "limit", "sell", free + 1, over))
    await trader.create_order(SYMBOL, "limit", "buy", 0.002, price, {"clientOrderId": name})
    with pytest.raises(errors.InvalidOrder, match="Duplicate order sent"):
        await trader.create_order(SYMBOL, "limit", "buy", 0.002, price, {"clientOrderId": name})
    assert [o["clientOrderId"] for o in await trader.fetch_open_orders(SYMBOL)] == [name]


async def test_half_done_cancel_replace(trader):
    """The old order is gone and the new one refused: told as such, and so it is."""
    order = await trader.create_order(SYMBOL, "limit", "buy", 0.002, await far_below(trader))
    ask = (await trader.fetch_order_book(SYMBOL, 5))["asks"][0][0]
    over = float(trader.price_to_precision(SYMBOL, ask * 1.01))
    with pytest.raises(errors.ExchangeError, match="-2021.*would immediately match"):
        await trader.edit_order(
            order["id"], SYMBOL, "limit", "buy", 0.002, over, {"postOnly": True})
    assert await trader.fetch_open_orders(SYMBOL) == []
    assert (await trader.fetch_order(order["id"], SYMBOL))["status"] == "canceled"


async def test_filters(trader):
    price = Decimal(str(await far_below(trader)))
    raw = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
           "quantity": "0.002", "price": str(price)}
    with pytest.raises(errors.InvalidOrder, match="PRICE_FILTER|price is invalid"):
        await trader.privatePostOrder({**raw, "price": str(price + Decimal("0.001"))})
    with pytest.raises(errors.InvalidOrder, match="LOT_SIZE|lot size"):
        await trader.privatePostOrder({**raw, "quantity": "0.0020005"})
    with pytest.raises(errors.BadRequest, match="-1111"):
        await trader.privatePostOrder({**raw, "quantity": "0.0020000001"})
    with pytest.raises(errors.ExchangeError, match="NOTIONAL"):
        await trader.privatePostOrder({**raw, "quantity": "0.00001"})
    with pytest.raises(errors.BadSymbol):
        await trader.privatePostOrder({**raw, "symbol": "NOPENOPE"})
    with pytest.raises(errors.BadRequest):
        await trader.privatePostOrder({k: v for k, v in raw.items() if k != "side"})
    assert await trader.fetch_open_orders(SYMBOL) == []


async def test_unknown_orders(trader, within):
    with pytest.raises(errors.OrderNotFound, match="-2011"):
        await trader.cancel_order("999999999999", SYMBOL)
    with pytest.raises(errors.OrderNotFound, match="-2013"):
        await trader.fetch_order("999999999999", SYMBOL)
    with pytest.raises(errors.OrderNotFound):
        await within(trader.cancel_order_ws("999999999999", SYMBOL))
    with pytest.raises(errors.ExchangeError, match="-2022"):
        await trader.edit_order(
            "999999999999", SYMBOL, "limit", "buy", 0.002, await far_below(trader))


async def test_a_trailing_stop_waits(trader):
    price = await far_below(trader, 0.8)
    placed = await trader.create_order(
        SYMBOL, "limit", "sell", 0.002, price,
        {"trailingPercent": 20, "stopLossOrTakeProfit": "stopLoss"})
    assert placed["status"] == "open"
    assert placed["info"]["trailingDelta"] in (2000, "2000")
    [standing] = await trader.fetch_open_orders(SYMBOL)
    assert standing["id"] == placed["id"]
    assert (await trader.cancel_order(placed["id"], SYMBOL))["status"] == "canceled"
