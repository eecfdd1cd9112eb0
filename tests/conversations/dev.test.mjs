// serve --dev with a changed app file while it runs: tables that can change by
// themselves do, on the same port; what may lose something is told.

import assert from 'node:assert/strict';
import { get } from 'node:http';
import { alone } from '../lib/alone.mjs';
import { Events } from '../lib/events.mjs';
import { lineOf, logged } from '../lib/log.mjs';
import { writeAppFile } from '../lib/server.mjs';
import { trees } from '../lib/two_trees.mjs';

const CHANGED = /tables were changed/, KEPT = /as before/;

function with_(file, change) {
	const other = structuredClone(file);
	change(other);
	return other;
}

/* The next line of a reload that is one of ${what}. */
async function saved(server, what, app) {
	const before = logged(server).length;
	if (app !== undefined)
		writeAppFile(server.folder, app);
	const line = await lineOf(server, 'reload', (each) => what.test(each.message), { skip: before });
	if (what !== KEPT)
		server.described = undefined; /* another app is described in another way */
	return line;
}

function served(name, conversation) {
	for (const { word, file } of trees)
		alone(`${word.app}: ${name}`, file, { args: ['--dev'] }, (house) => conversation({ ...house, file, word, path: `/${word.root}` }));
}

/* The status, on a connection of its own; null where it was closed before its request was read. */
function status(server, path) {
	return new Promise((done, failed) => {
		get({ host: server.host, port: server.port, path, agent: false }, (answer) => {
			answer.resume();
			answer.on('end', () => done(answer.statusCode));
		}).on('error', (error) => error.code === 'ECONNRESET' ? done(null) : failed(error));
	});
}

/* A connection that was closed while nobody asked is none any more. */
const anew = (api) => api.as();

served('a new field is there a moment after it was saved, and the data is kept', async ({ server, api, file, word, path }) => {
	const made = await api.make(path, { name: 'one' });
	const port = server.port;
	for (const [i, type] of ['int', 'bool', 'text'].entries()) {
		file = with_(file, (app) => { app.collections[word.root].fields[`extra${i}`] = { type }; });
		await saved(server, CHANGED, file);
		const got = await anew(api).get(`${path}/${made.id}`);
		assert.equal(got.status, 200);
		assert.deepEqual([got.json.name, got.json[`extra${i}`]], ['one', null]);
	}
	assert.equal((await anew(api).patch(`${path}/${made.id}`, { extra0: 5 })).json.extra0, 5);
	file = with_(file, (app) => { app.collections.fresh = { fields: { a: { type: 'text' } }, access: { read: true, create: true } }; });
	await saved(server, CHANGED, file);
	assert.equal((await anew(api).make('/fresh', { a: 'x' })).a, 'x');
	assert.equal(server.port, port);
	assert.equal(server.run(['status', '-C', server.folder]).status, 0);
	assert.match(server.key('--user', 'ann'), /^ck_/);
});

served('what would lose values is told, with what to run, and the old app is served', async ({ server, api, file, word, path }) => {
	const full = with_(file, (app) => { app.collections[word.root].fields.extra = { type: 'text' }; });
	await saved(server, CHANGED, full);
	const made = await anew(api).make(path, { name: 'one', extra: 'dear' });
	await saved(server, KEPT, file);
	const lines = logged(server, 'reload').map((line) => line.message);
	assert.ok(lines.some((line) => /stop the server and run `caisson apply`/.test(line)), lines.join('\n'));
	assert.ok(lines.some((line) => line.includes(made.id)), lines.join('\n'));
	assert.equal((await anew(api).get(`${path}/${made.id}`)).json.extra, 'dear');
	assert.equal((await anew(api).patch(`${path}/${made.id}`, { extra: null })).status, 200);
	await saved(server, CHANGED, { ...file, app: 'again' });
	assert.equal((await anew(api).get(`${path}/${made.id}`)).json.extra, undefined);
});

served('live clients come back, and no client is refused meanwhile', async ({ server, api, file, word, path }) => {
	const stream = await Events.open(server, `/v1${path}`);
	await api.make(path, { name: 'one' });
	await stream.takeUntil((event) => event.event === 'entered');
	const state = { ended: false, answered: 0 };
	const client = (async () => {
		while (!state.ended) {
			const got = await status(server, `/v1${path}`);
			assert.ok([200, null].includes(got), `${got}`);
			state.answered += got === 200;
		}
	})();
	client.catch(() => {}); /* told below */
	await saved(server, CHANGED, with_(file, (app) => { app.collections[word.root].fields.extra = { type: 'int' }; }));
	await stream.reading;
	assert.ok(stream.done);
	state.ended = true;
	await client;
	assert.ok(state.answered > 0);
	const again = await Events.open(server, `/v1${path}`);
	await anew(api).make(path, { name: 'two', extra: 2 });
	await again.takeUntil((event) => event.data?.extra === 2);
	again.close();
});

served('what is saved while the tables change is read too', async ({ server, api, file, word, path }) => {
	const wider = with_(file, (app) => { app.collections[word.root].fields.extra = { type: 'int' }; });
	writeAppFile(server.folder, wider);
	await lineOf(server, 'reload', (line) => /tables change/.test(line.message));
	await saved(server, /was read again/, with_(wider, (app) => { app.api = { prefix: '/other' }; }));
	assert.equal((await anew(api).get(`//other${path}`)).status, 200);
});

served('a stop while the tables change is a clean one', async ({ server, file, word }) => {
	writeAppFile(server.folder, with_(file, (app) => { app.collections[word.root].fields.extra = { type: 'int' }; }));
	await lineOf(server, 'reload', (line) => /tables change/.test(line.message));
	const end = await server.stop();
	assert.equal(end.code, 0);
});
