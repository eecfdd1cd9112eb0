"""The servers that bench/run compares: each is started on one core, told its port, and stopped.

A contestant says of each workload how it is asked (see load_arguments), or None where it takes no
part in it.
"""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from workloads import CREATES, HALF, HALF_REPORT, LIST_ANEW, LIST_COUNTED, REFERENCE_RULE, RULES

SERVER_CORE, LOAD_CORE = 0, 1
LEVELS = ("beginner", "intermediate", "advanced")
ANSWER = ("one door opens by its handle, and " * 15)[:500]


class Failed(Exception):
    """What a contestant could not do, in words for the person who runs the benchmark."""


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, target, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise Failed(f"{target} was answered {error.code}") from error


class Server:
    """A process that listens; `name` is what the tables call it."""
    name = "?"

    def __init__(self, work):
        self.work = work
        self.process = None
        self.port = None

    def command(self):
        raise NotImplementedError

    def spawn(self, command, **options):
        log = open(self.work / f"{self.name.replace(' ', '-')}.log", "a")
        self.process = subprocess.Popen([str(part) for part in command], stderr=log,
                                        preexec_fn=on_core(SERVER_CORE), **options)

    def start(self, timeout_s=30):
        """For servers that print `listening on http://ADDR:PORT`, as Caisson does."""
        self.spawn(self.command(), stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on http://"):
                self.port = int(line.rsplit(":", 1)[1].strip().rstrip("/"))
                return
        self.process.wait(timeout_s)
        raise Failed(f"{self.name} did not start; see {self.work}/*.log")

    def wait_for_port(self, timeout_s=30):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise Failed(f"{self.name} did not start; see {self.work}/*.log")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.resume()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def pause(self):
        """Off its core, with what it holds in memory kept, while another has its turn."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def requests(self, workload):
        """The load generator's arguments for a workload, with PORT for the port; or None."""
        return None

    def prepare_create(self):
        """Called before each start for a create workload: the data as it was seeded."""


class Limit(Server):
    name = "limit"

    def __init__(self, work, build):
        super().__init__(work)
        self.program = build / "bench/bench_limit"

    def command(self):
        return [self.program]

    def requests(self, workload):
        if workload == "point":
            return ["GET", "PORT", "/v1/questions/{{id}}", "--pick", f"id={self.work}/app/ids"]
        return None


class Nginx(Limit):
    name = "nginx"

    def __init__(self, work):
        Server.__init__(self, work)
        self.program = shutil.which("nginx") or "/usr/sbin/nginx"

    def start(self, timeout_s=30):
        self.port = free_port()
        folder = self.work / "nginx"
        folder.mkdir(exist_ok=True)
        body = '{"id":"0190b6a5-7c3e-7b1e-8f1a-3d5c2a9e4f10","answer":"' + ANSWER[:290] + '"}'
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in kinds)
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
{temporary}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; tcp_nodelay on;
  server {{
    listen 127.0.0.1:{self.port};
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
}}
""")
        self.spawn([self.program, "-p", folder, "-e", folder / "error.log",
                    "-c", folder / "nginx.conf"])
        self.wait_for_port()


class BareSqlite(Limit):
    name = "bare SQLite"

    def __init__(self, work, build, database, cache_kib):
        Server.__init__(self, work)
        self.cache_kib = cache_kib
        self.program = build / "bench/bench_bare_sqlite"
        self.database = work / "bare.db"
        copy_database(database, self.database)

    def command(self):
        return [self.program, self.database, 0, self.cache_kib]

    def requests(self, workload):
        return super().requests("point") if workload in ("point", "point, key") else None


class Caisson(Server):
    """Our server on an app folder of its own; the seeded folder is made once per build."""
    name = "Caisson"

    def __init__(self, work, program, author, folder="app"):
        super().__init__(work)
        self.program = program
        self.seeded = work / folder
        self.folder = self.seeded
        self.log = work / f"{folder}.log"
        self.author = author
        self.key = None

    def command(self):
        return [self.program, "serve", self.folder, "--listen", "127.0.0.1:0", "--log", self.log]

    def start(self, timeout_s=30):
        self.empty_log()
        super().start(timeout_s)

    def resume(self):
        self.empty_log()
        super().resume()

    def empty_log(self):
        """It is appended to, so it goes on from its new end; a run would make gigabytes."""
        if self.log.exists():
            os.truncate(self.log, 0)

    def seed(self):
        """Let it load seed/ into a new database, unless this build has done so before."""
        stamp = self.seeded / "seeded-by"
        made_by = hashlib.sha256(self.program.read_bytes() +
                                 (self.seeded / "caisson.yaml").read_bytes() +
                                 str((self.seeded / "ids").stat().st_size).encode()).hexdigest()
        if not stamp.exists() or stamp.read_text().split()[0] != made_by:
            shutil.rmtree(self.seeded / "data", ignore_errors=True)
            start = time.monotonic()
            self.start()
            print(f"Caisson loaded its seed and started in {time.monotonic() - start:.1f} s")
            self.stop()
            key = subprocess.run([self.program, "-C", self.seeded, "key", "add", "--user",
                                  self.author], capture_output=True, text=True)
            if key.returncode != 0:
                raise Failed(f"caisson key add: {key.stderr.strip()}")
            stamp.write_text(made_by + " " + key.stdout.strip())
        self.key = stamp.read_text().split()[1]

    def prepare_create(self):
        self.folder = self.work / "app-create"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.seeded, self.folder, ignore=shutil.ignore_patterns("seed", "*.sock"))

    def cache_kib(self):
        """The page cache that its readers have, so that the bare server gets the same."""
        told = subprocess.run([self.program, "limits"], capture_output=True, text=True).stdout
        found = re.search(r"sqlite_cache\D+(\d+)", told)
        return int(found[1]) if found else 2048

    def database(self):
        return self.seeded / "data/bench.db"

    def requests(self, workload):
        if workload in ("point", HALF, HALF_REPORT):
            return ["GET", "PORT", "/v1/questions/{{id}}", "--pick", f"id={self.work}/app/ids"]
        if workload == "point, key":
            return self.requests("point") + ["--key", self.key]
        if workload == "list":
            return ["GET", "PORT", "{{url}}", "--pick", f"url={self.write_urls()}"]
        if workload == LIST_COUNTED:
            return ["GET", "PORT", "{{url}}", "--pick", f"url={self.write_urls(count=True)}"]
        if workload == LIST_ANEW:
            return ["GET", "PORT", "{{url}}", "--pick", f"url={self.write_urls(count=True, now=True)}"]
        if workload in CREATES:
            return self.create("questions")
        if workload in RULES:
            return self.create("referred" if workload == REFERENCE_RULE else "owned")
        return None

    def create(self, collection):
        return ["POST", "PORT", f"/v1/{collection}", "--key", self.key,
                "--pick", f"topic={self.work}/app/topics", "--body", self.write_body()]

    def write_urls(self, count=False, now=False):
        more = ("%20%26%26%20asked%20%3C%20now" if now else "") + "&sort=-asked&limit=20"
        more += "&count=exact" if count else ""
        path = self.work / f"caisson-urls{'-counted' if count else ''}{'-now' if now else ''}"
        path.write_text("".join(
            "/v1/questions?filter=level%20==%20%22" + level +
            "%22%20%26%26%20asked%20%3C%20%22" + day + "T00:00:00Z%22" + more + "\n"
            for level in LEVELS for day in days()))
        return path

    def write_body(self):
        path = self.work / "caisson-body.json"
        path.write_text(
            '{"title":"Question {{n}} of the load?","answer":"' + ANSWER +
            '","level":"beginner","topic":"{{topic}}","published":true,"votes":0,'
            '"asked":"2026-11-24T08:00:00Z"}\n')
        return path


class QuietCaisson(Caisson):
    """Without a log, on a copy of the seeded folder, to read from while the other is there too."""
    name = "Caisson, log off"

    def __init__(self, loud):
        super().__init__(loud.work, loud.program, loud.author, "app-log-off")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(loud.seeded, self.folder, ignore=shutil.ignore_patterns("seed", "*.sock"))

    def command(self):
        return super().command()[:-1] + ["off"]

    def requests(self, workload):
        return super().requests(workload) if workload == "point" else None


class ReportCaisson(Caisson):
    """With a table that is large enough for a report of seconds."""
    REPORT_SECONDS = 2.0

    def __init__(self, loud, visits):
        super().__init__(loud.work, loud.program, loud.author, "app-report")
        self.visits = self.bound = visits
        self.key = loud.key
        made_by = f"{(loud.seeded / 'seeded-by').read_text().split()[0]} {visits}"
        stamp = self.folder / "made-by"
        if stamp.exists() and stamp.read_text() == made_by:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(loud.seeded, self.folder,
                        ignore=shutil.ignore_patterns("data", "*.sock", "*-by"))
        print(f"generating {visits} visits ...", flush=True)
        subprocess.run([pathlib.Path(__file__).parent / "seed", "--visits", str(visits),
                        self.folder], check=True)
        self.start()
        self.stop()
        stamp.write_text(made_by)

    def report(self):
        """No index has its order or its condition: all rows are read, and read again to count."""
        absent = "".join(f"%20%26%26%20!lower(path).contains(%22{word}%22)" for word in
                         ("door", "window", "stair", "letter", "river", "garden", "lamp", "clock"))
        return (f"/v1/visits?filter=id%20%3C=%20{self.bound}{absent}"
                "&sort=-ms,path&limit=20&count=exact")

    def report_seconds(self):
        start = time.monotonic()
        get(self.port, self.report())
        return time.monotonic() - start

    def fit_report(self):
        """Let it read as many rows as it can in two seconds when alone."""
        self.bound = self.visits // 5
        taken_s = min(self.report_seconds() for _ in range(3))
        self.bound = min(self.visits, int(self.bound * self.REPORT_SECONDS / taken_s))


def days():
    """Days up to which a list is asked for: so that pages from everywhere are read."""
    return [f"2026-{month:02}-{day:02}" for month in (2, 3) for day in range(1, 29)]


def copy_database(source, target):
    for ending in ("", "-wal", "-shm"):
        pathlib.Path(f"{target}{ending}").unlink(missing_ok=True)
    shutil.copyfile(source, target)
    if pathlib.Path(f"{source}-wal").exists():
        shutil.copyfile(f"{source}-wal", f"{target}-wal")


def copy_for_inserts(database):
    """A copy that bare_insert() may spoil, with nothing of it left to be written back."""
    target = pathlib.Path(str(database) + ".insert")
    copy_database(database, target)
    os.sync()
    return target


def bare_insert(build, database, arguments, seconds):
    """Inserts per second of the bare loop."""
    done = subprocess.run([build / "bench/bench_bare_insert", database, "--seconds", str(seconds),
                           *arguments], capture_output=True, text=True,
                          preexec_fn=on_core(SERVER_CORE))
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return float(done.stdout)
