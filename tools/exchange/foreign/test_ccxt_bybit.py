"""ccxt, and its WebSocket half ccxt.pro, trade on the simulated exchange as on Bybit v5.

The library is as published; set are the exchange's address and, as ccxt documents them, the
markets to load. Every other address it knows points to a closed port.
"""

import asyncio
import json

import ccxt.pro
import pytest
import pytest_asyncio
from ccxt.base import errors
from conftest import first

SPOT = "BTC/USDT"
PERP = "BTC/USDT:USDT"
NOWHERE = "http://127.0.0.1:1"


def client(url, key=None):
    """A ccxt client of the exchange at `url`."""
    socket = "ws" + url.removeprefix("http")
    venue = ccxt.pro.bybit({
        "apiKey": key[0] if key else "",
        "secret": key[1] if key else "",
        "enableRateLimit": False,
        "options": {"fetchMarkets": {"types": ["spot", "linear"]}, "enableUnifiedAccount": True},
    })
    for name, address in venue.urls["api"].items():
        venue.urls["api"][name] = url if isinstance(address, str) else address
    venue.urls["api"]["ws"] = {
        "public": {"spot": f"{socket}/v5/public/spot", "linear": f"{socket}/v5/public/linear"},
        "private": {
            "spot": {"unified": f"{socket}/v5/private", "nonUnified": NOWHERE},
            "contract": f"{socket}/v5/private",
            "usdc": NOWHERE,
            "trade": f"{socket}/v5/trade",
        },
    }
    return venue


@pytest.fixture(scope="session")
def bybit_key(world_ledger):
    fields = json.loads((world_ledger / "bybit" / "demo-hmac.key").read_text())
    return first(fields, "api_key"), first(fields, "secret")


@pytest_asyncio.fixture
async def reader(world_url):
    venue = client(world_url)
    await venue.load_markets()
    yield venue
    await venue.close()


@pytest_asyncio.fixture
async def trader(world_url, bybit_key):
    """A client that leaves no order behind."""
    venue = client(world_url, bybit_key)
    await venue.load_markets()
    yield venue
    for symbol in (SPOT, PERP):
        await venue.cancel_all_orders(symbol)
    await venue.close()


@pytest.fixture(params=[SPOT, PERP])
def symbol(request):
    return request.param


async def far_below(venue, symbol, part=0.95):
    """A price so far below the best bid that nobody sells there."""
    bid = (await venue.fetch_order_book(symbol, 5))["bids"][0][0]
    return float(venue.price_to_precision(symbol, bid * part))


def check_book(book):
    """Both sides are there, sorted from the touch outward, and not crossed."""
    bids, asks = [row[0] for row in book["bids"]], [row[0] for row in book["asks"]]
    assert bids and asks
    assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
    assert bids[0] < asks[0]


# ---- market data


async def test_metadata(reader):
    spot, perp = reader.market(SPOT), reader.market(PERP)
    assert spot["spot"] and perp["swap"] and perp["linear"]
    assert (spot["precision"]["price"], perp["precision"]["price"]) == (0.01, 0.1)
    assert (spot["precision"]["amount"], perp["precision"]["amount"]) == (0.000001, 0.001)
    assert perp["limits"]["leverage"]["max"] >= 5
    assert await reader.fetch_time() > 1_600_000_000_000


async def test_rest_market_data(reader, symbol):
    check_book(await reader.fetch_order_book(symbol, 10))
    ticker = await reader.fetch_ticker(symbol)
    assert 0 < ticker["bid"] < ticker["ask"]
    trades = await reader.fetch_trades(symbol, limit=5)
    assert 0 < len(trades) <= 5
    assert await reader.fetch_ohlcv(symbol, "1m")


async def test_funding(reader):
    rate = await reader.fetch_funding_rate(PERP)
    assert rate["markPrice"] > 0 and rate["indexPrice"] > 0
    assert abs(rate["fundingRate"]) < 0.01


async def test_streamed_market_data(reader, symbol, within):
    for _ in range(8):
        check_book(await within(reader.watch_order_book(symbol, 50)))
    trades = await within(reader.watch_trades(symbol))
    assert trades[0]["side"] in ("buy", "sell") and trades[0]["amount"] > 0
    ticker = await within(reader.watch_ticker(symbol))
    assert ticker["last"] > 0


# ---- orders


async def test_an_order_lives_and_dies(trader, symbol, client_id):
    price = await far_below(trader, symbol)
    name = client_id("life")
    placed = await trader.create_order(
        symbol, "limit", "buy", 0.01, price, {"clientOrderId": name, "postOnly": True})
    order = await trader.fetch_open_order(placed["id"], symbol)
    assert (order["clientOrderId"], order["status"]) == (name, "open")
    assert order["timeInForce"] == "PO" and order["price"] == price
    lower = float(trader.price_to_precision(symbol, price * 0.99))
    await trader.edit_order(placed["id"], symbol, "limit", "buy", 0.02, lower)
    orders = await trader.fetch_open_orders(symbol)
    changed = next(one for one in orders if one["id"] == placed["id"])
    assert (changed["amount"], changed["price"]) == (0.02, lower)
    await trader.cancel_order(placed["id"], symbol)
    with pytest.raises(errors.OrderNotFound):
        await trader.cancel_order(placed["id"], symbol)
    gone = await trader.fetch_canceled_orders(symbol)
    assert placed["id"] in [one["id"] for one in gone]


async def test_a_taker_is_filled_and_finds_its_trade(trader, symbol):
    if symbol == SPOT:
        ask = (await trader.fetch_order_book(symbol, 5))["asks"][0][0]
        price = float(trader.price_to_precision(symbol, ask * 1.01))
        placed = await trader.create_order(
            symbol, "limit", "buy", 0.01, price, {"timeInForce": "IOC"})
    else:
        placed = await trader.create_order(symbol, "market", "buy", 0.01)
    trades = await trader.fetch_my_trades(symbol, params={"orderId": placed["id"]})
    assert trades and {one["order"] for one in trades} == {placed["id"]}
    assert sum(one["amount"] for one in trades) == pytest.approx(0.01)
    assert all(one["takerOrMaker"] == "taker" and one["fee"]["cost"] > 0 for one in trades)


async def test_balance_and_positions(trader):
    balance = await trader.fetch_balance()
    assert balance["USDT"]["total"] > 0 and balance["BTC"]["total"] > 0
    await trader.create_order(PERP, "market", "buy", 0.02)
    positions = await trader.fetch_positions([PERP])
    held = positions[0]
    assert held["side"] == "long" and held["contracts"] >= 0.02
    assert held["entryPrice"] > 0 and held["markPrice"] > 0
    await trader.create_order(PERP, "market", "sell", held["contracts"], None, {"reduceOnly": True})
    left = await trader.fetch_positions([PERP])
    assert sum(one["contracts"] or 0 for one in left) == 0
    with pytest.raises(errors.ExchangeError):
        await trader.create_order(PERP, "market", "sell", 0.01, None, {"reduceOnly": True})
    await trader.set_leverage(7, PERP)
    with pytest.raises(errors.ExchangeError):
        await trader.set_leverage(7, PERP)
    await trader.set_leverage(5, PERP)


async def test_errors_are_understood(trader, world_url, bybit_key):
    price = await far_below(trader, PERP)
    with pytest.raises(errors.InsufficientFunds):
        await trader.create_order(PERP, "limit", "buy", 140, price)
        await trader.create_order(PERP, "limit", "buy", 145, price)
        await trader.create_order(PERP, "limit", "buy", 145, price)
    forger = client(world_url, (bybit_key[0], "wrong"))
    with pytest.raises(errors.AuthenticationError):
        await forger.fetch_balance()
    await forger.close()


async def test_orders_are_streamed(trader, symbol, within):
    price = await far_below(trader, symbol)
    watching = asyncio.create_task(within(trader.watch_orders(symbol)))
    # Until the subscription stands, orders are not told; the venue takes ten a second.
    while not watching.done():
        placed = await trader.create_order(symbol, "limit", "buy", 0.01, price)
        await trader.cancel_order(placed["id"], symbol)
        await asyncio.wait([watching], timeout=0.3)
    seen = watching.result()
    assert seen[0]["symbol"] == symbol and seen[0]["status"] in ("open", "canceled")


async def test_orders_that_wait(trader, symbol):
    """A conditional order, and one with a take-profit and a stop-loss attached."""
    price = await far_below(trader, symbol)
    lower = await far_below(trader, symbol, 0.9)
    falling = {} if symbol == SPOT else {"triggerDirection": "below"}
    waits = await trader.create_order(
        symbol, "limit", "sell", 0.01, lower, {"triggerPrice": price, **falling})
    waiting = await trader.fetch_open_orders(symbol, params={"trigger": True})
    assert waits["id"] in [one["id"] for one in waiting]
    await trader.cancel_order(waits["id"], symbol, {"trigger": True})
    placed = await trader.create_order(
        symbol, "limit", "buy", 0.01, price,
        {"takeProfit": {"triggerPrice": float(round(price * 1.2))},
         "stopLoss": {"triggerPrice": float(round(price * 0.9))}})
    order = await trader.fetch_open_order(placed["id"], symbol)
    assert float(order["info"]["takeProfit"]) == round(price * 1.2)
    assert float(order["info"]["stopLoss"]) == round(price * 0.9)
    await trader.cancel_order(placed["id"], symbol)
