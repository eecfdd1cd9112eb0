// fields=: what is left of a record, also of those that stand in the place of
// ids; and the tags of what is left.

import assert from 'node:assert/strict';
import { parameterOf, refused } from '../lib/api.mjs';
import { magazineHouses } from '../lib/magazine.mjs';
import { tell } from '../lib/open_houses.mjs';

const houses = magazineHouses();
const pick = (row, names) => row && Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));

tell(houses, 'only what is named is shown, in the order of the file', async ({ model, word, callers }) => {
	for (const caller of callers) {
		for (const names of [['id'], ['title'], ['votes', 'title', 'id'], ['hint', 'created'], [word.author, 'updated']]) {
			const answer = await caller.api.list(`/${word.posts}`, { fields: names.join(','), limit: 100 });
			assert.equal(answer.status, 200, answer.text);
			const expected = model.all('posts', caller).map((post) => pick(post, names));
			assert.equal(JSON.stringify(answer.json.items), JSON.stringify(expected), names.join());
			const one = await caller.api.list(`/${word.posts}/${model.rows.posts[3].id}`, { fields: ` ${names.join(' , ')} ` });
			assert.equal(JSON.stringify(one.json), JSON.stringify(expected[3]));
		}
		const all = await caller.api.list(`/${word.posts}`, { fields: '*', limit: 100 });
		assert.deepEqual(all.json.items, model.all('posts', caller));
		assert.deepEqual((await caller.api.list(`/${word.posts}`, { fields: '', limit: 100 })).json, (await caller.api.list(`/${word.posts}`, { limit: 100 })).json);
	}
});

tell(houses, 'a name behind a name nests', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const author = (post, names) => pick(model.find('people', post[word.author], caller), names);
		const comments = (post, names) => model.all('comments', caller).filter((row) => row[word.post] === post.id).slice(0, 20).map((row) => pick(row, names));
		for (const [parameters, expected] of [
			[{ fields: `id,title,${word.author}.name` }, (post) => ({ id: post.id, title: post.title, [word.author]: author(post, ['name']) })],
			[{ fields: `${word.author}.name,${word.author}.id` }, (post) => ({ [word.author]: author(post, ['id', 'name']) })],
			[{ fields: `${word.author}.*,title` }, (post) => ({ title: post.title, [word.author]: model.find('people', post[word.author], caller) })],
			[{ fields: `title,${word.author}`, expand: word.author }, (post) => ({ title: post.title, [word.author]: model.find('people', post[word.author], caller) })],
			[{ fields: `title,${word.author}.name`, expand: `${word.author},${word.editor}(fields=id)` }, (post) => ({
				title: post.title, [word.author]: author(post, ['name']), [word.editor]: pick(model.find('people', post[word.editor], caller), ['id']) })],
			[{ fields: `id,${word.comments}.text` }, (post) => ({ id: post.id, [word.comments]: comments(post, ['text']) })],
			[{ fields: word.comments }, (post) => ({ [word.comments]: comments(post, Object.keys(model.all('comments', caller)[0])) })],
			[{ fields: 'title', expand: `${word.comments}(fields=stars,${word.writer}.name;limit=2)` }, (post) => ({
				title: post.title, [word.comments]: model.all('comments', caller).filter((row) => row[word.post] === post.id).slice(0, 2)
					.map((row) => ({ stars: row.stars, [word.writer]: pick(model.find('people', row[word.writer], caller), ['name']) })) })],
		]) {
			const answer = await caller.api.list(`/${word.posts}`, { ...parameters, limit: 100 });
			assert.equal(answer.status, 200, answer.text);
			assert.equal(JSON.stringify(answer.json.items), JSON.stringify(model.all('posts', caller).map(expected)), JSON.stringify(parameters));
		}
	}
});

tell(houses, 'pages, filters and sorts do not mind', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const walked = await caller.api.walk(`/${word.posts}`, { fields: 'title', sort: '-votes,hint', filter: 'votes > 0', limit: 3 });
		const hint = (post) => (post.hint === null ? -1 : post.hint);
		const expected = model.all('posts', caller).filter((post) => post.votes > 0)
			.sort((a, b) => b.votes - a.votes || hint(a) - hint(b) || (a.id < b.id ? -1 : 1));
		assert.deepEqual(walked, expected.map(({ title }) => ({ title })));
	}
});

tell(houses, 'a projection has a tag of its own, which names the version', async ({ word, callers }) => {
	const [, , { api }] = callers;
	const post = await api.make(`/${word.posts}`, { title: 'tag' });
	const path = `/${word.posts}/${post.id}`;
	const whole = await api.get(path), part = await api.list(path, { fields: 'title' }), other = await api.list(path, { fields: 'votes' });
	assert.equal(part.etag.split('.')[0] + '"', whole.etag);
	assert.equal(new Set([whole.etag, part.etag, other.etag]).size, 3);
	assert.equal((await api.list(path, { fields: 'title' }, { 'if-none-match': part.etag })).status, 304);
	assert.equal((await api.list(path, { fields: 'votes' }, { 'if-none-match': part.etag })).status, 200);
	assert.equal((await api.get(path, { 'if-none-match': part.etag })).status, 200);
	const head = await api.request('HEAD', `${path}?fields=title`);
	assert.deepEqual([head.status, head.etag, head.get('content-length')], [200, part.etag, part.get('content-length')]);
	assert.equal((await api.patch(path, { title: 'new' }, { 'if-match': part.etag })).status, 200);
	assert.equal((await api.patch(path, { title: 'newer' }, { 'if-match': part.etag })).status, 412);
	assert.equal((await api.delete(path)).status, 204);
});

tell(houses, 'what cannot be shown is refused with its place', async ({ word, callers }) => {
	const [{ api }] = callers;
	for (const path of [`/${word.posts}`, `/${word.posts}/1`]) {
		for (const [fields, offset, code] of [
			['nonsense', 0, 'unknown'], ['id,nonsense', 3, 'unknown'], ['id,', 3, 'unknown'], [',id', 0, 'unknown'], ['id,title,id', 9, 'repeated'],
			['title.x', 0, 'type'], [`${word.author}.nothing`, word.author.length + 1, 'unknown'], [`${word.author}.`, word.author.length + 1, 'unknown'], ['_version', 0, 'unknown'],
		]) {
			const answer = refused(await api.list(path, { fields }), 400);
			assert.deepEqual(parameterOf(answer), ['fields'], answer.text);
			assert.deepEqual([answer.json.errors[0].offset, answer.json.errors[0].code], [offset, code], `${fields}: ${answer.text}`);
		}
	}
	const near = refused(await api.get(`/${word.posts}?field=id`), 400);
	assert.match(near.json.errors[0].detail, /did you mean 'fields'/);
	assert.deepEqual(parameterOf(refused(await api.get(`/${word.posts}/1?filter=true`), 400)), ['filter']);
});

for (const house of houses)
	house.close();
