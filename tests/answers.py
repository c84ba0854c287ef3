"""Answers to the course's exercises: wrong ones that somebody may give who has not understood, and other right ones.

By the name of the exercise. Whole cells; or a function in place of the solution's; or what stands in place of the
solution from its line `threads = …` on; or a pair: what stands in the solution, and what instead.
"""

# The beginnings of programs in those below.
PRIMES = """
def primes(start):
    numbers = range(start, start + 50_000)
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in numbers)

parts = range(2, 300_002, 50_000)
"""
TABLE = """
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

def load():
    print("loading the table")
    time.sleep(0.7)
    return ["a", "b", "c"]

def square(number):
    return number**2
"""
SERVERS = """
import time
from concurrent.futures import ThreadPoolExecutor

def is_up(server):
    time.sleep(0.2)
    return server % 3 > 0
"""
CHECKS = """
from concurrent.futures import ProcessPoolExecutor

def check_digit(number):
    return sum(map(int, str(number))) % 10
"""

WRONG_PROGRAMS = {
    "a thread for each page": [
        """
        for name in names:
            thread = threading.Thread(target=get, args=(name,))
            thread.start()
            thread.join()
        """,
        """
        threads = [threading.Thread(target=get(name)) for name in names]
        for thread in threads:
            thread.start()
        """,
        """
        for name in names:
            threading.Thread(target=get, args=(name,), daemon=True).start()
        """,
    ],
    "sums from four threads": [
        """
        threads = [threading.Thread(target=job, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        print(f"sums = {sums}")
        """,
        """
        sums = [threading.Thread(target=job, args=(number,)) for number in range(4)]
        for thread in sums:
            thread.start()
        for thread in sums:
            thread.join()
        print(f"sums = {sums}")
        """,
        """
        for number in range(4):
            job(number)
        print(f"sums = {sums}")
        """,
    ],
    "four pages at a time": [
        ("max_workers=4", "max_workers=12"),
        ("list(pool.map(get, range(12)))", "pool.map(get, range(12))"),
        ("list(pool.map(get, range(12)))", "[pool.submit(get, number).result() for number in range(12)]"),
    ],
    "the page that isn't there": [
        ("got.append(future.result())", "got.append(name)"),  # nobody asks
        ("got.append(future.result())", "got.append(pool.submit(get, name).result())"),  # one after the other
        ("        except OSError:\n            failed.append(name)", "        finally:\n            pass"),
    ],
    "turns of 50 ms": [
        ("sys.setswitchinterval(0.05)", "sys.setswitchinterval(50)"),
        ("sys.setswitchinterval(0.05)", "sys.setswitchinterval(0.5)"),
        ("sys.setswitchinterval(0.05)", "sys.setswitchinterval(0.0005)"),
    ],
    "naps that end in time": [
        ("sys.setswitchinterval(0.0005)", "sys.setswitchinterval(0.05)"),
        ("number < 10_000_000", "number < 2_000_000"),
        ("Thread(target=count)", "Thread(target=time.sleep, args=(0.3,))\ncount()"),  # and nap then
    ],
    "primes on every core": [
        f"""%%measure --as primes --no-figure
from concurrent.futures import ThreadPoolExecutor
{PRIMES}
with ThreadPoolExecutor(2) as pool:
    print(f"primes = {{sum(pool.map(primes, parts))}}")
""",
        f"""%%measure --as primes --no-figure
from concurrent.futures import ProcessPoolExecutor
{PRIMES}
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        print(f"primes = {{sum(pool.submit(primes, part).result() for part in parts)}}")
""",
        f"""%%measure --as primes --no-figure
from concurrent.futures import ProcessPoolExecutor
{PRIMES}
if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        print(f"primes = {{sum(pool.map(primes, parts))}}")
""",
        f"""%%measure --as primes --no-figure
import multiprocessing
{PRIMES}
found = []
if __name__ == "__main__":
    processes = [multiprocessing.Process(target=lambda: found.append(primes(part))) for part in parts]
    print(f"primes = {{sum(found)}}")
""",
    ],
    "load once": [  # in every worker, in every task, in none that is spawned
        f"""%%measure --as table --no-figure
{TABLE}
if __name__ == "__main__":
    rows = load()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=load) as pool:
        squares = list(pool.map(square, range(5)))
    print(f"{{len(rows)}} rows, squares = {{squares}}")
""",
        f"""%%measure --as table --no-figure
{TABLE}
def square(number):
    rows = load()
    return number**2

if __name__ == "__main__":
    rows = load()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        squares = list(pool.map(square, range(5)))
    print(f"{{len(rows)}} rows, squares = {{squares}}")
""",
        f"""%%measure --as table --no-figure
from concurrent.futures import ThreadPoolExecutor
{TABLE}
rows = load()
if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        squares = list(pool.map(square, range(5)))
    print(f"{{len(rows)}} rows, squares = {{squares}}")
""",
        f"""%%measure --as table --no-figure
{TABLE}
if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        squares = list(pool.map(square, range(5)))
    print(f"{{len(rows)}} rows, squares = {{squares}}")
""",
    ],
    "ask twenty servers": [
        f"""%%measure --as servers --no-figure
{SERVERS}
with ThreadPoolExecutor(4) as pool:
    up = list(pool.map(is_up, range(20)))
print(f"up = {{sum(up)}}")
""",
        f"""%%measure --as servers --no-figure
{SERVERS}
with ThreadPoolExecutor(20) as pool:
    up = [pool.submit(is_up, server).result() for server in range(20)]
print(f"up = {{sum(up)}}")
""",
        f"""%%measure --as servers --no-figure
{SERVERS}
pool = ThreadPoolExecutor(20)
up = [pool.submit(is_up, server) for server in range(20)]
print(f"up = {{len(up)}}")
""",
    ],
    "ten thousand check digits": [
        f"""%%measure --as checks --no-figure
{CHECKS}
if __name__ == "__main__":
    with ProcessPoolExecutor(4) as pool:
        digits = list(pool.map(check_digit, range(10_000)))
    print(f"digits = {{sum(digits)}}")
""",
        f"""%%measure --as checks --no-figure
{CHECKS}
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        digits = [pool.submit(check_digit, number).result() for number in range(10_000)]
    print(f"digits = {{sum(digits)}}")
""",
        f"""%%measure --as checks --no-figure
{CHECKS}
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        digits = list(pool.map(check_digit, range(1_000)))
    print(f"digits = {{sum(digits)}}")
""",
    ],
    "a lock held for less": [
        """
        def ask(price):
            global total
            time.sleep(0.3)
            before = total
            time.sleep(0.01)
            total = before + price
        """,
        """
        def ask(price):
            global total
            lock = threading.Lock()
            time.sleep(0.3)
            with lock:
                before = total
                time.sleep(0.01)
                total = before + price
        """,
        """
        def ask(price):
            global total
            time.sleep(0.3)
            with lock:
                before = total
            time.sleep(0.01)
            with lock:
                total = before + price
        """,
    ],
    "pay what is there": [
        """
        def pay():
            global balance
            if balance >= 80:
                time.sleep(0.3)
                with lock:
                    balance = balance - 80
            return balance
        """,
        """
        def pay():
            global balance
            with lock:
                enough = balance >= 80
            if enough:
                time.sleep(0.3)
                with lock:
                    balance = balance - 80
            return balance
        """,
        """
        def pay():
            global balance
            with threading.Lock():
                if balance >= 80:
                    time.sleep(0.3)
                    balance = balance - 80
                return balance
        """,
        """
        def pay():
            with lock:
                return balance
        """,
    ],
    "transfers that end": [
        """
        def transfer(giver, taker, amount):
            with locks[taker]:
                time.sleep(0.1)
                with locks[giver]:
                    rest, more = balance[giver] - amount, balance[taker] + amount
                    time.sleep(0.1)
                    balance[giver], balance[taker] = rest, more
        """,
        """
        def transfer(giver, taker, amount):
            with locks[giver]:
                time.sleep(0.1)
                rest, more = balance[giver] - amount, balance[taker] + amount
                time.sleep(0.1)
                balance[giver], balance[taker] = rest, more
        """,
        """
        def transfer(giver, taker, amount):
            with locks[giver]:
                time.sleep(0.1)
                if locks[taker].acquire(timeout=0.5):
                    locks[taker].release()
                rest, more = balance[giver] - amount, balance[taker] + amount
                time.sleep(0.1)
                balance[giver], balance[taker] = rest, more
        """,
    ],
    "stop a thread": [
        """
        def record():
            while not stop.is_set():
                print("mark")
                time.sleep(1)
            print("file closed")
        """,
        """
        def record():
            while not stop.is_set():
                print("mark")
                time.sleep(0.01)
            print("file closed")
        """,
        """
        %%measure --as recorder --no-figure --timeout 3
        import threading
        import time


        def record():
            while True:
                print("mark")
                time.sleep(1)
            print("file closed")


        thread = threading.Thread(target=record, daemon=True)
        thread.start()
        time.sleep(0.2)
        """,
    ],
    "ask every future": [
        """
        def ship_all(size):
            failed = 0
            with ThreadPoolExecutor(max_workers=4) as pool:
                for order in range(1, size + 1):
                    try:
                        pool.submit(ship, order)
                    except ValueError:
                        failed += 1
            return size - failed, failed
        """,
        """
        def ship_all(size):
            shipped = 0
            with ThreadPoolExecutor(max_workers=4) as pool:
                try:
                    for _ in pool.map(ship, range(1, size + 1)):
                        shipped += 1
                except ValueError:
                    pass
            return shipped, size - shipped
        """,
        """
        def ship_all(size):
            failed = 0
            with ThreadPoolExecutor(max_workers=4) as pool:
                for order in range(1, size + 1):
                    if pool.submit(ship, order).exception():
                        failed += 1
            return size - failed, failed
        """,
        """
        def ship_all(size):
            with ThreadPoolExecutor(max_workers=4) as pool:
                futures = [pool.submit(ship, order) for order in range(1, size + 1)]
                return sum(future.result() is None for future in futures)
        """,
    ],
    "empty isn't done": [
        """
        def draw():
            while True:
                picture = pictures.get()
                pictures.task_done()
                time.sleep(0.2 + picture / 50)
                drawn.append(threading.current_thread().name)
        """,
        """
        def draw():
            while True:
                picture = pictures.get()
                time.sleep(0.2 + picture / 50)
                drawn.append(threading.current_thread().name)
        """,
        """
        def draw():
            if threading.current_thread().name == "Ada":
                for picture in range(6):
                    time.sleep(0.2 + picture / 50)
                    drawn.append("Ada")
                    pictures.task_done()
        """,
    ],
    "two consumers that end": [
        (
            """    for thing in range(40):
        queue.put(thing)
    for consumer in consumers:
        queue.put(None)""",
            """    for consumer in consumers:
        queue.put(None)
    for thing in range(40):
        queue.put(thing)""",
        ),
        (
            """    for consumer in consumers:
        queue.put(None)
    for consumer in consumers:
        consumer.join()""",
            """    queue.put(None)
    for consumer in consumers:
        consumer.join(timeout=1)
        consumer.terminate()""",
        ),
        (
            """    consumers = [context.Process(target=consume, args=(queue,)) for _ in range(2)]
    for consumer in consumers:
        consumer.start()
    for thing in range(40):
        queue.put(thing)
    for consumer in consumers:
        queue.put(None)
    for consumer in consumers:
        consumer.join()""",
            """    consumers = [context.Process(target=consume, args=(queue,), daemon=True) for _ in range(2)]
    for consumer in consumers:
        consumer.start()
    for thing in range(40):
        queue.put(thing)
    queue.put(None)""",
        ),
    ],
    "one message instead of thousands": [
        """
        %%measure --as asked --no-figure --timeout 5
        import multiprocessing
        import time


        def answer(end):
            while (number := end.recv()) is not None:
                end.send(number * number)


        def ask(end, numbers):
            for number in numbers:
                end.send(number)
            return [end.recv() for number in numbers]


        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            context.Process(target=answer, args=(there,), daemon=True).start()
            sum(ask(here, [1]))
            start = time.perf_counter()
            total = sum(ask(here, range(20_000)))
            print(f"seconds = {time.perf_counter() - start:.4f}")
            print(f"total = {total}")
        """,
        """
        %%measure --as asked --no-figure --timeout 5
        import multiprocessing
        import time


        def answer(end):
            while (number := end.recv()) is not None:
                end.send(number * number)


        def ask(end, numbers):
            end.send(list(numbers))
            return end.recv()


        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            context.Process(target=answer, args=(there,), daemon=True).start()
            sum(ask(here, [1]))
            start = time.perf_counter()
            total = sum(ask(here, range(20_000)))
            print(f"seconds = {time.perf_counter() - start:.4f}")
            print(f"total = {total}")
        """,
        """
        %%measure --as asked --no-figure --timeout 5
        import time
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context


        def answer(number):
            return number * number


        if __name__ == "__main__":
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                sum(pool.map(answer, [1]))
                start = time.perf_counter()
                total = sum(pool.map(answer, range(20_000)))
                print(f"seconds = {time.perf_counter() - start:.4f}")
            print(f"total = {total}")
        """,
    ],
    "a function that can be sent": [
        (
            """

def second(pair):
    return pair[1]
""",
            "second = lambda pair: pair[1]",
        ),
        """
        %%measure --as seconds --no-figure --own-frames
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        pairs = [("a", 3), ("b", 1), ("c", 2)]

        if __name__ == "__main__":

            def second(pair):
                return pair[1]

            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                numbers = list(pool.map(second, pairs))
            print(f"numbers = {numbers}")
        """,
        """
        %%measure --as seconds --no-figure --own-frames
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        pairs = [("a", 3), ("b", 1), ("c", 2)]

        if __name__ == "__main__":
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                numbers = list(map(lambda pair: pair[1], pairs))
            print(f"numbers = {numbers}")
        """,
    ],
    "once for each worker": [
        """
        %%measure --as orders --no-figure
        from concurrent.futures import ProcessPoolExecutor
        from functools import partial
        from multiprocessing import get_context


        class Prices(dict):
            def __reduce__(self):
                print("pickled")
                return Prices, (dict(self),)


        def price(prices, order):
            return prices[order]


        if __name__ == "__main__":
            prices = Prices((f"item {n}", n % 97) for n in range(50_000))
            wanted = [f"item {n}" for n in range(0, 30_000, 1_000)]
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                total = sum(pool.map(partial(price, prices), wanted, chunksize=5))
            print(f"total = {total}")
        """,
        """
        %%measure --as orders --no-figure
        from concurrent.futures import ThreadPoolExecutor
        from functools import partial


        class Prices(dict):
            def __reduce__(self):
                print("pickled")
                return Prices, (dict(self),)


        def price(prices, order):
            return prices[order]


        if __name__ == "__main__":
            prices = Prices((f"item {n}", n % 97) for n in range(50_000))
            wanted = [f"item {n}" for n in range(0, 30_000, 1_000)]
            with ThreadPoolExecutor(2) as pool:
                total = sum(pool.map(partial(price, prices), wanted))
            print(f"total = {total}")
        """,
        """
        %%measure --as orders --no-figure
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context


        class Prices(dict):
            def __reduce__(self):
                print("pickled")
                return Prices, (dict(self),)


        def price(order):
            return prices[order]


        if __name__ == "__main__":
            prices = Prices((f"item {n}", n % 97) for n in range(50_000))
            wanted = [f"item {n}" for n in range(0, 30_000, 1_000)]
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                total = sum(pool.map(price, wanted))
            print(f"total = {total}")
        """,
    ],
}
RIGHT_PROGRAMS = {
    "a thread for each page": [
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(get, names))
        """,
    ],
    "sums from four threads": [
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(job, range(4)))
        print(f"sums = {sums}")
        """,
    ],
    "four pages at a time": [
        (
            """\
with ThreadPoolExecutor(max_workers=4) as pool:
    sizes = list(pool.map(get, range(12)))
""",
            """\
sizes = []
for first in range(0, 12, 4):
    with ThreadPoolExecutor() as pool:
        sizes += pool.map(get, range(first, first + 4))
""",
        ),
    ],
    "the page that isn't there": [
        (
            """\
        try:
            got.append(future.result())
        except OSError:
            failed.append(name)
""",
            """\
        (failed if future.exception() else got).append(name)
""",
        ),
    ],
    "turns of 50 ms": [("sys.setswitchinterval(0.05)", "sys.setswitchinterval(0.06)")],
    "naps that end in time": [
        (
            """\
        number += 1


sys.setswitchinterval(0.0005)
""",
            """\
        number += 1
        if number % 10_000 == 0:
            time.sleep(0.0001)


""",
        ),
    ],
    "primes on every core": [
        f"""%%measure --as primes --no-figure
import multiprocessing
{PRIMES}
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        waiting = [pool.apply_async(primes, [part]) for part in parts]
        print(f"primes = {{sum(result.get() for result in waiting)}}")
""",
    ],
    "load once": [
        f"""%%measure --as table --no-figure
{TABLE}
def main():
    rows = load()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        squares = list(pool.map(square, range(5)))
    print(f"{{len(rows)}} rows, squares = {{squares}}")


if __name__ == "__main__":
    main()
""",
    ],
    "ask twenty servers": [
        f"""%%measure --as servers --no-figure
{SERVERS}
import threading

answers = {{}}


def ask(server):
    answers[server] = is_up(server)


threads = [threading.Thread(target=ask, args=[server]) for server in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"up = {{sum(answers.values())}}")
""",
    ],
    "ten thousand check digits": [
        f"""%%measure --as checks --no-figure
{CHECKS}
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        digits = list(pool.map(check_digit, range(10_000), chunksize=5_000))
    print(f"digits = {{sum(digits)}}")
""",
    ],
    "a lock held for less": [
        """
        %%measure --as shops --no-figure --timeout 10
        import time
        from concurrent.futures import ThreadPoolExecutor


        def ask(price):
            time.sleep(0.3)
            return price


        with ThreadPoolExecutor(max_workers=6) as pool:
            print(f"total = {sum(pool.map(ask, range(1, 7)))}")
        """,
    ],
    "pay what is there": [
        """
        def pay():
            global balance
            lock.acquire()
            try:
                if balance < 80:
                    return balance
                time.sleep(0.3)
                balance -= 80
                return balance
            finally:
                lock.release()
        """,
    ],
    "transfers that end": [
        """
        def transfer(giver, taker, amount):
            with locks["Ann"]:  # one for the whole bank
                time.sleep(0.1)
                rest, more = balance[giver] - amount, balance[taker] + amount
                time.sleep(0.1)
                balance[giver], balance[taker] = rest, more
        """,
        """
        def transfer(giver, taker, amount):
            while True:
                with locks[giver]:
                    time.sleep(0.1)
                    if locks[taker].acquire(timeout=0.05 if giver == "Ann" else 0.15):
                        balance[giver] -= amount
                        balance[taker] += amount
                        locks[taker].release()
                        return
                time.sleep(0.2)
        """,
    ],
    "stop a thread": [
        """
        def record():
            print("mark")
            while not stop.wait(timeout=1):
                print("mark")
            print("file closed")
        """,
    ],
    "ask every future": [
        """
        def ship_all(size):
            shipped = failed = 0
            with ThreadPoolExecutor(max_workers=4) as pool:
                futures = [pool.submit(ship, order) for order in range(1, size + 1)]
            for future in futures:
                try:
                    future.result()
                    shipped += 1
                except ValueError:
                    failed += 1
            return shipped, failed
        """,
    ],
    "empty isn't done": [
        """
        %%measure --as drawing --no-figure --timeout 5
        import queue
        import threading
        import time

        pictures = queue.Queue()
        drawn = []


        def draw():
            while (picture := pictures.get()) is not None:
                time.sleep(0.2 + picture / 50)
                drawn.append(threading.current_thread().name)


        threads = [threading.Thread(target=draw, name=name) for name in ("Ada", "Bea")]
        for thread in threads:
            thread.start()
        for picture in [*range(6), None, None]:
            pictures.put(picture)
        for thread in threads:
            thread.join()
        print(f"drawn = {len(drawn)}")
        print(f"by = {sorted(set(drawn))}")
        """,
    ],
    "two consumers that end": [
        """
        %%measure --as two --no-figure --timeout 5
        import multiprocessing
        import time


        def consume(queue):
            used = 0
            while queue.get() is not None:
                time.sleep(0.01)
                used += 1
            queue.put(None)  # for whoever is left
            print(f"used = {used}")


        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            queue = context.Queue(maxsize=4)
            consumers = [context.Process(target=consume, args=(queue,)) for _ in range(2)]
            for consumer in consumers:
                consumer.start()
            for thing in range(40):
                queue.put(thing)
            queue.put(None)
            for consumer in consumers:
                consumer.join()
        """,
    ],
    "one message instead of thousands": [
        """
        %%measure --as asked --no-figure --timeout 5
        import time
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context


        def answer(numbers):
            return [number * number for number in numbers]


        if __name__ == "__main__":
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                pool.submit(answer, [1]).result()
                start = time.perf_counter()
                total = sum(pool.submit(answer, range(20_000)).result())
                print(f"seconds = {time.perf_counter() - start:.4f}")
            print(f"total = {total}")
        """,
    ],
    "a function that can be sent": [
        """
        %%measure --as seconds --no-figure --own-frames
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from operator import itemgetter

        pairs = [("a", 3), ("b", 1), ("c", 2)]

        if __name__ == "__main__":
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                numbers = list(pool.map(itemgetter(1), pairs))
            print(f"numbers = {numbers}")
        """,
    ],
    "once for each worker": [
        """
        %%measure --as orders --no-figure
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context


        class Prices(dict):
            def __reduce__(self):
                print("pickled")
                return Prices, (dict(self),)


        prices = Prices((f"item {n}", n % 97) for n in range(50_000))


        def price(order):
            return prices[order]


        if __name__ == "__main__":
            wanted = [f"item {n}" for n in range(0, 30_000, 1_000)]
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                total = sum(pool.map(price, wanted))
            print(f"total = {total}")
        """,
    ],
}
