// One conversation on one connection, for cases of bytes: what is sent, in
// pieces; which answers came; and whether the connection is still good for a
// request.  That is found out with one more request, the probe, whose answer
// nothing else gives: a server that took its bytes for something else, or that
// answers a request which was none, is found out by it.

import net from 'node:net';

export const PROBE_PATH = '/probe.txt', PROBE_TEXT = 'the probe';
const PROBE = Buffer.from(`GET ${PROBE_PATH} HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Talk {
	constructor(socket) {
		Object.assign(this, { socket, text: '', ended: false, wake: () => {} });
		socket.on('data', (piece) => {
			this.text += piece.toString('latin1');
			this.wake();
		});
		const end = () => {
			this.ended = true;
			this.wake();
		};
		socket.on('end', end).on('close', end).on('error', end);
	}

	static open(port) {
		return new Promise((opened, failed) => {
			const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
			socket.once('error', failed);
			socket.once('connect', () => opened(new Talk(socket)));
		});
	}

	close() {
		this.socket.destroy();
	}

	/*
	 * Sends the pieces, ${pause_ms} apart, with the probe behind them: at once, or after
	 * ${probe_ms}, or never (null).  The answers, without the probe's; and the fate: "kept" where
	 * the probe was answered, "closed", or "silent" after ${quiet_ms} without either.
	 */
	async say(pieces, { pause_ms = 1, probe_ms = 0, quiet_ms = 8000, heads = [] } = {}) {
		const last = pieces.length - 1;
		for (let i = 0; i <= last && !this.ended; i++) {
			if (i > 0)
				await sleep(pause_ms);
			this.socket.write(i === last && probe_ms === 0 ? Buffer.concat([pieces[i], PROBE]) : pieces[i]);
		}
		const late = probe_ms > 0 ? setTimeout(() => this.ended || this.socket.write(PROBE), probe_ms) : null;
		const answers = [], until = Date.now() + quiet_ms;
		try {
			for (let answer; (answer = await this.#answer(until, heads[answers.length - interim(answers)])) !== null;) {
				if (typeof answer === 'string')
					return { answers, fate: answer };
				if (answer.body === PROBE_TEXT)
					return { answers, fate: 'kept' };
				answers.push(answer);
			}
			return { answers, fate: 'closed' };
		} finally {
			clearTimeout(late);
		}
	}

	/* What is no answer, such as the bare body of HTTP/0.9; null for nothing. */
	#takeRest() {
		const body = this.text;
		this.text = '';
		return body === '' ? null : { status: 0, fields: new Map(), body };
	}

	/* The next answer; null at the end, "silent" when the time is over. */
	async #answer(until, isHead) {
		for (;;) {
			const taken = takeAnswer(this.text, isHead, this.ended);
			if (taken !== null) {
				this.text = this.text.slice(taken.size);
				return taken;
			}
			if (this.ended)
				return this.#takeRest();
			const left_ms = until - Date.now();
			if (left_ms <= 0)
				return 'silent';
			await new Promise((done) => {
				const late = setTimeout(done, left_ms);
				this.wake = () => {
					clearTimeout(late);
					done();
				};
			});
		}
	}
}

function interim(answers) {
	return answers.filter(({ status }) => status < 200).length;
}

/* The first answer of ${text}, or null where it is not there whole. */
export function takeAnswer(text, isHead, ended = true) {
	const end = text.indexOf('\r\n\r\n');
	if (end < 0)
		return null;
	const [line, ...lines] = text.slice(0, end).split('\r\n');
	const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d) [^\r\n]*$/.exec(line)?.[1] ?? 0);
	const fields = new Map(lines.map((each) => [each.split(':', 1)[0].toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]));
	const answer = { status, fields, body: '', size: end + 4 };
	if (isHead || status === 204 || status === 304 || (status >= 100 && status < 200))
		return answer;
	if (fields.get('transfer-encoding')?.toLowerCase() === 'chunked')
		return takeChunks(text, answer);
	if (!fields.has('content-length')) {
		answer.body = text.slice(answer.size);
		answer.size = text.length;
		return ended ? answer : null;
	}
	answer.body = text.slice(answer.size, answer.size + Number(fields.get('content-length')));
	answer.size += Number(fields.get('content-length'));
	return text.length < answer.size ? null : answer;
}

function takeChunks(text, answer) {
	for (let at = answer.size; ;) {
		const end = text.indexOf('\r\n', at);
		if (end < 0)
			return null;
		const size = parseInt(text.slice(at, end), 16);
		if (text.length < end + size + 4)
			return null;
		answer.body += text.slice(end + 2, end + 2 + size);
		at = answer.size = end + size + 4;
		if (size === 0)
			return answer;
	}
}
