// Create, read, change and delete: on every collection of every app.

import assert from 'node:assert/strict';
import { pointers, refused } from '../lib/api.mjs';
import { freshId, isFixedReference, sample, writtenTime } from '../lib/apps.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const houses = openHouses();

tell(houses, 'a created record is answered whole', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const body = await maker.body(collection);
		const answer = await api.post(collection.path, body);
		assert.equal(answer.status, 201, `${collection.name}: ${answer.text}`);
		assert.match(answer.get('content-type'), /^application\/json\b/);
		assert.equal(answer.get('location'), `${app.prefix}${collection.path}/${answer.json.id}`);
		assert.ok(answer.etag, 'an ETag');
		assert.ok(answer.commit, 'a Caisson-Commit');
		const record = answer.json;
		assert.deepEqual(Object.keys(record), ['id', 'created', 'updated', ...shown(collection)], 'members in the order of the file');
		if (collection.intId)
			assert.ok(Number.isInteger(record.id) && record.id > 0);
		else
			assert.match(record.id, UUID7);
		assert.match(record.created, TIME);
		assert.equal(record.updated, record.created);
		for (const [name, value] of Object.entries(body))
			assert.deepEqual(record[name], value, `${collection.name}.${name}`);
	}
});

tell(houses, 'GET answers what POST answered, HEAD its head alone', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await api.post(collection.path, await maker.body(collection));
		const path = `${collection.path}/${made.json.id}`;
		const got = await api.get(path);
		assert.equal(got.status, 200);
		assert.equal(got.text, made.text);
		assert.equal(got.etag, made.etag);
		const head = await api.request('HEAD', path);
		assert.equal(head.status, 200);
		assert.equal(head.etag, made.etag);
		assert.equal(head.text, '');
		assert.equal(head.get('content-length'), got.get('content-length'));
	}
});

tell(houses, 'defaults are filled in, absent fields are null and shown', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const body = await maker.required(collection);
		const record = await api.make(collection.path, body);
		for (const field of collection.fields.filter((each) => !(each.name in body) && each.type !== 'password')) {
			assert.ok(field.name in record, `${collection.name}.${field.name} is shown`);
			if (field.default === undefined)
				assert.ok(record[field.name] === null || ['list', 'refs', 'files'].includes(field.type), `${collection.name}.${field.name} is null`);
			else if (field.default === 'now')
				assert.equal(record[field.name], field.type === 'date' ? record.created.slice(0, 10) : record.created);
			else if (field.type === 'time')
				assert.equal(record[field.name], writtenTime(field.default));
			else if (field.type === 'decimal')
				assert.equal(record[field.name], decimal(field, field.default));
			else if (field.default !== 'auth.id')
				assert.deepEqual(record[field.name], typeof field.default === 'bigint' ? Number(field.default) : field.default, `${collection.name}.${field.name}`);
		}
	}
});

tell(houses, 'an explicit null overrides a default, and is refused where required', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		for (const field of collection.fields.filter((each) => !each.readonly && each.type !== 'refs')) {
			const body = await maker.required(collection, { [field.name]: null });
			const answer = await api.post(collection.path, body);
			asked++;
			if (field.required) {
				refused(answer, 422, { [`#/${field.name}`]: 'required' });
			} else {
				assert.equal(answer.status, 201, `${collection.name}.${field.name}: ${answer.text}`);
				assert.equal(answer.json[field.name], null);
			}
		}
	}
	assert.ok(asked > 5);
});

tell(houses, 'a body without what is required names every field that lacks', async ({ api, app }) => {
	for (const collection of app.collections) {
		const lacking = collection.fields.filter((field) => field.required && field.default === undefined);
		if (lacking.length === 0 || collection.fields.some(isFixedReference))
			continue;
		refused(await api.post(collection.path, {}), 422,
			Object.fromEntries(lacking.map((field) => [`#/${field.name}`, 'required'])));
	}
});

tell(houses, 'all mistakes are told at once: references that lead nowhere too, in every item', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		const field = collection.ofType('ref').find((each) => !each.readonly);
		const other = collection.ofType('text', 'int', 'bool').find((each) => !each.readonly);
		if (!field || !other)
			continue;
		const nowhere = { [field.name]: freshId(app.collection(field.to)) };
		const good = await maker.body(collection), bad = { ...good, ...nowhere, [other.name]: [], colour: 1 };
		const expected = (at) => ({ [`#${at}/${field.name}`]: 'reference', [`#${at}/${other.name}`]: 'type', [`#${at}/colour`]: 'unknown' });
		refused(await api.post(collection.path, bad), 422, expected(''));
		refused(await api.put(`${collection.path}/${freshId(collection)}`, bad), 422, expected(''));
		const made = await api.make(collection.path, good);
		refused(await api.patch(`${collection.path}/${made.id}`, { ...nowhere, [other.name]: [], colour: 1 }), 422, expected(''));
		const more = await Promise.all([1, 2, 3].map(() => maker.body(collection)));
		refused(await api.post(collection.path, [more[0], { ...more[1], ...nowhere }, { ...more[2], [other.name]: [], colour: 1 }, { ...more[1], ...nowhere }]), 422,
			{ [`#/1/${field.name}`]: 'reference', [`#/2/${other.name}`]: 'type', '#/2/colour': 'unknown', [`#/3/${field.name}`]: 'reference' });
		refused(await api.post(collection.path, [{ ...more[1], ...nowhere }, more[0], { ...more[2], ...nowhere }]), 422,
			{ [`#/0/${field.name}`]: 'reference', [`#/2/${field.name}`]: 'reference' });
		assert.equal((await api.post(collection.path, more[0])).status, 201, 'nothing of it was kept');
		asked++;
	}
	assert.ok(asked > 0);
});

tell(houses, 'who refers to a refused item of its array is not told of that', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const field = collection.ofType('ref').find((each) => !each.readonly && each.to === collection.name && !each.unique);
		if (!field)
			continue;
		const id = freshId(collection), nowhere = freshId(collection);
		const items = [{ ...await maker.body(collection), id, [field.name]: nowhere }, { ...await maker.body(collection), [field.name]: id }];
		refused(await api.post(collection.path, items), 422, { [`#/0/${field.name}`]: 'reference' });
		items[0][field.name] = null;
		assert.equal((await api.post(collection.path, items)).status, 201);
	}
});

tell(houses, 'a merge patch changes what it names and nothing else', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection);
		const path = `${collection.path}/${made.id}`;
		for (const field of changeable(collection)) {
			const before = (await api.get(path)).json;
			const value = differentFrom(field, before[field.name]);
			const answer = await api.patch(path, { [field.name]: value }, { 'content-type': 'application/merge-patch+json' });
			assert.equal(answer.status, 200, `${collection.name}.${field.name}: ${answer.text}`);
			assert.ok(answer.commit);
			const { updated, ...rest } = answer.json;
			const { updated: updatedBefore, ...restBefore } = before;
			assert.deepEqual(rest, { ...restBefore, [field.name]: value });
			assert.ok(updated >= updatedBefore, `${updated} is not before ${updatedBefore}`);
			const got = await api.get(path);
			assert.equal(got.text, answer.text);
			assert.equal(got.etag, answer.etag);
		}
	}
});

tell(houses, 'a null in a merge patch empties a field, where it may be empty', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection);
		for (const field of collection.fields.filter((each) => !each.readonly && !['refs', 'list', 'password'].includes(each.type))) {
			const answer = await api.patch(`${collection.path}/${made.id}`, { [field.name]: null });
			if (field.required) {
				refused(answer, 422, { [`#/${field.name}`]: 'required' });
			} else {
				assert.equal(answer.status, 200, answer.text);
				assert.equal(answer.json[field.name], null);
			}
		}
	}
});

tell(houses, 'a patch that changes nothing gets no number', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection);
		const path = `${collection.path}/${made.id}`;
		const before = await api.get(path);
		for (const body of [{}, ...changeable(collection).map(({ name }) => ({ [name]: made[name] }))]) {
			const answer = await api.patch(path, body);
			assert.equal(answer.status, 200, answer.text);
			assert.equal(answer.etag, made.etag, JSON.stringify(body));
			assert.equal(answer.text, before.text);
			assert.ok(answer.commit, 'the present number');
		}
	}
});

tell(houses, 'DELETE answers 204, and then there is nothing', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await api.make(collection.path, await maker.body(collection));
		const path = `${collection.path}/${made.id}`;
		const answer = await api.delete(path);
		assert.equal(answer.status, 204);
		assert.ok(answer.commit);
		assert.equal((await api.get(path)).status, 404);
		assert.equal((await api.delete(path)).status, 404);
		assert.equal((await api.patch(path, {})).status, 404);
	}
});

tell(houses, 'what was never there is 404', async ({ api, app }) => {
	for (const collection of app.collections) {
		for (const id of [freshId(collection), 'x', '0', '-1', '99999999999999999999', '%00', '%F0%9F%90%9F', "1'--"]) {
			for (const method of ['GET', 'PATCH', 'DELETE']) {
				const answer = await api.request(method, `${collection.path}/${id}`, method === 'PATCH' ? { body: {} } : {});
				assert.ok(answer.status === 404 || (answer.status === 400 && id === '%00'), `${method} ${id}: ${answer.text}`);
			}
		}
	}
	assert.equal((await api.get('/nowhere')).status, 404);
	assert.equal((await api.post('/nowhere', {})).status, 404);
	assert.equal((await api.get('//nowhere')).status, 404);
});

tell(houses, 'a client may choose an id, once', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const id = freshId(collection);
		const answer = await api.post(collection.path, await maker.body(collection, { given: { id } }));
		assert.equal(answer.status, 201, answer.text);
		assert.equal(answer.json.id, id);
		assert.equal((await api.get(`${collection.path}/${id}`)).text, answer.text);
		const again = await api.post(collection.path, await maker.body(collection, { given: { id } }));
		assert.equal(again.status, 409, again.text);
		assert.deepEqual(pointers(again), [['#/id', 'unique']]);
		assert.equal((await api.get(`${collection.path}/${id}`)).text, answer.text);
		for (const bad of ['', 'x', true, {}, collection.intId ? '7' : 7, collection.intId ? 1.5 : '01a19467-e800-7000-8000-00000000010', null].filter((each) => each !== null)) {
			const refusal = await api.post(collection.path, await maker.body(collection, { given: { id: bad } }));
			assert.equal(refusal.status, 422, `${JSON.stringify(bad)}: ${refusal.text}`);
			assert.equal(pointers(refusal)[0][0], '#/id');
		}
	}
});

tell(houses, 'what the server writes nobody else writes', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const made = await maker.make(collection);
		const path = `${collection.path}/${made.id}`;
		for (const name of ['created', 'updated', ...collection.fields.filter((field) => field.readonly).map((field) => field.name)]) {
			for (const value of ['2026-01-01T00:00:00Z', null]) {
				const body = await maker.body(collection);
				refused(await api.post(collection.path, { ...body, [name]: value }), 422, { [`#/${name}`]: 'readonly' });
				refused(await api.patch(path, { [name]: value }), 422, { [`#/${name}`]: 'readonly' });
			}
		}
		refused(await api.patch(path, { id: freshId(collection) }), 422, { '#/id': 'readonly' });
		assert.equal((await api.get(path)).etag, made.etag);
	}
});

tell(houses, 'an unknown member is named together with all other mistakes', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const lacking = collection.fields.filter((field) => field.required && field.default === undefined);
		const fixed = Object.fromEntries(collection.fields.filter(isFixedReference).map((field) => [field.name, null]));
		const answer = await api.post(collection.path, { ...fixed, nope: 1, 'a/b~c': 2, Id: 3 });
		refused(answer, 422, {
			'#/nope': 'unknown', '#/a~1b~0c': 'unknown', '#/Id': 'unknown',
			...Object.fromEntries(lacking.map((field) => [`#/${field.name}`, 'required'])),
		});
		const made = await maker.make(collection);
		refused(await api.patch(`${collection.path}/${made.id}`, { nope: null }), 422, { '#/nope': 'unknown' });
	}
});

tell(houses, 'a value of another type, and one beyond its limits, is refused by name', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		for (const field of collection.fields.filter((each) => !each.readonly)) {
			for (const [value, code] of badValues(field)) {
				const body = await maker.body(collection, { given: { [field.name]: value } });
				const answer = await api.post(collection.path, body);
				refused(answer, 422);
				const expected = [].concat(code).map((each) => `#/${field.name} ${each}`);
				const got = pointers(answer).map((pair) => pair.join(' '));
				assert.ok(got.length === 1 && expected.includes(got[0]),
					`${collection.name}.${field.name} = ${JSON.stringify(value)?.slice(0, 60)}: expected ${expected.join(' or ')}, got ${answer.text}`);
				asked++;
			}
		}
	}
	assert.ok(asked > 20);
});

tell(houses, 'what is unique stays unique, over POST and PATCH', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		for (const field of collection.fields.filter((each) => each.unique && !each.readonly)) {
			const isSelf = field.type === 'ref' && field.to === collection.name;
			const first = await maker.make(collection, isSelf ? { [field.name]: (await maker.make(collection)).id } : {});
			const second = await maker.make(collection);
			const taken = { [field.name]: first[field.name] };
			const posted = await api.post(collection.path, await maker.body(collection, { given: taken }));
			assert.equal(posted.status, 409, posted.text);
			assert.deepEqual(pointers(posted), [[`#/${field.name}`, 'unique']]);
			const patched = await api.patch(`${collection.path}/${second.id}`, taken);
			assert.equal(patched.status, 409, patched.text);
			assert.deepEqual(pointers(patched), [[`#/${field.name}`, 'unique']]);
			assert.equal((await api.get(`${collection.path}/${second.id}`)).etag, second.etag);
			if (!field.required) {
				for (let i = 0; i < 2; i++)
					assert.equal((await api.post(collection.path, await maker.body(collection, { given: { [field.name]: null } }))).status, 201, 'nulls are not alike');
			}
		}
	}
});

tell(houses, '$inc adds, exactly, and refuses to overflow', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		for (const field of collection.ofType('int').filter((each) => !each.readonly && !each.unique)) {
			const low = field.min ?? 0;
			const made = await maker.make(collection, { [field.name]: low });
			const path = `${collection.path}/${made.id}`;
			const answer = await api.patch(path, { [field.name]: { $inc: 1 } });
			assert.equal(answer.status, 200, answer.text);
			assert.equal(answer.json[field.name], low + 1);
			assert.notEqual(answer.etag, made.etag);
			assert.equal((await api.patch(path, { [field.name]: { $inc: -1 } })).json[field.name], low);
			const over = await api.patch(path, `{"${field.name}":{"$inc":9223372036854775807}}`);
			if (low > 0 || field.max !== undefined)
				refused(over, 422, { [`#/${field.name}`]: 'too_large' });
			for (const bad of [{ $inc: '1' }, { $inc: 1.5 }, { $inc: null }, { $nope: 1 }, {}])
				refused(await api.patch(path, { [field.name]: bad }), 422);
			assert.equal((await api.patch(path, { [field.name]: low })).status, 200);
			if (field.min !== undefined)
				refused(await api.patch(path, { [field.name]: { $inc: -1 } }), 422, { [`#/${field.name}`]: 'too_small' });
			asked++;
		}
	}
	assert.ok(asked > 0, 'an app with an int');
});

tell(houses, 'an array is created in order, all or nothing, under one number', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const bodies = [];
		for (let i = 0; i < 5; i++)
			bodies.push(await maker.body(collection));
		const answer = await api.post(collection.path, bodies);
		assert.equal(answer.status, 201, answer.text);
		assert.ok(answer.commit);
		assert.deepEqual(Object.keys(answer.json), ['items']);
		assert.equal(answer.json.items.length, 5);
		const etags = new Set();
		for (const [i, item] of answer.json.items.entries()) {
			for (const [name, value] of Object.entries(bodies[i]))
				assert.deepEqual(item[name], value);
			const got = await api.get(`${collection.path}/${item.id}`);
			assert.deepEqual(got.json, item);
			etags.add(got.etag);
		}
		assert.equal(etags.size, 1, 'one number');
		const ids = answer.json.items.map((item) => item.id);
		assert.deepEqual([...ids].sort(collection.intId ? (a, b) => a - b : undefined), ids, 'ids grow in the order sent');

		const fresh = freshId(collection);
		const bad = await api.post(collection.path, [
			await maker.body(collection, { given: { id: fresh } }), { ...await maker.body(collection), nope: 1 }]);
		refused(bad, 422, { '#/1/nope': 'unknown' });
		assert.equal((await api.get(`${collection.path}/${fresh}`)).status, 404);
		const taken = await api.post(collection.path, [
			await maker.body(collection, { given: { id: fresh } }), await maker.body(collection, { given: { id: ids[0] } })]);
		refused(taken, 409, { '#/1/id': 'unique' });
		assert.equal((await api.get(`${collection.path}/${fresh}`)).status, 404);
		const twice = await api.post(collection.path, [
			await maker.body(collection, { given: { id: fresh } }), await maker.body(collection, { given: { id: fresh } })]);
		refused(twice, 409, { '#/1/id': 'unique' });
		refused(await api.post(collection.path, []), 422);
		refused(await api.post(collection.path, [1]), 422);
	}
});

tell(houses, 'an array has at most a thousand items', async ({ api, app, maker }) => {
	const collection = app.collections.find((each) => !each.fields.some((field) => field.unique || (field.required && field.type === 'ref'))) ?? app.collections[0];
	const bodies = [];
	for (let i = 0; i < 1001; i++)
		bodies.push(await maker.required(collection));
	refused(await api.post(collection.path, bodies), 422);
	const answer = await api.post(collection.path, bodies.slice(0, 1000));
	assert.equal(answer.status, 201, answer.text.slice(0, 300));
	assert.equal(answer.json.items.length, 1000);
});

tell(houses, 'return=minimal leaves the body out', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		const posted = await api.post(collection.path, await maker.body(collection), { prefer: 'return=minimal' });
		assert.equal(posted.status, 201);
		assert.equal(posted.text, '');
		assert.ok(posted.etag && posted.commit);
		assert.match(posted.get('preference-applied') ?? '', /return=minimal/);
		const path = posted.get('location').slice(app.prefix.length);
		assert.equal((await api.get(path)).etag, posted.etag);
		const [field] = changeable(collection);
		if (!field)
			continue;
		const before = (await api.get(path)).json[field.name];
		const patched = await api.patch(path, { [field.name]: differentFrom(field, before) }, { prefer: 'return=minimal' });
		assert.equal(patched.status, 204);
		assert.match(patched.get('preference-applied') ?? '', /return=minimal/);
		assert.equal((await api.get(path)).etag, patched.etag);
		const whole = await api.patch(path, {}, { prefer: 'return=representation' });
		assert.equal(whole.status, 200);
		assert.match(whole.get('preference-applied') ?? '', /return=representation/);
	}
});

tell(houses, 'tx=rollback answers as if, and changes nothing', async ({ api, app, maker }) => {
	const dry = { prefer: 'tx=rollback' };
	for (const collection of app.collections) {
		const id = freshId(collection);
		const posted = await api.post(collection.path, await maker.body(collection, { given: { id } }), dry);
		assert.equal(posted.status, 201, posted.text);
		assert.equal(posted.json.id, id);
		assert.equal(posted.commit, undefined, 'no number');
		assert.match(posted.get('preference-applied') ?? '', /tx=rollback/);
		assert.equal((await api.get(`${collection.path}/${id}`)).status, 404);
		const made = await maker.make(collection);
		const path = `${collection.path}/${made.id}`;
		const deleted = await api.delete(path, dry);
		assert.equal(deleted.status, 204, deleted.text);
		assert.equal(deleted.commit, undefined);
		for (const field of changeable(collection).slice(0, 1)) {
			const value = differentFrom(field, made[field.name]);
			const patched = await api.patch(path, { [field.name]: value }, dry);
			assert.equal(patched.status, 200, patched.text);
			assert.equal(patched.json[field.name], value);
			assert.equal(patched.commit, undefined);
		}
		const got = await api.get(path);
		assert.equal(got.status, 200);
		assert.equal(got.etag, made.etag);
		const field = collection.fields.find((each) => each.unique && !each.readonly && each.to !== collection.name);
		if (field)
			refused(await api.post(collection.path, await maker.body(collection, { given: { [field.name]: made[field.name] } }), dry), 409);
	}
});

tell(houses, 'a reference must exist, and what it names is kept, emptied or taken along', async ({ api, app, maker }) => {
	let asked = 0;
	for (const collection of app.collections) {
		for (const field of collection.ofType('ref').filter((each) => !each.readonly)) {
			const target = app.collection(field.to);
			const absent = await api.post(collection.path, await maker.body(collection, { given: { [field.name]: freshId(target) } }));
			refused(absent, 422, { [`#/${field.name}`]: 'reference' });
			const parent = await api.make(target.path, await maker.body(target));
			const child = await api.make(collection.path, await maker.body(collection, { given: { [field.name]: parent.id } }));
			const refusal = await api.patch(`${collection.path}/${child.id}`, { [field.name]: freshId(target) });
			refused(refusal, 422, { [`#/${field.name}`]: 'reference' });
			const deleted = await api.delete(`${target.path}/${parent.id}`);
			const after = await api.get(`${collection.path}/${child.id}`);
			const action = field.on_delete ?? 'restrict';
			if (action === 'restrict') {
				assert.equal(deleted.status, 409, deleted.text);
				assert.equal(after.etag, child.etag);
				assert.equal((await api.get(`${target.path}/${parent.id}`)).etag, parent.etag);
			} else if (action === 'cascade') {
				assert.equal(deleted.status, 204, deleted.text);
				assert.equal(after.status, 404);
			} else {
				assert.equal(deleted.status, 204, deleted.text);
				assert.equal(after.json[field.name], null);
				assert.notEqual(after.etag, child.etag, 'what a cascade changes is a change');
			}
			asked++;
		}
	}
	assert.ok(asked > 0, 'an app with a reference');
});

for (const house of houses)
	house.close();

function shown(collection) {
	return collection.fields.filter((field) => field.type !== 'password').map((field) => field.name);
}

/* Fields of a plain value that a patch may change without meeting a constraint between records. */
function changeable(collection) {
	return collection.ofType('text', 'int', 'bool', 'enum', 'time').filter((field) => !field.readonly && !(field.type === 'enum' && field.values.length < 2));
}

function differentFrom(field, value) {
	for (let i = 0; i < 200; i++) {
		const other = sample(field);
		if (other !== value)
			return other;
	}
	throw new Error(`only one value: ${JSON.stringify(field)}`);
}

/* Pairs [value, code or codes] that a field must refuse. */
function badValues(field) {
	switch (field.type) {
	case 'text': return badTexts(field);
	case 'int': return [
		['1', 'type'], [true, 'type'], [1.5, 'type'], [[], 'type'], [{}, 'type'],
		...(field.min !== undefined ? [[field.min - 1, 'too_small']] : []),
		...(field.max !== undefined ? [[field.max + 1, 'too_large']] : []),
	];
	case 'bool': return [[0, 'type'], ['true', 'type'], [[], 'type']];
	case 'enum': return [['no such value', 'enum'], ['', 'enum'], [1, ['type', 'enum']]];
	case 'time': return [
		...(field.min !== undefined ? [[writtenTime(Date.parse(field.min) - 1), 'too_small']] : []),
		...(field.max !== undefined ? [[writtenTime(Date.parse(field.max) + 1), 'too_large']] : []),
		[1, 'type'], ['yesterday', 'type'], ['2026-02-30T00:00:00Z', 'type'], ['2026-01-01T00:00:00', 'type'],
		['2026-01-01T00:00:00.1234567Z', 'type'], ['2026-01-01', 'type'], ['2026-01-01T25:00:00Z', 'type'],
	];
	case 'float': return [
		['1', 'type'], [true, 'type'], [[], 'type'],
		...(field.min !== undefined ? [[field.min - 0.25, 'too_small']] : []),
		...(field.max !== undefined ? [[field.max + 0.25, 'too_large']] : []),
	];
	case 'decimal': return [
		[true, 'type'], ['', 'type'], ['1,5', 'type'], [`0.${'0'.repeat(field.scale ?? 2)}1`, 'type'],
		...(field.min !== undefined ? [[decimal(field, field.min, -1n), 'too_small']] : []),
		...(field.max !== undefined ? [[decimal(field, field.max, 1n), 'too_large']] : []),
	];
	case 'date': return [
		...(field.min !== undefined ? [[nextDay(field.min, -1), 'too_small']] : []),
		...(field.max !== undefined ? [[nextDay(field.max, 1), 'too_large']] : []),
		[1, 'type'], ['2026-02-30', 'type'], ['2026-1-1', 'type'], ['2026-01-01T00:00:00Z', 'type'],
	];
	case 'email': return [[1, 'type'], ['nobody', 'type'], ['a@b@c.example', 'type'], ['', ['type', 'too_short']]];
	case 'url': return [[1, 'type'], ['example.org', 'type'], ['javascript:alert(1)', 'type'], ['', ['type', 'too_short']]];
	case 'list': case 'refs': return [[1, 'type'], ['x', 'type'], [{}, 'type']];
	case 'ref': return [[true, ['type', 'reference']], [{}, 'type'], ['', ['type', 'reference']]];
	default: return [];
	}
}

/* A decimal of the app's file as the server writes it, with `step` of its last digit added. */
function decimal(field, bound, step = 0n) {
	const scale = field.scale ?? 2, [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(bound));
	const digits = BigInt(sign + whole + part.padEnd(scale, '0')) + step, size = digits < 0n ? -digits : digits;
	const text = String(size).padStart(scale + 1, '0');
	return `${digits < 0n ? '-' : ''}${text.slice(0, text.length - scale)}${scale > 0 ? '.' : ''}${text.slice(text.length - scale)}`;
}

function nextDay(day, step) {
	return new Date(Date.parse(day) + step * 86400000).toISOString().slice(0, 10);
}

function badTexts(field) {
	const bad = [[1, 'type'], [true, 'type'], [[], 'type'], [{}, 'type'], ['a\0b'.padEnd(field.min ?? 0, 'a'), ['type', 'pattern']]];
	if (field.pattern === undefined) {
		if (field.min > 0)
			bad.push(['é'.repeat(field.min - 1), 'too_short']);
		if (field.max !== undefined)
			bad.push(['🐟'.repeat(field.max + 1), 'too_long']);
	} else {
		const pattern = new RegExp(field.pattern, 'u'), text = ['\u0001 \n', ',', 'x;'].find((each) => !pattern.test(each));
		assert.ok(text, `no text that ${field.pattern} refuses`);
		bad.push([text, ['pattern', 'too_short', 'too_long']]);
	}
	return bad;
}
