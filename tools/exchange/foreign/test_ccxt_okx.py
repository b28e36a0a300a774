"""ccxt, and its WebSocket half ccxt.pro, trade on the simulated exchange as on OKX.

The library is as published; set is the exchange's address alone. Spot and swap are traded on one
account, sizes of swaps in contracts.
"""

import asyncio
import json

import ccxt.pro
import pytest
import pytest_asyncio
from ccxt.base import errors
from pytest import approx

SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"


def client(world_url, key=None):
    """A ccxt client of the OKX that listens at `world_url`."""
    venue = ccxt.pro.okx({
        "apiKey": key["api_key"] if key else "",
        "secret": key["secret"] if key else "",
        "password": key["passphrase"] if key else "",
        "enableRateLimit": False,
    })
    venue.urls["api"]["rest"] = world_url
    venue.urls["api"]["ws"] = "ws" + world_url.removeprefix("http") + "/ws/v5"
    return venue


@pytest.fixture(scope="session")
def okx_key(world_ledger):
    return json.loads((world_ledger / "okx" / "demo-hmac.key").read_text())


@pytest_asyncio.fixture
async def reader(world_url):
    """A client without a key."""
    venue = client(world_url)
    await venue.load_markets()
    yield venue
    await venue.close()


# Markets and currencies by the venue's address: it lets nobody ask for currencies often.
KNOWN = {}


@pytest_asyncio.fixture
async def trader(world_url, okx_key):
    """A client with the demo key that leaves no order behind."""
    venue = client(world_url, okx_key)
    if world_url in KNOWN:
        venue.set_markets(*KNOWN[world_url])
    else:
        await venue.load_markets()
        KNOWN[world_url] = (venue.markets, venue.currencies)
    yield venue
    for order in await venue.fetch_open_orders():
        await venue.cancel_order(order["id"], order["symbol"])
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


async def far_below(venue, symbol, part=0.95):
    """A price on the grid, so far below the best bid that nobody sells there."""
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
    spot, swap = reader.market(SPOT), reader.market(SWAP)
    assert spot["spot"] and spot["active"] and spot["id"] == "BTC-USDT"
    assert swap["swap"] and swap["linear"] and swap["settle"] == "USDT"
    assert swap["contractSize"] == 0.01 and swap["precision"]["amount"] == 0.01
    assert swap["precision"]["price"] == spot["precision"]["price"] == 0.1
    assert await reader.fetch_time() > 1_600_000_000_000


@pytest.mark.parametrize("symbol", [SPOT, SWAP])
async def test_rest_market_data(reader, symbol):
    book = await reader.fetch_order_book(symbol, 10)
    check_book(book)
    assert len(book["bids"]) <= 10
    ticker = await reader.fetch_ticker(symbol)
    assert 0 < ticker["bid"] < ticker["ask"]
    ids = [int(trade["id"]) for trade in await reader.fetch_trades(symbol, limit=5)]
    assert ids == sorted(set(ids)) and len(ids) <= 5
    assert symbol in await reader.fetch_tickers([symbol])


async def test_swap_reference_data(reader):
    rate = await reader.fetch_funding_rate(SWAP)
    assert abs(rate["fundingRate"]) < 0.01 and rate["fundingTimestamp"] > 0
    assert (await reader.fetch_mark_price(SWAP))["markPrice"] > 0
    assert (await reader.fetch_open_interest(SWAP))["openInterestAmount"] >= 0
    tiers = await reader.fetch_market_leverage_tiers(SWAP)
    assert tiers[0]["maxLeverage"] > 1


@pytest.mark.parametrize("symbol", [SPOT, SWAP])
async def test_streamed_book(reader, within, symbol):
    nonces = []
    for _ in range(8):
        book = await within(reader.watch_order_book(symbol))
        check_book(book)
        nonces.append(book["nonce"])
    # The first is the snapshot; ccxt raises InvalidNonce on any gap after it.
    assert nonces == sorted(set(nonces))


async def test_streamed_trades_tickers_and_best_prices(reader, within):
    assert (await within(reader.watch_trades(SWAP)))[0]["price"] > 0
    ticker = await within(reader.watch_ticker(SPOT))
    assert 0 < ticker["bid"] < ticker["ask"]
    best = (await within(reader.watch_bids_asks([SWAP])))[SWAP]
    assert 0 < best["bid"] < best["ask"]
    assert (await within(reader.watch_mark_price(SWAP)))["markPrice"] > 0
    assert (await within(reader.watch_funding_rate(SWAP)))["symbol"] == SWAP


# ---- orders


@pytest.mark.parametrize("symbol,amount", [(SPOT, 0.01), (SWAP, 2)])
async def test_order_life(trader, symbol, amount):
    price = await far_below(trader, symbol)
    client_id = f"life{amount}".replace(".", "p")
    placed = await trader.create_order(
        symbol, "limit", "buy", amount, price, {"clientOrderId": client_id, "postOnly": True})
    order = await trader.fetch_order(placed["id"], symbol)
    assert (order["status"], order["price"], order["amount"]) == ("open", price, amount)
    assert order["clientOrderId"] == client_id and order["postOnly"]
    assert placed["id"] in [one["id"] for one in await trader.fetch_open_orders(symbol)]
    lower = float(trader.price_to_precision(symbol, price * 0.99))
    await trader.edit_order(placed["id"], symbol, "limit", "buy", amount / 2, lower)
    order = await trader.fetch_order(placed["id"], symbol)
    assert (order["price"], order["amount"]) == (lower, approx(amount / 2))
    await trader.cancel_order(placed["id"], symbol)
    assert (await trader.fetch_order(placed["id"], symbol))["status"] == "canceled"
    with pytest.raises(errors.BaseError):
        await trader.cancel_order(placed["id"], symbol)
    ended = await trader.fetch_canceled_orders(symbol)
    assert placed["id"] in [one["id"] for one in ended]


async def test_batches(trader):
    price = await far_below(trader, SWAP)
    orders = [{"symbol": SWAP, "type": "limit", "side": "buy", "amount": 1, "price": price}] * 3
    placed = await trader.create_orders(orders)
    ids = [order["id"] for order in placed]
    assert len(set(ids)) == 3
    await trader.cancel_orders(ids, SWAP)
    assert not await trader.fetch_open_orders(SWAP)


async def test_waiting_orders(trader):
    price = await far_below(trader, SWAP)
    placed = await trader.create_order(
        SWAP, "limit", "sell", 1, price, {"triggerPrice": price})
    waiting = await trader.fetch_open_orders(SWAP, params={"trigger": True})
    assert placed["id"] in [order["id"] for order in waiting]
    await trader.cancel_order(placed["id"], SWAP, {"trigger": True})
    assert not await trader.fetch_open_orders(SWAP, params={"trigger": True})


async def test_pairs_and_trailing_stops(trader):
    price = await far_below(trader, SWAP)
    pair = await trader.create_order(
        SWAP, "oco", "sell", 1, None,
        {"stopLossPrice": price, "takeProfitPrice": float(round(price * 1.2))})
    trail = await trader.create_order(
        SWAP, "market", "sell", 1, None, {"trailingPercent": 10})
    for order, kind in ((pair, "oco"), (trail, "move_order_stop")):
        waiting = await trader.fetch_open_orders(SWAP, params={"trigger": True, "ordType": kind})
        assert [one["id"] for one in waiting] == [order["id"]]
        await trader.cancel_order(order["id"], SWAP, {"trigger": True})


async def test_what_is_attached_is_told(trader):
    price = await far_below(trader, SWAP)
    placed = await trader.create_order(
        SWAP, "limit", "buy", 1, price,
        {"stopLoss": {"triggerPrice": float(round(price * 0.9))},
         "takeProfit": {"triggerPrice": float(round(price * 1.2))}})
    order = await trader.fetch_order(placed["id"], SWAP)
    [attached] = order["info"]["attachAlgoOrds"]
    assert float(attached["slTriggerPx"]) == round(price * 0.9)
    assert float(attached["tpTriggerPx"]) == round(price * 1.2)
    await trader.cancel_order(placed["id"], SWAP)


async def test_refusals_become_the_librarys_own_errors(trader):
    price = await far_below(trader, SPOT)
    with pytest.raises(errors.InsufficientFunds):
        await trader.create_order(SPOT, "limit", "buy", 100, price)
    with pytest.raises(errors.OrderNotFound):
        await trader.fetch_order("1", SPOT)
    with pytest.raises(errors.BaseError):
        await trader.create_order(SWAP, "limit", "sell", 1, price, {"reduceOnly": True})


async def test_wrong_credentials_are_refused(world_url, okx_key):
    for change in ({"secret": okx_key["secret"][::-1]}, {"passphrase": "open sesame"},
                   {"api_key": "nobody"}):
        stranger = client(world_url, {**okx_key, **change})
        with pytest.raises(errors.AuthenticationError):
            await stranger.fetch_balance()
        await stranger.close()


async def test_spot_trades_change_the_balance(trader):
    before = await trader.fetch_balance()
    bought = await trader.create_order(SPOT, "market", "buy", 0.01)
    order = await trader.fetch_order(bought["id"], SPOT)
    assert (order["status"], order["filled"]) == ("closed", approx(0.01))
    trades = await trader.fetch_order_trades(bought["id"], SPOT)
    assert sum(trade["amount"] for trade in trades) == approx(0.01)
    fee = sum(trade["fee"]["cost"] for trade in trades)
    assert fee > 0 and trades[0]["fee"]["currency"] == "BTC"
    after = await trader.fetch_balance()
    assert after["BTC"]["total"] - before["BTC"]["total"] == approx(0.01 - fee)
    assert before["USDT"]["total"] - after["USDT"]["total"] == approx(order["cost"])


async def test_swap_positions_open_and_close(trader):
    await trader.set_leverage(5, SWAP, {"mgnMode": "cross"})
    await trader.create_order(SWAP, "market", "buy", 3)
    position = await trader.fetch_position(SWAP)
    assert (position["side"], position["contracts"]) == ("long", 3)
    assert position["leverage"] == 5 and position["entryPrice"] > 0
    await trader.create_order(SWAP, "market", "sell", 3, None, {"reduceOnly": True})
    assert not [one for one in await trader.fetch_positions([SWAP]) if one["contracts"]]
    mine = await trader.fetch_my_trades(SWAP)
    assert sum(trade["amount"] for trade in mine[-2:]) <= 6 and mine[-1]["symbol"] == SWAP
    assert (await trader.fetch_trading_fee(SWAP))["taker"] == approx(0.0005)


# ---- private streams and orders over WebSocket


async def test_private_streams(trader, later, within):
    orders = later(lambda: trader.watch_orders(), lambda row: row["status"] == "closed")
    trades = later(lambda: trader.watch_my_trades(), lambda row: row["symbol"] == SWAP)
    balance = later(lambda: trader.watch_balance(), lambda row: "USDT" in row)
    await balance
    positions = later(lambda: trader.watch_positions(), lambda row: row["contracts"] == 2)
    # The subscriptions have to stand before the trade.
    await within(trader.watch_balance())
    await trader.create_order(SWAP, "market", "buy", 2)
    assert (await orders)["filled"] == 2
    assert (await trades)["amount"] <= 2
    assert (await positions)["symbol"] == SWAP
    await trader.create_order(SWAP, "market", "sell", 2, None, {"reduceOnly": True})


async def test_orders_over_websocket(trader, within):
    price = await far_below(trader, SWAP)
    placed = await within(trader.create_order_ws(SWAP, "limit", "buy", 1, price))
    lower = float(trader.price_to_precision(SWAP, price * 0.99))
    await within(trader.edit_order_ws(placed["id"], SWAP, "limit", "buy", 1, lower))
    assert (await trader.fetch_order(placed["id"], SWAP))["price"] == lower
    await within(trader.cancel_order_ws(placed["id"], SWAP))
    assert (await trader.fetch_order(placed["id"], SWAP))["status"] == "canceled"
