// The model of live queries: clients apply what their streams say, and at each
// quiet point they hold what a fresh list holds.  Writers write at random, with
// cascades; clients are cut off and go on; servers are killed and start again.
// On PostgreSQL two servers share a database: one is written to, the other followed.
//	node tests/live/model.mjs [--writes 500] [--seed N] [--quiet 50] [--kill 0.08] [--cut 0.3]

import assert from 'node:assert/strict';
import { Api } from '../lib/api.mjs';
import { engine, isPostgres } from '../lib/database.mjs';
import { pick, seeded } from '../lib/ids.mjs';
import { makeFolder, Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { readOptions } from '../crash/options.mjs';
import { Follower } from './follower.mjs';
import { file, queries } from './house.mjs';

const WRITERS = 4, SETTLE_MS = 15000;
const options = readOptions({ writes: 500, seed: Date.now() % 1000000, quiet: 50, kill: 0.08, cut: 0.3 });
const random = seeded(options.seed);
const totals = { writes: 0, refused: 0, unknown: 0, events: 0, localResets: 0, joinedResets: 0, resumes: 0, snapshots: 0, kills: 0, quiet: 0 };
const known = { people: [], folders: [], docs: [], comments: [], notes: [] };

const word = () => `${pick(random, ['a', 'k', 'p', 'z'])}${Math.floor(random() * 1000)}`;
const bodies = {
	people: () => ({ name: word() }),
	folders: () => ({ name: word(), parent: random() < 0.5 ? null : some('folders'), head: someone() }),
	docs: () => ({ title: word(), folder: some('folders'), owner: someone(), public: random() < 0.4, votes: random() < 0.2 ? null : Math.floor(random() * 6) }),
	comments: () => ({ doc: some('docs'), author: someone(), hidden: random() < 0.4, text: word() }),
	notes: () => ({ doc: some('docs'), folder: some('folders'), text: random() < 0.2 ? 'x' : word() }),
};
const SHARES = [['docs', 0.45], ['comments', 0.7], ['notes', 0.82], ['folders', 0.93], ['people', 1]];

const writing = await Server.start(file), servers = [writing];
if (isPostgres) {
	const other = new Server(makeFolder(file), { database: { env: writing.database.env, drop() {} } });
	servers.push(await other.start());
}
const following = servers.at(-1);
const callers = await makeCallers();
const followers = queries(callers).map((query) => new Follower(query, following, totals));
let failed = null;
try {
	for (const follower of followers)
		await follower.connect();
	while (totals.writes < options.writes)
		await round();
	assert.equal(totals.localResets, 0, 'local predicates were reset');
} catch (error) {
	failed = error;
}
followers.forEach((follower) => follower.close());
for (const server of servers.reverse())
	await server.release().catch((error) => (failed ??= error));
console.log(`live model on ${engine}, seed ${options.seed}: ${Object.entries(totals).map(([name, count]) => `${count} ${name}`).join(', ')}`);
if (failed)
	console.log(failed);
process.exit(failed ? 1 : 0);

async function makeCallers() {
	const api = new Api(writing), callers = {};
	for (const name of ['ann', 'bob', 'cid', 'editor']) {
		const { id } = await api.make('/people', { name });
		const roles = name === 'editor' ? ['--role', 'editor'] : [];
		callers[name] = { id, key: writing.key('--user', id, ...roles), editor: name === 'editor' };
	}
	api.close();
	return callers;
}

async function round() {
	for (const follower of followers)
		if (follower.events.done || random() < options.cut)
			await follower.connect();
	const victim = random() < options.kill ? pick(random, servers) : null;
	await burst(victim);
	if (victim) {
		totals.kills++;
		await victim.start();
	}
	await quiet();
}

/* A few writers at once, streams cut under them, and perhaps a server killed. */
async function burst(victim) {
	let left = 10 + Math.floor(random() * (options.quiet - 10));
	const killing = victim ? sleep(random() * 60).then(() => victim.kill()) : null;
	const cut = pick(random, followers);
	const cutting = sleep(random() * 40).then(() => random() < options.cut && cut.close());
	await Promise.all(Array.from({ length: WRITERS }, async () => {
		const api = new Api(writing);
		while (left-- > 0) {
			try {
				await write(api);
			} catch (error) {
				if (victim !== writing || error.code === 'ERR_ASSERTION')
					throw error;
				totals.unknown++;
				break;
			}
		}
		api.close();
	}));
	await Promise.all([killing, cutting]);
}

/* --- writes --- */

function some(name) {
	return known[name].length === 0 || random() < 0.15 ? null : pick(random, known[name]);
}

function someone() {
	return pick(random, [...Object.values(callers).map((caller) => caller.id), ...known.people, null]);
}

async function write(api) {
	const dice = random(), [name] = SHARES.find(([, share]) => dice < share), deed = random();
	totals.writes++;
	if (deed < 0.35 || known[name].length < 3)
		return create(api, name, 1);
	if (deed < 0.45)
		return create(api, name, 2 + Math.floor(random() * 4));
	return deed < 0.86 ? change(api, name) : remove(api, name);
}

function settle(answer) {
	assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
	if (answer.status >= 400)
		totals.refused++;
	return answer;
}

async function create(api, name, count) {
	const items = Array.from({ length: count }, bodies[name]);
	const answer = settle(await api.post(`/${name}`, count === 1 ? items[0] : items));
	if (answer.status === 201 && answer.json) /* what nobody may read is not shown */
		known[name].push(...(count === 1 ? [answer.json] : answer.json.items).map((row) => row.id));
	else if (answer.status === 201)
		known[name].push(...[answer.get('location')?.split('/').at(-1)].filter(Boolean).map((id) => (file.collections[name].id === 'int' ? Number(id) : id)));
}

async function change(api, name) {
	const body = Object.entries(bodies[name]()), id = pick(random, known[name]);
	const some_fields = body.filter(() => random() < 0.4);
	const patch = Object.fromEntries(some_fields.length > 0 ? some_fields : [pick(random, body)]);
	if ('votes' in patch && random() < 0.5)
		patch.votes = { $inc: 1 };
	api.key = pick(random, Object.values(callers)).key;
	settle(await api.patch(`/${name}/${id}`, patch));
}

async function remove(api, name) {
	const id = pick(random, known[name]);
	api.key = callers.editor.key;
	const answer = settle(await api.delete(`/${name}/${id}`));
	if (answer.status === 204)
		known[name] = known[name].filter((each) => each !== id);
}

/* --- quiet points --- */

async function quiet() {
	totals.quiet++;
	for (const follower of followers) {
		if (follower.events.done)
			await follower.connect();
		await settled(follower);
		follower.exact = true;
	}
}

/* Waits until the map is the list; one that never becomes it has failed. */
async function settled(follower) {
	const until = Date.now() + SETTLE_MS;
	for (let expected = await follower.list(); ;) {
		follower.absorb();
		if (follower.isReset) {
			follower.isReset = false;
			await follower.reload();
		}
		if (follower.events.done)
			await follower.connect();
		const difference = follower.differ(expected);
		if (difference === null)
			return;
		assert.ok(Date.now() < until, `${follower.name}, after ${totals.writes} writes, last id ${follower.lastId}: ${difference}`);
		await sleep(10);
	}
}
