// A client for the HTTP interface: one connection, one request at a time, JSON
// in and out.  What must hold of every answer is checked on every answer.

import assert from 'node:assert/strict';
import { checkDescribed } from './described.mjs';
import { Wire } from './wire.mjs';

const FIELD_CODES = new Set(('required type too_short too_long too_small too_large pattern enum unique ' +
	'reference readonly unknown').split(' '));

export class Api {
	constructor(server, { key, headers = {}, prefix = '/v1' } = {}) {
		Object.assign(this, { server, key, headers, prefix, queue: Promise.resolve() });
	}

	/* The same server, another caller: as() is a guest. */
	as(key) {
		return new Api(this.server, { key, headers: this.headers, prefix: this.prefix });
	}

	/* A path that begins with two slashes is taken as it is, less one; others stand under the prefix. */
	request(method, path, options = {}) {
		const result = this.queue.then(() => this.#request(method, path, options));
		this.queue = result.catch(() => {});
		return result;
	}

	get(path, headers) {
		return this.request('GET', path, { headers });
	}

	post(path, body, headers) {
		return this.request('POST', path, { body, headers });
	}

	put(path, body, headers) {
		return this.request('PUT', path, { body, headers });
	}

	patch(path, body, headers) {
		return this.request('PATCH', path, { body, headers });
	}

	delete(path, headers) {
		return this.request('DELETE', path, { headers });
	}

	/* A list with its parameters: list('/posts', {filter: 'a == 1', limit: 5}). */
	list(path, parameters = {}, headers) {
		const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
		return this.get(query === '' ? path : `${path}?${query}`, headers);
	}

	/* The record that was made; throws on a refusal. */
	async make(path, body) {
		const answer = await this.post(path, body);
		assert.equal(answer.status, 201, `POST ${path} ${JSON.stringify(body)}: ${answer.text}`);
		return { ...answer.json, etag: answer.etag };
	}

	/* All items of a list, page after page. */
	async walk(path, parameters = {}, headers) {
		const items = [];
		for (let cursor = null, pages = 0; ; pages++) {
			assert.ok(pages < 10000, 'the pages have no end');
			const answer = await this.list(path, cursor === null ? parameters : { ...parameters, cursor }, headers);
			assert.equal(answer.status, 200, answer.text);
			items.push(...answer.json.items);
			cursor = answer.json.next;
			if (cursor === null)
				return items;
		}
	}

	async #request(method, path, { body, headers = {}, timeout_ms, version = '1.1' }) {
		if (!this.wire || this.wire.ended) {
			this.wire?.close();
			this.wire = await Wire.connect(this.server.port);
		}
		const target = path.startsWith('//') ? path.slice(1) : this.prefix + path;
		const payload = body === undefined ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
		this.wire.send(this.#head(method, target, version, payload, headers), ...(payload ? [payload] : []));
		let answer;
		try {
			answer = await this.wire.response({ method, timeout_ms });
		} catch (error) {
			this.wire.close();
			this.wire = null;
			throw error;
		}
		if (/\bclose\b/i.test(answer.get('connection') ?? '')) {
			this.wire.close();
			this.wire = null;
		}
		checkAnswer(answer, method, `${method} ${target}`);
		checkDescribed(this.server, answer, method, target);
		return answer;
	}

	#head(method, target, version, payload, headers) {
		const fields = { host: `127.0.0.1:${this.server.port}`, ...lower(this.headers) };
		if (this.key)
			fields.authorization = `Bearer ${this.key}`;
		if (payload) {
			fields['content-type'] = 'application/json';
			fields['content-length'] = payload.length;
		}
		Object.assign(fields, lower(headers));
		const lines = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
			.map(([name, value]) => `${name}: ${value}\r\n`);
		return `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n`;
	}

	close() {
		this.wire?.close();
		this.wire = null;
	}
}

function lower(headers) {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/* What every answer must keep, and its members read: json, etag, code, commit. */
export function checkAnswer(answer, method, what = method) {
	const type = answer.get('content-type') ?? '';
	if (/^application\/(?:[a-z.]+\+)?json\b/.test(type) && answer.text !== '')
		answer.json = JSON.parse(answer.text);
	answer.etag = answer.get('etag');
	answer.commit = answer.get('caisson-commit');
	answer.code = answer.status >= 400 ? answer.json?.code : undefined;
	const said = `${what}: ${answer.status} ${answer.text.slice(0, 500)}`;
	assert.match(answer.get('date') ?? '', /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/, `Date of ${said}`);
	if (answer.etag !== undefined)
		assert.match(answer.etag, /^"[^"\s]+"$/, `a strong ETag of ${said}`);
	assert.equal(answer.get('set-cookie'), undefined, `no cookies: ${said}`);
	if (answer.status >= 400)
		assert.equal(answer.commit, undefined, `no Caisson-Commit on a refusal: ${said}`);
	if (answer.status >= 400 && method !== 'HEAD')
		checkProblem(answer, said);
	assert.doesNotMatch(answer.text, /SQLITE_|sqlite3?_|\bSELECT .* FROM\b|\bINSERT INTO\b|PGRES|SQLSTATE/, `no SQL: ${said}`);
	return answer;
}

function checkProblem(answer, said) {
	assert.match(answer.get('content-type') ?? '', /^application\/problem\+json\b/, `a problem document: ${said}`);
	const problem = answer.json;
	assert.equal(problem.status, answer.status, `status: ${said}`);
	assert.match(problem.code, /^[a-z][a-z0-9_]*$/, `code: ${said}`);
	assert.equal(problem.type, `/problems/${problem.code}`, `type: ${said}`);
	for (const member of ['title', 'instance', ...('detail' in problem ? ['detail'] : [])])
		assert.ok(typeof problem[member] === 'string' && problem[member] !== '', `${member}: ${said}`);
	for (const error of problem.errors ?? []) {
		assert.ok(typeof error.detail === 'string' && error.detail !== '', `errors[].detail: ${said}`);
		assert.match(error.code, /^[a-z][a-z0-9_]*$/, `errors[].code: ${said}`);
		if (error.pointer !== undefined)
			assert.match(error.pointer, /^#(\/|$)/, `errors[].pointer: ${said}`);
		if (error.pointer !== undefined && answer.status === 422)
			assert.ok(FIELD_CODES.has(error.code), `a field code: ${said}`);
		if (error.offset !== undefined)
			assert.ok(Number.isInteger(error.offset) && error.offset >= 0, `errors[].offset: ${said}`);
	}
}

/* The pairs [pointer, code] of a problem, sorted. */
export function pointers(answer) {
	return (answer.json?.errors ?? []).map((error) => [error.pointer, error.code]).sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/* Asserts a refusal by status, and by its pointers where given: refused(answer, 422, {'#/title': 'required'}). */
export function refused(answer, status, expected) {
	assert.equal(answer.status, status, answer.text);
	if (expected)
		assert.deepEqual(Object.fromEntries(pointers(answer)), expected, answer.text);
	return answer;
}

export function parameterOf(answer) {
	return (answer.json?.errors ?? []).map((error) => error.parameter);
}
