"""How many replies came so far, in a line now and then. Standard library only."""

import threading
import time

OFTEN = 0.25  # seconds from one line to the next, at first
GROWTH = 2  # of the time from line to line: few lines, however long it takes


class Replies:
    """Counts what passes through add(), in any thread."""

    def __init__(self):
        self.replies = []  # an append is one step, whoever makes it

    def add(self, reply):
        self.replies.append(reply)
        return reply

    def told(self, runs):
        """The runs; while each is measured, lines say how many replies came, and how fast."""
        run = True
        while run:
            self.replies.clear()
            done = threading.Event()
            teller = threading.Thread(target=self.tell, args=(done,), daemon=True)
            teller.start()
            run = next(runs, None)
            done.set()
            teller.join()  # so that no line comes into another
            if run:
                yield run

    def tell(self, done):
        start, said, ended, passed = time.perf_counter(), 0, False, 0.0
        while not ended:
            ended = done.wait(max(OFTEN, (GROWTH - 1) * passed))
            number, passed = len(self.replies), time.perf_counter() - start
            if number > said:
                print(f"{number:>5} replies so far, {number / passed:.0f} a second")
            said = number
