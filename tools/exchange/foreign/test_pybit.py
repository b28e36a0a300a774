"""pybit, the venue's own client, trades on the simulated exchange over HTTP and WebSocket.

The library is as published, but for the addresses that it fills in and the order of its two
threads (see `in_turn`).
"""

import json
import queue
import threading

import pybit._websocket_stream as streaming
import pybit._websocket_trading as trading
import pybit.unified_trading as unified
import pytest
from conftest import PATIENCE_S, first
from pybit.exceptions import InvalidRequestError

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture(scope="session")
def credentials(world_ledger):
    fields = json.loads((world_ledger / "bybit" / "demo-hmac.key").read_text())
    return {"api_key": first(fields, "api_key"), "api_secret": first(fields, "secret")}


@pytest.fixture
def in_turn(monkeypatch):
    """The library asks first and then notes what it waits for. An answer over the loopback can
    come in between: its reading thread takes that for an error, and whoever subscribes next waits
    for ever. So that thread waits until the asking is done."""
    lock = threading.RLock()

    def one_at_a_time(owner, name):
        plain = getattr(owner, name)

        def call(*args, **kwargs):
            with lock:
                return plain(*args, **kwargs)
        monkeypatch.setattr(owner, name, call)

    one_at_a_time(streaming._WebSocketManager, "_on_message")
    one_at_a_time(streaming._V5WebSocketManager, "subscribe")
    one_at_a_time(trading._V5TradeWebSocketManager, "_send_order_operation")


@pytest.fixture
def connect(world_url, in_turn, monkeypatch):
    """Makes clients of a WebSocket, and closes them. The library's own addresses give way to the
    exchange's. It does not reconnect: it would, if it read the answer to its own closing, and
    `exit` would wait for ever."""
    socket = "ws" + world_url.removeprefix("http")
    monkeypatch.setattr(unified, "PUBLIC_WSS", socket + "/v5/public/{CHANNEL_TYPE}")
    monkeypatch.setattr(unified, "PRIVATE_WSS", socket + "/v5/private")
    monkeypatch.setattr(trading, "TRADE_WSS", socket + "/v5/trade")
    clients = []

    def make(kind, **options):
        clients.append(kind(testnet=False, restart_on_error=False, **options))
        return clients[-1]
    yield make
    for client in clients:
        client.exit()


@pytest.fixture
def session(world_url, credentials):
    http = unified.HTTP(**credentials)
    http.endpoint = world_url
    yield http
    http.cancel_all_orders(category="linear", settleCoin="USDT")


def inbox():
    """A callback that keeps what it is told, and a way to take it."""
    kept = queue.Queue()
    return kept.put, lambda: kept.get(timeout=PATIENCE_S)


def price(session, part):
    book = session.get_orderbook(limit=1, **LINEAR)["result"]
    return f"{float(book['b'][0][0]) * part:.1f}"


def test_http_orders(session):
    info = session.get_instruments_info(**LINEAR)["result"]["list"][0]
    assert info["lotSizeFilter"]["qtyStep"] == "0.001"
    assert session.get_server_time()["retCode"] == 0
    low = price(session, 0.95)
    placed = session.place_order(
        side="Buy", orderType="Limit", qty="0.01", price=low, timeInForce="PostOnly", **LINEAR)
    order_id = placed["result"]["orderId"]
    session.amend_order(orderId=order_id, qty="0.02", **LINEAR)
    rows = session.get_open_orders(**LINEAR)["result"]["list"]
    assert [row["qty"] for row in rows if row["orderId"] == order_id] == ["0.020"]
    session.cancel_order(orderId=order_id, **LINEAR)
    with pytest.raises(InvalidRequestError) as refused:
        session.cancel_order(orderId=order_id, **LINEAR)
    assert refused.value.status_code == 110001
    order = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": low}
    batch = session.place_batch_order(category="linear", request=[order, {**order, "qty": "0"}])
    codes = [item["code"] for item in batch["retExtInfo"]["list"]]
    assert codes[0] == 0 and codes[1] != 0


def test_http_account(session):
    session.place_order(side="Buy", orderType="Market", qty="0.01", **LINEAR)
    position = session.get_positions(**LINEAR)["result"]["list"][0]
    assert float(position["size"]) >= 0.01 and position["side"] == "Buy"
    fills = session.get_executions(**LINEAR)["result"]["list"]
    assert fills[0]["execType"] in ("Trade", "Funding")
    wallet = session.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
    assert "USDT" in [coin["coin"] for coin in wallet["coin"]]
    session.place_order(side="Sell", orderType="Market", qty=position["size"], reduceOnly=True,
                        **LINEAR)
    assert session.get_positions(**LINEAR)["result"]["list"][0]["size"] == "0"


def test_public_streams(connect):
    public = connect(unified.WebSocket, channel_type="linear")
    on_book, book = inbox()
    on_trade, trade = inbox()
    on_ticker, ticker = inbox()
    public.orderbook_stream(50, "BTCUSDT", on_book)
    public.trade_stream("BTCUSDT", on_trade)
    public.ticker_stream("BTCUSDT", on_ticker)
    for _ in range(5):
        told = book()
        bids, asks = ([float(row[0]) for row in told["data"][side]] for side in "ba")
        assert max(bids) < min(asks)
    assert trade()["data"][0]["S"] in ("Buy", "Sell")
    assert float(ticker()["data"]["markPrice"]) > 0


def test_trade_and_private_sockets(session, connect, credentials):
    signed = {"private_auth_expire": PATIENCE_S, **credentials}
    private = connect(unified.WebSocket, channel_type="private", **signed)
    orders = connect(unified.WebSocketTrading, **signed)
    on_order, told = inbox()
    on_fill, fill = inbox()
    private.order_stream(on_order)
    private.execution_stream(on_fill)
    on_ack, ack = inbox()
    on_refusal, refusal = inbox()
    orders.place_order(on_ack, on_refusal, side="Buy", orderType="Limit", qty="0.01",
                       price=price(session, 0.95), **LINEAR)
    order_id = ack()["data"]["orderId"]
    orders.cancel_order(on_ack, on_refusal, orderId=order_id, **LINEAR)
    assert ack()["retCode"] == 0
    orders.cancel_order(on_ack, on_refusal, orderId=order_id, **LINEAR)
    assert refusal()["retCode"] == 110001
    orders.place_order(on_ack, on_refusal, side="Buy", orderType="Market", qty="0.01", **LINEAR)
    assert ack()["retCode"] == 0
    assert fill()["data"][0]["isMaker"] is False
    statuses = set()
    while "Filled" not in statuses:
        statuses.add(told()["data"][0]["orderStatus"])
    orders.place_order(on_ack, on_refusal, side="Sell", orderType="Market", qty="0.01",
                       reduceOnly=True, **LINEAR)
    assert ack()["retCode"] == 0


def test_trading_stop(session):
    session.place_order(side="Buy", orderType="Market", qty="0.01", **LINEAR)
    high, low = price(session, 1.2), price(session, 0.8)
    session.set_trading_stop(
        tpslMode="Full", positionIdx=0, takeProfit=high, stopLoss=low, trailingStop="5000",
        **LINEAR)
    position = session.get_positions(**LINEAR)["result"]["list"][0]
    assert [float(position[name]) for name in ("takeProfit", "stopLoss", "trailingStop")] == [
        float(high), float(low), 5000]
    waiting = session.get_open_orders(orderFilter="StopOrder", **LINEAR)["result"]["list"]
    assert {row["stopOrderType"] for row in waiting} == {"TakeProfit", "StopLoss", "TrailingStop"}
    assert {row["orderLinkId"] for row in waiting} == {""}
    with pytest.raises(InvalidRequestError) as refused:
        session.set_trading_stop(tpslMode="Full", positionIdx=0, takeProfit=high, **LINEAR)
    assert refused.value.status_code == 34040
    session.place_order(
        side="Sell", orderType="Market", qty=position["size"], reduceOnly=True, **LINEAR)
    # What stood on the position goes with it.
    for _ in range(50):
        if not session.get_open_orders(orderFilter="StopOrder", **LINEAR)["result"]["list"]:
            break
    else:
        raise AssertionError("orders of a position that is closed still wait")
