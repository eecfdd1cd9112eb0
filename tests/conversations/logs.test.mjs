// The log: a line for each request and for what happens to the server.

import assert from 'node:assert/strict';
import test from 'node:test';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alone } from '../lib/alone.mjs';
import { Api } from '../lib/api.mjs';
import { lineOf, logged } from '../lib/log.mjs';
import { run, Server } from '../lib/server.mjs';
import { sleep, Wire } from '../lib/wire.mjs';
import { trees } from '../lib/two_trees.mjs';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736', PARENT = '00f067aa0ba902b7';

/* The lines of the requests that a test has sent itself. */
function asked(server) {
	return logged(server, 'request').filter((line) => line.path !== '/openapi.json');
}

for (const { word, file } of trees) {
	const path = `/${word.root}`;

	alone(`${word.app}: a write, a read and a refusal have a line each`, file, {}, async ({ server, api }) => {
		const key = server.key('--user', 'ann', '--role', 'editor');
		const made = await api.as(key).post(path, { name: 'one' });
		assert.equal(made.status, 201, made.text);
		const write = await lineOf(server, 'request', (line) => line.method === 'POST');
		assert.equal(write.status, 201);
		assert.equal(write.route, '/v1/{collection}');
		assert.equal(write.path, `/v1${path}`);
		assert.match(write.caller, /^key:[0-9a-f]+$/);
		assert.ok(key.includes(write.caller.slice(4)) && !JSON.stringify(write).includes(key), 'the principal, not the key');
		assert.equal(write.commit, made.commit);
		assert.match(write.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
		assert.match(write.remote, /^127\.0\.0\.1:\d+$/);
		assert.ok(write.waits.write > 0 && write.waits.write <= write.duration_us, JSON.stringify(write));
		assert.ok(write.bytes_in > 100 && write.bytes_out > made.text.length);
		assert.equal(write.code, undefined);

		const got = await api.get(`${path}/${made.json.id}?`);
		const read = await lineOf(server, 'request', (line) => line.route === '/v1/{collection}/{id}');
		assert.equal(read.status, 200);
		assert.equal(read.caller, 'guest');
		assert.equal(read.path, `/v1${path}/${made.json.id}`);
		assert.equal(read.commit, undefined);
		assert.equal(read.trace, undefined);
		assert.ok(read.bytes_out > got.text.length);

		const refused = await api.get('/nowhere');
		const no = await lineOf(server, 'request', (line) => line.status === 404);
		assert.equal(no.code, 'not_found');
		assert.equal(no.route, null);
		assert.equal(`/requests/${no.id}`, refused.json.instance);
	});

	alone(`${word.app}: no query string, and nothing that a client could forge`, file, {}, async ({ server, api }) => {
		await api.list(path, { filter: "name == 'secret-of-somebody'" });
		await api.request('GET', `//v1${path}/%0a%22%7b`);
		await lineOf(server, 'request', (line) => line.path.endsWith('%0a%22%7b'));
		assert.ok(!server.stderr.includes('secret-of-somebody'));
		for (const line of server.stderr.trim().split('\n'))
			JSON.parse(line);
	});

	alone(`${word.app}: a trace is taken over; what is none is not`, file, {}, async ({ server, api }) => {
		await api.get(path, { traceparent: `00-${TRACE}-${PARENT}-01` });
		const line = await lineOf(server, 'request', (each) => each.trace === TRACE);
		assert.equal(line.parent, PARENT);
		assert.match(line.span, /^[0-9a-f]{16}$/);
		assert.notEqual(line.span, PARENT);
		for (const bad of [`00-${TRACE.toUpperCase()}-${PARENT}-01`, `ff-${TRACE}-${PARENT}-01`, `00-${'0'.repeat(32)}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01-x`])
			assert.equal((await api.get(path, { traceparent: bad })).status, 200);
		const twice = await Wire.connect(server.port);
		twice.send(`GET /v1${path} HTTP/1.1\r\nhost: a\r\ntraceparent: 00-${TRACE}-${PARENT}-01\r\ntraceparent: 00-${TRACE}-${PARENT}-01\r\n\r\n`);
		assert.equal((await twice.response()).status, 200);
		twice.close();
		await sleep(200);
		assert.equal(asked(server).length, 6);
		assert.equal(asked(server).filter((each) => each.trace !== undefined).length, 1);
	});

	alone(`${word.app}: requests without a head are logged, and those that are cut off`, file, { args: ['--limit', 'head_timeout=300'] }, async ({ server }) => {
		const slow = await Wire.connect(server.port);
		slow.send('GET / HT');
		const late = await lineOf(server, 'request', (line) => line.status === 408);
		assert.deepEqual([late.code, late.method, late.path, late.route], ['request_timeout', null, null, null]);
		slow.close();
		const wrong = await Wire.connect(server.port);
		wrong.send('GET  / HTTP/1.1\r\nhost: a\r\n\r\n');
		const bad = await lineOf(server, 'request', (line) => line.status === 400);
		assert.equal(bad.code, 'bad_request');
		wrong.close();
		const gone = await Wire.connect(server.port);
		gone.send(`POST /v1${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{`);
		await sleep(100);
		gone.close();
		const cut = await lineOf(server, 'request', (line) => line.code === 'canceled');
		assert.deepEqual([cut.status, cut.method, cut.bytes_out], [0, 'POST', 0]);
	});

	alone(`${word.app}: a live stream is one line, at its end`, file, {}, async ({ server }) => {
		const wire = await Wire.connect(server.port);
		wire.send(`GET /v1${path} HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n`);
		await wire.head();
		await sleep(300);
		assert.equal(asked(server).length, 0);
		wire.close();
		const line = await lineOf(server, 'request');
		assert.equal(line.status, 200);
		assert.equal(line.code, undefined);
		assert.ok(line.waits['follow live'] > 100000, JSON.stringify(line));
	});
}

alone('start and stop are lines', trees[0].file, {}, async ({ server }) => {
	const start = await lineOf(server, 'start');
	assert.equal(start.level, 'info');
	assert.ok(start.message.includes(server.url) && start.message.includes(String(server.child.pid)), start.message);
	await server.stop();
	assert.equal(logged(server, 'stop').length, 1);
});

test('the log goes to a file, in text; off is nothing; a file that was moved is opened again', { timeout: 60000 }, async () => {
	const folder = mkdtempSync(join(tmpdir(), 'caisson-test-')), log = join(folder, 'log');
	for (const to of [log, 'off']) {
		const server = await Server.start(trees[0].file, { args: ['--log', to, '--log-format', 'text'] });
		const api = new Api(server);
		try {
			await api.get(`/${trees[0].word.root}`);
			if (to === log) {
				await sleep(200);
				renameSync(log, `${log}.1`);
				server.child.kill('SIGHUP');
				for (let i = 0; i < 500 && !existsSync(log); i++)
					await sleep(10);
				await api.get(`/${trees[0].word.root}`);
			}
		} finally {
			api.close();
		}
		await server.release();
		assert.ok(to === log ? !server.stderr.includes('GET') : server.stderr === '', server.stderr);
	}
	assert.match(readFileSync(`${log}.1`, 'utf8'), /Z 200 GET \/v1\/\S+ \S+ \d+\/\d+ guest 127\.0\.0\.1:\d+ /);
	assert.match(readFileSync(log, 'utf8'), /Z 200 GET \/v1\//);
	rmSync(folder, { recursive: true });
});

test('a log that cannot be opened, and a format that is none', () => {
	const cannot = run(['serve', trees[0].folder ?? '.', '--log', '/nowhere/at/all']);
	assert.equal(cannot.status, 1);
	assert.match(cannot.stderr, /\/nowhere\/at\/all/);
	assert.equal(run(['serve', '--log-format', 'xml']).status, 2);
});

/* Answers go on while nobody reads the log; what had no room is counted. */
test('a log that nobody reads holds nobody up', { timeout: 60000 }, async () => {
	const server = await Server.start(trees[0].file, { args: ['--limit', 'log_buffer=20000'] });
	const api = new Api(server);
	server.child.stderr.pause();
	for (let i = 0; i < 3000; i++)
		assert.equal((await api.get(`/${trees[0].word.root}?limit=1`)).status, 200);
	server.child.stderr.resume();
	await lineOf(server, 'dropped', (line) => /^\d+ lines were dropped/.test(line.message));
	api.close();
	await server.release();
	const dropped = logged(server, 'dropped').reduce((sum, line) => sum + parseInt(line.message, 10), 0);
	/* One more asked for the description of the answers. */
	assert.ok([3000, 3001].includes(logged(server, 'request').length + dropped));
});
