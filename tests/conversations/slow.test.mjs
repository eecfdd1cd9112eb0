// Clients that are slow: heads, bodies, idle connections, answers nobody reads.
// The limits are lowered; CAISSON_TEST_SLOW=1 asks with the real times.

import assert from 'node:assert/strict';
import { checkAnswer } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { sleep, Wire } from '../lib/wire.mjs';
import { boards } from '../lib/two_boards.mjs';

const isReal = process.env.CAISSON_TEST_SLOW === '1';
const LIMITS = isReal
	? { head_timeout: 10000, body_timeout: 30000, idle_timeout: 60000, write_timeout: 30000, drain_timeout: 10000 }
	: { head_timeout: 800, body_timeout: 1200, idle_timeout: 1600, write_timeout: 1500, drain_timeout: 1000 };
const args = isReal ? [] : Object.entries(LIMITS).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);
const options = { timeout: 300000 };

async function timed(action) {
	const began = Date.now();
	const result = await action();
	return { result, ms: Date.now() - began };
}

const within = (ms, limit_ms) => assert.ok(ms > limit_ms * 0.45 && ms < limit_ms * 2 + 2500, `${ms} ms of ${limit_ms}`);

for (const { word, file } of boards) {
	const house = new House(`${word.app} slow`, file, { args });
	const post = (headers) => `POST /v1/${word.people} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n`;

	house.test('a head that does not end is 408 or closed', async ({ server }) => {
		for (const trickle of [false, true]) {
			const wire = await Wire.connect(server.port);
			wire.send('GET /health/live HTTP/1.1\r\nHost: a\r\n');
			const drip = trickle ? setInterval(() => wire.send('X: y\r\n'), LIMITS.head_timeout / 8) : null;
			const { result, ms } = await timed(() => wire.response({ timeout_ms: LIMITS.head_timeout * 3 + 3000 }).catch(() => null));
			clearInterval(drip);
			within(ms, LIMITS.head_timeout);
			if (result)
				assert.equal(checkAnswer(result, 'GET').status, 408);
			assert.ok(await wire.closes(), 'closed');
			wire.close();
		}
	}, options);

	house.test('a body that does not come is 408 and closed', async ({ server }) => {
		for (const request of [post('Content-Length: 12\r\n'), post('Transfer-Encoding: chunked\r\n') + 'c\r\n{"na']) {
			const wire = await Wire.connect(server.port);
			wire.send(request);
			const { result, ms } = await timed(() => wire.response({ method: 'POST', timeout_ms: LIMITS.body_timeout * 3 + 3000 }));
			within(ms, LIMITS.body_timeout);
			assert.equal(checkAnswer(result, 'POST').status, 408);
			assert.ok(await wire.closes());
			wire.close();
		}
	}, options);

	house.test('an idle connection is closed without a word', async ({ server }) => {
		const wire = await Wire.connect(server.port);
		assert.ok(await wire.isAlive());
		const { result, ms } = await timed(() => wire.closes(LIMITS.idle_timeout * 3 + 3000));
		assert.ok(result, 'closed, nothing sent');
		within(ms, LIMITS.idle_timeout);
		wire.close();
	}, options);

	house.test('an answer that nobody reads does not stay', async ({ server, api }) => {
		await api.post(`/${word.people}`, Array.from({ length: 1000 }, () => ({ name: 'n'.repeat(900) })));
		const wire = await Wire.connect(server.port);
		wire.socket.pause();
		wire.send(`GET /v1/${word.people}?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(20));
		await sleep(LIMITS.write_timeout * 2 + 1500);
		let got = 0;
		wire.socket.on('data', (piece) => (got += piece.length));
		wire.socket.resume();
		assert.ok(await Promise.race([new Promise((done) => wire.socket.once('close', () => done(true)).once('end', () => done(true))), sleep(8000)]), 'closed');
		assert.ok(got < 19 * 900000, 'not all of it came');
		assert.equal((await api.as().get('//health/live')).status, 200);
		wire.close();
	}, options);

	house.test('a body that drips is 408 before its time is over', async ({ server }) => {
		const wire = await Wire.connect(server.port);
		wire.send(post('Content-Length: 100000\r\n'));
		const drip = setInterval(() => wire.send('x'), LIMITS.body_timeout / 40);
		const { result, ms } = await timed(() => wire.response({ method: 'POST', timeout_ms: LIMITS.body_timeout * 3 + 3000 }));
		clearInterval(drip);
		within(ms, LIMITS.body_timeout);
		assert.equal(checkAnswer(result, 'POST').status, 408);
		assert.ok(await wire.closes());
		wire.close();
	}, options);

	/* Each kind: what it sends at first, and what drips from it. */
	const KINDS = [
		['GET /health/live HTT', ''], ['GET /', 'x'], ['GET /health/live HTTP/1.1\r\nHost: a\r\n', 'X'], [post('Content-Length: 100000\r\n'), '{'],
		[post('Transfer-Encoding: chunked\r\n'), '1'], ['', ''],
	];

	house.test('500 slow clients hold up nobody, and are sent away', async ({ server, api }) => {
		const slow = await Promise.all(Array.from({ length: 500 }, () => Wire.connect(server.port)));
		slow.forEach((wire, i) => wire.send(KINDS[i % KINDS.length][0]));
		const drip = setInterval(() => slow.forEach((wire, i) => wire.ended || wire.send(KINDS[i % KINDS.length][1])), 200);
		for (let i = 0; i < 100; i++) {
			assert.equal((await api.get('//health/live')).status, 200);
			assert.equal((await api.list(`/${word.people}`, { limit: 1 })).status, 200);
		}
		const longest_ms = Math.max(...Object.values(LIMITS)) * 2 + 5000;
		await Promise.all(slow.map(async (wire, i) => {
			const answer = await wire.response({ timeout_ms: longest_ms }).catch(() => null);
			if (answer !== null || KINDS[i % KINDS.length][0] !== '')
				assert.ok([400, 408].includes(answer?.status), `${i}: ${answer?.status}`);
			assert.ok(await wire.closes(longest_ms), `${i} is closed`);
			wire.close();
		}));
		clearInterval(drip);
		assert.equal((await api.get('//health/live')).status, 200);
	}, options);

	house.test('SIGTERM: what runs is finished, what idles is closed, nothing new is taken', async ({ server, api }) => {
		api.close();
		const idle = await Wire.connect(server.port), busy = await Wire.connect(server.port);
		assert.ok(await idle.isAlive());
		busy.send(post('Content-Length: 12\r\n') + '{"name"');
		await sleep(100);
		const ended = server.signal('SIGTERM');
		assert.ok(await idle.closes(3000), 'the idle one is closed');
		await sleep(100);
		await assert.rejects(async () => {
			const late = await Wire.connect(server.port);
			late.send('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
			await late.response({ timeout_ms: 1000 });
		}, 'no new connection');
		busy.send(':"x"}');
		const answer = await busy.response({ method: 'POST' });
		assert.equal(answer.status, 201);
		assert.match(answer.get('connection') ?? '', /close/i);
		assert.deepEqual(await ended, { code: 0, signal: null });
		await server.start();
		assert.equal((await api.get(`/${word.people}/${JSON.parse(answer.text).id}`)).status, 200);
	}, options);

	house.test('SIGTERM does not wait for ever', async ({ server, api }) => {
		api.close();
		const stuck = await Wire.connect(server.port);
		stuck.send(post('Content-Length: 12\r\n') + '{"name"');
		await sleep(100);
		const { result, ms } = await timed(() => server.stop(LIMITS.drain_timeout * 3 + 5000));
		assert.deepEqual(result, { code: 0, signal: null });
		assert.ok(ms < LIMITS.drain_timeout * 2 + 3000, `${ms} ms`);
		stuck.close();
		await server.start();
	}, options);

	house.close();
}
