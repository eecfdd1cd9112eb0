// The cases of tests/wire/cases.mjs, each sent whole, byte by byte, and cut in
// two at every point.  However the bytes arrive, they must be answered alike.
// One engine is enough: the store has no part in it.

import assert from 'node:assert/strict';
import { House } from '../../lib/house.mjs';
import { app, files, words } from '../../wire/app.mjs';
import { fill } from '../../wire/cases.mjs';
import { Talk } from '../../wire/talk.mjs';

const CONNECTIONS = 96, CUTS_MAX = 400;
const house = new House('wire cases', app, { files });

house.test('all of them, in every cut', async ({ server }) => {
	const cases = fill(await words(server.port));
	assert.ok(cases.length >= 250, `${cases.length} cases`);
	assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'each has its own name');
	const failures = [], rest = [...cases];
	await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
		for (let each; (each = rest.shift()) !== undefined;)
			await check(server.port, each).catch((error) => failures.push(error.message));
	}));
	assert.equal(failures.join('\n'), '', `${failures.length} of ${cases.length} cases`);
}, { timeout: 300000 });

house.close();

/* A connection that is kept serves the next cut. */
async function check(port, each) {
	let talk = null;
	for (const pieces of cuts(each.bytes)) {
		talk ??= await Talk.open(port);
		const said = await talk.say(pieces, { probe_ms: each.probe === false ? null : 0, heads: each.heads });
		compare(each, pieces, said);
		if (said.fate !== 'kept') {
			talk.close();
			talk = null;
		}
	}
	talk?.close();
}

/* What many requests begin with is cut by the first cases that have it. */
const seen = new Set();

function* cuts(bytes) {
	yield [bytes];
	const text = bytes.toString('latin1'), step = Math.ceil(bytes.length / CUTS_MAX);
	yield Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) => bytes.subarray(i * step, (i + 1) * step));
	for (let at = 1; at < bytes.length; at += step) {
		const before = text.slice(0, at + 1);
		if (at < 200 && seen.has(before))
			continue;
		seen.add(before);
		yield [bytes.subarray(0, at), bytes.subarray(at)];
	}
}

function compare(each, pieces, { answers, fate }) {
	const what = `${each.name} [${pieces.length === 2 ? `cut at ${pieces[0].length}` : `${pieces.length} pieces`}]`;
	const final = answers.filter(({ status }) => status !== 100), last = final.at(-1);
	assert.deepEqual(final.map(({ status }) => status), each.statuses, `${what}: ${last?.body}`);
	if (each.no100)
		assert.equal(answers.length, final.length, `${what}: 100 was said`);
	assert.ok(fate === each.fate || (each.fate === 'either' && fate !== 'silent'), `${what}: ${fate}`);
	final.forEach((answer, i) => checkAnswer(answer, each.heads[i], what));
	assert.equal(/\bclose\b/i.test(last?.fields.get('connection') ?? ''), fate === 'closed', `${what}: close is said`);
}

function checkAnswer({ status, fields, body }, isHead, what) {
	assert.ok(fields.has('date'), `${what}: Date`);
	assert.equal(fields.has('content-length'), status !== 204 && status !== 304, `${what}: Content-Length`);
	assert.equal(fields.has('allow'), status === 405 || status === 204 && !fields.has('caisson-commit'), `${what}: Allow`);
	if (status === 401)
		assert.ok(fields.has('www-authenticate'), `${what}: WWW-Authenticate`);
	if (status < 400 || isHead)
		return;
	assert.equal(fields.get('content-type'), 'application/problem+json', what);
	assert.equal(JSON.parse(body).status, status, what);
}
