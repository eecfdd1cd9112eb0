// Names of an app that mean something to a database as well: each is either refused
// by `check`, or as good as any other.

import assert from 'node:assert/strict';
import test from 'node:test';
import { rmSync } from 'node:fs';
import { alone } from '../lib/alone.mjs';
import { makeFolder, run, writeAppFile } from '../lib/server.mjs';

const access = { read: true, create: true, update: true, delete: true };
/* Aliases, functions' columns, keywords. */
const NAMES = ['e', 'i', 'j', 'k', 't', 'x', 'n', 'item', 'value', 'key', 'type', 'atom', 'parent', 'fullkey', 'path', 'json', 'root', 'rowid', 'oid', 'source', 'target', 'old',
	'row', 'select', 'table', 'order', 'group', 'user', 'limit', 'offset', 'excluded', 'rank', 'seq', 'record', 'changes', 'actor', 'h1', 'k1', 'problem', 'json_patch', 'where', 'from', 'values', 'index', 'check', 'default', 'current_user', 'json_each', 'json_tree'];

alone('fields may be called anything', { app: 'names', collections: {
	tags: { id: 'int', access, fields: { name: { type: 'text' } } },
	things: { id: 'int', access, fields: { ...Object.fromEntries(NAMES.map((name) => [name, { type: 'int' }])), tags: { type: 'refs', to: 'tags' }, words: { type: 'list', of: 'text' }, near: { type: 'ref', to: 'things', on_delete: 'cascade' } } },
} }, {}, async ({ api }) => {
	const tags = [await api.make('/tags', { name: 'a' }), await api.make('/tags', { name: 'b' })].map((tag) => tag.id);
	const body = { ...Object.fromEntries(NAMES.map((name, i) => [name, i])), tags, words: ['x'] };
	const thing = await api.make('/things', body);
	for (const [name, value] of Object.entries(body))
		assert.deepEqual(thing[name], value, name);
	for (const [i, name] of NAMES.entries())
		assert.deepEqual((await api.list('/things', { filter: `${name} == ${i} && tags.exists(t, t.id == ${tags[0]}) && 'x' in words`, sort: name })).json.items.length, 1, name);
	assert.equal((await api.delete(`/tags/${tags[0]}`)).status, 204);
	assert.deepEqual((await api.get(`/things/${thing.id}`)).json.tags, [tags[1]]);
	assert.deepEqual((await api.patch(`/things/${thing.id}`, { tags: [], item: 7, near: thing.id })).json.tags, []);
	assert.equal((await api.delete(`/things/${thing.id}`)).status, 204);
});

function refusedBy(file) {
	const folder = makeFolder(file);
	const ran = run(['check', '-C', folder]);
	rmSync(folder, { recursive: true });
	return ran.status !== 0;
}

for (const name of NAMES) {
	const file = { app: 'names', collections: {
		tags: { id: 'int', access, fields: {} },
		[name]: { id: 'int', access, fields: { up: { type: 'ref', to: name, on_delete: 'cascade' }, tags: { type: 'refs', to: 'tags' } } },
	} };
	if (refusedBy(file)) {
		test(`a collection called ${name} is refused`, () => assert.ok(['old', 'changes', 'json_each', 'json_tree'].includes(name)));
		continue;
	}
	alone(`a collection called ${name} is as good as any`, file, {}, async ({ api }) => {
		const path = `/${name}`;
		const tag = await api.make('/tags', {}), top = await api.make(path, { tags: [tag.id] });
		const below = await api.make(path, { up: top.id, tags: [tag.id] });
		assert.equal((await api.list(path, { filter: `up.tags.exists(t, t.id == ${tag.id})`, expand: 'up' })).json.items.length, 1);
		assert.equal((await api.delete(`/tags/${tag.id}`)).status, 204);
		assert.deepEqual((await api.get(`${path}/${below.id}`)).json.tags, []);
		assert.equal((await api.delete(`${path}/${top.id}`)).status, 204);
		assert.equal((await api.list(path, {})).json.items.length, 0);
		assert.equal((await api.get(`${path}/${below.id}`)).status, 404);
	});
}

const typed = (type, fields) => ({ app: 'names', collections: {
	targets: { id: 'int', access, fields: {} },
	things: { id: 'int', access, fields: { ...Object.fromEntries(NAMES.map((name) => [name, type])), ...fields } },
} });
const before = typed({ type: 'json' }, { one: { type: 'ref', to: 'targets' } });
const after = typed({ type: 'list', of: 'int' }, { one: { type: 'refs', to: 'targets' } });

alone('types change under any name', before, {}, async ({ server, api }) => {
	const targets = [await api.make('/targets', {}), await api.make('/targets', {})];
	const good = await api.make('/things', { ...Object.fromEntries(NAMES.map((name) => [name, [3]])), one: targets[1].id });
	const bad = await api.make('/things', Object.fromEntries(NAMES.map((name) => [name, ['x']])));
	const apply = async (app) => {
		api.close();
		if (server.isRunning())
			await server.stop();
		writeAppFile(server.folder, app);
		return server.run(['apply', '--yes', '-C', server.folder]);
	};
	const ran = await apply(after);
	assert.equal(ran.status, 1, ran.stdout);
	for (const name of NAMES)
		assert.match(ran.stdout + ran.stderr, new RegExp(`\\b${name}\\b`), 'each misfit is told');
	writeAppFile(server.folder, before);
	await server.start();
	assert.equal((await api.delete(`/things/${bad.id}`)).status, 204);
	const applied = await apply(after);
	assert.equal(applied.status, 0, applied.stdout + applied.stderr);
	await server.start();
	const kept = (await api.get(`/things/${good.id}`)).json;
	for (const name of NAMES)
		assert.deepEqual(kept[name], [3], name);
	assert.equal((await api.list('/things', { filter: `one.exists(o, o.id == ${targets[1].id})` })).json.items.length, 1);
	assert.equal((await api.delete(`/targets/${targets[1].id}`)).status, 204);
	assert.deepEqual((await api.get(`/things/${good.id}`)).json.one, []);
});
