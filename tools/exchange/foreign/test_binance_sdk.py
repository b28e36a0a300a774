"""binance-sdk-spot, the venue's own connector, trades on the simulated exchange.

The connector parses every answer and event into strictly typed models made from the venue's
published schema, and falls back to raw dictionaries with a logged warning where one does not
fit. Here such a warning fails the test, so these tests hold the exchange to the schema.
"""

import asyncio
import dataclasses
import logging
import re
from decimal import Decimal

import pytest
import pytest_asyncio
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError, UnauthorizedError
from binance_sdk_spot.spot import Spot
from binance_sdk_spot.websocket_api.models import ExchangeInfoResponse

SYMBOL = "BTCUSDT"
# What the connector logs when an answer or event does not fit its models.
MISFIT = re.compile("parse|did not match|Unknown user data event|Error in callback")


@pytest.fixture(autouse=True)
def faithful(caplog):
    """Fails a test in which the connector could not read what the exchange sent."""
    caplog.set_level(logging.WARNING)
    yield
    misfits = [r.getMessage() for r in caplog.records if MISFIT.search(r.getMessage())]
    assert not misfits, "\n".join(misfits)


def connector(url, socket_url, key=None):
    """The connector, with REST, WebSocket API and streams all at the exchange."""
    if key is None:
        login = {}
    elif "PRIVATE KEY" in key.secret:
        login = {"api_key": key.name, "private_key": key.secret}
    else:
        login = {"api_key": key.name, "api_secret": key.secret}
    return Spot(
        config_rest_api=ConfigurationRestAPI(base_path=url, timeout=5000, retries=0, **login),
        config_ws_api=ConfigurationWebSocketAPI(stream_url=f"{socket_url}/ws-api/v3", **login),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=socket_url),
    )


@pytest.fixture
def rest(url, socket_url, keys, kind):
    """REST with a demo key; leaves no order behind."""
    api = connector(url, socket_url, keys[kind]).rest_api
    yield api
    sweep(api)


@pytest_asyncio.fixture
async def socket(url, socket_url, keys, kind):
    """The WebSocket API with a demo key, each request signed; leaves no order behind."""
    spot = connector(url, socket_url, keys[kind])
    assert await spot.websocket_api.create_connection()
    yield spot.websocket_api
    await spot.websocket_api.close_connection()
    sweep(spot.rest_api)


@pytest_asyncio.fixture
async def streams(url, socket_url):
    """The market streams, without a key."""
    spot = connector(url, socket_url)
    assert await spot.websocket_streams.create_connection()
    yield spot.websocket_streams
    await spot.websocket_streams.close_connection()


def sweep(rest):
    """Cancels whatever is still open."""
    try:
        rest.delete_open_orders(SYMBOL)
    except BadRequestError as refused:
        assert refused.status_code == -2011


def told(response):
    """The answer as a model; an error or an unreadable answer comes as a dictionary."""
    answer = response.data()
    assert not isinstance(answer, (dict, str)), answer
    return answer


def result(response):
    """The `result` of a WebSocket API answer."""
    answer = told(response)
    assert answer.status == 200 and answer.result is not None
    return answer.result


def refusal(response):
    """The error code of a WebSocket API answer."""
    return response.data()["error"]["code"]


def far_below(rest, part=0.95):
    """A price on the tick so far below the best bid that nobody sells there."""
    return round(float(rest.depth(SYMBOL, limit=5).data().bids[0][0]) * part)


async def until(queue, accept, within):
    """The next of the queued events that `accept` takes."""
    async def search():
        while not accept(event := await queue.get()):
            pass
        return event
    return await within(search())


def events(handle):
    """Queues what a stream's handle gives."""
    queue = asyncio.Queue()
    handle.on("message", queue.put_nowait)
    return queue


# ---- market data


def test_metadata(rest):
    response = rest.exchange_info(symbol=SYMBOL)
    [symbol] = told(response).symbols
    assert (symbol.symbol, symbol.status) == (SYMBOL, "TRADING")
    assert (symbol.base_asset, symbol.quote_asset) == ("BTC", "USDT")
    assert symbol.amend_allowed and symbol.cancel_replace_allowed
    assert symbol.is_spot_trading_allowed and ["SPOT"] in symbol.permission_sets
    filters = {f.actual_instance.filter_type: f.actual_instance for f in symbol.filters}
    assert Decimal(filters["PRICE_FILTER"].tick_size) > 0
    assert Decimal(filters["LOT_SIZE"].step_size) > 0
    assert {"REQUEST_WEIGHT", "ORDERS"} <= {
        limit.actual_instance.rate_limit_type if hasattr(limit, "actual_instance")
        else limit.rate_limit_type for limit in told(response).rate_limits}
    [used] = [limit for limit in response.rate_limits if limit.rateLimitType == "REQUEST_WEIGHT"]
    assert (used.interval, used.intervalNum) == ("MINUTE", 1) and used.count > 0
    assert told(rest.time()).server_time > 1_600_000_000_000
    with pytest.raises(BadRequestError) as refused:
        rest.exchange_info(symbol="NOPENOPE")
    assert refused.value.status_code == -1121


def test_rest_market_data(rest):
    book = told(rest.depth(SYMBOL, limit=20))
    bids, asks = ([Decimal(p) for p, _ in side] for side in (book.bids, book.asks))
    assert 0 < len(bids) <= 20 and 0 < len(asks) <= 20 and book.last_update_id > 0
    assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0] < asks[0]
    ids = [trade.id for trade in rest.get_trades(SYMBOL, limit=5).data()]
    assert ids == sorted(ids) and len(ids) <= 5


def test_rest_statistics(rest):
    """Only that each answer fits the venue's schema (see `faithful`) and is about our symbol."""
    assert Decimal(told(rest.avg_price(SYMBOL)).price) > 0
    day = told(rest.ticker24hr(symbol=SYMBOL)).actual_instance
    assert Decimal(day.low_price) <= Decimal(day.last_price) <= Decimal(day.high_price)
    touch = told(rest.ticker_book_ticker(symbol=SYMBOL)).actual_instance
    assert Decimal(touch.bid_price) < Decimal(touch.ask_price)
    [price] = told(rest.ticker_price(symbols=[SYMBOL])).actual_instance
    assert price.symbol == SYMBOL and Decimal(price.price) > 0
    [candle] = rest.klines(SYMBOL, "1m", limit=1).data()
    assert len(candle) == 12 and Decimal(candle[3]) <= Decimal(candle[2])
    assert len(rest.agg_trades(SYMBOL, limit=3).data()) <= 3


async def test_streamed_book(streams, within):
    deltas = events(await streams.diff_book_depth(symbol=SYMBOL, update_speed="100ms"))
    partial = events(await streams.partial_book_depth(
        symbol=SYMBOL, levels="20", update_speed="100ms"))
    last = None
    for _ in range(5):
        event = await within(deltas.get())
        assert (event.e, event.s) == ("depthUpdate", SYMBOL) and event.U <= event.u
        assert last is None or event.U == last + 1, "diffs follow each other without a gap"
        last = event.u
    book = await within(partial.get())
    assert Decimal(book.bids[0][0]) < Decimal(book.asks[0][0])


async def test_streamed_trades_and_touch(streams, within):
    trades = events(await streams.trade(symbol=SYMBOL))
    touch = events(await streams.book_ticker(symbol=SYMBOL))
    seen = [await within(trades.get()) for _ in range(3)]
    assert [t.t for t in seen] == list(range(seen[0].t, seen[0].t + 3))
    assert all(Decimal(t.p) > 0 and Decimal(t.q) > 0 and t.s == SYMBOL for t in seen)
    ticks = [await within(touch.get()) for _ in range(5)]
    assert [t.u for t in ticks] == sorted({t.u for t in ticks})
    assert all(Decimal(t.b) < Decimal(t.a) for t in ticks)


async def test_websocket_api_metadata_and_book(socket, within):
    # The connector's own call reads the envelope as if it were the result and finds nothing.
    answer = await within(socket.send_message(
        {"method": "exchangeInfo", "params": {"symbol": SYMBOL}}))
    [symbol] = ExchangeInfoResponse.from_dict(answer.data()["result"]).symbols
    assert symbol.symbol == SYMBOL and symbol.amend_allowed
    assert "PRICE_FILTER" in {f.actual_instance.filter_type for f in symbol.filters}
    response = await within(socket.depth(symbol=SYMBOL, limit=10))
    book = result(response)
    assert Decimal(book.bids[0][0]) < Decimal(book.asks[0][0]) and len(book.bids) <= 10
    assert "REQUEST_WEIGHT" in {limit.rateLimitType for limit in response.rate_limits}
    assert told(await within(socket.ping())).status == 200
    assert result(await within(socket.time())).server_time > 0


# ---- orders by REST


def test_order_life_by_rest(rest, client_id):
    name, price = client_id("sdk"), far_below(rest)
    response = rest.new_order(
        SYMBOL, "BUY", "LIMIT_MAKER", quantity=0.002, price=price, new_client_order_id=name,
        new_order_resp_type="FULL")
    placed = told(response)
    assert (placed.client_order_id, placed.status, placed.type) == (name, "NEW", "LIMIT_MAKER")
    assert (Decimal(placed.price), Decimal(placed.orig_qty)) == (price, Decimal("0.002"))
    assert {"ORDERS"} <= {limit.rateLimitType for limit in response.rate_limits}

    asked = told(rest.get_order(SYMBOL, orig_client_order_id=name))
    assert (asked.order_id, asked.status, asked.is_working) == (placed.order_id, "NEW", True)
    [standing] = rest.get_open_orders(SYMBOL).data()
    assert (standing.order_id, standing.client_order_id) == (placed.order_id, name)
    balances = {b.asset: b for b in told(rest.get_account()).balances}
    assert Decimal(balances["USDT"].locked) == price * Decimal("0.002")

    amended = told(rest.order_amend_keep_priority(SYMBOL, 0.0015, order_id=placed.order_id))
    assert amended.amended_order.order_id == placed.order_id
    assert amended.amended_order.orig_client_order_id == name
    assert Decimal(amended.amended_order.qty) == Decimal("0.0015")
    assert amended.amended_order.status == "NEW"
    name = amended.amended_order.client_order_id

    replaced = told(rest.order_cancel_replace(
        SYMBOL, "BUY", "LIMIT", "STOP_ON_FAILURE", cancel_order_id=placed.order_id,
        time_in_force="GTC", quantity=0.001, price=price - 1))
    assert (replaced.cancel_result, replaced.new_order_result) == ("SUCCESS", "SUCCESS")
    assert replaced.cancel_response.orig_client_order_id == name
    fresh = replaced.new_order_response
    assert fresh.order_id > placed.order_id

    canceled = told(rest.delete_order(SYMBOL, order_id=fresh.order_id))
    assert (canceled.order_id, canceled.status) == (fresh.order_id, "CANCELED")
    assert canceled.orig_client_order_id == fresh.client_order_id
    assert rest.get_open_orders(SYMBOL).data() == []
    assert told(rest.get_order(SYMBOL, order_id=fresh.order_id)).status == "CANCELED"


def test_marketable_ioc_by_rest(rest):
    ask = float(rest.depth(SYMBOL, limit=5).data().asks[0][0])
    order = told(rest.new_order(
        SYMBOL, "BUY", "LIMIT", time_in_force="IOC", quantity=0.002, price=round(ask * 1.01),
        new_order_resp_type="FULL"))
    assert (order.status, Decimal(order.executed_qty)) == ("FILLED", Decimal("0.002"))
    trades = rest.my_trades(SYMBOL, order_id=order.order_id).data()
    assert [t.id for t in trades] == [f.trade_id for f in order.fills]
    assert sum(Decimal(t.quote_qty) for t in trades) == Decimal(order.cummulative_quote_qty)
    for trade, fill in zip(trades, order.fills):
        assert (trade.price, trade.qty, trade.commission) == (
            fill.price, fill.qty, fill.commission)
        assert Decimal(fill.commission) > 0 and trade.is_buyer and not trade.is_maker


def test_account_by_rest(rest):
    account = told(rest.get_account())
    assert account.can_trade and account.account_type == "SPOT" and account.uid > 0
    rates = told(rest.account_commission(SYMBOL)).standard_commission
    assert (rates.maker, rates.taker) == (
        account.commission_rates.maker, account.commission_rates.taker)
    limits = rest.rate_limit_order().data()
    assert {(limit.interval, limit.interval_num) for limit in limits} == {
        ("SECOND", 10), ("DAY", 1)}
    tried = rest.order_test(
        SYMBOL, "BUY", "LIMIT", time_in_force="GTC", quantity=0.002, price=far_below(rest))
    assert tried.status == 200
    assert rest.get_open_orders(SYMBOL).data() == []
    orders = rest.all_orders(SYMBOL, limit=5).data()
    assert [o.order_id for o in orders] == sorted(o.order_id for o in orders)


def test_commission_of_a_tried_order(rest):
    tried = told(rest.order_test(
        SYMBOL, "BUY", "LIMIT", time_in_force="GTC", quantity=0.002, price=far_below(rest),
        compute_commission_rates=True))
    assert Decimal(tried.standard_commission_for_order.taker) > 0


# ---- the user stream and orders by WebSocket API


async def test_user_stream_by_signature(socket, url, socket_url, keys, kind, within, client_id):
    rest = connector(url, socket_url, keys[kind]).rest_api
    subscribed = await within(socket.user_data_stream_subscribe_signature())
    assert result(subscribed.response).subscription_id >= 0
    queue, name, price = events(subscribed.stream), client_id("user"), far_below(rest)

    def is_report(order_id, execution):
        def accept(event):
            event = event.actual_instance
            return getattr(event, "i", None) == order_id and event.x == execution
        return accept

    placed = await asyncio.to_thread(
        rest.new_order, SYMBOL, "BUY", "LIMIT", time_in_force="GTC", quantity=0.002,
        price=price, new_client_order_id=name)
    order_id = told(placed).order_id
    report = (await until(queue, is_report(order_id, "NEW"), within)).actual_instance
    assert (report.c, report.X, report.S, report.o) == (name, "NEW", "BUY", "LIMIT")
    assert (Decimal(report.p), Decimal(report.q)) == (price, Decimal("0.002"))
    position = (await until(queue, lambda e: hasattr(e.actual_instance, "B")
                            and isinstance(e.actual_instance.B, list), within)).actual_instance
    [usdt] = [b for b in position.B if b.a == "USDT"]
    assert Decimal(usdt.l) == price * Decimal("0.002")

    amended = result(await within(socket.order_amend_keep_priority(
        SYMBOL, 0.0015, order_id=order_id))).amended_order
    report = (await until(queue, is_report(order_id, "REPLACED"), within)).actual_instance
    assert Decimal(report.q) == Decimal(amended.qty) == Decimal("0.0015")
    assert report.X == "NEW" and amended.orig_client_order_id == name
    name = amended.client_order_id

    canceled = result(await within(socket.order_cancel(
        SYMBOL, order_id=order_id, new_client_order_id=client_id("gone"))))
    report = (await until(queue, is_report(order_id, "CANCELED"), within)).actual_instance
    assert (report.C, report.c) == (name, canceled.client_order_id)
    assert report.X == canceled.status == "CANCELED"


async def test_order_life_by_websocket_api(socket, url, socket_url, keys, kind, within, client_id):
    rest = connector(url, socket_url, keys[kind]).rest_api
    name, price = client_id("sdkws"), far_below(rest)
    placed = result(await within(socket.order_place(
        SYMBOL, "BUY", "LIMIT_MAKER", price=price, quantity=0.002, new_client_order_id=name,
        new_order_resp_type="FULL")))
    assert (placed.client_order_id, placed.status) == (name, "NEW")
    asked = result(await within(socket.order_status(SYMBOL, order_id=placed.order_id)))
    assert (asked.client_order_id, Decimal(asked.orig_qty)) == (name, Decimal("0.002"))
    [standing] = result(await within(socket.open_orders_status(symbol=SYMBOL)))
    assert standing.order_id == placed.order_id
    replaced = result(await within(socket.order_cancel_replace(
        SYMBOL, "STOP_ON_FAILURE", "BUY", "LIMIT_MAKER", cancel_order_id=placed.order_id,
        price=price - 1, quantity=0.001)))
    assert replaced.cancel_response.status == "CANCELED"
    assert replaced.new_order_response.order_id > placed.order_id
    swept = result(await within(socket.open_orders_cancel_all(SYMBOL)))
    assert [o.order_id for o in swept] == [replaced.new_order_response.order_id]
    assert result(await within(socket.open_orders_status(symbol=SYMBOL))) == []
    account = result(await within(socket.account_status()))
    assert Decimal({b.asset: b for b in account.balances}["USDT"].locked) == 0


@pytest.mark.parametrize("kind", ["ed25519"])
async def test_session_logon(socket, keys, within, client_id):
    """Only Ed25519 keys may log on; after it requests carry neither key nor signature."""
    session = result(await within(socket.session_logon()))
    assert session.api_key == keys["ed25519"].name and session.authorized_since > 0
    subscribed = await within(socket.user_data_stream_subscribe())
    queue = events(subscribed.stream)
    assert result(await within(socket.session_status())).user_data_stream is True
    bid = result(await within(socket.depth(symbol=SYMBOL, limit=5))).bids[0][0]
    name = client_id("session")
    placed = result(await within(socket.order_place(
        SYMBOL, "BUY", "LIMIT_MAKER", price=round(float(bid) * 0.95), quantity=0.002,
        new_client_order_id=name)))
    event = await until(queue, lambda e: getattr(e.actual_instance, "c", None) == name, within)
    assert event.actual_instance.i == placed.order_id
    canceled = result(await within(socket.order_cancel(SYMBOL, orig_client_order_id=name)))
    assert canceled.status == "CANCELED"
    assert result(await within(socket.session_logout())).api_key is None


@pytest.mark.parametrize("kind", ["hmac"])
async def test_hmac_key_may_not_log_on(socket, within):
    assert isinstance(refusal(await within(socket.session_logon())), int)


# ---- refusals


def test_refusals_by_rest(rest, url, socket_url, keys, kind):
    def refused(error, call, *args, **more):
        with pytest.raises(error) as caught:
            call(*args, **more)
        return caught.value.status_code, caught.value.error_message

    stranger = connector(url, socket_url, keys[kind].with_wrong_secret()).rest_api
    assert refused(BadRequestError, stranger.get_account)[0] == -1022
    unknown = dataclasses.replace(keys[kind], name="A" * 64)
    stranger = connector(url, socket_url, unknown).rest_api
    assert refused(UnauthorizedError, stranger.get_account)[0] in (-2015, -2008)

    over = round(float(rest.depth(SYMBOL, limit=5).data().asks[0][0]) * 1.01)
    assert refused(BadRequestError, rest.new_order, SYMBOL, "BUY", "LIMIT_MAKER",
                   quantity=0.002, price=over) == (
        -2010, "Order would immediately match and take.")
    free = float({b.asset: b for b in rest.get_account().data().balances}["BTC"].free)
    assert refused(BadRequestError, rest.new_order, SYMBOL, "SELL", "LIMIT",
                   time_in_force="GTC", quantity=round(free + 1, 3), price=over) == (
        -2010, "Account has insufficient balance for requested action.")
    assert refused(BadRequestError, rest.delete_order, SYMBOL, order_id=999999999999) == (
        -2011, "Unknown order sent.")
    assert refused(BadRequestError, rest.get_order, SYMBOL, order_id=999999999999) == (
        -2013, "Order does not exist.")
    assert refused(BadRequestError, rest.get_order, "NOPENOPE", order_id=1) == (
        -1121, "Invalid symbol.")
    assert refused(BadRequestError, rest.order_cancel_replace, SYMBOL, "BUY", "LIMIT",
                   "STOP_ON_FAILURE", cancel_order_id=999999999999, time_in_force="GTC",
                   quantity=0.002, price=round(over * 0.95))[0] == -2022


async def test_refusals_by_websocket_api(socket, url, socket_url, keys, kind, within):
    ask = result(await within(socket.depth(symbol=SYMBOL, limit=5))).asks[0][0]
    assert refusal(await within(socket.order_place(
        SYMBOL, "BUY", "LIMIT_MAKER", price=round(float(ask) * 1.01), quantity=0.002))) == -2010
    assert refusal(await within(socket.order_cancel(SYMBOL, order_id=999999999999))) == -2011
    assert refusal(await within(socket.order_status(SYMBOL, order_id=999999999999))) == -2013
    bid = result(await within(socket.depth(symbol=SYMBOL, limit=5))).bids[0][0]
    placed = result(await within(socket.order_place(
        SYMBOL, "BUY", "LIMIT_MAKER", price=round(float(bid) * 0.95), quantity=0.002)))
    response = await within(socket.order_cancel_replace(
        SYMBOL, "STOP_ON_FAILURE", "BUY", "LIMIT_MAKER", cancel_order_id=placed.order_id,
        price=round(float(ask) * 1.01), quantity=0.002))
    half = response.data()["error"]
    assert (half["code"], half["data"]["cancelResult"]) == (-2021, "SUCCESS")
    assert half["data"]["newOrderResult"] == "FAILURE"
    assert half["data"]["newOrderResponse"]["code"] == -2010
    stranger = connector(url, socket_url, keys[kind].with_wrong_secret()).websocket_api
    assert await stranger.create_connection()
    try:
        assert refusal(await within(stranger.account_status())) == -1022
        with pytest.raises(ValueError, match="-1022"):
            await within(stranger.user_data_stream_subscribe_signature())
    finally:
        await stranger.close_connection()


def test_lists_of_orders_by_rest(rest, client_id):
    """A pair and a bracket, far from the market: placed, listed, found by either name, cancelled."""
    bid = float(rest.depth(SYMBOL, limit=5).data().bids[0][0])
    high, low = round(bid * 1.05), round(bid * 0.95)
    name = client_id("oco")
    pair = told(rest.order_list_oco(
        SYMBOL, "SELL", 0.002, "LIMIT_MAKER", "STOP_LOSS_LIMIT", list_client_order_id=name,
        above_price=high, below_price=low, below_stop_price=low + 10,
        below_time_in_force="GTC", new_order_resp_type="RESULT"))
    assert (pair.contingency_type, pair.list_order_status) == ("OCO", "EXECUTING")
    assert [one.type for one in pair.order_reports] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert {one.order_list_id for one in pair.order_reports} == {pair.order_list_id}
    asked = told(rest.get_order_list(orig_client_order_id=name))
    assert asked.order_list_id == pair.order_list_id
    assert pair.order_list_id in [one.order_list_id for one in rest.open_order_list().data()]
    locked = {b.asset: b for b in told(rest.get_account()).balances}["BTC"].locked
    assert Decimal(locked) == Decimal("0.002")
    gone = told(rest.delete_order_list(SYMBOL, order_list_id=pair.order_list_id))
    assert {one.status for one in gone.order_reports} == {"CANCELED"}

    bracket = told(rest.order_list_otoco(
        SYMBOL, "LIMIT", "BUY", low, 0.002, "SELL", 0.002, "LIMIT_MAKER",
        working_time_in_force="GTC", pending_above_price=high,
        pending_below_type="STOP_LOSS", pending_below_stop_price=low - 10))
    statuses = [one.status for one in bracket.order_reports]
    assert statuses == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    swept = rest.delete_open_orders(SYMBOL).data()
    assert len(swept) == 1
    locked = {b.asset: b for b in told(rest.get_account()).balances}["USDT"].locked
    assert Decimal(locked) == 0


async def test_lists_of_orders_by_websocket_api(socket, url, socket_url, keys, kind, within):
    rest = connector(url, socket_url, keys[kind]).rest_api
    bid = float(rest.depth(SYMBOL, limit=5).data().bids[0][0])
    high, low = round(bid * 1.05), round(bid * 0.95)
    pair = result(await within(socket.order_list_place_oco(
        SYMBOL, "SELL", 0.002, "LIMIT_MAKER", "STOP_LOSS_LIMIT", above_price=high,
        below_price=low, below_stop_price=low + 10, below_time_in_force="GTC")))
    assert pair.list_status_type == "EXEC_STARTED"
    asked = result(await within(socket.order_list_status(order_list_id=pair.order_list_id)))
    assert asked.list_client_order_id == pair.list_client_order_id
    [standing] = result(await within(socket.open_order_lists_status()))
    assert standing.order_list_id == pair.order_list_id
    gone = result(await within(socket.order_list_cancel(
        SYMBOL, order_list_id=pair.order_list_id)))
    assert gone.list_order_status == "ALL_DONE"


def test_trailing_stop(rest):
    price = far_below(rest, 0.8)
    placed = told(rest.new_order(
        SYMBOL, "SELL", "STOP_LOSS_LIMIT", time_in_force="GTC", quantity=0.002, price=price,
        trailing_delta=2000, new_order_resp_type="RESULT"))
    assert placed.status == "NEW"
    assert told(rest.get_order(SYMBOL, order_id=placed.order_id)).trailing_delta == 2000
