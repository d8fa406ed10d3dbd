"""The routes that tell whether the server lives, and whether its engines answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Event

import anyio
from starlette.requests import Request
from starlette.responses import Response

from gateway.engines.base import Engine
from gateway.errors import EngineGone, EngineTimedOut, Stopping
from gateway.http_api.documents import document_response, problem_response
from gateway.http_api.ports import Gateway
from gateway.http_api.threads import Threads
from semantic_models.errors import ForebayError

CHECK_TIMEOUT_S = 5.0

Check = dict[str, str]


class HealthRoutes:
    """Tells orchestrators whether to restart this process, and whether to send it questions."""

    def __init__(
        self, gateway: Gateway, threads: Threads, is_stopping: Event, *, tells_engines: bool
    ) -> None:
        self._gateway = gateway
        self._threads = threads
        self._is_stopping = is_stopping
        self._tells_engines = tells_engines

    async def healthz(self, _: Request) -> Response:
        """That the process serves; no engine is asked."""
        return document_response({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Whether every engine answers; never so while the server stops.

        Which does not is told where nobody has to prove who they are.
        """
        if self._is_stopping.is_set():
            return problem_response(Stopping.now())
        checks = await self._checks()
        silent = [name for name, check in checks.items() if check["status"] != "ok"]
        told = {"engines": checks, **self._outdated()} if self._tells_engines else {}
        if not silent:
            return document_response({"status": "ready", **told})
        if not self._tells_engines:
            return problem_response(EngineGone("an engine does not answer"))
        names = ", ".join(f'"{name}"' for name in silent)
        return problem_response(
            EngineGone(
                f"engine {names} does not answer",
                hint="Questions about other engines are answered.",
            ),
            extra=told,
        )

    def _outdated(self) -> Mapping[str, Check]:
        """Why the project is served as it was, where its files have changed since."""
        error = self._gateway.outdated
        if error is None:
            return {}
        told = {"status": "outdated", "code": error.code, "message": error.message}
        return {"project": {**told, "detail": error.detail} if error.detail else told}

    async def _checks(self) -> Mapping[str, Check]:
        engines = self._gateway.engines
        checks: dict[str, Check] = {name: {} for name in engines}

        async def check(name: str, engine: Engine) -> None:
            checks[name] = await self._check(engine)

        async with anyio.create_task_group() as group:
            for name, engine in engines.items():
                group.start_soon(check, name, engine)
        return checks

    async def _check(self, engine: Engine) -> Check:
        """One engine's answer; a silent one is not waited for longer than a probe waits."""
        try:
            with anyio.move_on_after(CHECK_TIMEOUT_S):
                await self._threads.try_work(partial(engine.check))
                return {"status": "ok"}
        except ForebayError as error:
            return {"status": "failed", "code": error.code, "message": error.message}
        return {
            "status": "failed",
            "code": EngineTimedOut.code,
            "message": f"no answer within {CHECK_TIMEOUT_S:g} seconds",
        }
