// The apps as they are, with their rules: whoever asks, the list, the record,
// the filter and the refusals agree on what may be read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { caller, Maker, opened, testApps } from '../lib/apps.mjs';
import { Server } from '../lib/server.mjs';

const DRY = { prefer: 'tx=rollback' };

/* Rows of every collection, made with all doors open, as files of seed/. */
async function seedsOf(app) {
	const open = opened(app), server = await Server.start(open.file);
	const guest = new Api(server, { prefix: app.prefix });
	const api = guest.as(await caller(server, open, guest));
	const files = {}, rows = {};
	for (let round = 0; round < 4; round++) {
		const maker = new Maker(open, api);
		for (const collection of open.collections)
			for (let i = 0; i < 2; i++)
				await maker.make(collection);
	}
	for (const collection of open.collections) {
		rows[collection.name] = await api.walk(collection.path, { limit: 1000 });
		files[`seed/${collection.name}.ndjson`] = rows[collection.name]
			.map(({ created, updated, ...row }) => JSON.stringify(row, exact) + '\n').join('');
	}
	api.close();
	guest.close();
	await server.release();
	return { files, rows };
}

/* A number that was rounded on its way in is left to its default. */
function exact(name, value) {
	return typeof value === 'number' && !Number.isSafeInteger(value) ? undefined : value;
}

/* The app with its rules, and without `readonly`: seeds write what clients may not. */
function writable(app) {
	const file = structuredClone(app.file);
	for (const collection of Object.values(file.collections))
		for (const field of Object.values(collection.fields))
			delete field.readonly;
	return file;
}

/* A guest, some of those whose ids rules speak of, and one for each role that is named. */
function callers(server, app, rows) {
	const people = app.collections.find((each) => each.name === app.collections.flatMap((collection) => collection.fields)
		.find((field) => field.type === 'ref' && field.default === 'auth.id')?.to);
	const roles = new Set([...JSON.stringify(app.file.collections, (name, value) => (typeof value === 'bigint' ? Number(value) : value))
		.matchAll(/'([a-z]+)' in auth\.roles/g)].map(([, role]) => role));
	return [
		{ name: 'a guest' },
		...rows[people.name].slice(0, 4).map(({ id }) => ({ name: `user ${id}`, key: server.key('--user', String(id)) })),
		...[...roles].map((role) => ({ name: role, key: server.key('--role', role) })),
		{ name: 'all at once', key: server.key('--user', String(rows[people.name][0].id), ...[...roles].flatMap((role) => ['--role', role])) },
	];
}

for (const app of testApps()) {
	test(`${app.name}: list, record, filter and refusals agree`, { timeout: 240000 }, async () => {
		const { files, rows } = await seedsOf(app);
		const server = await Server.start(writable(app), { files });
		const wrong = [], shares = { shown: 0, hidden: 0 };
		for (const { name, key } of callers(server, app, rows)) {
			const api = new Api(server, { key, prefix: app.prefix });
			for (const collection of app.collections) {
				const listed = new Map((await api.walk(collection.path, { limit: 7 })).map((row) => [row.id, row]));
				const complain = (id, what) => wrong.push(`${name}: ${collection.name}/${id}: ${what}`);
				for (const { id } of rows[collection.name]) {
					const isShown = listed.has(id), path = `${collection.path}/${id}`;
					shares[isShown ? 'shown' : 'hidden']++;
					const got = await api.get(path);
					if (got.status !== (isShown ? 200 : 404))
						complain(id, `${isShown ? 'in' : 'not in'} the list, alone ${got.status}`);
					else if (isShown)
						assert.deepEqual(got.json, listed.get(id));
					const found = await api.list(collection.path, { filter: collection.intId ? `id == ${id}` : `id == '${id}'` });
					if (found.json?.items.length !== (isShown ? 1 : 0))
						complain(id, `${isShown ? 'in' : 'not in'} the list, by filter ${found.text}`);
					for (const [method, body] of [['PATCH', {}], ['DELETE']]) {
						const { status } = await api.request(method, path, { body, headers: DRY });
						const may = isShown ? [200, 204, 409, key ? 403 : 401] : [404];
						if (!may.includes(status))
							complain(id, `${isShown ? 'in' : 'not in'} the list, ${method} ${status}`);
					}
				}
				for (const id of listed.keys())
					if (!rows[collection.name].some((row) => row.id === id))
						complain(id, 'in the list, and never seeded');
			}
			api.close();
		}
		await server.release();
		assert.deepEqual(wrong.slice(0, 20), []);
		const share = shares.shown / (shares.shown + shares.hidden);
		assert.ok(share > 0.1 && share < 0.9, `${JSON.stringify(shares)}: rules that show all or nothing say nothing`);
	});
}
