// Conditional requests (RFC 9110, 13) on records and lists.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';

const houses = openHouses();

async function aRecord({ api, app, maker }) {
	const collection = app.collections.find((each) => each.ofType('text', 'int', 'bool').some((field) => !field.readonly));
	const field = collection.ofType('text', 'int', 'bool').find((each) => !each.readonly);
	const body = await maker.body(collection);
	const made = await api.make(collection.path, body);
	return { collection, made, path: `${collection.path}/${made.id}`, async change() {
		for (let i = 0; i < 5; i++) {
			const next = (await maker.body(collection))[field.name];
			const answer = await api.patch(`${collection.path}/${made.id}`, { [field.name]: next });
			assert.equal(answer.status, 200, answer.text);
			if (answer.etag !== made.etag)
				return answer;
		}
		throw new Error('nothing changed');
	}, async other() {
		return { [field.name]: (await maker.body(collection))[field.name] };
	} };
}

tell(houses, 'If-None-Match: the same tag is 304, another is 200', async (given) => {
	const { made, path, change } = await aRecord(given);
	const { api } = given;
	for (const tag of [made.etag, `W/${made.etag}`, `"x", ${made.etag}`, `"x" , "y",${made.etag}`, '*']) {
		for (const method of ['GET', 'HEAD']) {
			const answer = await api.request(method, path, { headers: { 'if-none-match': tag } });
			assert.equal(answer.status, 304, `${method} ${tag}`);
			assert.equal(answer.etag, made.etag);
			assert.equal(answer.text, '');
			assert.equal(answer.get('content-type'), undefined);
		}
	}
	for (const tag of ['"x"', 'W/"x"', made.etag.slice(1, -1), '""'])
		assert.ok([200, 400].includes((await api.get(path, { 'if-none-match': tag })).status), tag);
	assert.equal((await api.get(path, { 'if-none-match': '"x"' })).status, 200);
	const changed = await change();
	assert.equal((await api.get(path, { 'if-none-match': made.etag })).status, 200);
	assert.equal((await api.get(path, { 'if-none-match': changed.etag })).status, 304);
});

tell(houses, 'If-Match guards PATCH and DELETE', async (given) => {
	const { made, path, change, other } = await aRecord(given);
	const { api } = given;
	const changed = await change();
	for (const tag of [made.etag, '"x"', `W/${changed.etag}`, '"x", "y"']) {
		refused(await api.patch(path, await other(), { 'if-match': tag }), 412);
		refused(await api.delete(path, { 'if-match': tag }), 412);
	}
	assert.equal((await api.get(path)).etag, changed.etag);
	const second = await api.patch(path, await other(), { 'if-match': changed.etag });
	assert.equal(second.status, 200, second.text);
	const third = await api.patch(path, await other(), { 'if-match': `"x", ${second.etag}` });
	assert.equal(third.status, 200, third.text);
	assert.equal((await api.patch(path, await other(), { 'if-match': '*' })).status, 200);
	assert.equal((await api.delete(path, { 'if-match': '*' })).status, 204);
	assert.equal((await api.delete(path, { 'if-match': '*' })).status, 404);
	assert.equal((await api.patch(path, await other(), { 'if-match': '"x"' })).status, 404);
});

tell(houses, 'If-Match guards GET too', async (given) => {
	const { made, path } = await aRecord(given);
	assert.equal((await given.api.get(path, { 'if-match': made.etag })).status, 200);
	refused(await given.api.get(path, { 'if-match': '"x"' }), 412);
});

tell(houses, 'If-None-Match: * refuses to change what is there', async (given) => {
	const { path, other } = await aRecord(given);
	refused(await given.api.patch(path, await other(), { 'if-none-match': '*' }), 412);
	refused(await given.api.delete(path, { 'if-none-match': '*' }), 412);
});

tell(houses, 'of sixteen writers with one tag one wins', async (given) => {
	const { made, path, other } = await aRecord(given);
	const clients = Array.from({ length: 16 }, () => given.api.as(given.key));
	const bodies = [];
	for (let i = 0; i < 16; i++)
		bodies.push(await other());
	const answers = await Promise.all(clients.map((client, i) => client.patch(path, bodies[i], { 'if-match': made.etag })));
	clients.forEach((client) => client.close());
	/* A body that changed nothing left the tag as it was, so that more than one may succeed. */
	const changed = answers.filter((answer) => answer.status === 200 && answer.etag !== made.etag);
	assert.equal(changed.length, 1, answers.map((answer) => answer.status).join(' '));
	assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 412));
	assert.equal((await given.api.get(path)).etag, changed[0].etag);
});

tell(houses, 'a list has a tag of its own', async (given) => {
	const { collection, change } = await aRecord(given);
	const list = await given.api.list(collection.path);
	assert.equal(list.status, 200);
	assert.ok(list.etag, 'a list has an ETag');
	const same = await given.api.list(collection.path, {}, { 'if-none-match': list.etag });
	assert.equal(same.status, 304);
	await change();
	const next = await given.api.list(collection.path, {}, { 'if-none-match': list.etag });
	assert.equal(next.status, 200);
	assert.notEqual(next.etag, list.etag);
	const other = await given.api.list(collection.path, { limit: 1 });
	assert.notEqual(other.etag, next.etag, 'another shape, another tag');
});

for (const house of houses)
	house.close();
