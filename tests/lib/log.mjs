// The server's log, as `serve --log-format json` writes it to standard error.

import assert from 'node:assert/strict';
import { sleep } from './wire.mjs';

const read = new WeakMap();

/* The lines that have come until now, parsed; lines that are no JSON are no lines of the log. */
export function logged(server, event) {
	const known = read.get(server) ?? { at: 0, lines: [] };
	const end = server.stderr.lastIndexOf('\n') + 1;
	for (const line of server.stderr.slice(known.at, end).split('\n'))
		if (line.startsWith('{'))
			known.lines.push(JSON.parse(line));
	known.at = end;
	read.set(server, known);
	return event === undefined ? known.lines : known.lines.filter((line) => line.event === event);
}

/* The first line of ${event} for which ${fits} holds, behind the first ${skip} lines of the log. */
export async function lineOf(server, event, fits = () => true, { skip = 0, wait_ms = 10000 } = {}) {
	for (const end = Date.now() + wait_ms; ; await sleep(5)) {
		const line = logged(server).slice(skip).find((each) => each.event === event && fits(each));
		if (line)
			return line;
		assert.ok(Date.now() < end, `no line of ${event} came: ${server.stderr.slice(-3000)}`);
	}
}
