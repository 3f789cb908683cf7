"""A server that takes its time: answers each request after half to one and a half times MEAN seconds, and says ten times a second how
many requests it has. A connection without a request, such as a probe, is none."""

import asyncio
import random
import sys
import time

TICK = 0.1


class Server:
    def __init__(self, mean):
        self.mean, self.live = mean, 0

    async def serve(self, reader, writer):
        try:
            if not await reader.read(1):
                return
            self.live += 1
            try:
                await asyncio.sleep(self.mean * random.uniform(0.5, 1.5))
                writer.write(b"done")
            finally:
                self.live -= 1
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def tell(self):
        tick = int(time.monotonic() / TICK)
        while True:
            tick += 1
            await asyncio.sleep(max(0, tick * TICK - time.monotonic()))
            print(tick, self.live, flush=True)


async def main(address, port, mean):
    random.seed(f"{address} {port}")
    server = Server(float(mean))
    async with await asyncio.start_server(server.serve, address, int(port), backlog=4096):
        await server.tell()


asyncio.run(main(*sys.argv[1:]))
