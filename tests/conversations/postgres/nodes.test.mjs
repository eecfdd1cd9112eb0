// Two nodes on one PostgreSQL database: what is written through one is there
// through the other, at once and exactly; and what psql writes is told too.

import assert from 'node:assert/strict';
import test from 'node:test';
import { randomUUID } from 'node:crypto';
import { Api, refused } from '../../lib/api.mjs';
import { freshDatabase, psql } from '../../lib/database.mjs';
import { Events } from '../../lib/events.mjs';
import { Server } from '../../lib/server.mjs';
import { boards } from '../../lib/two_boards.mjs';

for (const { word, file } of boards) {
	const people = `/${word.people}`, groups = `/${word.groups}`;

	function nodes(name, conversation) {
		test(`${word.app}: ${name}`, { timeout: 120000 }, async () => {
			const database = freshDatabase();
			const shared = { ...database, drop() {} };
			const servers = [await Server.start(file, { database: shared }), await Server.start(file, { database: shared })];
			const apis = servers.map((server) => new Api(server));
			try {
				await conversation({ servers, apis, database });
				apis.forEach((api) => api.close());
				for (const server of servers)
					await server.release();
			} finally {
				servers.forEach((server) => server.drop());
				database.drop();
			}
		});
	}

	nodes('a write through one is read through the other', async ({ apis: [a, b] }) => {
		for (let i = 0; i < 30; i++) {
			const [writer, reader] = i % 2 ? [a, b] : [b, a];
			const made = await writer.post(people, { name: `n${i}` });
			const got = await reader.get(`${people}/${made.json.id}`);
			assert.equal(got.text, made.text);
			assert.equal(got.etag, made.etag);
			const patched = await reader.patch(`${people}/${made.json.id}`, { name: 'x' }, { 'if-match': made.etag });
			assert.equal(patched.status, 200, patched.text);
			refused(await writer.patch(`${people}/${made.json.id}`, { name: 'y' }, { 'if-match': made.etag }), 412);
		}
	});

	nodes('64 clients change one record by If-Match through two: each wins once', async ({ servers, apis: [a] }) => {
		const key = servers[0].key('--user', String((await a.make(people, { name: 'ann' })).id));
		const things = `/${word.things}`, made = await a.as(key).make(things, { [word.title]: 'counted' });
		const clients = Array.from({ length: 64 }, (_, i) => new Api(servers[i % 2], { key }));
		let won = 0;
		await Promise.all(clients.map(async (client) => {
			for (let done = false; !done;) {
				const now = await client.get(`${things}/${made.id}`);
				assert.equal(now.status, 200, now.text);
				const answer = await client.patch(`${things}/${made.id}`, { [word.title]: `n ${Number(now.json[word.title].replace(/\D/g, '')) + 1}` }, { 'if-match': now.etag });
				assert.ok([200, 412].includes(answer.status), answer.text);
				done = answer.status === 200;
			}
			won++;
			client.close();
		}));
		assert.equal((await a.as(key).get(`${things}/${made.id}`)).json[word.title], `n ${won}`);
	});

	nodes('what is unique is unique through both', async ({ apis: [a, b] }) => {
		for (let i = 0; i < 20; i++) {
			const answers = await Promise.all([a.post(groups, { name: `g${i}` }), b.post(groups, { name: `g${i}` })]);
			assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409]);
		}
	});

	nodes('an Idempotency-Key is known to both', async ({ apis: [a, b] }) => {
		const key = { 'idempotency-key': randomUUID() };
		const [first, second] = await Promise.all([a.post(people, { name: 'once' }, key), b.post(people, { name: 'once' }, key)]);
		const done = [first, second].filter((answer) => answer.status === 201);
		assert.ok([first, second].every((answer) => [201, 409].includes(answer.status)));
		assert.equal(new Set(done.map((answer) => answer.json.id)).size, 1);
		assert.equal((await b.post(people, { name: 'once' }, key)).json.id, done[0].json.id);
		assert.equal((await a.walk(people)).length, 1);
	});

	nodes('a key made on one is known to the other', async ({ servers, apis: [, b] }) => {
		const key = servers[0].key('--role', 'editor');
		assert.equal((await b.as(key).get(people)).status, 200);
	});

	nodes('a stream on one tells the writes of the other, and of psql', async ({ servers, apis: [a, b], database }) => {
		const live = await Events.open(servers[1], `/v1${people}`);
		const made = [];
		for (let i = 0; i < 20; i++)
			made.push(await (i % 2 ? a : b).make(people, { name: `n${i}` }));
		const events = await live.take(20, 10000);
		assert.deepEqual(new Set(events.map((event) => event.data.id)), new Set(made.map((record) => record.id)));
		psql(database.url, `update ${word.people} set name = 'by hand' where name = 'n3'`);
		const [changed] = await live.take(1, 10000);
		assert.deepEqual([changed.event, changed.data.name, changed.data.id], ['changed', 'by hand', made[3].id]);
		live.close();
	});

	nodes('a stream goes on through the other node', async ({ servers, apis: [a] }) => {
		const live = await Events.open(servers[0], `/v1${people}`);
		await a.make(people, { name: 'seen' });
		await live.take(1);
		const { lastId } = live;
		live.close();
		const missed = await a.make(people, { name: 'missed' });
		const again = await Events.open(servers[1], `/v1${people}`, { lastEventId: lastId });
		const [event] = await again.take(1, 10000);
		assert.deepEqual([event.event, event.data.id], ['entered', missed.id]);
		again.close();
	});
}

test('64 clients adding to one number through two nodes: the sum is exact, no 5xx', { timeout: 120000 }, async () => {
	const app = { app: 'sum', collections: { counters: { fields: { n: { type: 'int', required: true, default: 0 } }, access: { read: true, create: true, update: true } } } };
	const database = freshDatabase(), shared = { ...database, drop() {} };
	const servers = [await Server.start(app, { database: shared }), await Server.start(app, { database: shared })];
	try {
		const api = new Api(servers[0]), made = await api.make('/counters', {});
		const clients = Array.from({ length: 64 }, (_, i) => new Api(servers[i % 2]));
		await Promise.all(clients.map(async (client) => {
			for (let i = 0; i < 10; i++) {
				const answer = await client.patch(`/counters/${made.id}`, { n: { $inc: 1 } });
				assert.equal(answer.status, 200, answer.text);
			}
			client.close();
		}));
		assert.equal((await api.get(`/counters/${made.id}`)).json.n, 640);
		api.close();
		for (const server of servers)
			await server.release();
	} finally {
		servers.forEach((server) => server.drop());
		database.drop();
	}
});
