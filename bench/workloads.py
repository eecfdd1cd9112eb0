"""What bench/run measures, and what it hopes to find.

Reads are in a closed loop on the data as it was seeded; creates begin with a fresh copy of it.
Caisson logs its requests to a file, as it does by default, but where a name says otherwise.

  point, point, key            one record by its id, by nobody and with a key
  list                         20 of all questions, by two fields, in the order of a third
  list, counted                the same with the number of all that fit: 9,000 to 26,000, of 168 lists
                               again and again
  list, counted anew           ... with `asked < now` in the filter, so that no count is kept
  create, N connections        a question, durable before its answer
  create, own rule             ... whose rule asks for a column of the new record
  create, reference rule       ... whose rule asks for one behind its reference
  point at half                point in an open loop, at half of what the closed one reaches
  point at half, report        the same while a slow report runs, again and again
  report                       the slow report: how long it takes, alone and beside `point at half`
"""
LIST_COUNTED, LIST_ANEW = "list, counted", "list, counted anew"
READS = {"point": 64, "point, key": 64, "list": 64, LIST_COUNTED: 16, LIST_ANEW: 16}
CREATES = {"create, 1 connection": 1, "create, 32 connections": 32,
           "create, 256 connections": 256}
OWN_RULE, REFERENCE_RULE = "create, own rule", "create, reference rule"
RULES = {OWN_RULE: 32, REFERENCE_RULE: 32}
HALF, HALF_REPORT, REPORT = "point at half", "point at half, report", "report"
OPEN = {HALF: 64, HALF_REPORT: 64}
INSERT = "insert loop"
INSERTS = {"1 per commit": ["--per-commit", "1"], "32 per commit": ["--per-commit", "32"],
           "64 per commit": ["--per-commit", "64"],
           "32 per commit, savepoints and log": ["--per-commit", "32", "--log"]}
ORDER = [*READS, *OPEN, REPORT, INSERT, *CREATES, *RULES]

OURS, QUIET = "Caisson", "Caisson, log off"
POCKET_ON, POCKET_OFF, POCKET_FULL = "PocketBase, log on", "PocketBase, log off", "PocketBase, FULL"


class Goal:
    """A ratio of two figures, each (workload, who), and what it should be at least or at most."""

    def __init__(self, label, one, two, least=None, most=None, figure="per_second"):
        self.label, self.one, self.two, self.figure = label, one, two, figure
        self.least, self.most = least, most

    def verdict(self, ratio):
        if self.least is None and self.most is None:
            return ""
        word, bound = ("at least", self.least) if self.most is None else ("at most", self.most)
        missed = ratio < bound if self.most is None else ratio > bound
        return f"{word} {bound:g}" + (" (missed)" if missed else "")


def versus(workload, one, two, least=None, **more):
    """Two in the same workload; an insert loop has one of its own."""
    other = INSERT if two in INSERTS else workload
    return Goal(workload, (workload, one), (other, two), least, **more)


GOALS = [
    versus("point", OURS, "bare SQLite", 0.75),
    versus("point, key", OURS, "bare SQLite", 0.75),
    versus("point", OURS, POCKET_OFF, 8),
    versus("point, key", OURS, POCKET_OFF, 8),
    versus("point", OURS, POCKET_ON),
    versus("point", OURS, QUIET),
    versus("point", OURS, QUIET, figure="cpu_us"),
    versus("list", OURS, POCKET_OFF, 10),
    versus("list", OURS, POCKET_ON),
    versus(LIST_COUNTED, OURS, POCKET_OFF, 20),
    versus(LIST_COUNTED, OURS, POCKET_ON),
    Goal(LIST_ANEW, (LIST_ANEW, OURS), (LIST_COUNTED, POCKET_OFF)),
    Goal("point at half", (HALF_REPORT, OURS), (HALF, OURS), most=2, figure="p99_us"),
    Goal("point at half", (HALF_REPORT, OURS), (HALF, OURS), figure="p999_us"),
    versus("create, 32 connections", OURS, "1 per commit", 3),
    versus("create, 32 connections", OURS, POCKET_FULL, 10),
    versus("create, 1 connection", OURS, "1 per commit"),
    versus("create, 256 connections", OURS, "1 per commit"),
    versus("create, 256 connections", OURS, POCKET_FULL),
    Goal("create", ("create, 256 connections", OURS), ("create, 32 connections", OURS), 1),
    Goal("create", (REFERENCE_RULE, OURS), (OWN_RULE, OURS), 0.83),
    Goal("create", (REFERENCE_RULE, OURS), (OWN_RULE, OURS), most=1.2, figure="cpu_us"),
    versus("point", "bare SQLite", "limit"),
    versus("point", "nginx", "limit"),
]
BASELINES = [("point", "limit"), ("point", "bare SQLite"), (INSERT, "1 per commit")]
