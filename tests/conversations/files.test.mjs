// The static files of public/: names, types, conditions, parts, large ones.
// What bytes on the wire mean to a file stands in tests/wire/cases.mjs.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Api, checkAnswer, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { makeFolder, Server } from '../lib/server.mjs';
import { boards } from '../lib/two_boards.mjs';
import { sleep, Wire } from '../lib/wire.mjs';

const LARGE = Buffer.alloc(6 * 1024 * 1024, 'a line of a large file, of which there are many more\n');
LARGE.write('the end', LARGE.length - 7);

const files = {
	'public/index.html': '<h1>hello</h1>', 'public/a.css': 'a{}', 'public/deep/b.mjs': '1', 'public/t.txt': 'text', 'public/data.json': '{}',
	'public/guide/index.html': '<h1>guide</h1>', 'public/guide/more/page.html': '<p>', 'public/picture.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>', 'public/empty.txt': '', 'public/large.bin': LARGE,
	'public/ä ö.txt': 'odd', 'public/app.wasm': '\0asm', 'public/app.js.map': '{}', 'public/UPPER.PNG': 'png', 'public/x.avif': '', 'public/x.woff2': '', 'public/x.mp4': '', 'public/x.md': '#', 'public/x.pdf': '', 'public/x.xml': '<x/>',
	'public/site.webmanifest': '{}', 'public/none': 'bytes', 'public/.hidden': 'no', 'secret.txt': 'no',
};
const TYPES = {
	'a.css': 'text/css; charset=utf-8', 'deep/b.mjs': 'text/javascript; charset=utf-8', 't.txt': 'text/plain; charset=utf-8', 'data.json': 'application/json', 'picture.svg': 'image/svg+xml', 'app.wasm': 'application/wasm', 'app.js.map': 'application/json',
	'UPPER.PNG': 'image/png', 'x.avif': 'image/avif', 'x.woff2': 'font/woff2', 'x.mp4': 'video/mp4', 'x.md': 'text/markdown; charset=utf-8', 'x.pdf': 'application/pdf', 'x.xml': 'text/xml; charset=utf-8', 'site.webmanifest': 'application/manifest+json', 'none': 'application/octet-stream',
	'%C3%A4%20%C3%B6.txt': 'text/plain; charset=utf-8',
};

for (const { word, file } of boards) {
	const house = new House(`${word.app} files`, file, { files });

	house.test('files are served by their exact names', async ({ api }) => {
		for (const [name, type] of Object.entries(TYPES)) {
			const answer = await api.get(`//${name}`);
			assert.equal(answer.status, 200, name);
			assert.equal(answer.get('content-type'), type, name);
			assert.equal(answer.text, files[`public/${decodeURIComponent(name)}`]);
			assert.equal(answer.get('cache-control'), 'no-cache');
			assert.equal(answer.get('x-content-type-options'), 'nosniff');
			assert.equal(answer.get('accept-ranges'), 'bytes');
			assert.ok(Math.abs(Date.parse(answer.get('last-modified')) - Date.now()) < 3600e3, answer.get('last-modified'));
			assert.equal((await api.get(`//${name}`, { 'if-none-match': answer.etag })).status, 304);
			const head = await api.request('HEAD', `//${name}`);
			for (const field of ['content-length', 'content-type', 'etag', 'last-modified', 'accept-ranges'])
				assert.equal(head.get(field), answer.get(field), `${field} of HEAD`);
		}
		const post = refused(await api.request('POST', '//a.css'), 405);
		assert.equal(post.get('allow'), 'GET, HEAD, OPTIONS');
		assert.equal((await api.get('//t.txt?a=1&a=2&%')).status, 200, 'a query is the page\'s own');
		for (const path of ['//secret.txt', '//../secret.txt', '//%2e%2e/secret.txt', '//..%2fsecret.txt', '//deep/../../secret.txt', '//caisson.yaml', '//data/', '//A.css', '//a.css/', '//deep', '//deep/', '//.hidden', '//%2ehidden', '//deep%2fb.mjs', '//guide%2f'])
			refused(await api.get(path), 404);
		refused(await api.get('//a.css%00'), 400);
	});

	house.test('a folder has an index', async ({ api }) => {
		assert.equal((await api.get('//')).text, '<h1>hello</h1>');
		assert.equal((await api.get('//guide/')).text, '<h1>guide</h1>');
		for (const [path, location] of [['//guide', '/guide/'], ['//guide?a=%20b', '/guide/?a=%20b'], ['//g%75ide', '/g%75ide/']]) {
			const answer = await api.get(path, { host: 'evil.example' });
			assert.equal(answer.status, 308, path);
			assert.equal(answer.get('location'), location);
		}
		refused(await api.get('///evil.example/guide'), 404);
		refused(await api.get('//guide/more'), 404);
	});

	house.test('a page of an app is for who asks for HTML', async ({ api }) => {
		for (const path of ['//any/page', '//guide/none', '//a.css/']) {
			const answer = await api.get(path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
			assert.equal(answer.text, '<h1>hello</h1>', path);
			assert.equal(answer.get('vary'), 'Accept');
			assert.equal(refused(await api.get(path, { accept: '*/*' }), 404).get('vary'), 'Accept');
			refused(await api.request('POST', path, { headers: { accept: 'text/html' } }), 404);
		}
		for (const path of ['/nowhere', '/%6eowhere', '//%76%31/nowhere', '//v1', '//health/nothing'])
			refused(await api.get(path, { accept: 'text/html' }), 404);
		assert.equal((await api.get('//v1x', { accept: 'text/html' })).status, 200, 'a name that only begins like the prefix');
	});

	house.test('pages say what scripts may do', async ({ api }) => {
		for (const path of ['//', '//guide/', '//picture.svg', '//x.xml']) {
			const answer = await api.get(path);
			assert.match(answer.get('content-security-policy') ?? '', /default-src 'self';.*frame-ancestors 'self'/, path);
			assert.equal(answer.get('x-frame-options'), 'SAMEORIGIN');
			assert.equal(answer.get('referrer-policy'), 'same-origin');
		}
		for (const path of ['//a.css', '//nowhere', `/${word.people}`]) {
			const answer = await api.get(path);
			assert.equal(answer.get('content-security-policy'), undefined, path);
			assert.equal(answer.get('x-content-type-options'), 'nosniff', path);
		}
	});

	house.test('a part of a file', async ({ api }) => {
		for (const [range, first, end] of [['bytes=0-0', 0, 1], ['bytes=1-', 1, 4], ['bytes=-3', 1, 4], ['bytes=2-99', 2, 4]]) {
			const answer = await api.get('//t.txt', { range });
			assert.equal(answer.status, 206, range);
			assert.equal(answer.text, 'text'.slice(first, end));
			assert.equal(answer.get('content-range'), `bytes ${first}-${end - 1}/4`);
			assert.equal(answer.get('content-type'), 'text/plain; charset=utf-8');
		}
		for (const path of ['//t.txt', '//empty.txt']) {
			const answer = refused(await api.get(path, { range: 'bytes=4-' }), 416);
			assert.equal(answer.get('content-range'), `bytes */${path === '//t.txt' ? 4 : 0}`);
			assert.equal(answer.etag, undefined);
		}
		const whole = await api.get('//t.txt', { range: 'bytes=0-0,2-2' });
		assert.equal(whole.status, 200);
		assert.equal(whole.get('content-range'), undefined);
		const head = await api.request('HEAD', '//t.txt', { headers: { range: 'bytes=0-0' } });
		assert.equal(head.status, 200);
		assert.equal(head.get('content-length'), '4');
	});

	house.test('a large file comes whole, also to who reads slowly', async ({ server, api }) => {
		const whole = await api.get('//large.bin', {});
		const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
		assert.equal(hash(whole.bytes), hash(LARGE));
		const tail = await api.get('//large.bin', { range: `bytes=${1024 * 1024}-` });
		assert.equal(tail.status, 206);
		assert.equal(hash(tail.bytes), hash(LARGE.subarray(1024 * 1024)));
		assert.equal((await api.request('HEAD', '//large.bin')).get('content-length'), String(LARGE.length));
		const slow = await Wire.connect(server.port);
		slow.send('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /t.txt HTTP/1.1\r\nHost: a\r\n\r\n');
		for (let i = 0; i < 5; i++) {
			await sleep(40);
			slow.socket.pause();
			assert.equal((await api.get('//t.txt')).text, 'text');
			slow.socket.resume();
		}
		const answer = checkAnswer(await slow.response({ timeout_ms: 30000 }), 'GET');
		assert.equal(hash(answer.bytes), hash(LARGE));
		assert.equal((await slow.response()).text, 'text', 'and the next request is answered');
		slow.close();
		for (let i = 0; i < 10; i++) {
			const gone = await Wire.connect(server.port);
			gone.send('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n');
			await gone.head();
			gone.close();
		}
		assert.equal((await api.get('//t.txt')).text, 'text');
		const old = await Wire.connect(server.port);
		old.send('GET /large.bin HTTP/1.0\r\n\r\n');
		assert.equal(hash((await old.response({ timeout_ms: 30000 })).bytes), hash(LARGE));
		assert.ok(await old.closes());
		old.close();
	});

	house.close();

	test(`${word.app} files: a link is not followed`, async () => {
		const folder = makeFolder(file, { 'secret/secret.txt': 'no', 'public/a.txt': 'yes', 'public/index.html': 'hello' });
		symlinkSync('../secret/secret.txt', join(folder, 'public/link.txt'));
		symlinkSync('../secret', join(folder, 'public/linked'));
		symlinkSync('/nowhere', join(folder, 'public/dangling'));
		mkdirSync(join(folder, 'public/real'));
		writeFileSync(join(folder, 'public/real/b.txt'), 'yes');
		const server = new Server(folder), api = new Api(server);
		try {
			await server.start();
			for (const path of ['//link.txt', '//linked/secret.txt', '//linked', '//linked/', '//dangling'])
				refused(await api.get(path), 404);
			assert.equal((await api.get('//real/b.txt')).text, 'yes');
		} finally {
			api.close();
			await server.release();
		}
	});
}
