"""A container for SageMaker that boots in no time: `/ping` and `/invocations`."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "trace" in order:
            with Path(order["trace"]).open("a", encoding="utf-8") as trace:
                trace.write(f"{os.getpid()}\n")
        if order.get("do") == "hang":
            time.sleep(600)
        if order.get("do") == "die":
            os._exit(3)
        if order.get("do") == "fail":
            self.answer(422, {"error": "as told"})
        else:
            self.answer(200, {"echo": order})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


address = (os.environ["BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
HTTPServer(address, Handler).serve_forever()
