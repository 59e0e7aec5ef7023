"""What the how-to pages show besides commands: the organization's file is taken, and the sender signs rightly."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml
from standardwebhooks import Webhook

from edition_migration.domain.organization_file import OrganizationFile

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
SECRET = "whsec_YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywganVzdCBzbw=="


class Intake(BaseHTTPRequestHandler):
    """Answers 202 to whom its signature is right for, else 401."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Webhook(SECRET).verify(body, dict(self.headers.items()))
        assert (self.path, self.headers["Content-Type"]) == ("/v1/events", "application/cloudevents+json")
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def sample(page: str, language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), re.DOTALL)
    return found


@contextmanager
def intake() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Intake)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_organizations_file_that_is_shown_is_taken() -> None:
    file = OrganizationFile.model_validate(yaml.safe_load(sample("provision.md", "yaml")))
    assert file.id == "acme"
    assert file.settings is not None


def test_the_sender_that_is_shown_signs_as_the_intake_wants_it() -> None:
    names: dict[str, Any] = {}
    exec(sample("connect-events.md", "python"), names)  # noqa: S102 - it is our own page
    with intake() as url:
        assert names["send"](url, SECRET, {"id": "order-1", "type": "org.domain.added"}) == 202
