"""A server that speaks the batch format of the OpenAI API, on this machine alone, and a client for it.

The server draws what a model would say from a hash of the request, knows nothing of the package, and remembers every
line that it was ever asked. It is closed at the end of the `with` block that opened it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Choice = dict[str, Any]
POLLS = 2
FILLERS = (
    "I",
    "The",
    "As",
    "Well",
    "\n",
    "**",
    "My",
    " the",
    "Based",
    "It",
    "To",
    "In",
    "Sure",
    "For",
    "a",
    "(",
    "1",
)


def chance(*parts: object) -> float:
    """A number in 0..1 that belongs to some parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def letters_of(body: Mapping[str, Any]) -> list[str]:
    """The labels that a prompt shows, each at the start of a line."""
    return re.findall(r"^([A-Z])\. ", str(body["messages"][-1]["content"]), re.MULTILINE)


def likeliest(body: Mapping[str, Any]) -> dict[str, float]:
    """Probabilities of next tokens: most of it on the labels, the rest on beginnings of sentences."""
    said = json.dumps(body["messages"])
    weights = {letter: 4.0 * chance(said, letter) for letter in letters_of(body)}
    weights |= {f" {letter}": 0.2 * chance(said, " ", letter) for letter in letters_of(body)}
    weights |= {word: 0.01 + 0.1 * chance(said, word) for word in FILLERS}
    total = sum(weights.values()) / 0.98
    return {token: weight / total for token, weight in weights.items()}


def next_token(body: Mapping[str, Any]) -> Choice:
    """What a first-token request is answered: a token, and the likeliest ones with their log-probabilities."""
    shares = sorted(likeliest(body).items(), key=lambda pair: -pair[1])[: body["top_logprobs"]]
    top = [{"token": t, "logprob": math.log(p), "bytes": list(t.encode())} for t, p in shares]
    content = [{**top[0], "top_logprobs": top}]
    message = {"role": "assistant", "content": top[0]["token"], "refusal": None}
    return {"index": 0, "message": message, "logprobs": {"content": content}, "finish_reason": "length"}


def written(body: Mapping[str, Any]) -> Choice:
    """What a request for a text is answered: a label and some words, or words that name none."""
    said, seed = json.dumps(body["messages"]), body.get("seed")
    labels = letters_of(body)
    text = f"People here think of {int(1000 * chance(said, seed))}."
    if labels:
        text = f"{labels[int(chance(said, seed, 'which') * len(labels))]}. That is what I think."
        text = "It depends on many things." if chance(said, seed, "unclear") < 0.3 else text
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}


def answer(body: Mapping[str, Any]) -> Choice:
    """What the model of this server says."""
    return next_token(body) if body.get("logprobs") else written(body)


@dataclass
class Batches:
    """What the server holds. `say` makes a choice of a body, or gives an error in its place."""

    say: Callable[[Mapping[str, Any]], Choice] = answer
    fails: Callable[[str], bool] = lambda _key: False
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def create(self, file: str) -> dict[str, Any]:
        number = f"batch_{len(self.batches)}"
        self.batches[number] = {"id": number, "input_file_id": file, "status": "in_progress", "polls": 0}
        return self.batches[number]

    def poll(self, number: str) -> dict[str, Any]:
        batch = self.batches[number]
        batch["polls"] += 1
        if batch["polls"] == POLLS:
            output, errors = self.work(self.files[batch["input_file_id"]])
            for name, lines in (("output_file_id", output), ("error_file_id", errors)):
                if lines:
                    batch[name] = f"file_{len(self.files)}"
                    self.files[batch[name]] = "".join(json.dumps(line) + "\n" for line in lines).encode()
            batch["status"] = "completed"
        return {name: value for name, value in batch.items() if name != "polls"}

    def work(self, data: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        output, errors = [], []
        for line in data.decode().splitlines():
            request = json.loads(line)
            assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
            self.asked.append(request)
            key, body = request["custom_id"], request["body"]
            head = {"id": f"batch_req_{len(self.asked)}", "custom_id": key}
            if self.fails(key):
                error = {"error": {"code": "rate_limit_exceeded", "message": "slow down", "type": "requests"}}
                errors.append({**head, "response": {"status_code": 429, "body": error}, "error": None})
                continue
            answered = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": f"{body['model']}-2024-07-18",
                "system_fingerprint": "fp_0123456789",
                "choices": [self.say(body)],
                "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
            }
            output.append({**head, "response": {"status_code": 200, "body": answered}, "error": None})
        return output[::-1], errors


class _Handler(BaseHTTPRequestHandler):
    batches: Batches

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, facts: Any) -> None:
        self._bytes(json.dumps(facts).encode(), "application/json")

    def _bytes(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            mark = self.headers["Content-Type"].split("boundary=")[1].encode()
            parts = [part for part in data.split(b"--" + mark) if b"filename=" in part]
            name = f"file_{len(self.batches.files)}"
            self.batches.files[name] = parts[0].split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
            self._json({"id": name, "purpose": "batch"})
        else:
            self._json(self.batches.create(json.loads(data)["input_file_id"]))

    def do_GET(self) -> None:
        _, _, kind, name, *rest = self.path.split("/")
        if kind == "files" and rest == ["content"]:
            self._bytes(self.batches.files[name], "application/octet-stream")
        else:
            self._json(self.batches.poll(name))


@contextmanager
def serving(batches: Batches) -> Iterator[str]:
    """The address of a server that answers until the block ends."""
    handler = type("Handler", (_Handler,), {"batches": batches})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(address: str, path: Path, folder: Path) -> list[Path]:
    """Uploads a file, has it answered as a batch, and fetches what came: outputs, and errors where there are any."""
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    )
    form = head.encode() + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    kind = f"multipart/form-data; boundary={mark}"
    uploaded = _call(f"{address}/v1/files", form, kind)["id"]
    wanted = {"input_file_id": uploaded, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = _call(f"{address}/v1/batches", json.dumps(wanted).encode(), "application/json")
    while batch["status"] != "completed":
        batch = _call(f"{address}/v1/batches/{batch['id']}")
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name in ("output_file_id", "error_file_id"):
        if name in batch:
            with urllib.request.urlopen(f"{address}/v1/files/{batch[name]}/content", timeout=30) as reply:
                found.append(folder / f"{path.stem}.{name.split('_')[0]}.jsonl")
                found[-1].write_bytes(reply.read())
    return found


def _call(address: str, data: bytes | None = None, kind: str = "") -> Any:
    request = urllib.request.Request(address, data=data, headers={"Content-Type": kind} if kind else {})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())
