// A client of one live query: a map of rows that entered, changed and left; after
// a reset the list, read again.  It goes on with Last-Event-ID whenever it is cut off;
// one with `snapshot` begins anew with the rows that are there.

import assert from 'node:assert/strict';
import { Api } from '../lib/api.mjs';
import { Events } from '../lib/events.mjs';

export class Follower {
	constructor(query, server, totals) {
		Object.assign(this, { ...query, server, totals, map: new Map(), ever: new Set(), seen: 0n });
		const filter = this.filter ? [`filter=${encodeURIComponent(this.filter)}`] : [];
		const asked = [...filter, ...(this.snapshot ? ['live=snapshot', 'limit=1000'] : [])].join('&');
		this.target = `/v1${this.path}${asked && `?${asked}`}`;
	}

	get isLocal() {
		return this.holds !== undefined;
	}

	/* Opens the stream, or goes on with it; the first time the list is read behind it. */
	async connect() {
		this.absorb();
		this.events?.close();
		if (this.snapshot)
			await this.#begin();
		else
			this.events = await Events.open(this.server, this.target, { key: this.caller?.key, lastEventId: this.lastId });
		this.exact = false;
		this.seen = 0n;
		if (this.snapshot)
			this.totals.snapshots++;
		else if (this.lastId === undefined)
			await this.reload();
		else
			this.totals.resumes++;
	}

	/* The rows up to the mark are the map; what comes behind it is told on. */
	async #begin() {
		this.events = await Events.open(this.server, this.target, { key: this.caller?.key });
		const rows = await this.events.takeUntil(({ event }) => event === 'snapshot'), mark = rows.pop();
		assert.equal(mark.data.next, null, `${this.name}: more than a page`);
		assert.match(mark.id, /^\d+$/);
		rows.forEach(({ event, data, id }) => {
			assert.deepEqual([event, id], ['entered', undefined], this.name);
			assert.ok(!this.isLocal || this.holds(data), `${this.name}: ${JSON.stringify(data)} may not be seen`);
		});
		this.map = new Map(rows.map(({ data }) => [data.id, data]));
		assert.equal(this.map.size, rows.length, `${this.name}: a row was told twice`);
		this.map.forEach((row, id) => this.ever.add(id));
		this.isReset = false;
	}

	async reload() {
		this.map = new Map((await this.list()).map((row) => [row.id, row]));
		this.map.forEach((row, id) => this.ever.add(id));
		this.exact = false;
	}

	async list() {
		const api = new Api(this.server, { key: this.caller?.key });
		try {
			return await api.walk(this.path, { limit: 1000, ...(this.filter ? { filter: this.filter } : {}) });
		} finally {
			api.close();
		}
	}

	/* Applies what has come; a reset is answered by settle(). */
	absorb() {
		for (const event of this.events?.events.splice(0) ?? [])
			this.#apply(event);
		if (this.events?.lastId !== undefined)
			this.lastId = this.events.lastId;
	}

	#apply({ event, data, id }) {
		this.totals.events++;
		if (id !== undefined) {
			assert.match(id, /^\d+$/);
			assert.ok(BigInt(id) > this.seen || (event === 'reset' && BigInt(id) === this.seen), `${this.name}: ${event} ${id} behind ${this.seen}`);
			this.seen = BigInt(id);
		}
		if (event === 'reset') {
			assert.equal(typeof data.reason, 'string');
			this.totals[this.isLocal ? 'localResets' : 'joinedResets']++;
			if (this.isLocal)
				console.log(`${this.name}: a reset, ${data.reason}`);
			this.isReset = true;
			return;
		}
		this.#judge(event, data);
		if (event === 'left') {
			this.map.delete(data.id);
		} else {
			this.map.set(data.id, data);
			this.ever.add(data.id);
		}
	}

	/* Rows that are shown must be permitted, and what leaves must have been shown once. */
	#judge(event, data) {
		const said = `${this.name}: ${event} ${JSON.stringify(data)}`;
		assert.ok(['entered', 'changed', 'left'].includes(event), said);
		if (event === 'left') {
			assert.deepEqual(Object.keys(data), ['id'], said);
			assert.ok(!this.isLocal || this.ever.has(data.id), `${said}: nobody was shown it`);
		} else if (this.isLocal) {
			assert.ok(this.holds(data), `${said}: it may not be seen`);
		}
		if (this.exact && this.isLocal)
			assert.equal(this.map.has(data.id), event !== 'entered', said);
	}

	/* The first difference from ${expected}, or null. */
	differ(expected) {
		for (const row of expected) {
			if (!this.map.has(row.id))
				return `${JSON.stringify(row)} is in the list and was not told`;
			if (JSON.stringify(this.map.get(row.id)) !== JSON.stringify(row))
				return `${JSON.stringify(row)} was told as ${JSON.stringify(this.map.get(row.id))}`;
		}
		const ids = new Set(expected.map((row) => row.id));
		const left = [...this.map.keys()].find((id) => !ids.has(id));
		return left === undefined ? null : `${left} is not in the list and was not taken away`;
	}

	close() {
		this.events?.close();
	}
}
