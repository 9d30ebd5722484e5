# A small client of AWS Lambda's Runtime API that behaves like awslambdaric:
# the same events, context, logging, answers and errors. It runs on 3.8 to 3.15
# and imports nothing of the standard library that awslambdaric does not, so
# that the handler pays for its own imports.
# Arguments: folder for the head of sys.path, module, attribute (dots allowed).
import sys
import os


class _Unbuffered:
    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


class _Fault(Exception):
    # An error of the client's own, under Lambda's name for it.
    def __init__(self, kind, message, cause=None):
        Exception.__init__(self, message)
        self.kind, self.message, self.cause = kind, message, cause


class _Api:
    # HTTP over a plain socket: http.client would import email, ssl and more.
    def __init__(self, address):
        import _socket

        sys.modules.pop("_socket", None)  # the handler's import of socket stays whole
        host, _, port = address.rpartition(":")
        self.lib, self.peer, self.host, self.sock, self.rest = _socket, (host, int(port)), address, None, b""

    def connect(self):
        self.sock = self.lib.socket(self.lib.AF_INET, self.lib.SOCK_STREAM)
        self.sock.connect(self.peer)
        self.sock.setsockopt(self.lib.IPPROTO_TCP, self.lib.TCP_NODELAY, 1)
        self.rest = b""

    def receive(self):
        chunk = self.sock.recv(1 << 16)
        if not chunk:
            raise OSError("the Runtime API closed the connection")
        self.rest += chunk

    def send(self, method, path, body, headers):
        head = "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n" % (method, path, self.host, len(body))
        head += "".join("%s: %s\r\n" % pair for pair in headers)
        self.sock.sendall(head.encode("latin-1", "replace") + b"\r\n" + body)
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        found = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            found[name.strip().lower()] = value.strip()
        size = int(found.get("content-length") or 0)
        while len(self.rest) < size:
            self.receive()
        data, self.rest = self.rest[:size], self.rest[size:]
        return int(lines[0].split()[1]), found, data

    def call(self, method, path, body=b"", headers=()):
        if self.sock is None:
            self.connect()
            return self.send(method, path, body, headers)
        try:
            return self.send(method, path, body, headers)
        except OSError:
            self.connect()  # the handler may have closed all descriptors
            return self.send(method, path, body, headers)


def _frames(exc):
    import traceback

    frames = traceback.extract_tb(exc.__traceback__)
    return traceback.format_list([f for f in frames if not f.filename.startswith("<frozen importlib")])


def _main(folder, target, attr, watch):
    import decimal
    import importlib
    import json
    import logging
    import time

    sys.stdout = _Unbuffered(sys.stdout)
    sys.stderr = _Unbuffered(sys.stderr)
    api = _Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    request = {"id": ""}

    class Log(logging.Handler):
        def emit(self, record):
            sys.stdout.write(self.format(record))

        def filter(self, record):
            record.aws_request_id = request["id"]
            return logging.Handler.filter(self, record)

    logging.Formatter.converter = time.gmtime
    log = Log()
    log.setFormatter(logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(log)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    if level in logging._nameToLevel:
        logging.getLogger().setLevel(level)

    def encode(value):
        # Decimals become numbers with all their digits, by way of strings that
        # nothing else can contain: a NUL is escaped in JSON.
        digits = []

        def default(v):
            if isinstance(v, decimal.Decimal):
                digits.append("NaN" if v.is_nan() else str(v))
                return "\0%d\0" % (len(digits) - 1)
            raise TypeError("Object of type %s is not JSON serializable" % type(v).__name__)

        text = json.dumps(value, default=default, ensure_ascii=False)
        for n, number in enumerate(digits):
            text = text.replace('"\\u0000%d\\u0000"' % n, number, 1)
        return text.encode("utf-8")

    def report(path, kind, message, exc=None, faulty=True):
        # Posts an error, and prints it as Lambda's log has it.
        frames = _frames(exc) if exc is not None and faulty else []
        text = traceback_text(exc) if exc is not None else ""
        sys.stdout.write("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (kind, message, "".join(frames)))
        body = {"errorType": kind, "errorMessage": message, "requestId": request["id"], "stackTrace": frames, "traceback": text}
        data = json.dumps(body).encode("ascii")
        status, _, answer = api.call("POST", path, data, [("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", kind)])
        if status != 202:
            raise RuntimeError("the Runtime API refused an error: %d %r" % (status, answer))

    def find():
        if target.split(".")[0] in sys.builtin_module_names:
            raise _Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % target)
        try:
            found = importlib.import_module(target)
        except ImportError as e:
            raise _Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (target, e), e)
        except SyntaxError as e:
            raise _Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (target, e), e)
        for part in attr.split("."):
            try:
                found = getattr(found, part)
            except AttributeError:
                raise _Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (attr, target))
        return found

    sys.path[0] = folder
    sys.argv[:] = ["bootstrap", target + "." + attr]
    if watch is not None:
        watch.start()
    try:
        function = find()
    except _Fault as e:
        report("init/error", e.kind, e.message, e.cause, faulty=False)
        sys.exit(1)
    except Exception as e:
        report("init/error", type(e).__name__, str(e), e)
        sys.exit(1)

    while True:
        if watch is not None:
            watch.next()
        status, headers, event = api.call("GET", "invocation/next")
        if status != 200:
            raise RuntimeError("the Runtime API refused to hand out an event: %d %r" % (status, event))
        request["id"] = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        path = "invocation/%s/" % request["id"]
        try:
            context = LambdaContext(target)
            context.aws_request_id = request["id"]
            context.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
            context._clock, context._end = time.time, int(headers["lambda-runtime-deadline-ms"]) / 1000
            try:
                event = json.loads(event)
            except ValueError as e:
                raise _Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e)
            answer, kind = function(event, context), "application/json"
            if isinstance(answer, bytes):
                kind = "application/unknown"
            else:
                try:
                    answer = encode(answer)
                except Exception as e:
                    raise _Fault("Runtime.MarshalError", "Unable to marshal response: %s" % e)
        except _Fault as e:
            report(path + "error", e.kind, e.message)
        except Exception as e:
            report(path + "error", type(e).__name__, str(e), e)
        else:
            status, _, data = api.call("POST", path + "response", answer, [("Content-Type", kind)])
            if status != 202:
                raise RuntimeError("the Runtime API refused the answer: %d %s" % (status, data.decode("utf-8", "replace")))
