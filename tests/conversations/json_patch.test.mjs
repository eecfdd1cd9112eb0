// JSON Patch (RFC 6902): operations on the record as it stands, all or none.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
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
