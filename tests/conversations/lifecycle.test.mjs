// Starting, stopping and starting again: folders, locks, seeds.

import assert from 'node:assert/strict';
import test from 'node:test';
import { mkdirSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from '../lib/alone.mjs';
import { Api, refused } from '../lib/api.mjs';
import { makeFolder, root, run, Server, writeAppFile } from '../lib/server.mjs';
import { Wire } from '../lib/wire.mjs';
import { testApps } from '../lib/apps.mjs';
import { trees } from '../lib/two_trees.mjs';

const access = { read: true, create: true, update: true, delete: true };

for (const { word, file } of trees) {
	const path = `/${word.root}`;

	alone(`${word.app}: serve says where it listens, on one line`, file, {}, async ({ server }) => {
		assert.match(server.stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
		assert.ok(server.port > 0);
	});

	alone(`${word.app}: data stays over a polite end and over a kill`, file, {}, async ({ server, api }) => {
		const made = [];
		for (const end of [() => server.stop(), () => server.kill()]) {
			made.push(await api.post(path, { name: 'kept' }));
			api.close();
			const ended = await end();
			assert.ok(ended.code === 0 || ended.signal === 'SIGKILL', JSON.stringify(ended));
			await server.start();
			for (const each of made) {
				const got = await api.get(`${path}/${each.json.id}`);
				assert.equal(got.text, each.text);
				assert.equal(got.etag, each.etag);
			}
		}
	});

	alone(`${word.app}: numbers go on after a kill`, file, {}, async ({ server, api }) => {
		const before = await api.post(path, { name: 'before' });
		api.close();
		await server.kill();
		await server.start();
		const after = await api.post(path, { name: 'after' });
		assert.notEqual(after.etag, before.etag);
		assert.notEqual(after.commit, before.commit);
	});

	alone(`${word.app}: a second server on the same folder is refused`, file, {}, async ({ server, api }) => {
		const second = server.run(['serve', server.folder, '--listen', '127.0.0.1:0']);
		assert.equal(second.status, 1, second.stdout + second.stderr);
		assert.notEqual(second.stderr, '');
		assert.equal(second.stdout, '');
		assert.equal((await api.make(path, { name: 'x' })).name, 'x', 'the first goes on');
	});

	alone(`${word.app}: a port in use is exit 1, with the port named`, file, {}, async ({ server }) => {
		const folder = makeFolder(file);
		const second = run(['serve', folder, '--listen', `127.0.0.1:${server.port}`], { env: server.database.env });
		assert.equal(second.status, 1);
		assert.match(second.stderr, new RegExp(String(server.port)));
	});

	alone(`${word.app}: a changed app file over old data is refused, the old one is served again`, file, {}, async ({ server, api }) => {
		const made = await api.make(path, { name: 'old' });
		api.close();
		await server.stop();
		const changed = structuredClone(file);
		changed.collections[word.root].fields.more = { type: 'text' };
		writeAppFile(server.folder, changed);
		const ran = server.run(['serve', server.folder, '--listen', '127.0.0.1:0']);
		assert.equal(ran.status, 1, ran.stdout + ran.stderr);
		assert.notEqual(ran.stderr, '');
		writeAppFile(server.folder, file);
		await server.start();
		assert.equal((await api.get(`${path}/${made.id}`)).json.name, 'old');
	});

	alone(`${word.app}: data and secrets are for their owner alone`, file, {}, async ({ server }) => {
		const data = join(server.folder, 'data');
		assert.ok(existsSync(data));
		assert.equal(statSync(data).mode & 0o077, 0, 'the folder');
	});

	const ids = word.intIds ? [7, 9] : ['01a19467-e800-7000-8000-000000000001', '01a19467-e800-7000-8000-000000000002'];
	alone(`${word.app}: seeds are loaded once`, file, { files: {
		[`seed/${word.root}.ndjson`]: `{"id":${JSON.stringify(ids[0])},"name":"first"}\n{"name":"second"}\n`,
		[`seed/${word.branch}.ndjson`]: `{"id":${JSON.stringify(ids[1])},"name":"b","root":${JSON.stringify(ids[0])}}\n`,
	} }, async ({ server, api }) => {
		assert.equal((await api.walk(path)).length, 2);
		assert.equal((await api.get(`/${word.branch}/${ids[1]}`)).json.root, ids[0]);
		assert.equal((await api.delete(`${path}/${ids[0]}`)).status, 204);
		api.close();
		await server.stop();
		await server.start();
		assert.equal((await api.walk(path)).length, 1, 'what was deleted stays away');
		const made = await api.make(path, { name: 'third' });
		if (word.intIds)
			assert.ok(made.id > 7, 'numbers go on after those of the seed');
	});

	const [tag, sheet] = word.intIds ? [1, 2] : ids;
	const tagged = { app: 'tagged', collections: {
		sheets: { ...(word.intIds && { id: 'int' }), access: { read: true }, fields: { tags: { type: 'refs', to: 'tags' } } },
		tags: { ...(word.intIds && { id: 'int' }), access: { read: true }, fields: {} },
	} };
	alone(`${word.app}: seeds come after those that their refs lead to`, tagged, { files: {
		'seed/sheets.ndjson': `${JSON.stringify({ id: sheet, tags: [tag] })}\n`,
		'seed/tags.ndjson': `${JSON.stringify({ id: tag })}\n`,
	} }, async ({ api }) => {
		assert.deepEqual((await api.get(`/sheets/${sheet}`)).json.tags, [tag]);
	});

	test(`${word.app}: a seed with a mistake is refused with its file and line, and nothing is left`, async () => {
		const folder = makeFolder(file, { [`seed/${word.root}.ndjson`]: '{"name":"good"}\n{"nope":1}\n' });
		const server = new Server(folder);
		try {
			const ran = server.run(['serve', folder, '--listen', '127.0.0.1:0']);
			assert.equal(ran.status, 1, ran.stderr);
			assert.match(ran.stderr, new RegExp(`${word.root}\\.ndjson:2`));
			writeFileSync(join(folder, `seed/${word.root}.ndjson`), '{"name":"good"}\n');
			await server.start();
			assert.equal((await new Api(server).walk(path)).length, 1);
			await server.release();
		} finally {
			server.drop();
		}
	});

	alone(`${word.app}: live and ready`, file, {}, async ({ api, server }) => {
		for (const path of ['//health/live', '//health/ready']) {
			const answer = await api.get(path);
			assert.equal(answer.status, 200);
			assert.match(answer.get('cache-control') ?? '', /no-store|no-cache/);
		}
		assert.ok(server);
	});
}

for (const app of testApps()) {
	alone(`${app.name}: the app as it is starts, and guests find its doors`, app.folder, {}, async ({ api }) => {
		api.prefix = app.prefix;
		for (const collection of app.collections) {
			const list = await api.list(collection.path);
			assert.equal(list.status, 200, 'a list never answers 401 or 403');
			assert.deepEqual(list.json.items, []);
		}
	});
}

alone('handbook: the handbook starts with its seeds', join(root, 'examples/handbook'), {}, async ({ api, server }) => {
	const questions = await api.walk('/questions', { sort: 'topic,position' });
	assert.equal(questions.length, readFileSync(join(root, 'examples/handbook/seed/questions.ndjson'), 'utf8').trim().split('\n').length);
	assert.ok((await api.walk('/topics')).length > 0);
	refused(await api.post('/topics', { title: 'mine', slug: 'mine' }), 401);
	const edith = api.as(server.key('--role', 'editor'));
	assert.equal((await edith.post('/topics', { title: 'mine', slug: 'mine' })).status, 201);
	const own = api.as(server.key('--user', 'ann'));
	const note = await own.make('/notes', { question: questions[0].id, body: 'remember' });
	assert.equal(note.author, 'ann');
	refused(await api.get(`/notes/${note.id}`), 404);
	edith.close();
	own.close();
});

alone('a server without public/ answers 404 at /', { app: 'bare', database: 'sqlite:data/bare.db', collections: { things: { fields: { name: { type: 'text' } }, access } } }, {}, async ({ api }) => {
	refused(await api.get('//'), 404);
	refused(await api.get('//', { accept: 'text/html' }), 404);
});

alone('numbers of an int collection are given in order, past those that were chosen', { app: 'count', database: 'sqlite:data/count.db', collections: { things: { id: 'int', fields: { name: { type: 'text' } }, access } } }, {}, async ({ api, server }) => {
	const first = await api.make('/things', {}), second = await api.make('/things', {});
	assert.ok(second.id > first.id);
	assert.equal((await api.delete(`/things/${second.id}`)).status, 204);
	api.close();
	await server.stop();
	await server.start();
	const third = await api.make('/things', {});
	assert.ok(third.id > second.id, 'an id is never given twice');
});

test('a database that cannot be reached is exit 1 with a message, no secret in it', async () => {
	const folder = makeFolder(trees[0].file);
	const ran = run(['serve', folder, '--listen', '127.0.0.1:0'], { env: { CAISSON_DATABASE: 'postgres://someone:hushhush@127.0.0.1:1/none?connect_timeout=2' } });
	assert.equal(ran.status, 1);
	assert.notEqual(ran.stderr, '');
	assert.ok(!ran.stderr.includes('hushhush'), ran.stderr);
});

test('a data folder that cannot be written is exit 1', async () => {
	const folder = makeFolder(trees[0].file);
	writeFileSync(join(folder, 'data'), 'a file');
	const ran = run(['serve', folder, '--listen', '127.0.0.1:0']);
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /data/);
});

test('a database file that is none is refused and left alone', async () => {
	const folder = makeFolder(trees[0].file);
	mkdirSync(join(folder, 'data'));
	const path = join(folder, 'data', `${trees[0].word.app}.db`);
	writeFileSync(path, 'this is no database, and longer than a header of a hundred bytes would be, so that nobody mistakes it for an empty one.'.repeat(10));
	const before = readFileSync(path);
	const ran = run(['serve', folder, '--listen', '127.0.0.1:0']);
	assert.equal(ran.status, 1);
	assert.deepEqual(readFileSync(path), before);
});

alone('a deep path of the folder is no hindrance to the control socket', trees[0].file, {}, async ({ server }) => {
	const deep = join(server.folder, 'd'.repeat(100), 'e'.repeat(100));
	mkdirSync(deep, { recursive: true });
	const inner = await Server.start(trees[1].file, { parent: deep });
	assert.ok(inner.key('--role', 'editor').length > 10);
	await inner.release();
});

alone('a limit may be set', trees[0].file, { args: ['--limit', 'body_size=100', '--limit', 'list_limit=5'] }, async ({ api, server }) => {
	const { word } = trees[0];
	assert.equal((await api.post(`/${word.root}`, { name: 'x'.repeat(200) })).status, 413);
	assert.equal((await api.list(`/${word.root}`, { limit: 6 })).status, 400);
	const wire = await Wire.connect(server.port);
	assert.ok(await wire.isAlive());
	wire.close();
});
