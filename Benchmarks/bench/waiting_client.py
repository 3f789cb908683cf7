"""RATE new connections a second for SECONDS, each of which asks once and waits for the answer. Says how many got one, and how many not."""

import asyncio
import random
import sys
import time


async def ask(address, port, count):
    try:
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(b"?")
        answer = await reader.read()
        writer.close()
        count[answer == b"done"] += 1
    except OSError:
        count[False] += 1


async def main(address, port, rate, seconds):
    random.seed(1)
    count, asked = {True: 0, False: 0}, set()
    end = moment = time.monotonic()
    end += float(seconds)
    while moment < end:
        # By chance, as clients come: even steps would hide what chance does to the counts.
        moment += random.expovariate(float(rate))
        await asyncio.sleep(max(0, moment - time.monotonic()))
        task = asyncio.create_task(ask(address, int(port), count))
        asked.add(task)
        task.add_done_callback(asked.discard)
    print(count[True], count[False], len(asked), flush=True)


asyncio.run(main(*sys.argv[1:]))
