"""PocketBase as a contestant: the same questions, rules, indexes and callers, in its own way.

Its rows are put into its SQLite file directly, since its API takes minutes for them; all that
is measured goes through its API.
"""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import urllib.error
import urllib.request

from contestants import ANSWER, LEVELS, Failed, Server, days, free_port
from workloads import CREATES, LIST_COUNTED

VERSION = "v0.39.11"
PEOPLE = {"identity": "bench@example.com", "password": "correct-horse-battery"}
TOPICS = {"name": "topics", "type": "base", "listRule": "", "viewRule": "",
          "fields": [{"name": "name", "type": "text", "required": True}]}
AUTHORS = {**TOPICS, "name": "authors"}


def build_programs(work, source):
    """The plain program, and ours that commits durably; both are kept in ${work}."""
    if not shutil.which("go"):
        raise Failed("PocketBase needs a Go compiler")
    plain, full = work / "base", work / "pocketbase-full"
    if not plain.exists():
        run(["go", "install", f"github.com/pocketbase/pocketbase/examples/base@{VERSION}"],
            env={**os.environ, "GOBIN": str(work)})
    if not full.exists():
        run(["go", "build", "-o", full, "."], cwd=source)
    return plain, full


def run(command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{command[0]} {command[1]}: {(done.stderr or done.stdout).strip()[-500:]}")


class PocketBase(Server):
    def __init__(self, work, name, program, data):
        super().__init__(work)
        self.name, self.program = name, program
        self.seeded = self.data = data
        self.token = ""

    def start(self, timeout_s=30):
        self.port = free_port()
        # Its folder of migrations stands beside its data; each has a folder of its own for both.
        self.spawn([self.program, "serve", "--http", f"127.0.0.1:{self.port}",
                    "--dir", self.data / "pb_data"], stdout=subprocess.DEVNULL, cwd=self.work)
        self.wait_for_port()
        if (self.data / "made").exists():
            self.token = Api(self.port).sign_in("users")

    def prepare_create(self):
        self.data = self.work / "pb-create"
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.seeded, self.data)

    def requests(self, workload):
        records = "/api/collections/questions/records"
        if workload in CREATES:
            if "FULL" not in self.name:
                return None
            return ["POST", "PORT", records, "--key", self.token,
                    "--pick", f"topic={self.work}/pb-topics", "--body", self.write_body()]
        if "FULL" in self.name:
            return None
        if workload == "point":
            return ["GET", "PORT", records + "/{{id}}", "--pick", f"id={self.work}/pb-ids"]
        if workload == "point, key":
            return self.requests("point") + ["--key", self.token]
        if workload in ("list", LIST_COUNTED):
            return ["GET", "PORT", "{{url}}", "--pick",
                    f"url={self.write_urls(records, workload == LIST_COUNTED)}"]
        return None

    def write_urls(self, records, counted):
        path = self.work / f"pb-urls-{counted:d}"
        path.write_text("".join(
            f"{records}?filter=level%3D%22{level}%22%20%26%26%20asked%3C%22{day}%20"
            f"00:00:00.000Z%22&sort=-asked&perPage=20&skipTotal={not counted:d}\n"
            for level in LEVELS for day in days()))
        return path

    def write_body(self):
        path = self.work / "pb-body.json"
        author = (self.work / "pb-author").read_text()
        path.write_text(
            '{"title":"Question {{n}} of the load?","answer":"' + ANSWER +
            '","level":"beginner","topic":"{{topic}}","author":"' + author +
            '","published":true,"votes":0,"asked":"2026-11-24 08:00:00.000Z"}\n')
        return path


class Api:
    """PocketBase's own interface, as its superuser."""

    def __init__(self, port):
        self.base, self.token = f"http://127.0.0.1:{port}/api", None

    def call(self, method, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        if self.token:
            request.add_header("Authorization", self.token)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failed(f"PocketBase {path}: {error.read().decode()}") from error

    def sign_in(self, collection):
        return self.call("POST", f"/collections/{collection}/auth-with-password", PEOPLE)["token"]


def make_data(work, plain, seed, logged):
    """A data folder with the questions of ${seed}, its request log on or off; made once."""
    data = work / ("pb-log-on" if logged else "pb-log-off")
    if (data / "made").exists():
        empty_log(data / "pb_data/auxiliary.db")
        return data
    shutil.rmtree(data, ignore_errors=True)
    run([plain, "superuser", "upsert", *PEOPLE.values(), "--dir", data / "pb_data"], cwd=work)
    server = PocketBase(work, "PocketBase setup", plain, data)
    server.start()
    try:
        api = Api(server.port)
        api.token = api.sign_in("_superusers")
        make_collections(api)
        if not logged:
            api.call("PATCH", "/settings", {"logs": {"maxDays": 0}})
        api.call("POST", "/collections/users/records", {
            "email": PEOPLE["identity"], "password": PEOPLE["password"],
            "passwordConfirm": PEOPLE["password"], "verified": True})
    finally:
        server.stop()
    import_rows(work, data / "pb_data/data.db", seed)
    (data / "made").touch()
    return data


def empty_log(path):
    """A log that earlier runs have filled would make it slower than it is."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DELETE FROM _logs")
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def make_collections(api):
    topics = api.call("POST", "/collections", TOPICS)
    authors = api.call("POST", "/collections", AUTHORS)

    def relation(name, to):
        return {"name": name, "type": "relation", "collectionId": to["id"], "maxSelect": 1,
                "required": True}
    api.call("POST", "/collections", {
        "name": "questions", "type": "base", "createRule": '@request.auth.id != ""',
        "listRule": "published = true || author = @request.auth.id",
        "viewRule": "published = true || author = @request.auth.id",
        "fields": [
            {"name": "title", "type": "text", "required": True, "min": 3, "max": 200},
            {"name": "answer", "type": "text"},
            {"name": "level", "type": "select", "values": LEVELS, "maxSelect": 1,
             "required": True},
            relation("topic", topics), relation("author", authors),
            {"name": "published", "type": "bool"},
            {"name": "votes", "type": "number", "onlyInt": True},
            {"name": "asked", "type": "date", "required": True},
            {"name": "created", "type": "autodate", "onCreate": True},
            {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True}],
        "indexes": ["CREATE INDEX questions_topic ON questions (topic, id)",
                    "CREATE INDEX questions_author ON questions (author, id)",
                    "CREATE INDEX questions_votes ON questions (votes, id)",
                    "CREATE INDEX questions_level_asked ON questions"
                    " (level, asked DESC, published DESC)"]})


def import_rows(work, path, seed):
    """The rows of seed/*.ndjson under ids such as PocketBase makes: fifteen random letters."""
    rng, ids = random.Random(1), {}

    def id_of(uuid):
        if uuid not in ids:
            ids[uuid] = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=15))
        return ids[uuid]

    database = sqlite3.connect(path)
    published = []
    for name in ("topics", "authors", "questions"):
        with open(seed / f"{name}.ndjson", encoding="utf-8") as file:
            for record in map(json.loads, file):
                record.pop("owner", None)
                for field in ("id", "topic", "author"):
                    if field in record:
                        record[field] = id_of(record[field])
                if name == "questions":
                    record["asked"] = record["asked"].replace("T", " ")[:23] + "Z"
                    record["created"] = record["updated"] = record["asked"]
                    if record["published"]:
                        published.append(record["id"])
                database.execute(f"INSERT INTO {name} ({','.join(record)}) "
                                 f"VALUES ({','.join('?' * len(record))})", list(record.values()))
    database.commit()
    database.execute("ANALYZE")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    topics = [row[0] for row in database.execute("SELECT id FROM topics")]
    (work / "pb-author").write_text(database.execute("SELECT id FROM authors").fetchone()[0])
    database.commit()
    database.close()
    (work / "pb-ids").write_text("\n".join(published) + "\n")
    (work / "pb-topics").write_text("\n".join(topics) + "\n")
