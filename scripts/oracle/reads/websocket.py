"""What pyquarkchain's slave pushes to subscribers in the life of shard.py, and what it answers to their requests, as
fixtures/reads/websocket.json.gz (see README.md there).

Usage: PYTHONPATH=<pyquarkchain> python websocket.py <output folder>
"""
import asyncio
import json
import sys
from types import SimpleNamespace

from quarkchain.cluster.jsonrpc import JSONRPCWebsocketServer, public_methods
from quarkchain.core import Branch

from shard import HERE, KEYS, LOGGER_AT, STORE_AT, Life, account, live, write

WORD = lambda n: "0x" + n.to_bytes(32, "big").hex()
SENDER = "0x" + (bytes(12) + account(KEYS[0])).hex()
LOGGER, STORE = ("0x" + at.hex() + "00000000" for at in (LOGGER_AT, STORE_AT))
SUBSCRIPTIONS = [
    ["newHeads", "0x1"], ["newPendingTransactions", "0x1"], ["logs", "0x1", {}], ["logs", "0x1", {"address": LOGGER}],
    ["logs", "0x1", {"address": [LOGGER, STORE]}], ["logs", "0x1", {"topics": [WORD(7)]}],
    ["logs", "0x1", {"topics": [None, SENDER]}], ["logs", "0x1", {"topics": [[WORD(7), WORD(9)], [SENDER]]}],
    ["logs", "0x1", {"address": STORE}], ["syncing", "0x1"],
]


class Socket:
    """Says what it was sent in the moment it is sent."""

    def __init__(self, texts):
        self.texts = texts

    def send(self, text):
        self.texts.append(text)
        return asyncio.sleep(0)


class HeardLife(Life):
    # A block whose deposits have no receipts keeps everybody from hearing of any logs that are removed with it.
    evm_after = None

    def __init__(self):
        super().__init__()
        self.texts = []
        self.socket = Socket(self.texts)
        self.ids = []

    async def hear(self):
        server = server_of(self.state)
        self.ids = []
        for params in SUBSCRIPTIONS:
            answer = await server.handlers.dispatch(
                {"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": params},
                context={"websocket": self.socket, "msg_id": 1, "sub_ids": {}},
            )
            self.ids.append(answer["result"])

    async def settle(self):
        for _ in range(50):
            await asyncio.sleep(0)
        texts = [
            text.replace(sub, "subscription %d" % n) for text in self.texts for n, sub in enumerate(self.ids) if sub in text
        ]
        self.texts.clear()
        if texts:
            self.steps.append({"pushed": texts})

    async def ask(self, name, request):
        if name == "ADD_TRANSACTION":
            await self.settle()
            await super().ask(name, request)
            await self.settle()

    async def ask_everything(self):
        await self.settle()
        if not self.ids or self.state.subscription_manager is not self.heard:
            self.heard = self.state.subscription_manager
            await self.hear()
            self.steps.append({"hear": True})
            for data in ((3, 9), None):
                await self.heard.notify_sync(data)
            await self.settle()


def server_of(state):
    shard = SimpleNamespace(state=state)
    slave = SimpleNamespace(
        shards={Branch(HERE): shard}, shard_subscription_managers={HERE: state.subscription_manager}
    )
    return JSONRPCWebsocketServer(None, slave, 0, "", public_methods)


class Client:
    """A websocket that says one thing."""

    def __init__(self, texts):
        self.texts, self.answers = texts, []

    async def __aiter__(self):
        for text in self.texts:
            yield text

    async def send(self, text):
        self.answers.append(text)


async def answers(state):
    request = lambda method, *params, **more: json.dumps(
        {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params), **more}
    )
    texts = [request("subscribe", *params) for params in SUBSCRIPTIONS] + [
        request("subscribe", "newHeads", "0x2"), request("subscribe", "newHeads", 1), request("subscribe", "newHeads", "1"),
        request("subscribe", "newHeads", "0xzz"), request("subscribe", "newHeads", "0x"), request("subscribe", "heads", "0x1"),
        request("subscribe", "newHeads", None), request("unsubscribe", "0x12"), request("unsubscribe", 5),
        request("getLogs", {}, "0x1"), request("getWork", "0x1"), request("frob"), request("subscribe", "logs", "0x1", {"address": "0x12"}),
        request("subscribe", "logs", "0x1", {"address": "12"}), request("subscribe", "logs", "0x1", {"address": "0x1g"}),
        request("subscribe", "logs", "0x1", {"address": [LOGGER, 5]}), request("subscribe", "logs", "0x1", {"address": "0x"}),
        request("subscribe", "logs", "0x1", {"topics": ["0x123"]}), request("subscribe", "logs", "0x1", {"topics": [["zz"]]}),
        request("subscribe", "logs", "0x1", {"address": 5, "topics": [5, None, {}]}),
        request("frob", jsonrpc="1.0"), request("frob", id=None), request("frob", id="\u00e9\"\n\u0001\x7f"), request("frob", id=[1, {"a": None}]),
        json.dumps({"jsonrpc": "2.0", "id": 3}), json.dumps({"id": 3, "method": "subscribe"}), json.dumps({"jsonrpc": "2.0", "method": "frob"}),
        "{}", "[]", "5", "null", "\"text\"", "{", "",
    ]
    rows = []
    for text in texts:
        client = Client([text])
        try:
            await server_of(state)._JSONRPCWebsocketServer__handle(client)
            closes = False
        except Exception:
            closes = True
        rows.append({"text": text, "answers": client.answers, "closes": closes})
    return rows


async def main():
    life = HeardLife()
    vector = await live(life)
    await life.settle()
    vector["subscriptions"] = SUBSCRIPTIONS
    vector["requests"] = await answers(life.state)
    write(sys.argv[1], "websocket", vector)


asyncio.run(main())
