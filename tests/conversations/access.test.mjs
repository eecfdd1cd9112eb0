// Who may do what, and what the answer says to those who may not.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { uuid7 } from '../lib/ids.mjs';
import { boards } from '../lib/two_boards.mjs';

let serial = 0;
const RULES = { POST: 'create', PATCH: 'update', DELETE: 'delete' };

async function people(server, guest, { word }) {
	const make = async (name, ...roles) => {
		const record = await guest.make(`/${word.people}`, { name });
		return { id: record.id, key: server.key('--user', String(record.id), ...roles.flatMap((role) => ['--role', role])) };
	};
	return { ann: await make('ann'), bob: await make('bob'), editor: await make('edith', 'editor'), admin: await make('ada', 'admin', 'editor'), nobodys: server.key('--role', 'admin') };
}

for (const board of boards) {
	const { word } = board;
	const house = new House(word.app, board.file, { prepare: async (server, guest) => people(server, guest, board) });
	const things = `/${word.things}`, groups = `/${word.groups}`;
	const body = (more) => ({ [word.title]: `thing ${++serial}`, ...more });

	house.test('a guest may read what is open and write nothing', async ({ api, ann }) => {
		const mine = api.as(ann.key);
		const open = await mine.make(things, body({ [word.open]: true }));
		const own = await mine.make(things, body());
		assert.equal(open[word.owner], ann.id);
		assert.equal((await api.get(`${things}/${open.id}`)).status, 200);
		refused(await api.get(`${things}/${own.id}`), 404);
		for (const [method, path, data] of [['POST', things, body()], ['PATCH', `${things}/${open.id}`, {}], ['DELETE', `${things}/${open.id}`]]) {
			const answer = refused(await api.request(method, path, { body: data }), 401);
			assert.match(answer.get('www-authenticate') ?? '', /^Bearer\b/);
			assert.equal(answer.json.detail, `Without a key the ${RULES[method]} rule of ${word.things} does not allow this.`);
		}
		for (const [method, data] of [['PATCH', {}], ['DELETE']])
			refused(await api.request(method, `${things}/${own.id}`, { body: data }), 404);
		mine.close();
	});

	house.test('somebody is told 403, and 404 of what may not be read', async ({ api, ann, bob, admin }) => {
		const mine = api.as(ann.key), other = api.as(bob.key), all = api.as(admin.key);
		const open = await mine.make(things, body({ [word.open]: true }));
		const own = await mine.make(things, body());
		for (const [method, data] of [['PATCH', { [word.title]: 'mine now' }], ['DELETE']])
			assert.equal(refused(await other.request(method, `${things}/${open.id}`, { body: data }), 403).json.detail,
				`The ${RULES[method]} rule of ${word.things} does not allow this.`);
		refused(await other.get(`${things}/${own.id}`), 404);
		refused(await other.patch(`${things}/${own.id}`, { [word.title]: 'mine now' }), 404);
		refused(await other.delete(`${things}/${own.id}`), 404);
		refused(await mine.delete(`${things}/${own.id}`), 403);
		const absent = refused(await other.get(`${things}/${word.intIds ? 999999999 : uuid7()}`), 404);
		const hidden = refused(await other.get(`${things}/${own.id}`), 404);
		assert.deepEqual({ ...hidden.json, instance: 0, detail: 0 }, { ...absent.json, instance: 0, detail: 0 });
		assert.equal((await all.delete(`${things}/${own.id}`)).status, 204);
		for (const each of [mine, other, all])
			each.close();
	});

	house.test('new. is the record after the write', async ({ api, ann }) => {
		const mine = api.as(ann.key);
		const own = await mine.make(things, body());
		refused(await mine.patch(`${things}/${own.id}`, { [word.count]: 5 }), 403);
		refused(await mine.patch(`${things}/${own.id}`, { [word.count]: { $inc: 1 } }), 403);
		const answer = await mine.patch(`${things}/${own.id}`, { [word.title]: 'another', [word.count]: 0 });
		assert.equal(answer.status, 200, answer.text);
		mine.close();
	});

	house.test('an unknown key is 401, never a guest', async ({ api, ann }) => {
		const open = await api.as(ann.key).make(things, body({ [word.open]: true }));
		for (const key of ['nonsense', `${ann.key}x`, ann.key.slice(0, -1), ann.key.toUpperCase() === ann.key ? ann.key.toLowerCase() : ann.key.toUpperCase()]) {
			for (const path of [`${things}/${open.id}`, things]) {
				const answer = refused(await api.as(key).get(path), 401);
				assert.match(answer.get('www-authenticate') ?? '', /^Bearer\b/);
			}
		}
		refused(await api.get(things, { authorization: 'Basic YTpi' }), 401);
		refused(await api.get(things, { authorization: 'Bearer' }), 401);
		assert.equal((await api.get(things, { authorization: `bearer ${ann.key}` })).status, 200, 'the scheme knows no case');
	});

	house.test('what is the same for all judges no key', async ({ api, server }) => {
		for (const path of ['//health/live', '//health/ready', '//openapi.json', '//docs'])
			for (const authorization of ['Bearer nonsense', 'Basic YTpi'])
				assert.equal((await api.get(path, { authorization })).status, 200, `${path} ${authorization}`);
		assert.ok(server.isRunning());
	});

	house.test('a list is what may be read, and empty where nothing may', async ({ api, ann, bob, editor }) => {
		const mine = api.as(ann.key);
		const open = await mine.make(things, body({ [word.open]: true }));
		const own = await mine.make(things, body());
		const ids = async (client) => new Set((await client.walk(things, { limit: 1000 })).map((item) => item.id));
		const guests = await ids(api), anns = await ids(mine), bobs = await ids(api.as(bob.key)), all = await ids(api.as(editor.key));
		assert.deepEqual([guests.has(open.id), guests.has(own.id)], [true, false]);
		assert.deepEqual([anns.has(open.id), anns.has(own.id)], [true, true]);
		assert.deepEqual([bobs.has(open.id), bobs.has(own.id)], [true, false]);
		assert.deepEqual([all.has(open.id), all.has(own.id)], [true, true]);
		for (const client of [api, mine]) {
			const closed = await client.list('/closed');
			assert.equal(closed.status, 200);
			assert.deepEqual(closed.json, { items: [], next: null });
		}
		refused(await api.post('/closed', {}), 401);
		refused(await mine.post('/closed', {}), 403);
		mine.close();
	});

	house.test('nobody equals nothing: what belongs to no one is not the guests\'', async ({ api, nobodys, editor, ann }) => {
		const gone = await api.make(`/${word.people}`, { name: 'leaving' });
		assert.ok(gone);
		const keyless = api.as(nobodys);
		/* create: auth.id != null is false for a key without a user. */
		refused(await keyless.post(things, body()), 403);
		const filtered = await api.list(things, { filter: `${word.owner} == auth.id` });
		assert.equal(filtered.status, 200, filtered.text);
		assert.deepEqual(filtered.json.items, []);
		const mine = api.as(ann.key);
		const own = await mine.make(things, body());
		const found = await mine.list(things, { filter: `${word.owner} == auth.id && id == '${own.id}'`.replace(word.intIds ? /'(\d+)'/ : /$^/, '$1') });
		assert.deepEqual(found.json?.items.map((item) => item.id), [own.id], found.text);
		assert.equal((await keyless.delete(`${things}/${own.id}`)).status, 404, 'an admin who may not read it');
		assert.ok(editor);
	});

	house.test('auth.id must exist where a reference takes it', async ({ api, server }) => {
		const stranger = api.as(server.key('--user', word.intIds ? '424242' : uuid7()));
		refused(await stranger.post(things, body()), 422, { [`#/${word.owner}`]: 'reference' });
	});

	house.test('a reference to what may not be read is as one to nothing, before the rule', async ({ api, ann, bob, editor }) => {
		const edith = api.as(editor.key), mine = api.as(ann.key);
		const hidden = await edith.make(groups, { name: `hidden ${++serial}`, hidden: true });
		const open = await edith.make(groups, { name: `open ${++serial}` });
		const absent = word.intIds ? hidden.id + 1000000 : uuid7();
		const strip = (answer, id) => answer.text.replace(answer.json.instance, '').replaceAll(String(id), 'ID');
		const toHidden = await mine.post(things, body({ [word.group]: hidden.id }));
		const toAbsent = await mine.post(things, body({ [word.group]: absent }));
		refused(toHidden, 422, { [`#/${word.group}`]: 'reference' });
		assert.equal(strip(toHidden, hidden.id), strip(toAbsent, absent), 'byte for byte');
		assert.equal((await mine.post(things, body({ [word.group]: open.id }))).status, 201);
		/* bob may not change ann's record: told only after the reference was looked at. */
		const anns = await mine.make(things, body({ [word.open]: true }));
		const other = api.as(bob.key);
		refused(await other.patch(`${things}/${anns.id}`, { [word.group]: hidden.id }), 422, { [`#/${word.group}`]: 'reference' });
		refused(await other.patch(`${things}/${anns.id}`, { [word.group]: absent }), 422, { [`#/${word.group}`]: 'reference' });
		refused(await other.patch(`${things}/${anns.id}`, { [word.group]: open.id }), 403);
	});

	house.test('a hop over what may not be read is null; the raw id is shown', async ({ api, ann, editor }) => {
		const edith = api.as(editor.key), mine = api.as(ann.key);
		const room = await edith.make(groups, { name: `room ${++serial}` });
		const own = await mine.make(things, body({ [word.group]: room.id, [word.open]: true }));
		const only = word.intIds ? `id == ${own.id}` : `id == '${own.id}'`;
		const find = async (client, filter) => {
			const answer = await client.list(things, { filter: `${only} && ${filter}` });
			assert.equal(answer.status, 200, answer.text);
			return answer.json.items.length;
		};
		assert.equal(await find(mine, `${word.group}.name == '${room.name}'`), 1);
		const hide = await edith.patch(`${groups}/${room.id}`, { hidden: true });
		assert.equal(hide.status, 200, hide.text);
		assert.equal(await find(mine, `${word.group}.name == '${room.name}'`), 0);
		assert.equal(await find(mine, `${word.group}.name == null`), 1);
		assert.equal(await find(mine, `!has(${word.group}.name)`), 1);
		assert.equal(await find(edith, `${word.group}.name == '${room.name}'`), 1);
		assert.equal(await find(mine, word.intIds ? `${word.group} == ${room.id}` : `${word.group} == '${room.id}'`), 1);
		assert.equal((await mine.get(`${things}/${own.id}`)).json[word.group], room.id);
	});

	house.test('who may not read the result of a write is answered as with return=minimal', async ({ api, editor }) => {
		const posted = await api.post('/drops', { text: 'a letter' });
		assert.equal(posted.status, 201);
		assert.equal(posted.text, '');
		assert.ok(posted.commit && posted.get('location'));
		const path = posted.get('location').slice('/v1'.length);
		refused(await api.get(path), 404);
		assert.equal((await api.as(editor.key).get(path)).json.text, 'a letter');
		const open = await api.make('/drops', { text: 'a card', sealed: false });
		const patched = await api.patch(`/drops/${open.id}`, { sealed: true });
		assert.equal(patched.status, 204);
		assert.equal(patched.text, '');
		refused(await api.patch(`/drops/${open.id}`, { sealed: false }), 404);
	});

	house.test('a refused write leaves nothing behind', async ({ api, ann, bob, editor }) => {
		const edith = api.as(editor.key);
		const before = (await edith.walk(things, { limit: 1000 })).length;
		const id = word.intIds ? 777777 : uuid7();
		refused(await api.post(things, body({ id })), 401);
		refused(await api.as(bob.key).post(things, [body({ id }), body({ [word.title]: 'x' })]), 422, { [`#/1/${word.title}`]: 'too_short' });
		assert.equal((await edith.walk(things, { limit: 1000 })).length, before);
		assert.ok(ann);
	});

	house.test('the rule is asked for each record of an array', async ({ api, bob, editor }) => {
		const other = api.as(bob.key), edith = api.as(editor.key);
		const before = (await edith.walk(things, { limit: 1000 })).length;
		refused(await other.post(things, [body(), body({ [word.count]: 1000 })]), 403);
		refused(await other.post(things, [body({ [word.count]: 1000 }), body()]), 403);
		assert.equal((await edith.walk(things, { limit: 1000 })).length, before);
		assert.equal((await other.post(things, [body(), body({ [word.count]: 999 })])).status, 201);
		for (const each of [other, edith])
			each.close();
	});

	house.test('keys are revoked at once', async ({ api, server }) => {
		const key = server.key('--role', 'editor');
		const client = api.as(key);
		assert.equal((await client.get(things)).status, 200);
		const list = server.run(['key', 'list', '-C', server.folder, '--json']);
		assert.equal(list.status, 0, list.stderr);
		assert.ok(!list.stdout.includes(key), 'a list shows no key');
		const plain = server.run(['key', 'list', '-C', server.folder]);
		assert.equal(plain.status, 0);
		const rows = JSON.parse(list.stdout);
		const newest = [...(Array.isArray(rows) ? rows : rows.keys)].sort((a, b) => (String(a.created ?? a.id) < String(b.created ?? b.id) ? 1 : -1))[0];
		const revoked = server.run(['key', 'revoke', String(newest.id), '-C', server.folder]);
		assert.equal(revoked.status, 0, revoked.stderr);
		refused(await client.get(things), 401);
		assert.notEqual(server.run(['key', 'revoke', 'no-such-key', '-C', server.folder]).status, 0);
		client.close();
	});

	house.close();
}

