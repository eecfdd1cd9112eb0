// Reads an event stream (the HTML standard's text/event-stream) from a live query.

import assert from 'node:assert/strict';
import { Wire } from './wire.mjs';

export class Events {
	/* Opens the stream; throws the answer's text when it is not one. */
	static async open(server, path, { key, lastEventId, headers = {} } = {}) {
		const wire = await Wire.connect(server.port);
		const fields = { host: 'a', accept: 'text/event-stream', ...headers };
		if (key)
			fields.authorization = `Bearer ${key}`;
		if (lastEventId !== undefined)
			fields['last-event-id'] = lastEventId;
		wire.send(`GET ${path} HTTP/1.1\r\n${Object.entries(fields).map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
		const answer = await wire.head();
		if (answer.status !== 200)
			throw Object.assign(new Error(`live: ${answer.status}`), { answer });
		assert.match(answer.get('content-type') ?? '', /^text\/event-stream/);
		return new Events(wire, answer);
	}

	constructor(wire, answer) {
		Object.assign(this, { wire, answer, events: [], comments: 0, text: '', lastId: undefined, done: false });
		this.wake = () => {};
		this.reading = this.#read();
	}

	async #read() {
		try {
			for (let piece; (piece = await this.wire.piece(this.answer, 600000)) !== null;)
				this.#take(piece.toString('utf8'));
		} catch (error) {
			this.error = error;
		}
		this.done = true;
		this.wake();
	}

	#take(piece) {
		this.text += piece;
		for (let end; (end = this.text.indexOf('\n\n')) >= 0;) {
			this.#event(this.text.slice(0, end).split('\n'));
			this.text = this.text.slice(end + 2);
		}
		if (/^:[^\n]*\n$/.test(this.text)) {
			this.comments++;
			this.text = '';
		}
		this.wake();
	}

	#event(lines) {
		const event = { event: 'message', data: [] };
		for (const line of lines) {
			const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
			if (name === '')
				this.comments++;
			else if (name === 'data')
				event.data.push(value);
			else
				event[name] = value;
		}
		if (event.id !== undefined)
			this.lastId = event.id; /* of a block without data too */
		if (event.data.length === 0)
			return;
		event.data = JSON.parse(event.data.join('\n'));
		this.events.push(event);
	}

	/* The next count events, in order; throws when they do not come in time. */
	async take(count = 1, timeout_ms = 5000) {
		await this.until(() => this.events.length >= count, timeout_ms, `${count} events`);
		return this.events.splice(0, count);
	}

	/* Collects events until one satisfies the test; all of them, that one last. */
	async takeUntil(isLast, timeout_ms = 5000) {
		await this.until(() => this.events.some(isLast), timeout_ms, 'the event');
		return this.events.splice(0, this.events.findIndex(isLast) + 1);
	}

	async until(condition, timeout_ms, what) {
		const until = Date.now() + timeout_ms;
		while (!condition()) {
			const left_ms = until - Date.now();
			if (left_ms <= 0 || this.done)
				throw new Error(`${this.done ? `the stream ended (${this.error?.message ?? 'properly'})` : 'too late'}: waited for ${what}, got ${JSON.stringify(this.events.slice(-5))}`);
			await new Promise((done) => {
				const late = setTimeout(done, left_ms);
				this.wake = () => {
					clearTimeout(late);
					done();
				};
			});
		}
	}

	close() {
		this.wire.close();
	}
}
