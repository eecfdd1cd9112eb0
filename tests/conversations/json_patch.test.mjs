// JSON Patch (RFC 6902): operations on the record as it stands, all or none.

import assert from 'node:assert/strict';
import { Api, pointers, refused } from '../lib/api.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';
import { House } from '../lib/house.mjs';
import { boards } from '../lib/two_boards.mjs';

const type = { 'content-type': 'application/json-patch+json' };
const patch = (api, path, ops, headers = {}) => api.patch(path, ops, { ...type, ...headers });
const replace = (name, value) => ({ op: 'replace', path: `/${name}`, value });

const houses = openHouses();

tell(houses, 'a replace of a member is the change that a merge patch makes', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection), path = `${collection.path}/${made.id}`;
		const fields = collection.fields.filter((field) => !field.readonly && field.type !== 'ref' && field.type !== 'refs');
		const body = await maker.body(collection, { only: (field) => fields.includes(field) });
		for (const [name, value] of Object.entries(body)) {
			const before = (await api.get(path)).json;
			const answer = await patch(api, path, [{ op: 'test', path: `/${name}`, value: before[name] }, replace(name, value)]);
			assert.equal(answer.status, 200, `${collection.name}.${name}: ${answer.text}`);
			assert.deepEqual({ ...answer.json, updated: null }, { ...before, [name]: value, updated: null });
			assert.equal((await api.get(path)).text, answer.text);
		}
		const now = await api.get(path);
		for (const ops of [[], [{ op: 'test', path: '', value: now.json }], Object.entries(body).map(([name, value]) => ({ op: 'add', path: `/${name}`, value }))]) {
			const same = await patch(api, path, ops);
			assert.equal(same.status, 200, same.text);
			assert.equal(same.etag, now.etag, 'nothing changed');
		}
	}
});

tell(houses, 'what a patch makes of a record is checked like any change', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection), path = `${collection.path}/${made.id}`;
		const field = collection.ofType('text', 'int', 'bool').find((each) => !each.readonly);
		refused(await patch(api, path, [replace(field.name, []), replace('created', '2026-01-01T00:00:00Z'), replace('id', made.id), { op: 'add', path: '/colour', value: 1 }]), 422,
			{ '#/0': 'type', '#/1': 'readonly', '#/3': 'unknown' });
		refused(await patch(api, path, [replace('id', 'x')]), 422, { '#/0': 'readonly' });
		for (const required of collection.fields.filter((each) => each.required && !each.readonly))
			refused(await patch(api, path, [{ op: 'remove', path: `/${required.name}` }]), 422, { '#/0': 'required' });
		refused(await patch(api, path, [{ op: 'replace', path: '', value: 5 }]), 422, { '#/0': 'type' });
		for (const ops of [[{ op: 'test', path: `/${field.name}`, value: 'something else' }], [{ op: 'remove', path: '/colour' }], [replace('colour', 1)], [{ op: 'move', from: '/colour', path: `/${field.name}` }]])
			refused(await patch(api, path, [{ op: 'test', path: '/id', value: made.id }, ...ops]), 409, { '#/1': 'patch' });
		for (const bad of [{}, 5, [5], [{ op: 'x', path: '/a' }], [{ op: 'add', path: '/a' }], [{ op: 'test', path: 'a', value: 1 }]])
			refused(await patch(api, path, bad), 400);
		refused(await patch(api, path, [], { 'if-match': '"x"' }), 412);
		assert.equal((await api.get(path)).etag, made.etag);
		refused(await patch(api, `${collection.path}/nothing`, []), 404);
	}
});

for (const house of houses)
	house.close();

const app = {
	app: 'patches',
	collections: {
		tags: { fields: { name: { type: 'text' } }, access: { read: true, create: true } },
		pages: {
			fields: {
				title: { type: 'text', unique: true },
				votes: { type: 'int', required: true, default: 0, max: 100000 },
				meta: { type: 'json' },
				words: { type: 'list', of: 'text', max: 4 },
				tags: { type: 'refs', to: 'tags' },
				price: { type: 'decimal', scale: 2 },
				secret: { type: 'text' },
				note: { type: 'text' },
			},
			access: { read: true, create: true, update: true, delete: true },
			fields_access: { secret: { read: "'editor' in auth.roles" }, note: { read: 'votes > 10' } },
		},
	},
};
const pages = new House('patches', app, { prepare: (server) => ({ editor: server.key('--role', 'editor') }) });

pages.test('a path goes into json and lists', async ({ api }) => {
	const made = await api.make('/pages', { meta: { a: { b: [1, 2] } }, words: ['x', 'y'], price: '1.50' }), path = `/pages/${made.id}`;
	const answer = await patch(api, path, [
		{ op: 'test', path: '/price', value: '1.50' },
		{ op: 'add', path: '/meta/a/b/1', value: { $inc: 1 } },
		{ op: 'copy', from: '/meta/a', path: '/meta/c' },
		{ op: 'remove', path: '/meta/a/b/0' },
		{ op: 'add', path: '/words/-', value: 'z' },
		{ op: 'move', from: '/words/0', path: '/title' },
	]);
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(answer.json.meta, { a: { b: [{ $inc: 1 }, 2] }, c: { b: [1, { $inc: 1 }, 2] } });
	assert.deepEqual([answer.json.words, answer.json.title], [['y', 'z'], 'x']);
	assert.equal((await api.get(path)).text, answer.text);
	const errors = pointers(refused(await patch(api, path, [{ op: 'add', path: '/words/-', value: 5 }, replace('votes', 'many')]), 422));
	assert.deepEqual(errors, [['#/0', 'type'], ['#/1', 'type']]);
	const long = Array.from({ length: 3 }, () => ({ op: 'add', path: '/words/0', value: 'w' }));
	refused(await patch(api, path, long), 422, { '#/2': 'too_long' });
	const copies = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/meta', path: `/meta/${i}` }));
	assert.equal((await patch(api, path, copies)).status, 413);
	assert.equal((await api.get(path)).text, answer.text);
});

pages.test('an object in a merge patch is merged into json', async ({ api }) => {
	const made = await api.make('/pages', { meta: { b: 1, a: { x: 1, y: null } } }), path = `/pages/${made.id}`;
	const merged = await api.patch(path, { meta: { a: { x: null, z: { $inc: 1 } }, c: [null] } });
	assert.equal(merged.status, 200, merged.text);
	assert.ok(merged.text.includes('"meta":{"a":{"y":null,"z":{"$inc":1}},"b":1,"c":[null]}'), merged.text);
	assert.equal((await api.patch(path, { meta: { b: 1.0 } })).etag, merged.etag, 'nothing changed');
	assert.deepEqual((await api.patch(path, { meta: [1] })).json.meta, [1]);
	assert.deepEqual((await api.patch(path, { meta: { a: { b: null } } })).json.meta, { a: {} });
	assert.equal((await api.patch(path, { meta: null })).json.meta, null);
	assert.deepEqual((await api.patch(path, { meta: {} })).json.meta, {});
	assert.deepEqual((await api.put(path, { meta: { q: { r: null } } })).json.meta, { q: { r: null } });
});

pages.test('refs and unique values are checked, and told at their operation', async ({ api }) => {
	const [one, two] = [await api.make('/tags', {}), await api.make('/tags', {})];
	await api.make('/pages', { title: 'taken' });
	const made = await api.make('/pages', { tags: [one.id] }), path = `/pages/${made.id}`;
	const added = await patch(api, path, [{ op: 'add', path: '/tags/-', value: two.id }]);
	assert.deepEqual(added.json.tags, [one.id, two.id].sort(), added.text);
	refused(await patch(api, path, [{ op: 'test', path: '/votes', value: 0 }, { op: 'add', path: '/tags/-', value: '01a19467-e800-7000-8000-00000000dead' }]), 422, { '#/1': 'reference' });
	refused(await patch(api, path, [replace('votes', 1), replace('title', 'taken')]), 409, { '#/1': 'unique' });
});

pages.test('a caller patches what it sees', async ({ api, editor }) => {
	const all = api.as(editor);
	const made = await all.make('/pages', { secret: 'hidden', note: 'shy' }), path = `/pages/${made.id}`;
	for (const ops of [[{ op: 'test', path: '/secret', value: 'hidden' }], [{ op: 'copy', from: '/secret', path: '/title' }], [replace('secret', 'x')], [{ op: 'test', path: '/note', value: 'shy' }]])
		refused(await patch(api, path, ops), 409, { '#/0': 'patch' });
	refused(await patch(api, path, [{ op: 'add', path: '/secret', value: 'x' }]), 422, { '#/0': 'unknown' });
	const answer = await patch(api, path, [{ op: 'test', path: '/note', value: null }, replace('votes', 11)]);
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual([answer.json.secret, answer.json.note], [undefined, 'shy']);
	assert.equal((await all.get(path)).json.secret, 'hidden');
	const body = { secret: 'mine' };
	for (const asked of [await api.post('/pages', body), await api.patch(path, body), await api.put(path, body)])
		refused(asked, 422, { '#/secret': 'unknown' });
	all.close();
});

pages.test('of many who test and set, each wins once', async ({ server, api }) => {
	const made = await api.make('/pages', {}), path = `/pages/${made.id}`;
	const clients = Array.from({ length: 16 }, () => new Api(server));
	await Promise.all(clients.map(async (client) => {
		for (let done = false; !done;) {
			const { votes } = (await client.get(path)).json;
			const answer = await patch(client, path, [{ op: 'test', path: '/votes', value: votes }, replace('votes', votes + 1)]);
			assert.ok([200, 409].includes(answer.status), answer.text);
			done = answer.status === 200;
		}
		client.close();
	}));
	assert.equal((await api.get(path)).json.votes, 16);
});
pages.close();

for (const { word, file } of boards.slice(0, 1)) {
	const house = new House(word.app, file, {
		prepare: async (server, guest) => ({ keys: await Promise.all(['ann', 'bob'].map(async (name) => server.key('--user', String((await guest.make(`/${word.people}`, { name })).id)))) }),
	});
	house.test('a patch asks the update rule', async ({ api, keys: [annKey, bobKey] }) => {
		const ann = api.as(annKey), bob = api.as(bobKey), made = await ann.make(`/${word.things}`, { [word.title]: 'mine', [word.open]: true });
		const path = `/${word.things}/${made.id}`;
		refused(await patch(bob, path, [replace(word.title, 'yours')]), 403);
		refused(await patch(api, path, [replace(word.title, 'yours')]), 401);
		refused(await patch(ann, path, [replace(word.count, 5)]), 403);
		assert.equal((await patch(ann, path, [replace(word.title, 'ours')])).status, 200);
		[ann, bob].forEach((each) => each.close());
	});
	house.close();
}
