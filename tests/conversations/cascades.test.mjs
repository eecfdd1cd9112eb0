// What a delete takes along, empties, or is kept from.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { trees } from '../lib/two_trees.mjs';

for (const { word, file } of trees) {
	const house = new House(word.app, file);
	const make = (api, name, body) => api.make(`/${word[name]}`, { name, ...body });
	const state = (api, name, record) => api.get(`/${word[name]}/${record.id}`);

	async function planted(api) {
		const root = await make(api, 'root');
		const branch = await make(api, 'branch', { root: root.id });
		const leaf = await make(api, 'leaf', { branch: branch.id });
		const note = await make(api, 'note', { leaf: leaf.id, branch: branch.id });
		return { root, branch, leaf, note };
	}

	house.test('a cascade goes down the chain, and set_null at its end is a change like any other', async ({ api }) => {
		const { root, branch, leaf, note } = await planted(api);
		const bystander = await planted(api);
		assert.equal((await api.delete(`/${word.root}/${root.id}`)).status, 204);
		assert.equal((await state(api, 'branch', branch)).status, 404);
		assert.equal((await state(api, 'leaf', leaf)).status, 404);
		const after = await state(api, 'note', note);
		assert.equal(after.json.leaf, null);
		assert.equal(after.json.branch, null);
		assert.notEqual(after.etag, note.etag);
		for (const name of ['root', 'branch', 'leaf', 'note'])
			assert.equal((await state(api, name, bystander[name])).etag, bystander[name].etag);
	});

	house.test('a restrict inside a cascade wins, and nothing has changed', async ({ api }) => {
		const kept = await planted(api);
		const lock = await make(api, 'lock', { leaf: kept.leaf.id });
		const below = refused(await api.delete(`/${word.root}/${kept.root.id}`), 409);
		assert.equal(below.json.detail, `Records of ${word.lock} refer to what would go with this one.`);
		const here = refused(await api.delete(`/${word.leaf}/${kept.leaf.id}`), 409);
		assert.equal(here.json.detail, `Records of ${word.lock} refer to this one.`);
		for (const name of ['root', 'branch', 'leaf', 'note'])
			assert.equal((await state(api, name, kept[name])).etag, kept[name].etag, name);
		assert.equal((await api.delete(`/${word.lock}/${lock.id}`)).status, 204);
		assert.equal((await api.delete(`/${word.root}/${kept.root.id}`)).status, 204);
		assert.equal((await state(api, 'leaf', kept.leaf)).status, 404);
	});

	house.test('a branch may hang on itself, and a ring of branches goes as a whole', async ({ api }) => {
		const { root, branch } = await planted(api);
		const second = await make(api, 'branch', { root: root.id, parent: branch.id });
		const ring = await api.patch(`/${word.branch}/${branch.id}`, { parent: second.id });
		assert.equal(ring.status, 200, ring.text);
		const own = await make(api, 'branch', { root: root.id });
		assert.equal((await api.patch(`/${word.branch}/${own.id}`, { parent: own.id })).status, 200);
		assert.equal((await api.delete(`/${word.branch}/${second.id}`)).status, 204);
		assert.equal((await state(api, 'branch', branch)).status, 404);
		assert.equal((await api.delete(`/${word.branch}/${own.id}`)).status, 204);
	});

	house.test('a parent and its child race: the child stands with a parent or not at all', async ({ api }) => {
		for (let round = 0; round < 20; round++) {
			const { branch } = await planted(api);
			const other = api.as();
			const [deleted, made] = await Promise.all([
				api.delete(`/${word.branch}/${branch.id}`), other.post(`/${word.leaf}`, { name: 'late', branch: branch.id })]);
			other.close();
			assert.equal(deleted.status, 204, deleted.text);
			assert.ok([201, 422].includes(made.status), made.text);
			if (made.status === 201)
				assert.equal((await state(api, 'leaf', made.json)).status, 404);
		}
	});

	house.test('an array may refer to what exists only', async ({ api }) => {
		const { root } = await planted(api);
		const bodies = [{ name: 'a', root: root.id }, { name: 'b', root: word.intIds ? 999999 : '01a19467-e800-7000-8000-ffffffffffff' }];
		refused(await api.post(`/${word.branch}`, bodies), 422, { '#/1/root': 'reference' });
	});

	house.close();

	const small = new House(`${word.app}, few rows at once`, file, { args: ['--limit', 'alone_rows=6'] });

	small.test('a write that changes too many rows, with those that go along, changes none', async ({ api }) => {
		const { root, branch, note } = await planted(api);
		const leaves = [];
		for (let i = 0; i < 2; i++)
			leaves.push(await make(api, 'leaf', { branch: branch.id }));
		/* root, branch, three leaves, a note: as many as may be; another leaf is one too many. */
		leaves.push(await make(api, 'leaf', { branch: branch.id }));
		for (const headers of [{}, { prefer: 'tx=rollback' }, { 'idempotency-key': 'all' }]) {
			const answer = refused(await api.delete(`/${word.root}/${root.id}`, headers), 503);
			assert.equal(answer.code, 'too_costly');
		}
		assert.equal((await state(api, 'note', note)).etag, note.etag);
		assert.equal((await state(api, 'branch', branch)).etag, branch.etag);
		refused(await api.post(`/${word.root}`, Array.from({ length: 7 }, () => ({ name: 'many' }))), 503);
		assert.equal((await api.list(`/${word.root}`)).json.items.length, 1);
		assert.equal((await api.post(`/${word.root}`, Array.from({ length: 6 }, () => ({ name: 'many' })))).status, 201);
		assert.equal((await api.delete(`/${word.leaf}/${leaves[2].id}`)).status, 204);
		assert.equal((await api.delete(`/${word.root}/${root.id}`)).status, 204);
		assert.equal((await state(api, 'note', note)).json.leaf, null);
	});

	small.close();
}
