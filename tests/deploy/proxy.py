"""The nginx of deploy/nginx on free ports: its files as they are, but for places and ports."""

import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from cli.service_process import free_port
from tests.certificate import self_signed
from tests.conftest import ROOT
from tests.deploy.env_file import variables
from tests.e2e.server import STOP_S, ended, until
from tests.listening import is_listening
from tests.needed import needs

NGINX = ROOT / "deploy/nginx"
SETTINGS = variables(ROOT / "deploy/.env.example")


@dataclass(frozen=True)
class Proxy:
    """A running nginx. *port* speaks HTTPS, *plain_port* HTTP; *folder* has its log, files and certificate."""

    port: int
    plain_port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> str:
        return str(self.folder / "tls/certificate.pem")

    def context(self) -> ssl.SSLContext:
        """What a caller trusts: this certificate and no other."""
        return ssl.create_default_context(cafile=self.certificate)

    def connect(
        self, context: ssl.SSLContext | None = None, source: str = "127.0.0.1", host: str = "localhost"
    ) -> ssl.SSLSocket:
        """Open a connection as a caller at the address *source* does, who finds us at *host*."""
        plain = socket.create_connection((host, self.port), STOP_S, (source, 0))
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname="localhost")
        except OSError:
            plain.close()
            raise

    def predict(self, upload: bytes, headers: dict[str, str] | None = None, **fields: str) -> requests.Response:
        """POST one image."""
        files = {"file": ("x.jpg", upload)}
        return requests.post(
            f"{self.url}/predict", files=files, data=fields, headers=headers, verify=self.certificate, timeout=STOP_S
        )

    def event(self, request_id: str) -> dict[str, Any]:
        """What it logged of that request, which it does after it has answered."""
        access = self.folder / "access"
        until(lambda: f'"{request_id}"' in access.read_text(encoding="utf-8"), "no event")
        lines = access.read_text(encoding="utf-8").splitlines()
        return next(event for event in map(json.loads, lines) if event["request_id"] == request_id)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def reload(self) -> None:
        """As docs/operations.md has it; returns when old processes take no connection any more."""
        nginx = ["nginx", "-t", "-p", str(self.folder), "-c", str(self.folder / "triptych/nginx.conf")]
        checked = subprocess.run([*nginx, "-g", "user root;"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        before = set(children.read_text().split())
        self.process.send_signal(signal.SIGHUP)
        until(lambda: before.isdisjoint(children.read_text().split()), "old processes stay")


@contextmanager
def proxy(folder: Path, hosts: Sequence[str], **settings: str) -> Iterator[Proxy]:
    """Run nginx in front of *hosts* (address:port) with the settings of .env.example and these."""
    needs("nginx")
    folder.mkdir()
    for name in ("cache", "tls", "run"):
        (folder / name).mkdir()
    made = self_signed(folder / "tls")
    assert made.certificate.name == "certificate.pem"
    ports = free_port(), free_port()
    _configure(folder, hosts, *ports, SETTINGS | {"HTTPS_PORT": str(ports[0])} | settings)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "triptych/nginx.conf"), "-g", "daemon off; user root;"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        running = Proxy(*ports, folder, process)
        with ended(process):
            until(lambda: is_listening(running.port) or process.poll() is not None, "nginx does not listen")
            assert process.poll() is None, running.log()
            yield running


def _configure(folder: Path, hosts: Sequence[str], port: int, plain_port: int, settings: dict[str, str]) -> None:
    """Do what the image's entrypoint and the mounts of compose.yaml do, with our places and ports."""
    moved = {
        "/etc/nginx/": f"{folder}/",
        "/var/cache/nginx": f"{folder}/cache",
        "/run/nginx/": f"{folder}/run/",
        "/dev/stdout": f"{folder}/access",
        " 8443 ": f" {port} ",
        ":8443 ": f":{port} ",
        " 8080 ": f" {plain_port} ",
        ":8080 ": f":{plain_port} ",
    }
    for source in NGINX.rglob("*.conf*"):
        text = source.read_text(encoding="utf-8")
        target = folder / "triptych" / source.relative_to(NGINX)
        if source.suffix == ".template":
            text = re.sub(r"\$\{(\w+)\}", lambda found: settings[found[1]], text)
            target = folder / "conf.d" / source.relative_to(NGINX / "templates").with_suffix("")
        for old, new in moved.items():
            text = text.replace(old, new)
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_text(text, encoding="utf-8")
    line = next(line for line in (NGINX / "web-hosts.conf").read_text().splitlines() if line.startswith("server"))
    servers = [line.replace(line.split()[1], host) for host in hosts]
    (folder / "triptych/web-hosts.conf").write_text("\n".join(servers) + "\n", encoding="utf-8")
