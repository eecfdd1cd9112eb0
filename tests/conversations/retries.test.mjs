// Idempotency-Key: a request that is sent again has one effect and one answer.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { randomUUID } from 'node:crypto';
import { openHouses, tell } from '../lib/open_houses.mjs';
import { boards } from '../lib/two_boards.mjs';

const once = (key = randomUUID()) => ({ 'idempotency-key': key });

function sameAnswer(first, second) {
	assert.equal(second.status, first.status, second.text);
	const strip = (answer) => (answer.json?.instance ? answer.text.replace(answer.json.instance, '') : answer.text);
	assert.equal(strip(second), strip(first));
	for (const name of ['etag', 'location', 'caisson-commit', 'content-type'])
		assert.equal(second.get(name), first.get(name), name);
}

const houses = openHouses();

tell(houses, 'the same create twice is one record and one answer', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const body = await maker.body(collection), key = once();
		const first = await api.post(collection.path, body, key);
		assert.equal(first.status, 201, first.text);
		const second = await api.post(collection.path, body, key);
		sameAnswer(first, second);
		const other = await api.post(collection.path, await maker.body(collection), key);
		refused(other, 422);
		const array = [await maker.body(collection), await maker.body(collection)], arrayKey = once();
		sameAnswer(await api.post(collection.path, array, arrayKey), await api.post(collection.path, array, arrayKey));
	}
});

tell(houses, 'a key is bare or quoted, and of any unsafe method', async ({ api, app, maker }) => {
	const collection = app.collections.find((each) => each.ofType('int').some((field) => !field.unique && !field.readonly));
	const field = collection.ofType('int').find((each) => !each.unique && !each.readonly);
	const made = await maker.make(collection, { [field.name]: field.min ?? 0 });
	const path = `${collection.path}/${made.id}`, word = randomUUID();
	const first = await api.patch(path, { [field.name]: { $inc: 1 } }, once(word));
	assert.equal(first.status, 200, first.text);
	sameAnswer(first, await api.patch(path, { [field.name]: { $inc: 1 } }, once(`"${word}"`)));
	sameAnswer(first, await api.patch(path, { [field.name]: { $inc: 1 } }, once(word)));
	assert.equal((await api.get(path)).json[field.name], (field.min ?? 0) + 1);
	const gone = once();
	const deleted = await api.delete(path, gone);
	assert.equal(deleted.status, 204);
	sameAnswer(deleted, await api.delete(path, gone));
	refused(await api.delete(path, once()), 404);
	refused(await api.delete(path, once(word)), 422);
});

tell(houses, 'a definite refusal is stored too', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const taken = await maker.make(collection), key = once();
		const body = await maker.body(collection, { given: { id: taken.id } });
		const first = refused(await api.post(collection.path, body, key), 409);
		assert.equal((await api.delete(`${collection.path}/${taken.id}`)).status, 204);
		sameAnswer(first, await api.post(collection.path, body, key));
		assert.equal((await api.post(collection.path, body, once())).status, 201);
	}
});

tell(houses, 'answers outlive a restart and a kill', async ({ api, app, maker, server }) => {
	const told = [];
	for (const collection of app.collections) {
		const body = await maker.body(collection), key = once();
		told.push({ path: collection.path, body, key, first: await api.post(collection.path, body, key) });
	}
	api.close();
	for (const end of [() => server.stop(), () => server.kill()]) {
		await end();
		await server.start();
		for (const { path, body, key, first } of told)
			sameAnswer(first, await api.post(path, body, key));
		api.close();
	}
});

tell(houses, 'sixteen at once are one', async ({ api, app, maker, key }) => {
	const collection = app.collections[0], body = await maker.body(collection), word = once();
	const clients = Array.from({ length: 16 }, () => api.as(key));
	const answers = await Promise.all(clients.map((client) => client.post(collection.path, body, word)));
	clients.forEach((client) => client.close());
	const done = answers.filter((answer) => answer.status === 201);
	assert.ok(answers.every((answer) => [201, 409].includes(answer.status)), answers.map((answer) => answer.status).join(' '));
	assert.equal(new Set(done.map((answer) => answer.json.id)).size, 1);
	assert.equal((await api.post(collection.path, body, word)).json.id, done[0].json.id);
});

tell(houses, 'a dry run leaves no answer behind', async ({ api, app, maker }) => {
	const collection = app.collections[0], body = await maker.body(collection), word = once();
	const dry = await api.post(collection.path, body, { ...word, prefer: 'tx=rollback' });
	assert.equal(dry.status, 201, dry.text);
	const real = await api.post(collection.path, body, word);
	assert.ok([201, 422].includes(real.status), real.text);
	if (real.status === 201)
		assert.equal((await api.get(`${collection.path}/${real.json.id}`)).status, 200, 'what is answered 201 is there');
});

tell(houses, 'a key that is no key is refused', async ({ api, app, maker }) => {
	const collection = app.collections[0];
	for (const bad of ['', '""', 'a'.repeat(300)])
		refused(await api.post(collection.path, await maker.body(collection), once(bad)), 400);
});

for (const house of houses)
	house.close();

for (const { word, file } of boards) {
	const house = new House(word.app, file, {
		async prepare(server, guest) {
			const keyOf = async (name) => server.key('--user', String((await guest.make(`/${word.people}`, { name })).id));
			return { ann: await keyOf('ann'), bob: await keyOf('bob') };
		},
	});
	const path = `/${word.things}`;

	house.test('a key belongs to its caller', async ({ api, ann, bob }) => {
		const key = once(), body = { [word.title]: 'the same thing' };
		const first = await api.as(ann).post(path, body, key), second = await api.as(bob).post(path, body, key);
		assert.equal(first.status, 201, first.text);
		assert.equal(second.status, 201, second.text);
		assert.notEqual(first.json.id, second.json.id);
		sameAnswer(first, await api.as(ann).post(path, body, key));
		sameAnswer(second, await api.as(bob).post(path, body, key));
	});

	house.test('guests share their keys, for the identical request alone', async ({ api }) => {
		const key = once(), people = `/${word.people}`;
		const first = await api.post(people, { name: 'a guest' }, key);
		sameAnswer(first, await api.as().post(people, { name: 'a guest' }, key));
		const other = refused(await api.as().post(people, { name: 'somebody else' }, key), 422);
		assert.ok(!other.text.includes('a guest'), 'nothing of the stored answer is told');
	});

	house.test('a refusal for want of rights is not stored', async ({ api, ann }) => {
		const key = once(), body = { [word.title]: 'later' };
		refused(await api.post(path, body, key), 401);
		assert.equal((await api.as(ann).post(path, body, key)).status, 201);
	});

	house.close();
}
