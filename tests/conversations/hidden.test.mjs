// Fields that a caller may not see: not there in any answer and any clause,
// or, where the row decides, null in the rows where it says so.

import assert from 'node:assert/strict';
import { Api, parameterOf, refused } from '../lib/api.mjs';
import { Events } from '../lib/events.mjs';
import { House } from '../lib/house.mjs';
import { magazineHouses } from '../lib/magazine.mjs';
import { tell } from '../lib/open_houses.mjs';

const houses = magazineHouses();

/* The same answer, but for the name, as for a word that never was a field; and no word of it. */
function sameAsUnknown(hidden, unknown, name, word) {
	const plain = (answer, own) => ({ ...answer.json, instance: null, errors: answer.json.errors.map((error) => ({ ...error, detail: error.detail.split(own).join('?') })) });
	assert.equal(hidden.status, unknown.status);
	assert.deepEqual(plain(hidden, name), plain(unknown, word));
}

tell(houses, 'what the caller alone may not see is unknown in every clause', async ({ model, word, callers }) => {
	const [, { api }, { api: staff }] = callers;
	const person = model.rows.people[0], post = model.rows.posts.find((each) => each[word.author] !== null);
	for (const [path, parameters] of [
		[word.people, (name) => ({ filter: `${name} == 1` })], [word.people, (name) => ({ filter: `true || ${name} > 1` })], [word.people, (name) => ({ sort: name })], [word.people, (name) => ({ sort: `-${name}` })],
		[word.people, (name) => ({ fields: `id,${name}` })], [word.people, (name) => ({ expand: name })], [word.posts, (name) => ({ filter: `${word.author}.${name} == 1` })],
		[word.posts, (name) => ({ sort: `${word.author}.${name}` })], [word.posts, (name) => ({ fields: `${word.author}.${name}` })], [word.posts, (name) => ({ expand: `${word.author}(fields=${name})` })],
		[word.people, (name) => ({ expand: `${word.posts}_${word.author}(filter=${word.author}.${name} == 1)` })],
		[word.people, (name) => ({ expand: `${word.posts}_${word.author}(sort=${word.author}.${name})` })],
		[`${word.people}/${person.id}`, (name) => ({ fields: name })],
	]) {
		const hidden = refused(await api.list(`/${path}`, parameters('pay')), 400);
		sameAsUnknown(hidden, refused(await api.list(`/${path}`, parameters('xyz')), 400), 'pay', 'xyz');
		for (const near of ['payy', 'pa'])
			assert.doesNotMatch(refused(await api.list(`/${path}`, parameters(near)), 400).text, /'pay'/, 'never suggested');
		sameAsUnknown(refused(await api.list(`/${path}`, parameters('pay'), { accept: 'text/event-stream' }), 400),
			refused(await api.list(`/${path}`, parameters('xyz'), { accept: 'text/event-stream' }), 400), 'pay', 'xyz');
	}
	assert.equal((await staff.list(`/${word.people}`, { filter: 'pay >= 0', sort: '-pay', fields: 'pay' })).json.items.length, 5);
	assert.equal(post === undefined, false);
});

tell(houses, 'an unknown member of a body, and absent in what is answered to it', async ({ word, callers }) => {
	const [, { api }, { api: staff }] = callers;
	const refusal = (answer) => ({ ...answer.json, instance: null });
	const hidden = refused(await api.post(`/${word.people}`, { name: 'ida', pay: 1 }), 422), unknown = refused(await api.post(`/${word.people}`, { name: 'ida', xyz: 1 }), 422);
	assert.equal(JSON.stringify(refusal(hidden)).replaceAll('pay', '?'), JSON.stringify(refusal(unknown)).replaceAll('xyz', '?'));
	const made = await api.post(`/${word.people}`, { name: 'ann', mood: 'good' });
	assert.equal(made.status, 201, made.text);
	assert.deepEqual(Object.keys(made.json), ['id', 'created', 'updated', 'name', 'ghost', 'mood']);
	assert.equal(made.json.mood, 'good');
	const path = `/${word.people}/${made.json.id}`;
	const read = await api.get(path);
	assert.deepEqual([read.json, read.etag], [made.json, made.etag]);
	const set = await staff.patch(path, { pay: 7 });
	assert.equal(set.json.pay, 7);
	refused(await api.patch(path, { pay: 8 }), 422, { '#/pay': 'unknown' });
	refused(await api.patch(path, { pay: { $inc: 8 } }), 422, { '#/pay': 'unknown' });
	const renamed = await api.patch(path, { name: 'other' }, { 'if-match': set.etag });
	assert.deepEqual([renamed.status, renamed.json.mood, renamed.json.pay], [200, null, undefined], 'the row is no longer ours');
	const put = await api.request('PUT', path, { body: { name: 'ann' } });
	assert.equal(put.status, 200, put.text);
	assert.equal((await staff.get(path)).json.pay, 7, 'what one does not see one does not replace');
	const array = await api.post(`/${word.people}`, [{ name: 'ann' }, { name: 'ben' }], { prefer: 'tx=rollback' });
	assert.deepEqual(array.json.items.map((item) => [item.name, 'pay' in item, item.mood]), [['ann', false, null], ['ben', false, null]]);
	const key = { 'idempotency-key': `k-${made.json.id}` };
	const once = await api.post(`/${word.people}`, { name: 'jim', mood: 'bad' }, key), twice = await api.post(`/${word.people}`, { name: 'jim', mood: 'bad' }, key);
	assert.deepEqual([twice.json, twice.etag], [once.json, once.etag]);
	assert.deepEqual([once.json.mood, 'pay' in once.json], [null, false]);
	for (const id of [made.json.id, once.json.id])
		assert.equal((await api.delete(`/${word.people}/${id}`)).status, 204);
});

tell(houses, 'what the row decides is null where it says so, also to filters and sorts', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const posts = model.all('posts', caller), hint = (post) => (post.hint === null ? -1 : post.hint);
		assert.deepEqual((await caller.api.list(`/${word.posts}`, { limit: 100 })).json.items, posts);
		for (const post of posts.slice(0, 5))
			assert.deepEqual((await caller.api.get(`/${word.posts}/${post.id}`)).json, post);
		for (const [filter, holds] of [['hint == null', (post) => post.hint === null], ['hint != null', (post) => post.hint !== null],
			['hint > 3', (post) => post.hint !== null && post.hint > 3], ['!(hint > 3)', (post) => !(post.hint !== null && post.hint > 3)], ['hint in [1, 2, 8, 9]', (post) => [1, 2, 8, 9].includes(post.hint)]]) {
			const answer = await caller.api.list(`/${word.posts}`, { filter, limit: 100, count: 'exact' });
			assert.deepEqual(answer.json.items, posts.filter(holds), filter);
			assert.equal(answer.json.count, posts.filter(holds).length);
		}
		for (const sign of ['', '-']) {
			const walked = await caller.api.walk(`/${word.posts}`, { sort: `${sign}hint`, limit: 2 });
			assert.deepEqual(walked, [...posts].sort((a, b) => (hint(a) - hint(b) || (a.id < b.id ? -1 : 1)) * (sign === '' ? 1 : -1)));
		}
		const behind = await caller.api.walk(`/${word.comments}`, { sort: `${word.parent}.stars,id`, fields: 'id', limit: 7 });
		const stars = (row) => model.find('comments', row[word.parent], caller)?.stars ?? -1;
		assert.deepEqual(behind, model.all('comments', caller).sort((a, b) => stars(a) - stars(b) || (a.id < b.id ? -1 : 1)).map(({ id }) => ({ id })));
	}
});

tell(houses, 'a cursor tells nothing that the rows do not', async ({ word, callers }) => {
	const [, { api }, { api: staff }] = callers;
	const own = await staff.make(`/${word.posts}`, { title: 'zz', votes: 0, hint: 123456789012345 });
	const text = (cursor) => Buffer.from(cursor, 'base64url').toString('hex');
	const wanted = 123456789012345n.toString(16).padStart(16, '0');
	const all = async (client) => {
		const seen = [];
		for (let cursor = null; ;) {
			const answer = await client.list(`/${word.posts}`, { sort: 'hint', limit: 1, ...(cursor ? { cursor } : {}) });
			cursor = answer.json.next;
			if (cursor === null)
				return seen.join();
			seen.push(text(cursor));
		}
	};
	const after = await staff.make(`/${word.posts}`, { title: 'zzz', votes: 4, hint: 123456789012346 });
	assert.doesNotMatch(await all(api), new RegExp(wanted));
	assert.match(await all(staff), new RegExp(wanted));
	for (const { id } of [own, after])
		assert.equal((await staff.delete(`/${word.posts}/${id}`)).status, 204);
});

tell(houses, 'a field for the row to say is there for everybody, whoever asks', async ({ server, word, callers }) => {
	const staff = callers[2].api, other = new Api(server, { key: server.key('--user', 'no id of anybody') });
	const made = await staff.make(`/${word.people}`, { name: 'ann', mood: 'm' });
	for (const api of [callers[0].api, other]) {
		assert.deepEqual((await api.get(`/${word.people}/${made.id}?fields=name,mood`)).json, { name: 'ann', mood: null });
		assert.equal((await api.list(`/${word.people}`, { filter: `id == '${made.id}' && mood == null` })).json.items.length, 1);
		assert.equal((await api.list(`/${word.people}`, { filter: `id == '${made.id}' && mood == 'm'` })).json.items.length, 0);
	}
	other.close();
	assert.equal((await staff.delete(`/${word.people}/${made.id}`)).status, 204);
});

tell(houses, 'no stream tells more than the list does', async ({ server, word, callers, keys }) => {
	const [guest, ann, staff] = callers;
	const key = [undefined, keys.ann, keys.staff];
	const streams = [];
	for (const each of key)
		streams.push(await Events.open(server, `/v1/${word.people}`, { key: each }));
	const fields = await Events.open(server, `/v1/${word.people}?fields=name,mood`, { key: keys.ann });
	const made = await staff.api.make(`/${word.people}`, { name: 'ann', pay: 5, mood: 'm' });
	const path = `/${word.people}/${made.id}`;
	const expected = [{ mood: null, pay: undefined }, { mood: 'm', pay: undefined }, { mood: 'm', pay: 5 }];
	for (const [i, stream] of streams.entries()) {
		const [{ event, data }] = await stream.take();
		assert.equal(event, 'entered');
		assert.deepEqual(data, (await callers[i].api.get(path)).json);
		assert.deepEqual([data.mood, data.pay], [expected[i].mood, expected[i].pay]);
	}
	assert.deepEqual((await fields.take())[0].data, { name: 'ann', mood: 'm' });
	await staff.api.patch(path, { name: 'zoe' });
	const moods = [];
	for (const stream of streams)
		moods.push((await stream.take())[0].data.mood);
	assert.deepEqual(moods, [null, null, 'm']);
	assert.deepEqual((await fields.take())[0].data, { name: 'zoe', mood: null });
	await staff.api.delete(path);
	for (const stream of [...streams, fields]) {
		const [{ event, data }] = await stream.take();
		assert.deepEqual([event, data], ['left', { id: made.id }]);
		stream.close();
	}
	assert.deepEqual(parameterOf(refused(await guest.api.list(`/${word.posts}`, { expand: word.author }, { accept: 'text/event-stream' }), 400)), ['expand']);
	assert.ok(ann);
});

for (const house of houses)
	house.close();

/* Two apps with a field that must be given, and is staff's alone. */
for (const [name, secret, id] of [['letters', 'stamp', {}], ['parcels', 'weight', { id: 'int' }]]) {
	const access = { read: true, create: true, update: true, delete: true };
	const house = new House(`${name} with a required field that is hidden`, {
		app: name, database: 'sqlite:data/app.db', collections: {
			[name]: { ...id, access, fields: { title: { type: 'text', required: true, unique: true }, [secret]: { type: 'int', required: true } },
				fields_access: { [secret]: { read: "'staff' in auth.roles" } } },
		},
	});
	const path = `/${name}`;

	house.test('a field that is near is suggested to who may see and send it', async ({ server, api: guest }) => {
		const staff = new Api(server, { key: server.key('--role', 'staff') });
		const detail = async (api, method, sent) => {
			const answer = await api.request(method, `${path}${method === 'POST' ? '' : '/title:a'}`, { body: { ...sent } });
			return refused(answer, 422).json.errors.find((error) => error.code === 'unknown').detail;
		};
		for (const api of [guest, staff]) {
			assert.equal(await detail(api, 'POST', { titel: 'a' }), `${name} has no field "titel": did you mean "title"?`);
			assert.equal(await detail(api, 'POST', { colour: 'a' }), `${name} has no field "colour"`);
			assert.equal(await detail(api, 'POST', { creatd: 'a' }), `${name} has no field "creatd"`);
		}
		assert.equal(await detail(staff, 'PUT', { [`${secret}s`]: 1 }), `${name} has no field "${secret}s": did you mean "${secret}"?`);
		for (const sent of [secret, `${secret}s`])
			assert.equal(await detail(guest, 'PUT', { [sent]: 1 }), `${name} has no field "${sent}"`);
		const many = refused(await guest.post(path, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`titl${i}`, 1]))), 422).json.errors;
		assert.ok(many[0].detail.includes('did you mean') && !many[15].detail.includes('did you mean'));
		staff.close();
	});

	house.test('who does not see it creates nothing, and is not told of it', async ({ server, api: guest }) => {
		const member = new Api(server, { key: server.key() }), staff = new Api(server, { key: server.key('--role', 'staff') });
		for (const [api, status] of [[guest, 401], [member, 403]]) {
			for (const answer of [await api.post(path, { title: 'a' }), await api.post(path, [{ title: 'a' }, { title: 'b' }]),
				await api.request('PUT', `${path}/title:a`, { body: { title: 'a' } })])
				assert.doesNotMatch(refused(answer, status).text, new RegExp(secret));
			assert.doesNotMatch(refused(await api.post(path, {}), 422, { '#/title': 'required' }).text, new RegExp(secret));
			refused(await api.post(path, { title: 'a', [secret]: 1 }), 422, { [`#/${secret}`]: 'unknown' });
		}
		refused(await staff.post(path, { title: 'a' }), 422, { [`#/${secret}`]: 'required' });
		const made = await staff.make(path, { title: 'a', [secret]: 7 });
		assert.equal((await member.request('PUT', `${path}/title:a`, { body: { title: 'a' } })).status, 200, 'what is there has one');
		assert.equal((await staff.get(`${path}/${made.id}`)).json[secret], 7);
		[member, staff].forEach((api) => api.close());
	});

	house.close();
}
