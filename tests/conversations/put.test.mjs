// PUT: create or replace, by id and by any unique field.

import assert from 'node:assert/strict';
import { alone } from '../lib/alone.mjs';
import { Api, pointers, refused } from '../lib/api.mjs';
import { freshId, isFixedReference } from '../lib/apps.mjs';
import { House } from '../lib/house.mjs';
import { uuid7 } from '../lib/ids.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';
import { boards } from '../lib/two_boards.mjs';

const houses = openHouses();

tell(houses, 'PUT creates under the id of the path, and then replaces', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const id = freshId(collection), path = `${collection.path}/${id}`;
		const made = await api.put(path, await maker.body(collection));
		assert.equal(made.status, 201, `${collection.name}: ${made.text}`);
		assert.equal(made.json.id, id);
		assert.equal(made.get('location'), `${app.prefix}${path}`);
		assert.ok(made.etag && made.commit);
		assert.equal((await api.get(path)).text, made.text);
		const body = await maker.body(collection);
		refused(await api.put(path, body, { 'content-range': 'bytes 0-1/2' }), 400);
		const put = await api.put(path, { id, ...body });
		assert.equal(put.status, 200, `${collection.name}: ${put.text}`);
		assert.equal(put.get('location'), undefined);
		assert.equal(put.json.created, made.json.created);
		assert.ok(put.json.updated >= made.json.updated);
		for (const [name, value] of Object.entries(body))
			assert.deepEqual(put.json[name], value, `${collection.name}.${name}`);
		for (const field of collection.fields.filter((each) => each.readonly))
			assert.deepEqual(put.json[field.name], made.json[field.name], `${field.name} is readonly`);
		const got = await api.get(path);
		assert.equal(got.text, put.text);
		assert.equal(got.etag, put.etag);
	}
});

tell(houses, 'PUT is whole: what is not sent has its default, or nothing', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection), path = `${collection.path}/${made.id}`;
		const body = await maker.required(collection);
		const put = await api.put(path, body);
		assert.equal(put.status, 200, `${collection.name}: ${put.text}`);
		const fresh = await api.make(collection.path, await maker.required(collection));
		for (const field of collection.fields.filter((each) => !(each.name in body) && !each.readonly && each.default !== 'now'))
			assert.deepEqual(put.json[field.name], fresh[field.name], `${collection.name}.${field.name}`);
		const lacking = collection.fields.filter((field) => field.required && field.default === undefined);
		if (lacking.length > 0 && !collection.fields.some(isFixedReference))
			refused(await api.put(path, {}), 422, Object.fromEntries(lacking.map((field) => [`#/${field.name}`, 'required'])));
		for (const name of ['created', 'updated', ...collection.fields.filter((field) => field.readonly).map((field) => field.name)])
			refused(await api.put(path, { ...body, [name]: null }), 422, { [`#/${name}`]: 'readonly' });
		refused(await api.put(path, { ...body, colour: 'red' }), 422, { '#/colour': 'unknown' });
		refused(await api.put(path, { ...body, id: freshId(collection) }), 422, { '#/id': 'readonly' });
	}
});

tell(houses, 'a PUT of what is there already changes nothing', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const body = await maker.body(collection), path = `${collection.path}/${freshId(collection)}`;
		const made = await api.put(path, body);
		assert.equal(made.status, 201, made.text);
		const again = await api.put(path, body);
		assert.equal(again.status, 200, again.text);
		if (collection.fields.some((field) => field.default === 'now' && !field.readonly && !(field.name in body)))
			continue;
		assert.equal(again.text, made.text);
		assert.equal(again.etag, made.etag);
	}
});

tell(houses, 'PUT keeps conditions', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const path = `${collection.path}/${freshId(collection)}`, body = () => maker.body(collection);
		for (const tag of ['*', '"1"'])
			refused(await api.put(path, await body(), { 'if-match': tag }), 412);
		assert.equal((await api.get(path)).status, 404);
		const made = await api.put(path, await body(), { 'if-none-match': '*' });
		assert.equal(made.status, 201, made.text);
		refused(await api.put(path, await body(), { 'if-none-match': '*' }), 412);
		refused(await api.put(path, await body(), { 'if-none-match': made.etag }), 412);
		refused(await api.put(path, await body(), { 'if-match': '"x"' }), 412);
		assert.equal((await api.get(path)).text, made.text);
		const put = await api.put(path, await body(), { 'if-match': made.etag });
		assert.equal(put.status, 200, put.text);
		assert.equal((await api.put(path, await body(), { 'if-match': '*' })).status, 200);
		refused(await api.put(path, await body(), { 'if-match': made.etag }), 412);
	}
});

tell(houses, 'PUT stands where a record can stand', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const body = await maker.body(collection);
		for (const id of ['x', 'nothing:x', 'id:1', 'created:2026-01-01T00:00:00Z', '01a19467'])
			refused(await api.put(`${collection.path}/${id}`, body), 404);
		if (collection.intId)
			for (const id of ['0', '-1', '9223372036854775807'])
				assert.equal(pointers(refused(await api.put(`${collection.path}/${id}`, body), 422))[0][0], '#/id');
		const list = await api.put(collection.path, body);
		assert.equal(list.status, 405);
		assert.doesNotMatch(list.get('allow'), /PUT/);
		const path = `${collection.path}/${freshId(collection)}`;
		assert.match((await api.request('OPTIONS', path)).get('allow'), /\bPUT\b/);
		assert.equal((await api.put(path, body, { 'content-type': 'application/merge-patch+json' })).status, 415);
		refused(await api.put(path, [body]), 422, { '#': 'type' });
	}
});

/* --- by a unique field --------------------------------------------------- */

tell(houses, 'every unique field names a record', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		for (const field of collection.fields.filter((each) => each.unique && !each.readonly)) {
			const body = await maker.body(collection), value = body[field.name];
			if (value === undefined)
				continue; // a reference to its own collection
			const path = `${collection.path}/${field.name}:${encodeURIComponent(value)}`;
			assert.equal((await api.get(path)).status, 404);
			const { [field.name]: said, ...rest } = body;
			const made = await api.put(path, rest);
			assert.equal(made.status, 201, `${collection.name}.${field.name}: ${made.text}`);
			assert.deepEqual(made.json[field.name], value);
			assert.equal(made.get('location'), `${app.prefix}${collection.path}/${made.json.id}`);
			assert.equal((await api.get(path)).text, made.text);
			const put = await api.put(path, { ...await maker.body(collection), [field.name]: said }, { 'if-match': made.etag });
			assert.equal(put.status, 200, put.text);
			assert.equal(put.json.id, made.json.id);
			assert.deepEqual(put.json[field.name], value);
			const other = await maker.body(collection);
			refused(await api.put(path, other), 422, { [`#/${field.name}`]: 'readonly' });
			refused(await api.put(path, { ...rest, id: freshId(collection) }), 422, { '#/id': 'readonly' });
			const patched = await api.patch(path, {});
			assert.equal(patched.status, 200);
			assert.equal(patched.json.id, made.json.id);
			refused(await api.patch(path, {}, { 'if-match': '"x"' }), 412);
			assert.equal((await api.delete(path)).status, 204);
			assert.equal((await api.get(`${collection.path}/${made.json.id}`)).status, 404);
			asked++;
		}
	}
	assert.ok(asked > 0);
});

for (const house of houses)
	house.close();

const app = {
	app: 'keys',
	collections: {
		pages: {
			fields: {
				path: { type: 'text', unique: true, min: 1, max: 20 },
				n: { type: 'int', unique: true },
				t: { type: 'time', unique: true },
				size: { type: 'int', required: true, default: 0 },
				plain: { type: 'text' },
			},
			access: { read: true, create: true, update: true, delete: true },
		},
	},
};
const keys = new House('keys', app);

keys.test('a value is any text, decoded', async ({ api }) => {
	for (const value of ['a:b', ':', 'a/b', 'ß 🐟', '%41', "'; --", '1', ' x ', '+']) {
		const path = `/pages/path:${encodeURIComponent(value)}`;
		const made = await api.put(path, { size: 1 });
		assert.equal(made.status, 201, `${value}: ${made.text}`);
		assert.equal(made.json.path, value);
		assert.equal((await api.get(path)).json.id, made.json.id);
		assert.equal((await api.put(path, { size: 2 })).json.size, 2);
	}
	refused(await api.put('/pages/path:', {}), 422, { '#/path': 'too_short' });
	refused(await api.put(`/pages/path:${'x'.repeat(21)}`, {}), 422, { '#/path': 'too_long' });
	refused(await api.put(`/pages/path:${'x'.repeat(21)}`, { size: 'big', colour: 1 }), 422, { '#/path': 'too_long', '#/size': 'type', '#/colour': 'unknown' });
	assert.equal((await api.get(`/pages/path:${'x'.repeat(21)}`)).status, 404);
	assert.equal((await api.get('/pages/plain:x')).status, 404);
	assert.equal((await api.put('/pages/plain:x', {})).status, 404);
});

keys.test('numbers and times are read from the path', async ({ api }) => {
	const made = await api.put('/pages/n:-5', {});
	assert.equal(made.json.n, -5, made.text);
	assert.equal((await api.get('/pages/n:-5')).json.id, made.json.id);
	for (const bad of ['x', '5.5', '05', '%205', '', 'null', '99999999999999999999', '"5"']) {
		assert.equal((await api.get(`/pages/n:${bad}`)).status, 404, bad);
		refused(await api.put(`/pages/n:${bad}`, {}), 422, { '#/n': 'type' });
	}
	const timed = await api.put('/pages/t:2026-11-23T09:00:00%2B01:00', { n: 7 });
	assert.equal(timed.json.t, '2026-11-23T08:00:00.000000Z', timed.text);
	assert.equal((await api.get('/pages/t:2026-11-23T08:00:00Z')).json.id, timed.json.id);
	assert.equal((await api.put('/pages/t:2026-11-23T08:00:00Z', { t: '2026-11-23T08:00:00.000Z' })).status, 200);
	refused(await api.put('/pages/path:new', { n: -5 }), 409, { '#/n': 'unique' });
});

keys.test('of many who put one new value at once, one creates and the others replace', async ({ server }) => {
	for (let round = 0; round < 8; round++) {
		const clients = Array.from({ length: 16 }, () => new Api(server));
		const answers = await Promise.all(clients.map((client, i) => client.put(`/pages/path:round-${round}`, { size: i + 1 })));
		clients.forEach((client) => client.close());
		assert.deepEqual(answers.map((answer) => answer.status).sort(), [...Array(15).fill(200), 201], answers.map((answer) => answer.text).join('\n'));
		assert.equal(new Set(answers.map((answer) => answer.json.id)).size, 1);
		const id = uuid7();
		const byId = await Promise.all(answers.slice(0, 4).map(() => new Api(server)).map(async (client, i) => {
			const answer = await client.put(`/pages/${id}`, { size: i });
			client.close();
			return answer;
		}));
		assert.deepEqual(byId.map((answer) => answer.status).sort(), [200, 200, 200, 201]);
	}
});

keys.test('preferences and safe retries', async ({ api }) => {
	const dry = await api.put('/pages/path:dry', { size: 1 }, { prefer: 'tx=rollback' });
	assert.equal(dry.status, 201);
	assert.equal(dry.json.path, 'dry');
	assert.equal(dry.get('preference-applied'), 'tx=rollback');
	assert.deepEqual([dry.commit, dry.etag, dry.get('location')], [undefined, undefined, undefined]);
	assert.equal((await api.get('/pages/path:dry')).status, 404);
	const made = await api.put('/pages/path:short', {}, { prefer: 'return=minimal' });
	assert.deepEqual([made.status, made.text, made.get('preference-applied')], [201, '', 'return=minimal']);
	const put = await api.put('/pages/path:short', { size: 3 }, { prefer: 'return=minimal' });
	assert.deepEqual([put.status, put.text], [204, '']);
	assert.ok(put.etag && put.commit);
	const once = { 'idempotency-key': uuid7() };
	const first = await api.put('/pages/path:once', { size: 1 }, once);
	const again = await api.put('/pages/path:once', { size: 1 }, once);
	assert.deepEqual([again.status, again.text, again.etag, again.get('location')], [201, first.text, first.etag, first.get('location')]);
	refused(await api.put('/pages/path:once', { size: 2 }, once), 422);
});
keys.close();

/* --- rules ----------------------------------------------------------------- */

for (const { word, file } of boards) {
	const house = new House(word.app, file, {
		async prepare(server, guest) {
			const people = await Promise.all(['ann', 'bob'].map((name) => guest.make(`/${word.people}`, { name })));
			return { people, keys: people.map((each) => server.key('--user', String(each.id))), editor: server.key('--role', 'editor') };
		},
	});
	const things = `/${word.things}`, newId = () => (word.intIds ? Math.ceil(Math.random() * 1e12) : uuid7());

	house.test('PUT asks the create rule where it creates, the update rule where it replaces', async ({ api, keys: [annKey, bobKey] }) => {
		const ann = api.as(annKey), bob = api.as(bobKey), path = `${things}/${newId()}`, title = { [word.title]: 'first' };
		refused(await api.put(path, title), 401);
		refused(await ann.put(path, { ...title, [word.count]: 1000 }), 403);
		assert.equal((await ann.get(path)).status, 404);
		const made = await ann.put(path, { ...title, [word.open]: true });
		assert.equal(made.status, 201, made.text);
		refused(await ann.put(path, { ...title, [word.count]: 5 }), 403);
		refused(await bob.put(path, title), 403);
		refused(await bob.put(path, title, { 'if-match': '"x"' }), 412);
		refused(await api.put(path, title), 401);
		const put = await ann.put(path, { [word.title]: 'second', [word.open]: true });
		assert.equal(put.status, 200, put.text);
		assert.deepEqual([put.json[word.title], put.json[word.owner]], ['second', made.json[word.owner]]);
		assert.equal((await ann.get(path)).text, put.text);
		[ann, bob].forEach((each) => each.close());
	});

	house.test('PUT by a unique value asks the same', async ({ api, keys: [annKey, bobKey] }) => {
		const ann = api.as(annKey), bob = api.as(bobKey), path = `${things}/${word.code}:c-1`;
		refused(await api.put(path, { [word.title]: 'first' }), 401);
		const made = await ann.put(path, { [word.title]: 'first', [word.open]: true });
		assert.equal(made.status, 201, made.text);
		refused(await bob.put(path, { [word.title]: 'mine' }), 403);
		refused(await ann.put(path, { [word.title]: 'second' }, { 'if-match': '"x"' }), 412);
		assert.equal((await ann.get(path)).text, made.text);
		[ann, bob].forEach((each) => each.close());
	});

	house.test('what may not be read is for PUT as if it were not there, but taken', async ({ api, keys: [annKey, bobKey] }) => {
		const ann = api.as(annKey), bob = api.as(bobKey), id = newId();
		const hidden = await ann.put(`${things}/${id}`, { [word.title]: 'hidden', [word.code]: 'c-2' });
		assert.equal(hidden.status, 201, hidden.text);
		const absent = `${things}/${newId()}`;
		for (const [path, pointer] of [[`${things}/${id}`, '#/id'], [`${things}/${word.code}:c-2`, `#/${word.code}`]]) {
			refused(await bob.put(path, { [word.title]: 'mine' }), 409, { [pointer]: 'unique' });
			for (const [body, headers, status] of [
				[{ [word.title]: 'mine', [word.count]: 1000 }, {}, 403],
				[{ [word.title]: 'mine' }, { 'if-match': '*' }, 412],
				[{ [word.title]: 'mine' }, { 'if-match': hidden.etag }, 412],
				[{ [word.title]: 'm' }, {}, 422],
			]) {
				const asked = await bob.put(path, body, headers), nothing = await bob.put(absent, body, headers);
				const { instance: a, ...said } = refused(asked, status).json, { instance: b, ...expected } = nothing.json;
				assert.deepEqual(said, expected);
			}
			for (const method of ['GET', 'PATCH', 'DELETE'])
				assert.equal((await bob.request(method, path, method === 'PATCH' ? { body: {} } : {})).status, 404);
		}
		assert.equal((await ann.get(`${things}/${id}`)).text, hidden.text);
		[ann, bob].forEach((each) => each.close());
	});

	house.test('where nobody may put, the head decides', async ({ api, keys: [annKey] }) => {
		const path = `/closed/${uuid7()}`;
		refused(await api.put(path, 'no json'), 401);
		const ann = api.as(annKey);
		refused(await ann.put(path, 'no json'), 403);
		ann.close();
	});

	house.close();
}

alone('a key is found by its folded form, whatever pattern new ones have', {
	app: 'keys',
	collections: { parts: {
		fields: { number: { type: 'text', required: true, unique: true, fold: true, min: 5, pattern: '^A-[0-9]{3}$' } },
		access: { read: true, create: true, update: true, delete: true },
	} },
}, {}, async ({ api }) => {
	const made = await api.make('/parts', { number: 'A-001' });
	assert.equal((await api.get('/parts/number:a-001')).json.id, made.id);
	assert.equal((await api.get('/parts/number:x')).status, 404);
	refused(await api.put('/parts/number:a-001', {}), 422, { '#/number': 'pattern' });
	assert.equal((await api.delete('/parts/number:a-001')).status, 204);
});
