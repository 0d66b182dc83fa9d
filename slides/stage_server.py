"""What the Jupyter server of a talk serves besides RISE: the stage, its files, and three small documents.

The server runs in the talk's folder. There, talk.json says what is shown, settings.json what is replayed
(deck.py reads it), and state.json where the talk is.
"""

import json
import os
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import APIHandler, FileFindHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketHandler

SLIDES = Path(__file__).resolve().parent
STAGE = SLIDES / "stage"


class Page(JupyterHandler):
    """The stage, or the speaker's window."""

    @web.authenticated
    def get(self, name: str) -> None:
        _ = self.xsrf_token  # sets the cookie that a PUT has to repeat
        self.finish((STAGE / f"{name or 'stage'}.html").read_text(encoding="utf-8"))


class Files(FileFindHandler):
    """What the two pages load."""

    async def prepare(self) -> None:  # type: ignore[override]  # its bases do not agree
        await super().prepare()
        if not self.current_user:
            raise web.HTTPError(403)


class Document(APIHandler):
    """A JSON document in the talk's folder."""

    def file(self, name: str) -> Path:
        return Path.cwd() / f"{name}.json"

    @web.authenticated
    def get(self, name: str) -> None:
        file = self.file(name)
        self.finish(file.read_text(encoding="utf-8") if file.exists() else "{}")

    @web.authenticated
    def put(self, name: str) -> None:
        document = self.get_json_body()
        if name == "talk":
            raise web.HTTPError(405, "the talk itself does not change")
        if not isinstance(document, dict):
            raise web.HTTPError(400, "not a JSON object")
        write(self.file(name), document)
        self.set_status(204)


class Emergency(JupyterHandler):
    """The whole talk as one page that needs no server; the stage keeps it for the worst."""

    @web.authenticated
    def get(self) -> None:
        self.finish((Path.cwd() / "emergency.html").read_bytes())


class Alive(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Open as long as the server runs: that it closes tells the stage that the server is gone."""

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await super().get(*args, **kwargs)

    def on_message(self, message: str | bytes) -> None:
        pass


def write(file: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a reader sees the old or the new, never a half."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(document), encoding="utf-8")
    os.replace(new, file)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "stage_server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    folders = {"path": [str(STAGE), str(SLIDES / "theme"), str(Path.cwd() / "notebooks")]}
    app.web_app.add_handlers(
        ".*$",
        [
            (r"/stage(?:/(speaker))?/?", Page),
            (r"/stage/(talk|settings|state)", Document),
            (r"/stage/emergency", Emergency),
            (r"/stage/alive", Alive),
            (r"/stage/((?:fonts/)?[\w-]+\.(?:css|js|woff))", Files, folders),
        ],
    )
