// The ledger: what was asked of a server, what it answered, and what must then
// be there.  2xx is OK: there, exactly once.  4xx is FAIL: absent.  Anything else
// is INFO: there or absent, never half.  Workers write into it while the server
// runs; after a crash verify() holds the server's data against it.

import { Api } from '../lib/api.mjs';
import { pick, seeded, uuid7 } from '../lib/ids.mjs';
import { sleep } from '../lib/wire.mjs';

const ABSENT = 'absent';
const TAKEN = 'the one claim';

export class Ledger {
	constructor(seed = 1) {
		this.random = seeded(seed);
		this.counts = { acknowledged: 0, unknown: 0, refused: 0, lost: 0, doubled: 0, half: 0, leaked: 0, wrong: 0, retried: 0 };
		this.settled = new Map();
		this.counter = { base: 0, ok: 0, info: 0 };
		this.complaints = [];
		this.cycle = 0;
		this.serial = 0;
	}

	/* The records that every cycle shares. */
	async prepare(server) {
		const api = new Api(server);
		await api.make('/counters', { id: 1 });
		await api.make('/entries', { mark: 'taken', a: 0, b: 0, cycle: 0, claim: TAKEN });
		this.settled.set('taken', 0);
		api.close();
	}

	/* Begins a cycle; the workers run until the server dies or stop() is called. */
	begin(server, workers = 32) {
		this.cycle++;
		Object.assign(this, { records: new Map(), groups: [], retries: [], stopping: false, frozen: false });
		const all = Array.from({ length: workers }, (_, i) => new Worker(this, server, i));
		this.working = Promise.all(all.map((worker) => worker.run()));
	}

	/* From here on no answer counts: the power is about to fail. */
	freeze() {
		this.frozen = true;
	}

	async stop() {
		this.stopping = true;
		await this.working;
	}

	complain(kind, text) {
		this.counts[kind]++;
		if (this.complaints.length < 50)
			this.complaints.push(`cycle ${this.cycle}: ${kind}: ${text}`);
	}

	/* After recovery: sends the unknown writes again, then compares. */
	async verify(server) {
		const api = new Api(server);
		await this.#retry(api);
		const seen = new Map();
		for (const path of ['/boxes', '/entries']) {
			for (const row of await api.walk(path, { filter: `cycle == ${this.cycle}`, limit: 1000 }))
				seen.set(row.mark, [...(seen.get(row.mark) ?? []), row]);
		}
		this.#compare(seen);
		await this.#compareCounter(api);
		api.close();
	}

	/* Everything that was ever settled, against everything there is. */
	async verifyAll(server) {
		const api = new Api(server), seen = new Map();
		for (const path of ['/boxes', '/entries'])
			for (const row of await api.walk(path, { limit: 1000 }))
				seen.set(row.mark, seen.has(row.mark) ? 'twice' : row.a);
		api.close();
		for (const [mark, a] of this.settled) {
			if (seen.get(mark) !== a)
				this.complain(seen.get(mark) === 'twice' ? 'doubled' : 'lost', `${mark} was ${a} and is now ${seen.get(mark) ?? ABSENT}`);
		}
		for (const mark of seen.keys())
			if (!this.settled.has(mark))
				this.complain('leaked', `${mark} is there and was never settled`);
	}

	async #retry(api) {
		for (const { mark, path, body, key, a } of this.retries) {
			const answer = await api.post(path, body, { 'idempotency-key': key });
			this.counts.retried++;
			if (answer.status === 201)
				this.records.get(mark).allowed = new Set([a]);
			else
				this.complain('wrong', `the retry of ${mark} was answered ${answer.status} ${answer.text}`);
		}
	}

	#compare(seen) {
		for (const [mark, rows] of seen) {
			if (rows.length > 1)
				this.complain('doubled', `${mark} is there ${rows.length} times`);
			if (rows.some((row) => row.a !== row.b))
				this.complain('half', `${mark} has ${JSON.stringify(rows)}`);
			if (!this.records.has(mark))
				this.complain('leaked', `${mark} is there and was never asked for`);
		}
		const state = (mark) => seen.get(mark)?.[0].a ?? ABSENT;
		for (const { mark, allowed, refused } of this.records.values()) {
			if (!allowed.has(state(mark)))
				this.complain(refused ? 'leaked' : 'lost', `${mark} is ${state(mark)}, may be ${[...allowed].join(' or ')}`);
			if (state(mark) !== ABSENT)
				this.settled.set(mark, state(mark));
		}
		for (const marks of this.groups) {
			const there = marks.filter((mark) => state(mark) !== ABSENT);
			if (there.length !== 0 && there.length !== marks.length)
				this.complain('half', `of ${marks.join(' ')} only ${there.join(' ')}`);
		}
	}

	async #compareCounter(api) {
		const { n } = (await api.get('/counters/1')).json, { base, ok, info } = this.counter;
		if (n < base + ok)
			this.complain('lost', `the counter is ${n}, at least ${base + ok} was acknowledged`);
		if (n > base + ok + info)
			this.complain('doubled', `the counter is ${n}, at most ${base + ok + info} was asked for`);
		this.counter = { base: n, ok: 0, info: 0 };
	}

	report() {
		return Object.entries(this.counts).map(([name, count]) => `${count} ${name}`).join(', ');
	}

	isSound() {
		return ['lost', 'doubled', 'half', 'leaked', 'wrong'].every((name) => this.counts[name] === 0);
	}
}

class Worker {
	constructor(ledger, server, number) {
		Object.assign(this, { ledger, number, api: new Api(server), own: [], dead: false });
		this.random = seeded(Math.floor(ledger.random() * 2 ** 32));
		this.acts = [this.create, this.create, this.createMany, this.patch, this.increment, this.count, this.count, this.remove, this.box,
			this.conflict, this.conflictInArray, this.conflictInPatch, this.nowhere, this.invalid, this.stale];
	}

	async run() {
		while (!this.ledger.stopping && !this.dead)
			await pick(this.random, this.acts).call(this);
		this.api.close();
	}

	mark() {
		return `${this.ledger.cycle}-${this.number}-${++this.ledger.serial}`;
	}

	entry(more = {}) {
		const a = Math.floor(this.random() * 1000);
		return { id: uuid7(), mark: this.mark(), a, b: a, cycle: this.ledger.cycle, ...more };
	}

	/* One request, and which of OK, FAIL, INFO it came to; a FAIL that was not meant is a complaint. */
	async ask(method, path, body, { headers, meant = 'OK' } = {}) {
		const { ledger } = this;
		let answer;
		try {
			answer = await this.api.request(method, path, { body, headers, timeout_ms: 20000 });
		} catch (error) {
			this.dead = true;
			if (error.code === 'ERR_ASSERTION')
				ledger.complain('wrong', error.message);
		}
		const fate = !answer || ledger.frozen || answer.status >= 500 ? 'INFO' : answer.status >= 400 ? 'FAIL' : 'OK';
		ledger.counts[{ OK: 'acknowledged', FAIL: 'refused', INFO: 'unknown' }[fate]]++;
		if (fate !== 'INFO' && fate !== meant)
			ledger.complain('wrong', `${method} ${path} ${JSON.stringify(body)} was answered ${answer.status} ${answer.text.slice(0, 300)}`);
		if (fate === 'INFO' && answer && !ledger.frozen)
			await sleep(20);
		return fate;
	}

	note(mark, ...allowed) {
		this.ledger.records.set(mark, { mark, allowed: new Set(allowed) });
	}

	noteRefused(mark) {
		this.ledger.records.set(mark, { mark, allowed: new Set([ABSENT]), refused: true });
	}

	async create() {
		const body = this.entry(), key = uuid7();
		this.note(body.mark, ABSENT, body.a);
		const fate = await this.ask('POST', '/entries', body, { headers: { 'idempotency-key': key } });
		if (fate === 'OK') {
			this.note(body.mark, body.a);
			this.own.push(body);
		} else if (fate === 'INFO' && this.random() < 0.5) {
			this.ledger.retries.push({ mark: body.mark, path: '/entries', body, key, a: body.a });
		} else if (fate === 'FAIL') {
			this.noteRefused(body.mark);
		}
	}

	async createMany(more = {}) {
		const bodies = Array.from({ length: 2 + Math.floor(this.random() * 6) }, () => this.entry(more));
		bodies.forEach((body) => this.note(body.mark, ABSENT, body.a));
		const fate = await this.ask('POST', '/entries', bodies);
		if (fate === 'OK')
			bodies.forEach((body) => this.note(body.mark, body.a));
		else if (fate === 'INFO')
			this.ledger.groups.push(bodies.map((body) => body.mark));
		else
			bodies.forEach((body) => this.noteRefused(body.mark));
		if (fate === 'OK' && !more.box)
			this.own.push(...bodies);
		return { fate, bodies };
	}

	takeOwn() {
		return this.own.splice(Math.floor(this.random() * this.own.length), 1)[0];
	}

	async patch() {
		const body = this.takeOwn();
		if (!body)
			return;
		await this.change(body, { a: body.a + 1000, b: body.a + 1000 }, body.a + 1000);
	}

	async increment() {
		const body = this.takeOwn();
		if (!body)
			return;
		await this.change(body, { a: { $inc: 1 }, b: { $inc: 1 } }, body.a + 1);
	}

	async change(body, patch, next) {
		this.note(body.mark, body.a, next);
		const fate = await this.ask('PATCH', `/entries/${body.id}`, patch);
		if (fate === 'OK') {
			this.note(body.mark, next);
			this.own.push({ ...body, a: next, b: next });
		}
	}

	async count() {
		this.ledger.counter.info++;
		const fate = await this.ask('PATCH', '/counters/1', { n: { $inc: 1 } });
		if (fate !== 'INFO')
			this.ledger.counter.info--;
		if (fate === 'OK')
			this.ledger.counter.ok++;
	}

	async remove() {
		const body = this.takeOwn();
		if (!body)
			return;
		this.note(body.mark, ABSENT, body.a);
		if (await this.ask('DELETE', `/entries/${body.id}`) === 'OK')
			this.note(body.mark, ABSENT);
	}

	/* A box, its entries, and then perhaps both away in one commit. */
	async box() {
		const body = this.entry();
		this.note(body.mark, ABSENT, body.a);
		if (await this.ask('POST', '/boxes', body) !== 'OK')
			return;
		this.note(body.mark, body.a);
		const { fate, bodies } = await this.createMany({ box: body.id });
		if (fate !== 'OK' || this.random() < 0.5)
			return;
		const all = [body, ...bodies];
		all.forEach((each) => this.note(each.mark, ABSENT, each.a));
		if (await this.ask('DELETE', `/boxes/${body.id}`) === 'OK')
			all.forEach((each) => this.note(each.mark, ABSENT));
		else
			this.ledger.groups.push(all.map((each) => each.mark));
	}

	async refuse(method, path, body, ...marks) {
		marks.forEach((mark) => this.noteRefused(mark));
		await this.ask(method, path, body, { meant: 'FAIL' });
	}

	async conflict() {
		const body = this.entry({ claim: TAKEN });
		await this.refuse('POST', '/entries', body, body.mark);
	}

	async conflictInArray() {
		const bodies = [this.entry(), this.entry(), this.entry({ claim: TAKEN })];
		await this.refuse('POST', '/entries', bodies, ...bodies.map((body) => body.mark));
	}

	async conflictInPatch() {
		const [body] = this.own;
		if (body)
			await this.refuse('PATCH', `/entries/${body.id}`, { a: -1, b: -1, claim: TAKEN });
	}

	async nowhere() {
		const body = this.entry({ box: uuid7() });
		await this.refuse('POST', '/entries', [this.entry({ mark: body.mark }), body], body.mark);
	}

	async invalid() {
		const body = this.entry({ a: 'not a number' });
		await this.refuse('POST', '/entries', body, body.mark);
	}

	async stale() {
		const [body] = this.own;
		if (body)
			await this.ask('PATCH', `/entries/${body.id}`, { a: -2, b: -2 }, { headers: { 'if-match': '"no-such-tag"' }, meant: 'FAIL' });
	}
}
