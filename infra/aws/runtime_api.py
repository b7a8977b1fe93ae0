"""Lambda's Runtime API (version 2018-06-01) on the loopback, for one function in a process of its own."""

import json
import os
import pathlib
import queue
import socket
import subprocess
import threading
import time

REASONS = {200: "OK", 202: "Accepted"}


class Function:
    """A real `bootstrap` that is handed events one by one."""

    def __init__(self, bootstrap, environment):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.events, self.answers = queue.Queue(), queue.Queue()
        threading.Thread(target=self._accept, daemon=True).start()
        address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        name = os.path.basename(bootstrap)
        runtime = {"AWS_LAMBDA_RUNTIME_API": address, "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "1"}
        runtime |= {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s"}
        self.process = subprocess.Popen([bootstrap], env={**runtime, **environment}, stdout=subprocess.PIPE, text=True)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._talk(connection)
        except OSError:
            pass  # the function has ended

    def _talk(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while line := stream.readline():
            method, path, _ = line.decode().split()
            headers = {}
            while (line := stream.readline().decode().strip()):
                name, value = line.split(":", 1)
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            if method == "GET":
                request, deadline_ms, event = self.events.get()
                answer = json.dumps(event).encode()
                head = f"Lambda-Runtime-Aws-Request-Id: {request}\r\nLambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
                head += "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:000000000000:function:f\r\n"
                self._answer(connection, 200, head, answer)
            else:
                self.answers.put((path.rsplit("/", 1)[1], json.loads(body or b"null")))
                self._answer(connection, 202, "", b"{}")

    @staticmethod
    def _answer(connection, status, head, body):
        text = f"HTTP/1.1 {status} {REASONS[status]}\r\n{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        # In one segment: the other side waits for all of it.
        connection.sendall(text.encode() + body)

    def invoke(self, event, seconds=60):
        """Returns `response` or `error`, and its body."""
        self.events.put(("request-1", int((time.time() + seconds) * 1000), event))
        return self.answers.get(timeout=120)

    def end(self):
        """Returns the lines that it logged."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=30)
        self.listener.close()
        return out.splitlines()


SAMPLE = pathlib.Path(__file__).parents[2] / "events/samples/sqs/batch.json"


def batch(bodies):
    """An event of an SQS event source mapping: the sample's first record for each body."""
    record = json.loads(SAMPLE.read_text())["Records"][0]
    records = [record | {"messageId": f"m{index}", "receiptHandle": f"receipt-{index}", "body": body} for index, body in enumerate(bodies)]
    return {"Records": records}
