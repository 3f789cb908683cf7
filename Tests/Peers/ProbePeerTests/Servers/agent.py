"""An agent on port 5555 that says what is in a file."""
import socketserver
import sys


class Agent(socketserver.BaseRequestHandler):
    def handle(self):
        with open(sys.argv[1], "rb") as words:
            self.request.sendall(words.read())


socketserver.TCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 5555), Agent).serve_forever()
