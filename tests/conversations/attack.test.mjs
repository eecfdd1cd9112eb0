// What somebody tries who wants to know what the rules hide: values in fields
// that a row does not show, and records that may not be read, by writes.

import assert from 'node:assert/strict';
import { Api, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';

const STAFF = "'staff' in auth.roles";
const open = { read: true, create: true, update: true, delete: true };
const mine = { read: `owner == auth.id || ${STAFF}` };

const houses = [{}, { id: 'int' }].map((id, i) => new House(['vault', 'cellar'][i], {
	app: ['vault', 'cellar'][i], database: 'sqlite:data/app.db', collections: {
		keepers: { ...id, access: { ...open, read: `!ghost || ${STAFF}` }, fields: { name: { type: 'text' }, ghost: { type: 'bool', required: true, default: false } } },
		boxes: {
			...id, access: { ...open, update: 'auth.id != null' },
			fields: {
				owner: { type: 'text', required: true }, score: { type: 'int', min: 0, max: 1000 }, price: { type: 'decimal', scale: 2 }, since: { type: 'date' },
				tags: { type: 'list', of: 'text', max: 4 }, notes: { type: 'json' }, code: { type: 'text', unique: true }, sizes: { type: 'list', of: 'float' }, friends: { type: 'refs', to: 'keepers', max: 4 },
			},
			fields_access: { score: mine, price: mine, tags: mine, notes: mine, code: mine, since: mine },
		},
	},
}, {
	async prepare(server) {
		return { keys: { ann: server.key('--user', 'ann'), bob: server.key('--user', 'bob'), staff: server.key('--user', 'staff', '--role', 'staff') } };
	},
}));

function tell(name, conversation) {
	for (const house of houses)
		house.test(name, async (given) => {
			const guest = given.api, [ann, bob, staff] = ['ann', 'bob', 'staff'].map((who) => guest.as(given.keys[who]));
			await conversation({ ...given, guest, ann, bob, staff }).finally(() => [ann, bob, staff].forEach((each) => each.close()));
		});
}

const whole = { owner: 'ann', score: 600, price: '5.00', since: '2026-01-01', tags: ['a', 'b'], notes: { a: 1 } };
const blank = { owner: 'ann', score: null, price: null, since: null, tags: null, notes: null };

tell('operators tell nothing of a value that the row does not show', async ({ guest, bob, ann, staff }) => {
	const full = await staff.make('/boxes', whole), empty = await staff.make('/boxes', blank);
	const told = (answer) => [answer.status, answer.json?.errors, answer.code];
	for (const caller of [guest, bob])
		for (const patch of [{ score: { $inc: 401 } }, { score: { $inc: -599 } }, { score: { $inc: -601 } }, { price: { $inc: '9999999999999999.00' } }, { score: { $min: 1001 } }, { score: { $max: 500 } },
			{ tags: { $append: ['c', 'd', 'e'] } }, { tags: { $remove: 'a' } }, { since: { $min: '2020-01-01' } }])
			for (const headers of [{}, { prefer: 'tx=rollback' }])
				assert.deepEqual(told(await caller.patch(`/boxes/${full.id}`, patch, headers)), told(await caller.patch(`/boxes/${empty.id}`, patch, headers)), JSON.stringify(patch));
	assert.equal((await ann.patch(`/boxes/${full.id}`, { score: { $inc: 1 } })).json.score, 601, 'who sees it may');
});

tell('no guess is told by a write that changes nothing', async ({ bob, staff }) => {
	const box = await staff.make('/boxes', whole);
	const path = `/boxes/${box.id}`;
	for (const [right, wrong] of [[{ score: 600 }, { score: 601 }], [{ tags: ['a', 'b'] }, { tags: ['a'] }], [{ notes: { a: 1 } }, { notes: { a: 2 } }], [{ price: '5.00' }, { price: '5.01' }]]) {
		const before = (await bob.get(path)).etag;
		for (const body of [right, wrong]) {
			const answer = await bob.patch(path, body, { prefer: 'tx=rollback' });
			assert.equal(answer.status, 200, answer.text);
			assert.notEqual(answer.etag, before, JSON.stringify(body));
			assert.notEqual(answer.json.updated, box.updated, JSON.stringify(body));
		}
	}
	const [[name, value]] = Object.entries({ score: 600 });
	const put = await bob.patch(path, [{ op: 'replace', path: `/${name}`, value }], { prefer: 'tx=rollback', 'content-type': 'application/json-patch+json' });
	assert.notEqual(put.etag, box.etag);
});

tell('a put keeps what the row does not show', async ({ bob, staff }) => {
	const box = await staff.make('/boxes', whole);
	const put = await bob.put(`/boxes/${box.id}`, { owner: 'ann' });
	assert.equal(put.status, 200, put.text);
	const { score, price, since, tags, notes } = (await staff.get(`/boxes/${box.id}`)).json;
	assert.deepEqual({ owner: 'ann', score, price, since, tags, notes }, whole);
});

tell('links to records that may not be read are neither told nor lost', async ({ bob, staff }) => {
	const [seen, other, ghost, stranger] = [...(await staff.post('/keepers', [{ name: 's' }, { name: 'o' }, { name: 'g', ghost: true }, { name: 'x', ghost: true }])).json.items].map(({ id }) => id);
	const box = await staff.make('/boxes', { owner: 'ann', friends: [seen, ghost] });
	const path = `/boxes/${box.id}`, sort = (ids) => [...ids].sort((a, b) => (a < b ? -1 : 1));
	const stored = async () => (await staff.get(path)).json.friends;
	for (const make of [(id) => ({ friends: { $append: [id] } }), (id) => ({ friends: [seen, id] }), (id) => ({ friends: [id] })]) {
		const [linked, not] = [refused(await bob.patch(path, make(ghost)), 422), refused(await bob.patch(path, make(stranger)), 422)];
		assert.equal(JSON.stringify(linked.json.errors).replaceAll(ghost, '?'), JSON.stringify(not.json.errors).replaceAll(stranger, '?'));
	}
	const before = (await bob.get(path)).etag;
	assert.equal((await bob.patch(path, { friends: { $remove: [ghost] } })).etag, before);
	assert.deepEqual(await stored(), sort([seen, ghost]));
	assert.deepEqual((await bob.patch(path, { friends: [other] })).json.friends, [other]);
	assert.deepEqual(await stored(), sort([other, ghost]));
	assert.deepEqual((await bob.patch(path, { friends: { $append: seen } })).json.friends, sort([seen, other]));
	assert.deepEqual(await stored(), sort([seen, other, ghost]));
	const patched = await bob.patch(path, [{ op: 'remove', path: '/friends/0' }], { 'content-type': 'application/json-patch+json' });
	assert.equal(patched.json.friends.length, 1, patched.text);
	assert.deepEqual(await stored(), sort([...patched.json.friends, ghost]));
	assert.deepEqual((await bob.put(path, { owner: 'ann' })).json.friends, []);
	assert.deepEqual(await stored(), [ghost]);
	assert.deepEqual((await staff.patch(path, { friends: [] })).json.friends, []);
});

tell('an upsert by a value that the row does not show makes no guess true', async ({ bob, staff, guest }) => {
	await staff.make('/boxes', { ...whole, code: 'secret' });
	refused(await bob.put('/boxes/code:secret', { owner: 'bob' }), 409);
	refused(await bob.get('/boxes/code:secret'), 404);
	refused(await bob.patch('/boxes/code:secret', { owner: 'bob' }), 404);
	refused(await bob.delete('/boxes/code:secret'), 404);
	refused(await guest.list('/boxes/code:secret', { fields: 'id' }), 404);
});

tell('an item of a list of floats is a double from the start', async ({ staff }) => {
	const made = await staff.post('/boxes', '{"owner":"floats","sizes":[9007199254740993,9223372036854775807,1.0]}');
	assert.match(made.text, /"sizes":\[9007199254740992,9\.223372036854776e\+18,1\]/);
	for (const [number, count] of [['9007199254740992', 1], ['9007199254740994', 0], ['9223372036854775808.0', 1], ['1', 1]])
		assert.equal((await staff.list('/boxes', { filter: `owner == 'floats' && ${number} in sizes` })).json.items.length, count, number);
});

for (const house of houses)
	house.close();
