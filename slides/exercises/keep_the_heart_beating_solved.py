"""Keep the heart beating, solved: a thread waits, a process computes, and the loop awaits both."""

import asyncio
from concurrent.futures import ProcessPoolExecutor

import check
from check import count_primes, fetch

pool = ProcessPoolExecutor()  # starts its processes when there is work


async def answer(number: int) -> int:
    page = await asyncio.to_thread(fetch, number)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(pool, count_primes, page)


if __name__ == "__main__":
    check.keep_the_heart_beating(answer)
