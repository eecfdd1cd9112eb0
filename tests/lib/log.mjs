// The server's log, as `serve --log-format json` writes it to standard error.

import assert from 'node:assert/strict';
import { sleep } from './wire.mjs';

/* The lines that have come until now, parsed; lines that are no JSON are no lines of the log. */
export function logged(server, event) {
	return server.stderr.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
		.filter((line) => event === undefined || line.event === event);
}

/* The first line of ${event} for which ${fits} holds, behind the first ${skip} lines of the log. */
export async function lineOf(server, event, fits = () => true, { skip = 0, wait_ms = 10000 } = {}) {
	for (const end = Date.now() + wait_ms; ;) {
		const line = logged(server).slice(skip).find((each) => each.event === event && fits(each));
		if (line)
			return line;
		assert.ok(Date.now() < end, `no line of ${event} came: ${server.stderr.slice(-3000)}`);
		await sleep(10);
	}
}
