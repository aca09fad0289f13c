"""The store for asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import scimdb
from conftest import GROUP, PATIENCE, names, user
from scimdb import aio


def test_a_whole_life(tmp_path: Path) -> None:
    async def live() -> None:
        async with await aio.open(tmp_path / "store") as store:
            tenant = store.tenant()
            made = await asyncio.gather(*(tenant.create("User", user(f"u{number}")) for number in range(50)))
            assert len({one["id"] for one in made}) == 50
            assert (await tenant.get("User", made[0]["id"])) == made[0]
            assert (await tenant.search("User", filter='userName eq "u7"'))["totalResults"] == 1
            assert isinstance(await tenant.raw.get("User", made[0]["id"]), str)
            with pytest.raises(scimdb.NotFound):
                await tenant.get("User", "nobody")
            answer = await tenant.handle("GET", "/Users?count=0")
            assert answer.status == 200
            acme = await store.create_tenant("acme")
            assert (await acme.search())["totalResults"] == 0
            assert len(await store.tenants()) == 2
        assert store.closed
        with pytest.raises(scimdb.Misuse):
            store.sync.stats()

    asyncio.run(live())


def test_iterating_and_importing() -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for number in range(200):
            yield user(f"u{number:03}")

    async def live() -> None:
        async with await aio.open(":memory:") as store:
            tenant = store.tenant()
            assert (await tenant.import_(rows()))["created"] == 200
            assert (await tenant.import_([user("v")]))["created"] == 1
            found = [row async for row in tenant.iterate("User", sort_by="userName")]
            assert names(found)[:200] == [f"u{number:03}" for number in range(200)]
            async with tenant.iterate("User") as some:
                async for row in some:
                    assert row["userName"]
                    break
            assert [row async for row in some] == []

    asyncio.run(live())


def test_following_and_being_cancelled() -> None:
    async def live() -> None:
        async with await aio.open(":memory:", threads=2) as store:
            tenant = store.tenant()
            seen: list[str] = []

            async def follow() -> None:
                async for change in tenant.follow():
                    seen.append(change["operation"])
                    if len(seen) == 2:
                        return

            following = asyncio.create_task(follow())
            made = await tenant.create("User", user("ann"))
            await tenant.delete("User", made["id"])
            await asyncio.wait_for(following, PATIENCE)
            assert seen == ["create", "delete"]
            waiting = asyncio.create_task(tenant.changes(2, wait=1.0))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(live())


def test_imports_that_are_queued() -> None:
    async def parts(body: str) -> AsyncIterator[str]:
        for at in range(0, len(body), 1 << 16):
            yield body[at : at + (1 << 16)]

    async def live() -> None:
        async with await aio.open(":memory:", threads=2) as store:
            tenant = store.tenant()
            group = await tenant.create("Group", {"schemas": [GROUP], "displayName": "all"})
            users = [user(f"u{number}") for number in range(20_000)]
            body = {"users": users, "group": {"value": group["id"]}}
            correlation_id = (await tenant.queue_import(parts(json.dumps(body))))["correlationId"]
            # More than there are threads.
            waiting = [asyncio.create_task(tenant.job(correlation_id, wait=PATIENCE)) for _ in range(20)]
            assert (await asyncio.wait_for(tenant.get("Group", group["id"]), PATIENCE))["displayName"] == "all"
            assert {job["imported"] for job in await asyncio.gather(*waiting)} == {20_000}
            again = (await tenant.queue_import(body))["correlationId"]
            waiting = [asyncio.create_task(tenant.job(again, wait=PATIENCE)) for _ in range(20)]
            await asyncio.sleep(0.01)
            store.interrupt()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            # It may have ended before.
            assert {type(one) for one in ended} <= {scimdb.Cancelled, dict}

    asyncio.run(live())


@pytest.fixture
def woken_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers never look by themselves."""
    monkeypatch.setattr(aio, "_LOOK_SECONDS", 3600.0)


async def follow(tenant: aio.AsyncTenant, since: int = 0) -> None:
    """Follows until it is told to end."""
    async for _ in tenant.follow(since):
        pass


@pytest.mark.usefixtures("woken_only")
def test_many_follow_without_threads_of_their_own() -> None:
    async def live() -> None:
        async with await aio.open(":memory:", threads=2) as store:
            tenant = store.tenant()

            async def first() -> str:
                async for change in tenant.follow():
                    return str(change["operation"])
                raise AssertionError

            following = [asyncio.create_task(first()) for _ in range(20)]
            await asyncio.sleep(0.05)
            await asyncio.wait_for(tenant.create("User", user("ann")), PATIENCE)
            assert await asyncio.wait_for(asyncio.gather(*following), PATIENCE) == ["create"] * 20
            waiting = [asyncio.create_task(follow(tenant)) for _ in range(20)]
            await asyncio.sleep(0.05)
            store.interrupt()
            ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), PATIENCE)
            assert [type(error) for error in ended] == [scimdb.Cancelled] * 20

    asyncio.run(live())


@pytest.mark.usefixtures("woken_only")
@pytest.mark.parametrize("moment", ["it subscribes", "it looks", "it has told a change"])
def test_one_interrupt_ends_following_whenever_it_comes(moment: str) -> None:
    async def live() -> None:
        async with await aio.open(":memory:", threads=1) as store:
            tenant = store.tenant()
            await tenant.create("User", user("ann"))
            release = threading.Event()

            def rows() -> Iterator[dict[str, Any]]:
                release.wait(PATIENCE)
                yield from ()

            async def hold() -> None:
                # What is called next stands in line for the only thread.
                holding.append(asyncio.create_task(tenant.import_(rows())))
                await asyncio.sleep(0)

            async def following() -> None:
                if moment == "it subscribes":
                    await hold()
                    loop.call_soon(store.interrupt)
                    loop.call_soon(release.set)
                async for _ in tenant.follow():
                    if moment == "it looks":
                        await hold()
                        loop.call_soon(store.interrupt)
                        loop.call_soon(release.set)
                    elif moment == "it has told a change":
                        store.interrupt()

            holding: list[asyncio.Task[Any]] = []
            loop = asyncio.get_running_loop()
            with pytest.raises(scimdb.Cancelled):
                await asyncio.wait_for(following(), PATIENCE)
            await asyncio.gather(*holding)

    asyncio.run(live())


@pytest.mark.usefixtures("woken_only")
@pytest.mark.parametrize("is_sync", [False, True])
def test_closing_ends_following_and_refuses_what_comes_later(is_sync: bool) -> None:
    async def live() -> None:
        async with await aio.open(":memory:", threads=2) as store:
            tenant = store.tenant()
            await tenant.import_([user(f"u{number}") for number in range(100)], resource_type="User")
            last = (await tenant.changes())["last"]
            waiting = [asyncio.create_task(follow(tenant, last)) for _ in range(20)]
            await asyncio.sleep(0.05)
            async with tenant.iterate("User") as rows:
                await rows.__anext__()
                await (asyncio.to_thread(store.sync.close) if is_sync else store.close())
                ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), PATIENCE)
                assert [type(error) for error in ended] == [scimdb.Misuse] * 20
                with pytest.raises(scimdb.Misuse):
                    async for _ in rows:
                        pass
            for call in (tenant.get("User", "1"), store.stats(), tenant.import_([]), follow(tenant)):
                with pytest.raises(scimdb.Misuse):
                    await call

    asyncio.run(live())


def test_hooks_see_the_context_of_the_caller() -> None:
    caller = contextvars.ContextVar("caller", default="nobody")

    async def live() -> None:
        async with await aio.open(":memory:") as store:
            store.set_hooks(before_write=lambda write: {"title": caller.get()})
            tenant = store.tenant()

            async def create(name: str) -> str:
                caller.set(name)
                return str((await tenant.create("User", user(name)))["title"])

            assert list(await asyncio.gather(create("a"), create("b"))) == ["a", "b"]

    asyncio.run(live())


def test_being_woken_on_the_loop() -> None:
    async def live() -> None:
        async with await aio.open(":memory:") as store:
            woken = asyncio.Event()
            with store.on_change(lambda sequence: woken.set()):
                await store.tenant().create("User", user("ann"))
                await asyncio.wait_for(woken.wait(), PATIENCE)

    asyncio.run(live())
