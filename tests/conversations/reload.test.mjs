// Reading the app folder again while it is served: SIGHUP and --dev.

import assert from 'node:assert/strict';
import test from 'node:test';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from '../lib/alone.mjs';
import { Api, refused } from '../lib/api.mjs';
import { isPostgres } from '../lib/database.mjs';
import { Events } from '../lib/events.mjs';
import { lineOf, logged } from '../lib/log.mjs';
import { writeAppFile } from '../lib/server.mjs';
import { sleep, Wire } from '../lib/wire.mjs';
import { trees } from '../lib/two_trees.mjs';

/* The next reload that the server tells of, good or bad: its last line. */
async function reloaded(server, what, change = () => server.child.kill('SIGHUP')) {
	const before = logged(server).length;
	await change();
	if (what === GOOD)
		server.described = undefined; /* another app is described in another way */
	return lineOf(server, 'reload', (line) => what.test(line.message), { skip: before });
}

const GOOD = /was read again/, KEPT = /as before/;

function with_(file, change) {
	const other = structuredClone(file);
	change(other);
	return other;
}

function served(name, file, options, conversation) {
	alone(name, file, options, (house) => conversation({ ...house, file }));
}

for (const { word, file } of trees) {
	const path = `/${word.root}`;
	const closed = with_(file, (app) => { app.collections[word.root].access.read = false; });

	served(`${word.app}: a rule is in effect when the reload is told, on a connection that stays`, file, {}, async ({ server, api }) => {
		const made = await api.make(path, { name: 'one' });
		for (const [app, status] of [[closed, 404], [file, 200], [closed, 404], [file, 200]]) {
			writeAppFile(server.folder, app);
			await reloaded(server, GOOD);
			const wire = api.wire;
			assert.equal((await api.get(`${path}/${made.id}`)).status, status);
			assert.equal(api.wire, wire, 'the connection was kept');
			assert.equal((await api.post(path, { name: 'more' })).status, 201);
		}
	});

	served(`${word.app}: public/ and the prefix are read again`, file, { files: { 'public/a.txt': 'old' } }, async ({ server, api }) => {
		assert.equal((await api.get('//a.txt')).text, 'old');
		writeFileSync(join(server.folder, 'public/a.txt'), 'new');
		writeFileSync(join(server.folder, 'public/b.txt'), 'more');
		writeAppFile(server.folder, { ...file, api: { prefix: '/other' } });
		await reloaded(server, GOOD);
		assert.equal((await api.get('//a.txt')).text, 'new');
		assert.equal((await api.get('//b.txt')).text, 'more');
		assert.equal((await api.get(path)).status, 404);
		assert.equal((await api.get(`//other${path}`)).status, 200);
	});

	served(`${word.app}: a file with mistakes is told, all of them, and the old one is served`, file, {}, async ({ server, api }) => {
		await api.make(path, { name: 'one' });
		writeFileSync(join(server.folder, 'caisson.yaml'), 'app: bad\ncolections: {}\n\ncollections:\n  x: { fields: { a: { type: txt } } }\n');
		await reloaded(server, KEPT);
		const lines = logged(server, 'reload').map((line) => line.message);
		assert.ok(lines.some((line) => /^caisson\.yaml:2:1: error: /.test(line)), lines.join('\n'));
		assert.ok(lines.some((line) => /^caisson\.yaml:5:\d+: error: /.test(line)), lines.join('\n'));
		assert.equal((await api.list(path)).json.items.length, 1);
		rmSync(join(server.folder, 'caisson.yaml'));
		await reloaded(server, KEPT);
		assert.equal((await api.list(path)).json.items.length, 1);
		writeAppFile(server.folder, closed);
		await reloaded(server, GOOD);
		assert.equal((await api.list(path)).json.items.length, 0);
	});

	served(`${word.app}: another shape is told by what differs, and not taken over`, file, {}, async ({ server, api }) => {
		await api.make(path, { name: 'one' });
		writeAppFile(server.folder, with_(closed, (app) => { app.collections[word.root].fields.extra = { type: 'int' }; }));
		await reloaded(server, KEPT);
		const lines = logged(server, 'reload').map((line) => line.message);
		assert.ok(lines.some((line) => line.startsWith(`+ field ${word.root}.extra int`)), lines.join('\n'));
		assert.ok(!lines.some((line) => line.startsWith('- ')), lines.join('\n'));
		assert.equal((await api.list(path)).json.items.length, 1);
	});

	served(`${word.app}: a live stream ends, and goes on where it was under the new rules`, file, {}, async ({ server, api }) => {
		await api.make(path, { name: 'before' });
		const first = await Events.open(server, `/v1${path}?filter=${encodeURIComponent("name != 'hidden'")}`);
		const joined = await Events.open(server, `/v1/${word.branch}?filter=${encodeURIComponent("root.name == 'one'")}`);
		await api.make(path, { name: 'one' });
		await first.takeUntil((event) => event.event === 'entered');
		/* The collections stand in another order, so each is another place in the app. */
		writeAppFile(server.folder, { ...file, collections: Object.fromEntries(Object.entries(file.collections).reverse()) });
		await reloaded(server, GOOD);
		await Promise.all([first.reading, joined.reading]);
		assert.ok(first.done && joined.done);
		const between = await api.make(path, { name: 'between' });
		const again = await Events.open(server, `/v1${path}?filter=${encodeURIComponent("name != 'hidden'")}`, { lastEventId: first.lastId });
		const anew = await Events.open(server, `/v1/${word.branch}?filter=${encodeURIComponent("root.name == 'one'")}`);
		/* No root is written first: the reset for it may be all that is told of what comes after. */
		const one = (await api.list(path, { filter: "name == 'one'" })).json.items[0];
		await api.make(`/${word.branch}`, { name: 'leaf', root: between.id });
		await api.make(`/${word.branch}`, { name: 'twig', root: one.id });
		assert.equal((await anew.takeUntil((event) => event.event === 'entered')).at(-1).data.name, 'twig');
		await api.make(path, { name: 'after' });
		await api.make(path, { name: 'hidden' });
		assert.deepEqual((await again.take(2)).map((event) => [event.event, event.data.name]), [['entered', 'between'], ['entered', 'after']]);
		assert.equal((await anew.take())[0].event, 'reset');
		again.close();
		anew.close();
	});

	served(`${word.app}: who comes back under other rules is told to read again`, file, {}, async ({ server, api }) => {
		const one = await api.make(path, { name: 'one' });
		const live = await Events.open(server, `/v1${path}`);
		await api.make(path, { name: 'two' });
		await live.takeUntil((event) => event.event === 'entered');
		writeAppFile(server.folder, with_(file, (app) => { app.collections[word.root].access.read = "name == 'one'"; }));
		await reloaded(server, GOOD);
		await live.reading;
		const again = await Events.open(server, `/v1${path}`, { lastEventId: live.lastId });
		assert.deepEqual((await again.take()).map((event) => [event.event, event.data.reason]), [['reset', 'rights']]);
		assert.deepEqual((await api.list(path)).json.items.map((each) => each.id), [one.id]);
		await api.patch(`${path}/${one.id}`, { name: 'other' });
		assert.deepEqual((await again.take()).map((event) => event.event), ['left']);
		const once = await Events.open(server, `/v1${path}`, { lastEventId: again.lastId });
		await api.make(path, { name: 'one' });
		assert.deepEqual((await once.take()).map((event) => event.event), ['entered'], 'once is enough');
		again.close();
		once.close();
	});

	served(`${word.app}: the same after a new start`, file, {}, async ({ server, api }) => {
		const other = with_(file, (app) => { app.collections[word.root].access.read = "name == 'one'"; });
		const startWith = async (app) => {
			api.close();
			await server.stop();
			writeAppFile(server.folder, app);
			await server.start();
		};
		let lastEventId;
		const told = async (...names) => {
			const stream = await Events.open(server, `/v1${path}`, { lastEventId });
			const events = lastEventId === undefined ? [] : await stream.take();
			for (const name of names)
				await api.make(path, { name });
			if (names.length > 0)
				events.push(...await stream.take(names.length));
			lastEventId = stream.lastId;
			stream.close();
			return events.map((event) => `${event.event} ${event.data.reason ?? event.data.name}`);
		};
		await told('one');
		await api.make(path, { name: 'two' });
		await startWith(other);
		await api.make(path, { name: 'one' });
		assert.deepEqual(await told('one'), ['reset rights', 'entered one']);
		await api.make(path, { name: 'one' });
		await startWith(other);
		assert.deepEqual(await told(), ['entered one']);
		/* Once is enough; on PostgreSQL from when no transaction of before is left. */
		await startWith(file);
		assert.deepEqual(await told(), ['reset rights']);
		await api.make(path, { name: 'one' });
		if (!isPostgres)
			assert.deepEqual(await told(), ['entered one']);
		await startWith(other);
		assert.deepEqual(await told('one'), ['reset rights', 'entered one']);
		/* There and back: what was told between is of other rules. */
		writeAppFile(server.folder, file);
		await reloaded(server, GOOD);
		assert.deepEqual(await told('two'), ['reset rights', 'entered two']);
		await startWith(other);
		assert.deepEqual(await told(), ['reset rights']);
	});

	served(`${word.app}: 200 reloads under load fail no request`, file, {}, async ({ server, api }) => {
		const made = await api.make(path, { name: 'one' });
		const state = { ended: false, answered: 0, streams: 0 };
		const clients = Array.from({ length: 6 }, (_, i) => hammer(server, state, i % 3, path, made.id));
		clients.push(follow(server, state, path));
		for (let i = 0; i < 200; i++) {
			const other = Object.entries(file.collections);
			writeAppFile(server.folder, { ...file, collections: Object.fromEntries(i % 2 ? other : other.reverse()) });
			await reloaded(server, GOOD);
		}
		state.ended = true;
		await Promise.all(clients);
		assert.ok(state.answered > 200 && state.streams > 20, JSON.stringify(state));
		assert.equal(logged(server, 'reload').length, 200);
	});
}

/* One connection, kept alive to the end: reads, pages and writes that must all be good. */
async function hammer(server, state, kind, path, id) {
	const api = new Api(server);
	const wire = await Wire.connect(server.port);
	api.wire = wire;
	while (!state.ended) {
		const answer = kind === 0 ? await api.get(`${path}/${id}`) : kind === 1 ? await api.list(path, { limit: 3, filter: "name != 'x'" }) :
			await api.patch(`${path}/${id}`, { name: `n${state.answered}` });
		assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
		assert.equal(api.wire, wire, 'the connection was kept');
		state.answered++;
	}
	api.close();
}

/* A client that comes back each time its stream ends. */
async function follow(server, state, path) {
	while (!state.ended) {
		const stream = await Events.open(server, `/v1${path}`);
		state.streams++;
		while (!stream.done && !state.ended)
			await sleep(1);
		stream.close();
	}
}

served('--dev reads again when a file changes', trees[0].file, { args: ['--dev'] }, async ({ server, api, file }) => {
	const path = `/${trees[0].word.root}`;
	await api.make(path, { name: 'one' });
	const other = with_(file, (app) => { app.collections[trees[0].word.root].access.read = false; });
	await reloaded(server, GOOD, () => writeAppFile(server.folder, other));
	assert.equal((await api.list(path)).json.items.length, 0);
	/* As editors save: a new file takes the place of the old one. */
	await reloaded(server, GOOD, () => {
		writeFileSync(join(server.folder, 'new'), JSON.stringify(file));
		renameSync(join(server.folder, 'new'), join(server.folder, 'caisson.yaml'));
	});
	assert.equal((await api.list(path)).json.items.length, 1);
	await reloaded(server, GOOD, () => {
		mkdirSync(join(server.folder, 'public/deep'), { recursive: true });
		writeFileSync(join(server.folder, 'public/deep/a.txt'), 'one');
	});
	await sleep(300);
	await reloaded(server, GOOD, () => writeFileSync(join(server.folder, 'public/deep/a.txt'), 'two'));
	assert.equal((await api.get('//deep/a.txt')).text, 'two');
	await reloaded(server, KEPT, () => writeFileSync(join(server.folder, 'caisson.yaml'), 'app: ['));
	assert.equal((await api.list(path)).json.items.length, 1);
});

served('a stop during reloads is a clean one', trees[0].file, {}, async ({ server }) => {
	for (let i = 0; i < 20; i++)
		server.child.kill('SIGHUP');
	const end = await server.stop();
	assert.equal(end.code, 0);
});
