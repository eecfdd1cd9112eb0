// expand=: records in the place of ids, both ways and over several levels, each
// as its reader may see it; held against the same question asked in memory.

import assert from 'node:assert/strict';
import { parameterOf, refused } from '../lib/api.mjs';
import { byId, magazineHouses } from '../lib/magazine.mjs';
import { tell } from '../lib/open_houses.mjs';

const houses = magazineHouses();

/* The members of a record in their order: columns as declared, then what refers to it. */
const shape = (row, members) => ({ ...row, ...members });

tell(houses, 'a reference becomes its record, or null where that may not be read', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const answer = await caller.api.list(`/${word.posts}`, { expand: `${word.author},${word.editor}`, limit: 100 });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(answer.json.items, model.all('posts', caller).map((post) => shape(post, {
			[word.author]: model.find('people', post[word.author], caller), [word.editor]: model.find('people', post[word.editor], caller),
		})));
		assert.deepEqual(Object.keys(answer.json.items[0]), Object.keys(model.all('posts', caller)[0]), 'in the order of the file');
	}
});

tell(houses, 'a back reference becomes an array, by its own filter, sort and limit', async ({ model, word, callers }) => {
	const questions = [
		['', () => true, byId, 20],
		['(limit=2)', () => true, byId, 2],
		['(sort=-stars;limit=3)', () => true, (a, b) => b.stars - a.stars || -byId(a, b), 3],
		['(filter=stars > 1;sort=-id)', (row) => row.stars > 1, (a, b) => -byId(a, b), 20],
		[`(filter=text in ['a;b', 'c)d'] && (stars == 1 || stars == 2))`, (row) => ['a;b', 'c)d'].includes(row.text) && [1, 2].includes(row.stars), byId, 20],
		[`(filter=text == "it's";limit=100)`, (row) => row.text === "it's", byId, 100],
		['( limit = 5 ; sort = text )', () => true, (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : byId(a, b)), 5],
	];
	for (const caller of callers) {
		for (const [options, holds, order, limit] of questions) {
			const answer = await caller.api.list(`/${word.posts}`, { expand: word.comments + options, limit: 100 });
			assert.equal(answer.status, 200, answer.text);
			const comments = model.all('comments', caller).filter(holds).sort(order);
			assert.deepEqual(answer.json.items, model.all('posts', caller).map((post) => shape(post, {
				[word.comments]: comments.filter((row) => row[word.post] === post.id).slice(0, limit),
			})), options);
		}
	}
});

tell(houses, 'many to many, both ways', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const back = `${word.posts}_fans`, posts = model.all('posts', caller);
		const forth = await caller.api.list(`/${word.posts}`, { expand: 'fans(fields=name)', fields: 'id', limit: 100 });
		assert.equal(forth.status, 200, forth.text);
		assert.deepEqual(forth.json.items, posts.map((post) => ({ id: post.id, fans: post.fans.map((id) => ({ name: model.find('people', id, caller).name })) })));
		const liked = (person, limit) => posts.filter((post) => model.rows.posts.find(({ id }) => id === post.id).fans.includes(person.id)).slice(0, limit);
		const answer = await caller.api.list(`/${word.people}`, { expand: `${back}(limit=3)` });
		assert.deepEqual(answer.json.items, model.all('people', caller).map((person) => shape(person, { [back]: liked(person, 3) })));
		const round = await caller.api.list(`/${word.people}`, { expand: `${back}(limit=100;fields=id).fans.${back}(limit=1)` });
		assert.equal(round.status, 200, round.text);
		assert.deepEqual(round.json.items, model.all('people', caller).map((person) => shape(person, { [back]: liked(person, 100).map((post) => ({
			id: post.id, fans: post.fans.map((id) => shape(model.find('people', id, caller), { [back]: liked({ id }, 1) })) })) })));
	}
});

tell(houses, 'a way through a reference that some rows hide leads nowhere from those', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const back = `${word.comments}`; /* of a comment: its answers */
		const answer = await caller.api.list(`/${word.comments}`, { expand: `${word.parent},${back}(limit=100)`, limit: 100 });
		assert.equal(answer.status, 200, answer.text);
		const all = model.all('comments', caller);
		assert.deepEqual(answer.json.items, all.map((row) => shape(row, {
			[word.parent]: model.find('comments', row[word.parent], caller), [back]: all.filter((each) => each[word.parent] === row.id),
		})));
	}
});

tell(houses, 'three levels, of one record and of many', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const expand = `${word.comments}(limit=100;expand=${word.writer}).${word.post}.${word.author},${word.editor}`;
		const whole = (post) => shape(post, {
			[word.editor]: model.find('people', post[word.editor], caller),
			[word.comments]: model.all('comments', caller).filter((row) => row[word.post] === post.id).map((row) => shape(row, {
				[word.writer]: model.find('people', row[word.writer], caller),
				[word.post]: { ...model.find('posts', row[word.post], caller), [word.author]: model.find('people', post[word.author], caller) },
			})),
		});
		const answer = await caller.api.list(`/${word.posts}`, { expand, limit: 100 });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(answer.json.items, model.all('posts', caller).map(whole));
		for (const post of model.all('posts', caller).slice(0, 3)) {
			const one = await caller.api.list(`/${word.posts}/${post.id}`, { expand });
			assert.equal(one.status, 200, one.text);
			assert.deepEqual(one.json, whole(post));
		}
	}
});

tell(houses, 'two ways to one collection have two names', async ({ model, word, callers }) => {
	const [caller] = callers;
	const names = [`${word.posts}_${word.author}`, `${word.posts}_${word.editor}`];
	const answer = await caller.api.list(`/${word.people}`, { expand: names.join(',') });
	assert.equal(answer.status, 200, answer.text);
	assert.deepEqual(answer.json.items, model.all('people', caller).map((person) => shape(person, Object.fromEntries([word.author, word.editor].map((field, i) =>
		[names[i], model.all('posts', caller).filter((post) => post[field] === person.id)])))));
	refused(await caller.api.list(`/${word.people}`, { expand: word.posts }), 400);
});

tell(houses, 'pages go on with their expansions', async ({ model, word, callers }) => {
	const [, caller] = callers;
	const walked = await caller.api.walk(`/${word.posts}`, { expand: `${word.author}.${word.posts}_${word.editor}(limit=1)`, sort: '-votes', limit: 5 });
	const all = model.all('posts', caller);
	assert.deepEqual(walked, all.sort((a, b) => b.votes - a.votes || -byId(a, b)).map((post) => {
		const author = model.find('people', post[word.author], caller);
		return shape(post, { [word.author]: author && { ...author, [`${word.posts}_${word.editor}`]: model.all('posts', caller).filter((each) => each[word.editor] === author.id).slice(0, 1) } });
	}));
});

tell(houses, 'the tag follows what is expanded', async ({ word, callers }) => {
	const [, , { api }] = callers;
	const person = await api.make(`/${word.people}`, { name: 'fay' });
	const post = await api.make(`/${word.posts}`, { title: 'tag', [word.author]: person.id });
	const path = `/${word.posts}/${post.id}`;
	const read = (headers) => api.list(path, { expand: word.author }, headers);
	const list = (headers) => api.list(`/${word.posts}`, { expand: word.author, filter: `id == ${typeof post.id === 'number' ? post.id : `'${post.id}'`}` }, headers);
	const first = await read(), listed = await list();
	assert.match(first.etag, /^"\d+\.[0-9a-f]+"$/);
	assert.equal((await read({ 'if-none-match': first.etag })).status, 304);
	assert.equal((await list({ 'if-none-match': listed.etag })).status, 304);
	assert.equal((await api.request('HEAD', `${path}?expand=${word.author}`)).etag, first.etag);
	await api.patch(`/${word.people}/${person.id}`, { name: 'fay the second' });
	const second = await read({ 'if-none-match': first.etag });
	assert.equal(second.status, 200);
	assert.notEqual(second.etag, first.etag);
	assert.equal((await list({ 'if-none-match': listed.etag })).status, 200);
	assert.equal((await api.patch(path, { votes: 1 }, { 'if-match': second.etag })).status, 200, 'whoever read any shape at N may change it at N');
	for (const [name, id] of [[word.posts, post.id], [word.people, person.id]])
		assert.equal((await api.delete(`/${name}/${id}`)).status, 204);
});

tell(houses, 'what cannot be expanded is refused with its place', async ({ word, callers }) => {
	const [{ api }] = callers;
	const deep = `${word.author}.${word.posts}_${word.author}.${word.author}.${word.posts}_${word.author}`;
	for (const [expand, offset, code] of [
		['nonsense', 0, 'unknown'], ['title', 0, 'type'], [`${word.author},`, word.author.length + 1, 'unknown'], [`${word.author}.nothing`, word.author.length + 1, 'unknown'],
		[`${word.author}(limit=3)`, word.author.length + 1, 'unsupported'], [`${word.comments}(limit=101)`, word.comments.length + 7, 'too_large'],
		[`${word.comments}(limit=0)`, word.comments.length + 7, 'too_small'], [`${word.comments}(filter=none == 1)`, word.comments.length + 8, 'filter'],
		[`${word.comments}(sort=none)`, word.comments.length + 6, 'unknown'], [`${word.comments}(cursor=x)`, word.comments.length + 1, 'unknown'],
		[`${word.comments}(limit=1`, word.comments.length + 8, 'unknown'], [deep, deep.lastIndexOf('.') + 1, 'too_many'],
	]) {
		const answer = refused(await api.list(`/${word.posts}`, { expand }), 400);
		assert.deepEqual(parameterOf(answer), ['expand'], answer.text);
		assert.deepEqual([answer.json.errors[0].offset, answer.json.errors[0].code], [offset, code], `${expand}: ${answer.text}`);
	}
	const near = refused(await api.list(`/${word.posts}`, { expand: word.comments.slice(0, -1) }), 400);
	assert.match(near.json.errors[0].detail, new RegExp(`did you mean '${word.comments}'`));
	assert.equal((await api.list(`/${word.posts}`, { expand: '' })).status, 200);
});

for (const house of houses)
	house.close();
