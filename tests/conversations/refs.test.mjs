// A list of references belongs to whoever sees all of it: who sees a part
// changes that part, and learns nothing of the rest.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';

const access = { read: true, create: true, update: true, delete: true };
const app = (name, ids) => ({
	app: name,
	collections: {
		labels: { ...ids, fields: { hidden: { type: 'bool', required: true, default: false } }, access: { ...access, read: "!hidden || 'staff' in auth.roles" } },
		pages: { ...ids, fields: { title: { type: 'text' }, labels: { type: 'refs', to: 'labels', max: 4 }, near: { type: 'refs', to: 'pages' } }, access },
		sheets: { ...ids, fields: { labels: { type: 'refs', to: 'labels', min: 1 } }, access },
	},
});

for (const [name, ids] of [['refs by uuid', {}], ['refs by number', { id: 'int' }]]) {
	const house = new House(name, app('refs', ids));
	const sorted = (list) => [...list].sort((a, b) => (a < b ? -1 : 1));

	async function world({ server, api }) {
		const staff = api.as(server.key('--role', 'staff')), label = async (body) => (await staff.make('/labels', body)).id;
		const open = [await label({}), await label({}), await label({})], hidden = [await label({ hidden: true }), await label({ hidden: true })];
		const page = await staff.make('/pages', { labels: [open[0], hidden[0], open[1]] }), path = `/pages/${page.id}`;
		const all = async () => (await staff.get(path)).json.labels;
		return { staff, open, hidden, path, all };
	}

	house.test('what is replaced is what was seen', async (given) => {
		const { api } = given, { staff, open, hidden, path, all } = await world(given);
		const json = { 'content-type': 'application/json-patch+json' };
		for (const [change, kept] of [
			[(labels) => api.patch(path, { labels }), [open[2]]], [(labels) => api.put(path, { labels }), [open[0], open[1]]], [() => api.put(path, { title: 'x' }), []],
			[(labels) => api.patch(path, { labels: { $append: labels } }), [open[1]]], [() => api.patch(path, { labels: { $remove: open[1] } }), []],
			[(labels) => api.patch(path, [{ op: 'replace', path: '/labels', value: labels }], json), [open[2]]],
			[() => api.patch(path, [{ op: 'remove', path: '/labels/0' }], json), []], [(labels) => api.patch(path, { labels }), []],
		]) {
			const answer = await change(kept);
			assert.equal(answer.status, 200, answer.text);
			assert.deepEqual(answer.json.labels, sorted(kept));
			assert.equal((await api.get(path)).text, answer.text);
			assert.deepEqual(await all(), sorted([...kept, hidden[0]]));
		}
		assert.deepEqual((await staff.patch(path, { labels: [open[0]] })).json.labels, [open[0]], 'who sees it takes it away');
		staff.close();
	});

	house.test('a least number is asked for where nothing is sent', async ({ api }) => {
		const [one, two] = [(await api.make('/labels', {})).id, (await api.make('/labels', {})).id];
		for (const answer of [await api.post('/sheets', {}), await api.post('/sheets', { labels: [] }), await api.post('/sheets', { labels: null })]) {
			refused(answer, 422);
			assert.equal(answer.json.errors[0].pointer, '#/labels');
		}
		const sheet = await api.make('/sheets', { labels: [one, two] });
		refused(await api.put(`/sheets/${sheet.id}`, {}), 422);
		assert.equal((await api.patch(`/sheets/${sheet.id}`, {})).status, 200);
		assert.deepEqual((await api.put(`/sheets/${sheet.id}`, { labels: [two] })).json.labels, [two]);
	});

	house.test('what is sent back as it was seen changes nothing', async (given) => {
		const { api } = given, { staff, open, path, all } = await world(given);
		const before = await all(), { etag } = await api.get(path);
		for (const answer of [await api.patch(path, { labels: [open[1], open[0]] }), await api.put(path, { labels: (await api.get(path)).json.labels }), await api.patch(path, { labels: { $append: open[0] } })]) {
			assert.equal(answer.status, 200, answer.text);
			assert.equal(answer.etag, etag);
		}
		assert.deepEqual(await all(), before);
		staff.close();
	});

	house.test('a link to the hidden that is there is told as one that is not', async (given) => {
		const { api } = given, { staff, open, hidden, path, all } = await world(given);
		const before = await all(), { etag } = await api.get(path);
		for (const change of [(id) => api.patch(path, { labels: [open[0], id] }), (id) => api.put(path, { labels: [id] }), (id) => api.patch(path, { labels: { $append: id } }),
			(id) => api.patch(path, [{ op: 'add', path: '/labels/-', value: id }], { 'content-type': 'application/json-patch+json' })]) {
			const [there, absent] = [refused(await change(hidden[0]), 422), refused(await change(hidden[1]), 422)].map((answer) => answer.json.errors);
			assert.equal(there[0].code, 'reference');
			assert.deepEqual(JSON.parse(JSON.stringify(there).replaceAll(String(hidden[0]), String(hidden[1]))), absent);
		}
		for (const id of hidden)
			assert.equal((await api.patch(path, { labels: { $remove: id } })).etag, etag);
		assert.deepEqual(await all(), before);
		staff.close();
	});

	house.test('links to the hidden count, and those to the record itself are its own', async (given) => {
		const { api } = given, { staff, open, hidden, path, all } = await world(given);
		assert.equal((await staff.patch(path, { labels: [open[0], ...hidden] })).status, 200);
		refused(await api.patch(path, { labels: open }), 422, { '#/labels': 'too_long' });
		assert.equal((await api.patch(path, { labels: [open[1], open[2]] })).status, 200);
		assert.deepEqual(await all(), sorted([open[1], open[2], ...hidden]));
		const { id } = (await api.get(path)).json;
		assert.deepEqual((await api.patch(path, { near: [id] })).json.near, [id]);
		assert.deepEqual((await api.patch(path, { near: [] })).json.near, []);
		staff.close();
	});

	house.close();
}
