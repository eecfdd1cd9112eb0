// A model client of a live query: it applies entered, changed and left to a map,
// and at each quiet point the map equals a fresh list.  Writers write at random,
// the client is cut off and resumes, and the server is stopped and killed.
//	node tests/crash/live.mjs [--writes 10000] [--seed 1] [--quiet 50]

import assert from 'node:assert/strict';
import { Api } from '../lib/api.mjs';
import { engine } from '../lib/database.mjs';
import { Events } from '../lib/events.mjs';
import { pick, seeded } from '../lib/ids.mjs';
import { Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { boards } from '../lib/two_boards.mjs';
import { readOptions } from './options.mjs';

const options = readOptions({ writes: 10000, seed: Date.now() % 1000000, quiet: 40, board: 0 });
const random = seeded(options.seed);
const { word } = boards[options.board], file = structuredClone(boards[options.board].file);
file.collections[word.things].access.update = `${word.owner} == auth.id`;
const things = `/${word.things}`;
const totals = { writes: 0, refused: 0, unknown: 0, events: 0, resets: 0, resumes: 0, kills: 0, quiet: 0 };

const server = await Server.start(file);
const guest = new Api(server);
const people = [];
for (const name of ['ann', 'bob', 'cid']) {
	const { id } = await guest.make(`/${word.people}`, { name });
	people.push({ id, key: server.key('--user', String(id)) });
}
const admin = server.key('--user', String(people[0].id), '--role', 'admin', '--role', 'editor');

/* Local predicates alone: for these no reset may come. */
const queries = [
	{ name: 'a guest', key: undefined, filter: undefined },
	{ name: 'ann', key: people[0].key, filter: undefined },
	{ name: 'bob, counted', key: people[1].key, filter: `${word.count} > 2` },
	{ name: 'cid, titled', key: people[2].key, filter: `${word.title} < 'b' || !has(${word.code})` },
	{ name: 'an editor', key: admin, filter: `${word.open} == false` },
].map((query) => ({ ...query, map: new Map(), lastId: undefined, events: null, fresh: true }));

let known = [];
while (totals.writes < options.writes) {
	for (const query of queries)
		await follow(query);
	const killed = await burst();
	if (killed)
		await recover();
	await quiet();
}
queries.forEach((query) => query.events?.close());
guest.close();
let bad = totals.resets > 0 ? 1 : 0;
await server.release().catch((error) => {
	bad = 1;
	console.log(error.message);
});
console.log(`live on ${engine}, seed ${options.seed}: ${Object.entries(totals).map(([name, count]) => `${count} ${name}`).join(', ')}`);
process.exit(bad);

/* Opens the stream, or resumes it; the first time from a snapshot of the list. */
async function follow(query) {
	if (query.events && !query.events.done && random() < 0.7)
		return;
	absorb(query);
	query.events?.close();
	const path = `/v1${things}${query.filter ? `?filter=${encodeURIComponent(query.filter)}` : ''}`;
	query.events = await Events.open(server, path, { key: query.key, lastEventId: query.lastId });
	if (query.lastId !== undefined)
		totals.resumes++;
	else
		query.map = await list(query);
}

async function list(query) {
	const api = new Api(server, { key: query.key });
	const rows = await api.walk(things, { limit: 1000, ...(query.filter ? { filter: query.filter } : {}) });
	api.close();
	return new Map(rows.map((row) => [row.id, row]));
}

/* Applies what has come. */
function absorb(query) {
	for (const event of query.events?.events.splice(0) ?? []) {
		totals.events++;
		if (event.event === 'entered' || event.event === 'changed')
			query.map.set(event.data.id, event.data);
		else if (event.event === 'left')
			query.map.delete(event.data.id);
		else {
			totals.resets++;
			query.stale = true;
		}
		if (event.id !== undefined)
			query.lastId = event.id;
	}
}

/* A few writers at once; true when the server was killed under them. */
async function burst() {
	const doomed = random() < 0.08, writers = Array.from({ length: 4 }, () => new Api(server));
	let left = 10 + Math.floor(random() * (options.quiet - 10)), dead = false;
	const killing = doomed ? sleep(random() * 40).then(() => server.kill()) : null;
	await Promise.all(writers.map(async (api) => {
		while (left-- > 0 && !dead) {
			try {
				await write(api);
			} catch (error) {
				if (!doomed || error.code === 'ERR_ASSERTION')
					throw error;
				totals.unknown++;
				dead = true;
			}
		}
		api.close();
	}));
	await killing;
	return doomed;
}

async function write(api) {
	const person = pick(random, people), own = pick(random, known), dice = random();
	totals.writes++;
	const settle = (answer) => {
		if (answer.status >= 400)
			totals.refused++;
		assert.ok(answer.status < 500, answer.text);
		return answer;
	};
	api.key = dice < 0.9 && own ? own.key : person.key;
	if (dice < 0.35 || !own) {
		api.key = person.key;
		const answer = settle(await api.post(things, { [word.title]: `${pick(random, ['a', 'b'])} ${totals.writes}`, [word.open]: random() < 0.5 }));
		if (answer.status === 201)
			known.push({ id: answer.json.id, key: person.key });
	} else if (dice < 0.45) {
		api.key = person.key;
		const answer = settle(await api.post(things, Array.from({ length: 3 }, () => ({ [word.title]: `a ${totals.writes}`, [word.open]: random() < 0.5 }))));
		if (answer.status === 201)
			known.push(...answer.json.items.map((item) => ({ id: item.id, key: person.key })));
	} else if (dice < 0.6) {
		settle(await api.patch(`${things}/${own.id}`, { [word.open]: random() < 0.5 }));
	} else if (dice < 0.7) {
		settle(await api.patch(`${things}/${own.id}`, { [word.title]: `${pick(random, ['a', 'b'])} ${totals.writes}` }));
	} else if (dice < 0.8) {
		settle(await api.patch(`${things}/${own.id}`, { [word.count]: { $inc: 1 } }));
	} else if (dice < 0.9) {
		settle(await api.patch(`${things}/${own.id}`, { [word.code]: random() < 0.3 ? 'taken' : null }));
	} else {
		api.key = admin;
		settle(await api.delete(`${things}/${own.id}`));
		known = known.filter((each) => each.id !== own.id);
	}
}

async function recover() {
	totals.kills++;
	await server.start();
	guest.close();
	for (const query of queries)
		await follow(query);
}

/* Waits until every map equals the fresh list; a map that never does is a failure. */
async function quiet() {
	totals.quiet++;
	for (const query of queries) {
		if (query.events.done)
			await follow(query);
		const expected = await list(query);
		absorb(query);
		if (query.stale)
			Object.assign(query, { map: new Map(expected), stale: false });
		const until = Date.now() + 5000;
		for (;;) {
			absorb(query);
			const difference = differ(query.map, expected);
			if (difference === null)
				break;
			if (Date.now() > until) {
				console.log(`${query.name}, after ${totals.writes} writes, last id ${query.lastId}: ${difference}`);
				process.exit(1);
			}
			await sleep(10);
		}
	}
}

function differ(map, expected) {
	for (const [id, row] of expected) {
		if (!map.has(id))
			return `${id} is in the list and was not told`;
		if (JSON.stringify(map.get(id)) !== JSON.stringify(row))
			return `${id} is ${JSON.stringify(row)} and was told as ${JSON.stringify(map.get(id))}`;
	}
	for (const id of map.keys())
		if (!expected.has(id))
			return `${id} is not in the list and was not taken away`;
	return null;
}
