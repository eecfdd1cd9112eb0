// HTTP/1.1 on the wire: framing, refusals, and what becomes of the connection.

import assert from 'node:assert/strict';
import { checkAnswer } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { Wire } from '../lib/wire.mjs';
import { boards } from '../lib/two_boards.mjs';

const LIVE = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';

/* Sends the request, in one piece and then byte by byte; both must be answered alike. */
async function answers(server, request, expected, { method = 'GET', closes, slowly = request.length < 400 } = {}) {
	let last;
	for (const pace of slowly ? ['whole', 'bytes'] : ['whole']) {
		const wire = await Wire.connect(server.port);
		if (pace === 'whole')
			wire.send(request);
		else
			await wire.sendSlowly(request, 1, 0);
		const answer = checkAnswer(await wire.response({ method }), method, JSON.stringify(request.slice(0, 120)));
		assert.equal(answer.status, expected, `${pace}: ${JSON.stringify(request.slice(0, 200))}: ${answer.text}`);
		if (closes !== undefined) {
			const says = /\bclose\b/i.test(answer.get('connection') ?? '');
			assert.equal(says, closes, `${pace}: ${JSON.stringify(request.slice(0, 200))} ${closes ? 'says' : 'does not say'} close`);
			if (closes)
				assert.ok(await wire.closes(), `${JSON.stringify(request.slice(0, 200))} is closed, with nothing more`);
			else
				assert.ok(await wire.isAlive(), `${JSON.stringify(request.slice(0, 200))} goes on`);
		}
		wire.close();
		last = answer;
	}
	return last;
}

for (const { word, file } of boards) {
	const house = new House(word.app, file);
	const people = `/v1/${word.people}`;
	const post = (body, headers = '', path = people) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
	const json = '{"name":"x"}', length = `Content-Length: ${json.length}\r\n`;

	house.test('health is told to everybody', async ({ server }) => {
		await answers(server, LIVE, 200, { closes: false });
		await answers(server, LIVE.replace('live', 'ready'), 200, { closes: false });
		await answers(server, LIVE.replace('GET', 'HEAD'), 200, { method: 'HEAD', closes: false });
	});

	house.test('a problem document has all its members', async ({ server, api }) => {
		const problems = [await api.get('//nowhere'), await api.get(`/${word.people}/x`), await api.post(`/${word.people}`, { nope: 1 }), await api.post(`/${word.people}`, '{'),
			await api.request('DELETE', '//health/live'), await api.list(`/${word.people}`, { nope: 1 }), await api.as('x').get(`/${word.people}`), await answers(server, 'GET\r\n\r\n', 400)];
		for (const { json } of problems)
			assert.deepEqual(['type', 'title', 'status', 'detail', 'instance', 'code'].filter((member) => !(member in json)), [], JSON.stringify(json));
		assert.equal(new Set(problems.map(({ json }) => json.instance)).size, problems.length, 'each request has an id of its own');
	});

	house.test('connections are kept, or closed when asked', async ({ server }) => {
		await answers(server, 'GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200, { closes: true });
		await answers(server, 'GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n', 200, { closes: true });
		await answers(server, 'GET /health/live HTTP/1.0\r\nHost: a\r\n\r\n', 200, { closes: true });
		await answers(server, 'GET /health/live HTTP/1.0\r\n\r\n', 200, { closes: true });
		const wire = await Wire.connect(server.port);
		for (let i = 0; i < 50; i++) {
			wire.send(LIVE);
			assert.equal((await wire.response()).status, 200);
		}
		wire.close();
	});

	house.test('requests may be sent before answers are read', async ({ server }) => {
		const wire = await Wire.connect(server.port);
		const many = 100;
		wire.send(Array.from({ length: many }, (_, i) => (i % 3 === 0 ? LIVE : i % 3 === 1 ? `GET ${people}/none${i} HTTP/1.1\r\nHost: a\r\n\r\n` : post(json, length))).join(''));
		for (let i = 0; i < many; i++)
			assert.equal((await wire.response()).status, [200, 404, 201][i % 3], `answer ${i}`);
		assert.ok(await wire.isAlive());
		wire.close();
	});

	house.test('good requests before a bad one are answered', async ({ server }) => {
		for (const bad of ['GET\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', post('zz', 'Transfer-Encoding: chunked\r\n')]) {
			const wire = await Wire.connect(server.port);
			wire.send(LIVE + post(json, length) + bad + LIVE);
			assert.equal((await wire.response()).status, 200);
			assert.equal((await wire.response()).status, 201);
			const answer = checkAnswer(await wire.response(), 'GET', bad);
			assert.equal(answer.status, 400);
			assert.ok(await wire.closes(), 'and what follows it is not');
			wire.close();
		}
	});

	house.test('a client may end its side and still be answered', async ({ server }) => {
		const wire = await Wire.connect(server.port);
		wire.send(LIVE + LIVE).finish();
		assert.equal((await wire.response()).status, 200);
		assert.equal((await wire.response()).status, 200);
		assert.ok(await wire.closes());
		wire.close();
	});

	house.test('one empty line before a request is accepted', async ({ server }) => {
		await answers(server, `\r\n${LIVE}`, 200, { closes: false });
		await answers(server, `\n${LIVE}`, 400, { closes: true });
	});

	house.test('what is no request is 400, and the connection is closed', async ({ server }) => {
		for (const bad of [
			'GET\r\n\r\n', 'GET /\r\n\r\n', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n',
			'GET / http/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\nHost: a\n\n', 'GET / HTTP/1.1\r\nHost: a\n\r\n',
			'GET / HTTP/1.1\rHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n',
			'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n',
			'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX\x01: b\r\n\r\n', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n',
			'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 'GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
		])
			await answers(server, bad, 400, { closes: true });
	});

	house.test('Host is there once and is a host', async ({ server }) => {
		for (const bad of ['', 'Host: a\r\nHost: a\r\n', 'Host: a b\r\n', 'Host: a/b\r\n', 'Host: a@b\r\n', 'Host: a:b\r\n', 'Host: [::1\r\n'])
			await answers(server, `GET /health/live HTTP/1.1\r\n${bad}\r\n`, 400, { closes: true });
		for (const good of ['a', 'a:80', '127.0.0.1:8080', '[::1]', '[::1]:80', 'a-b.example'])
			await answers(server, `GET /health/live HTTP/1.1\r\nHost: ${good}\r\n\r\n`, 200, { closes: false });
	});

	house.test('other versions', async ({ server }) => {
		await answers(server, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505, { closes: true });
		await answers(server, 'GET / HTTP/3.7\r\nHost: a\r\n\r\n', 505, { closes: true });
		await answers(server, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, { closes: true });
		await answers(server, 'GET / HTTP/0.9\r\nHost: a\r\n\r\n', 505, { closes: true });
		await answers(server, 'GET /health/live HTTP/1.2\r\nHost: a\r\n\r\n', 200);
	});

	house.test('a request that can be framed in two ways is 400 and closed', async ({ server }) => {
		for (const headers of [
			'Content-Length: 12\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding: chunked\r\nContent-Length: 12\r\n', 'Content-Length: 12\r\nContent-Length: 13\r\n',
			'Content-Length: 12, 13\r\n', 'Content-Length: +12\r\n', 'Content-Length: -1\r\n', 'Content-Length: 0x0c\r\n', 'Content-Length: 1 2\r\n', 'Content-Length:\r\n',
			'Content-Length: 99999999999999999999\r\n', 'Transfer-Encoding: gzip\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: chunked, chunked\r\n',
			'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding: xchunked\r\n', 'Transfer-Encoding: "chunked"\r\n',
			'Transfer-Encoding:\r\n', 'Transfer-Encoding: chunked;q=1\r\n', 'Transfer-Encoding: \x0bchunked\r\n',
		])
			await answers(server, post(json, headers), 400, { method: 'POST', closes: true });
		await answers(server, post('c\r\n' + json + '\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\n').replace('HTTP/1.1', 'HTTP/1.0'), 400, { method: 'POST', closes: true });
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400, { closes: true });
	});

	house.test('equal lengths are one length', async ({ server }) => {
		const answer = await answers(server, post(json, length + length), 201, { method: 'POST' }).catch((error) => error);
		if (answer instanceof Error)
			await answers(server, post(json, length + length), 400, { method: 'POST', closes: true });
	});

	house.test('chunked bodies are read in any cut', async ({ server }) => {
		const chunked = 'Transfer-Encoding: chunked\r\n';
		for (const body of [
			`c\r\n${json}\r\n0\r\n\r\n`, `C\r\n${json}\r\n0\r\n\r\n`, `000c\r\n${json}\r\n000\r\n\r\n`, `c;a=b\r\n${json}\r\n0;x\r\n\r\n`, `c;a="b;c"\r\n${json}\r\n0\r\n\r\n`,
			`c\r\n${json}\r\n0\r\nTrailer: x\r\n\r\n`, [...json].map((byte) => `1\r\n${byte}\r\n`).join('') + '0\r\n\r\n',
		])
			await answers(server, post(body, chunked), 201, { method: 'POST', closes: false });
		await answers(server, post(`c\r\n${json}\r\n0\r\n\r\n`, 'Transfer-Encoding: Chunked\r\n'), 201, { method: 'POST', closes: false });
	});

	house.test('a malformed chunk is 400 and closed', async ({ server }) => {
		for (const body of [
			`zz\r\n`, `\r\n`, `-1\r\n`, `+c\r\n${json}\r\n0\r\n\r\n`, `0xc\r\n${json}\r\n0\r\n\r\n`, `c \r\n${json}\r\n0\r\n\r\n`, ` c\r\n${json}\r\n0\r\n\r\n`, `c\n${json}\r\n0\r\n\r\n`,
			`c\r\n${json}\n0\r\n\r\n`, `c\r\n${json}xx0\r\n\r\n`, `fffffffffffffffff\r\n`, `ffffffffffffffff\r\n`, `c\r\n${json}\r\n0\r\nbad trailer\r\n\r\n`, `c\r\n${json}\r\n0\r\nX: a\nY: b\r\n\r\n`,
			`c;${'a'.repeat(40000)}\r\n`, `c;a\nb\r\n${json}\r\n0\r\n\r\n`, `c\r${json}\r\n0\r\n\r\n`,
		])
			await answers(server, post(body, 'Transfer-Encoding: chunked\r\n'), 400, { method: 'POST', closes: true });
	});

	house.test('HEAD and 404 and 405 carry what they must', async ({ server, api }) => {
		const missing = await answers(server, 'HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n', 404, { method: 'HEAD', closes: false });
		assert.equal(missing.text, '');
		for (const [method, path, ...allowed] of [['DELETE', '//health/live', 'GET', 'HEAD'], ['POST', '//health/ready', 'GET', 'HEAD'], ['POST', `/${word.people}/x`, 'GET', 'HEAD', 'PATCH', 'DELETE']]) {
			const answer = await api.request(method, path);
			assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`);
			const allow = (answer.get('allow') ?? '').split(/\s*,\s*/);
			for (const each of allowed)
				assert.ok(allow.includes(each), `Allow: ${answer.get('allow')} has ${each}`);
			assert.ok(!allow.includes(method));
		}
	});

	house.test('OPTIONS tells what is allowed', async ({ api, server }) => {
		for (const [path, ...allowed] of [[`/${word.people}`, 'GET', 'HEAD', 'POST', 'OPTIONS'], [`/${word.people}/x`, 'GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'], ['//health/live', 'GET', 'HEAD', 'OPTIONS']]) {
			const answer = await api.request('OPTIONS', path);
			assert.ok([200, 204].includes(answer.status), answer.text);
			const allow = (answer.get('allow') ?? '').split(/\s*,\s*/);
			for (const each of allowed)
				assert.ok(allow.includes(each), `${path}: Allow: ${answer.get('allow')} has ${each}`);
			assert.equal(answer.get('accept-patch'), allow.includes('PATCH') ? 'application/merge-patch+json, application/json, application/json-patch+json' : undefined, path);
		}
		await answers(server, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 204, { closes: false }).catch(() => answers(server, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 200, { closes: false }));
	});

	house.test('methods: unknown ones are 501, the case counts', async ({ server }) => {
		await answers(server, 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 501);
		await answers(server, 'get /health/live HTTP/1.1\r\nHost: a\r\n\r\n', 501);
		await answers(server, 'TRACE /health/live HTTP/1.1\r\nHost: a\r\n\r\n', 405, { closes: false });
		await answers(server, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 501).catch(() => answers(server, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400)).catch(() => answers(server, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405));
	});

	house.test('an absolute target is its path', async ({ server }) => {
		await answers(server, 'GET http://a/health/live HTTP/1.1\r\nHost: a\r\n\r\n', 200, { closes: false });
	});

	house.test('paths are taken apart once', async ({ server }) => {
		await answers(server, 'GET /health/%6cive HTTP/1.1\r\nHost: a\r\n\r\n', 200, { closes: false });
		await answers(server, 'GET /health/live?x=1 HTTP/1.1\r\nHost: a\r\n\r\n', 400, { closes: false }).catch(() => answers(server, 'GET /health/live?x=1 HTTP/1.1\r\nHost: a\r\n\r\n', 200, { closes: false }));
		for (const bad of ['/health/%2', '/health/%zz', `${people}/%`])
			await answers(server, `GET ${bad} HTTP/1.1\r\nHost: a\r\n\r\n`, 400);
		for (const odd of [`${people}/%2e%2e/${word.things}`, `${people}//`, `/v1/../v1/${word.people}`, `/v1/%2e%2e/v1/${word.people}`, `${people}/a%2Fb`])
			await answers(server, `GET ${odd} HTTP/1.1\r\nHost: a\r\n\r\n`, 404);
	});

	house.test('what cannot be given in an acceptable form is 406', async ({ api }) => {
		const made = await api.make(`/${word.people}`, { name: 'x' });
		for (const path of [`/${word.people}/${made.id}`, `/${word.people}`]) {
			for (const accept of ['image/png', 'text/html', 'application/json;q=0', 'application/xml, image/*;q=0.5', '*/*;q=0'])
				assert.equal((await api.get(path, { accept })).status, 406, accept);
			for (const accept of ['application/json', 'application/*', '*/*', 'text/html, */*;q=0.1', 'APPLICATION/JSON', 'application/json;q=0.001', 'application/json; charset=utf-8', '']) {
				const answer = await api.get(path, { accept });
				assert.equal(answer.status, 200, accept);
				assert.match(answer.get('vary') ?? '', /\baccept\b/i);
			}
		}
	});

	house.test('a body of another type is 415', async ({ api }) => {
		const made = await api.make(`/${word.people}`, { name: 'x' });
		const patched = await api.patch(`/${word.people}/${made.id}`, '{}', { 'content-type': 'text/plain' });
		assert.equal(patched.status, 415);
		assert.match(patched.get('accept-patch') ?? '', /application\/merge-patch\+json/);
		assert.match(patched.get('accept-patch') ?? '', /application\/json/);
		for (const type of ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data; boundary=x'])
			assert.equal((await api.post(`/${word.people}`, json, { 'content-type': type })).status, 415, type);
		assert.equal((await api.post(`/${word.people}`, json, { 'content-type': 'Application/JSON; Charset="UTF-8"' })).status, 201);
		assert.equal((await api.post(`/${word.people}`, json, { 'content-encoding': 'gzip' })).status, 415);
	});

	house.test('a body that is too large is 413, whole or in chunks', async ({ server }) => {
		const big = 1048577;
		const declared = await answers(server, post('', `Content-Length: ${big}\r\n`), 413, { method: 'POST', closes: true });
		assert.ok(declared);
		const wire = await Wire.connect(server.port);
		wire.send(post('', 'Transfer-Encoding: chunked\r\n'));
		const chunk = `10000\r\n${'a'.repeat(65536)}\r\n`;
		for (let i = 0; i < 17; i++)
			wire.send(chunk);
		const answer = checkAnswer(await wire.response(), 'POST');
		assert.equal(answer.status, 413);
		assert.match(answer.get('connection') ?? '', /close/i);
		wire.close();
		const fits = JSON.stringify({ name: 'a'.repeat(1048576 - 11) });
		assert.equal(fits.length, 1048576);
		await answers(server, post(fits, `Content-Length: ${fits.length}\r\n`), 201, { method: 'POST', closes: false, slowly: false });
	});

	house.test('a target that is too long is 414', async ({ server }) => {
		await answers(server, `GET /${'a'.repeat(16384)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, { closes: true });
		await answers(server, `GET /${'a'.repeat(16383)} HTTP/1.1\r\nHost: a\r\n\r\n`, 404);
		await answers(server, `GET /${'a'.repeat(200000)}`, 414, { closes: true });
	});

	house.test('headers that are too many or too long are 431', async ({ server }) => {
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431, { closes: true });
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(99)}\r\n`, 200);
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(32768)}\r\n\r\n`, 431, { closes: true });
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(30000)}\r\n\r\n`, 200);
		await answers(server, `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(100000)}`, 431, { closes: true });
	});

	house.test('100 Continue comes before a body that is wanted, and not before a refusal', async ({ server }) => {
		const wire = await Wire.connect(server.port);
		wire.send(post('', `Expect: 100-continue\r\n${length}`));
		assert.equal((await wire.response({ method: 'POST' })).status, 100);
		wire.send(json);
		assert.equal((await wire.response({ method: 'POST' })).status, 201);
		assert.ok(await wire.isAlive());
		wire.close();
		for (const [status, request] of [
			[413, post('', 'Expect: 100-continue\r\nContent-Length: 1048577\r\n')],
			[415, `POST ${people} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`],
			[404, post('', `Expect: 100-continue\r\n${length}`, '/v1/nowhere')],
			[405, post('', `Expect: 100-continue\r\n${length}`, '/health/live')],
			[401, post('', `Authorization: Bearer nonsense\r\nExpect: 100-continue\r\n${length}`)],
			[417, post('', `Expect: 200-maybe\r\n${length}`)],
		]) {
			const refusal = await Wire.connect(server.port);
			refusal.send(request);
			const answer = checkAnswer(await refusal.response({ method: 'POST' }), 'POST', request);
			assert.equal(answer.status, status, answer.text);
			assert.match(answer.get('connection') ?? '', /close/i, 'its body was not read');
			assert.ok(await refusal.closes());
			refusal.close();
		}
		await answers(server, post(json, `Expect: 100-continue\r\n${length}`).replace('HTTP/1.1', 'HTTP/1.0'), 201, { method: 'POST', slowly: false });
	});

	house.test('a refusal leaves no unread body to be taken for a request', async ({ server }) => {
		const smuggled = LIVE;
		const wire = await Wire.connect(server.port);
		wire.send(post(smuggled, `Content-Length: ${smuggled.length}\r\n`, '/v1/nowhere'), LIVE.replace('live', 'ready'));
		assert.equal((await wire.response({ method: 'POST' })).status, 404);
		const rest = [];
		try {
			for (;;)
				rest.push(await wire.response({ timeout_ms: 500 }));
		} catch {
			/* The end, or silence. */
		}
		assert.ok(rest.length <= 1, 'the body was answered as a request');
		wire.close();
	});

	house.test('a connection that dies in mid-request harms nobody', async ({ server, api }) => {
		for (let i = 0; i < 50; i++) {
			const wire = await Wire.connect(server.port);
			const request = post(json, length);
			wire.send(request.slice(0, 1 + Math.floor((request.length * i) / 50)));
			wire.close();
		}
		for (let i = 0; i < 20; i++) {
			const wire = await Wire.connect(server.port);
			wire.send(post(json, length).repeat(5));
			wire.socket.resetAndDestroy?.();
			wire.close();
		}
		assert.equal((await api.get('//health/ready')).status, 200);
	});

	house.test('no answer tells a path by Host or forwarding fields', async ({ api }) => {
		const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', forwarded: 'host=evil.example' };
		const made = await api.post(`/${word.people}`, { name: 'x' }, headers);
		assert.equal(made.get('location'), `${people}/${made.json.id}`);
		await api.make(`/${word.people}`, { name: 'y' });
		const list = await api.list(`/${word.people}`, { limit: 1 }, headers);
		assert.ok(list.get('link')?.startsWith(`<${people}?`), list.get('link'));
	});

	house.close();
}
