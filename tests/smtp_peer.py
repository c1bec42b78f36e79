"""A mail server whose answers a test decides: for what a real one does only by chance, such as holding the last
reply back. What real servers do is tested with Postfix (test_delivery.py)."""
import socket
import threading


class Peer:
    """Takes messages on a port of its own. `answer(message)` is called with each, in a thread of its connection, and
    gives the last reply; it may wait as long as it likes."""

    def __init__(self, answer=lambda message: "250 2.0.0 taken"):
        self.answer, self.messages, self.lock = answer, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                say = lambda text: connection.sendall(text.encode() + b"\r\n")
                say("220 peer")
                for line in lines:
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        say("354 go on")
                        message = b"".join(iter(lines.readline, b".\r\n")).decode()
                        with self.lock:
                            self.messages.append(message)
                        say(self.answer(message))
                    elif verb == b"QUIT":
                        return say("221 bye")
                    else:
                        say("250 ok")
        except OSError:
            pass

    def ids(self):
        with self.lock:
            return [next(line for line in m.splitlines() if line.lower().startswith("message-id:")) for m in self.messages]

    def stop(self):
        self.listener.close()
