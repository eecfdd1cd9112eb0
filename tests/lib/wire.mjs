// A client that sees the bytes: it sends what it is given, in pieces if asked,
// and reads answers with exact framing.  An answer that is not framed as RFC
// 9112 demands makes it throw.

import net from 'node:net';

const WAIT_MS = 10000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Wire {
	static connect(port, host = '127.0.0.1') {
		return new Promise((connected, failed) => {
			const socket = net.connect({ port, host, noDelay: true, allowHalfOpen: true });
			socket.once('error', failed);
			socket.once('connect', () => connected(new Wire(socket)));
		});
	}

	constructor(socket) {
		Object.assign(this, { socket, input: Buffer.alloc(0), ended: false, wake: () => {} });
		socket.on('data', (piece) => {
			this.input = Buffer.concat([this.input, piece]);
			this.wake();
		});
		const end = () => {
			this.ended = true;
			this.wake();
		};
		socket.on('end', end);
		socket.on('close', end);
		socket.on('error', (error) => {
			this.error = error;
			end();
		});
	}

	/* Strings are sent as latin1, so that each character is a byte. */
	send(...pieces) {
		for (const piece of pieces)
			this.socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
		return this;
	}

	async sendSlowly(bytes, size = 1, pause_ms = 1) {
		const all = Buffer.from(bytes, 'latin1');
		for (let at = 0; at < all.length && !this.ended; at += size) {
			this.socket.write(all.subarray(at, at + size));
			await sleep(pause_ms);
		}
		return this;
	}

	/* Sends FIN; the answers still come. */
	finish() {
		this.socket.end();
		return this;
	}

	close() {
		this.socket.destroy();
	}

	/* The next answer; throws at the end of the stream, at bad framing, and after timeout_ms. */
	async response({ method = 'GET', timeout_ms = WAIT_MS } = {}) {
		const until = Date.now() + timeout_ms;
		const head = await this.#until(until, () => this.#takeHead(), 'a head');
		const answer = parseHead(head);
		answer.bytes = await this.#readBody(answer, method, until);
		answer.text = answer.bytes.toString('utf8');
		return answer;
	}

	/* Like response(), but leaves the body in the stream: for event streams. */
	async head(timeout_ms = WAIT_MS) {
		return parseHead(await this.#until(Date.now() + timeout_ms, () => this.#takeHead(), 'a head'));
	}

	/* Body bytes as they come, chunked coding removed; null at the end. */
	async piece(answer, timeout_ms = WAIT_MS) {
		const until = Date.now() + timeout_ms;
		if (answer.get('transfer-encoding') === 'chunked')
			return this.#readChunk(until);
		return this.#until(until, () => this.#takeAny(), 'more of a body');
	}

	/* True when the peer closes within the time, having sent nothing more. */
	async closes(timeout_ms = 2000) {
		try {
			await this.#until(Date.now() + timeout_ms, () => (this.ended ? true : undefined), 'the end', true);
		} catch {
			return false;
		}
		return this.input.length === 0;
	}

	/* True when the connection still answers a plain request. */
	async isAlive() {
		this.send('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
		try {
			return (await this.response({ timeout_ms: 3000 })).status === 200;
		} catch {
			return false;
		}
	}

	async #until(until, take, what, atEnd = false) {
		for (;;) {
			const taken = take();
			if (taken !== undefined)
				return taken;
			if (this.ended && !atEnd)
				throw new Error(`the connection ended before ${what}: ${this.error?.code ?? 'end'}, rest ${JSON.stringify(this.input.toString('latin1').slice(0, 300))}`);
			const left_ms = until - Date.now();
			if (left_ms <= 0)
				throw new Error(`no sign of ${what} in time, rest ${JSON.stringify(this.input.toString('latin1').slice(0, 300))}`);
			await new Promise((done) => {
				const late = setTimeout(done, left_ms);
				this.wake = () => {
					clearTimeout(late);
					done();
				};
			});
		}
	}

	#take(count) {
		const taken = this.input.subarray(0, count);
		this.input = this.input.subarray(count);
		return taken;
	}

	#takeHead() {
		const end = this.input.indexOf('\r\n\r\n');
		return end < 0 ? undefined : this.#take(end + 4).toString('latin1');
	}

	#takeAny() {
		if (this.input.length > 0)
			return this.#take(this.input.length);
		return this.ended ? null : undefined;
	}

	#takeLine() {
		const end = this.input.indexOf('\r\n');
		return end < 0 ? undefined : this.#take(end + 2).toString('latin1').slice(0, -2);
	}

	async #readBody(answer, method, until) {
		const length = answer.get('content-length'), coding = answer.get('transfer-encoding');
		if (length !== undefined && coding !== undefined)
			throw new Error('an answer with Content-Length and Transfer-Encoding');
		if (answer.status < 200 || answer.status === 204) {
			if (length !== undefined || coding !== undefined)
				throw new Error(`a ${answer.status} with framing fields`);
			return Buffer.alloc(0);
		}
		if (method === 'HEAD' || answer.status === 304)
			return Buffer.alloc(0);
		if (coding !== undefined)
			return this.#readChunks(coding, until);
		if (length !== undefined) {
			if (!/^\d+$/.test(length))
				throw new Error(`Content-Length: ${length}`);
			return this.#until(until, () => (this.input.length < Number(length) ? undefined : this.#take(Number(length))), 'the whole body');
		}
		if (answer.get('connection')?.toLowerCase() !== 'close' && answer.version !== 'HTTP/1.0')
			throw new Error('an answer without framing on a connection that stays');
		const parts = [];
		for (let part; (part = await this.#until(until, () => this.#takeAny(), 'the end of the body')) !== null;)
			parts.push(part);
		return Buffer.concat(parts);
	}

	async #readChunks(coding, until) {
		if (coding.toLowerCase() !== 'chunked')
			throw new Error(`Transfer-Encoding: ${coding}`);
		const parts = [];
		for (let part; (part = await this.#readChunk(until)) !== null;)
			parts.push(part);
		return Buffer.concat(parts);
	}

	async #readChunk(until) {
		const line = await this.#until(until, () => this.#takeLine(), 'a chunk');
		if (!/^[0-9a-fA-F]+$/.test(line))
			throw new Error(`a chunk begins ${JSON.stringify(line)}`);
		const size = parseInt(line, 16);
		const data = await this.#until(until, () => (this.input.length < size + 2 ? undefined : this.#take(size + 2)), 'a whole chunk');
		if (data.subarray(size).toString('latin1') !== '\r\n')
			throw new Error('a chunk without its CRLF');
		return size === 0 ? null : data.subarray(0, size);
	}
}

function parseHead(head) {
	const lines = head.slice(0, -4).split('\r\n');
	const match = /^(HTTP\/1\.[01]) ([1-5]\d\d) ([^\r\n]*)$/.exec(lines[0]);
	if (!match)
		throw new Error(`status line ${JSON.stringify(lines[0])}`);
	const answer = { version: match[1], status: Number(match[2]), reason: match[3], fields: [] };
	for (const line of lines.slice(1)) {
		const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/.exec(line);
		if (!field)
			throw new Error(`field line ${JSON.stringify(line)}`);
		answer.fields.push([field[1].toLowerCase(), field[2]]);
	}
	answer.all = (name) => answer.fields.filter(([n]) => n === name).map(([, value]) => value);
	answer.get = (name) => {
		const values = answer.all(name);
		return values.length === 0 ? undefined : values.join(', ');
	};
	for (const name of ['content-length', 'transfer-encoding', 'content-type', 'etag', 'location', 'date'])
		if (answer.all(name).length > 1)
			throw new Error(`two ${name} fields`);
	return answer;
}
