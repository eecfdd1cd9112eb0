// Live queries: what enters, changes and leaves, in order, and how to go on.

import assert from 'node:assert/strict';
import { alone } from '../lib/alone.mjs';
import { Api } from '../lib/api.mjs';
import { Events } from '../lib/events.mjs';
import { House } from '../lib/house.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';
import { boards } from '../lib/two_boards.mjs';
import { trees } from '../lib/two_trees.mjs';

const names = (events) => events.map((event) => `${event.event} ${event.data.id}`);
const isId = (id) => (event) => event.data.id === id;

const houses = openHouses();

tell(houses, 'a write is seen as it is answered', async ({ api, app, maker, server, key }) => {
	for (const collection of app.collections) {
		const live = await Events.open(server, app.prefix + collection.path, { key });
		const posted = await api.post(collection.path, await maker.body(collection));
		const made = posted.json;
		const [entered] = (await live.takeUntil(isId(made.id))).slice(-1);
		assert.equal(entered.event, 'entered');
		assert.ok(entered.id);
		assert.deepEqual(entered.data, made, 'the record as in the list');
		const field = collection.ofType('int', 'text', 'bool').find((each) => !each.readonly);
		if (field) {
			const path = `${collection.path}/${made.id}`;
			let answer;
			do
				answer = await api.patch(path, { [field.name]: (await maker.body(collection))[field.name] });
			while (answer.status === 200 && answer.etag === posted.etag);
			assert.equal(answer.status, 200, answer.text);
			const [changed] = await live.take(1);
			assert.equal(changed.event, 'changed');
			assert.deepEqual(changed.data, answer.json);
		}
		assert.equal((await api.delete(`${collection.path}/${made.id}`)).status, 204);
		const [left] = await live.take(1);
		assert.deepEqual([left.event, left.data], ['left', { id: made.id }]);
		live.close();
	}
});

tell(houses, 'a stream is an answer of its kind', async ({ app, server, key, api }) => {
	const live = await Events.open(server, app.prefix + app.collections[0].path, { key });
	assert.match(live.answer.get('content-type'), /^text\/event-stream\b/);
	assert.match(live.answer.get('cache-control') ?? '', /no-store|no-cache/);
	assert.match(live.answer.get('vary') ?? '', /\baccept\b/i);
	live.close();
	const refusedFilter = await api.get(`${app.collections[0].path}?filter=nope`, { accept: 'text/event-stream' });
	assert.equal(refusedFilter.status, 400);
	const unknown = await api.get(`${app.collections[0].path}?nope=1`, { accept: 'text/event-stream' });
	assert.equal(unknown.status, 400);
});

tell(houses, 'a stream ignores limit, starts without rows and tells every writer\'s writes', async ({ api, app, maker, server, key }) => {
	const collection = app.collections[0];
	await maker.make(collection);
	const live = await Events.open(server, `${app.prefix}${collection.path}?limit=1`, { key });
	const bodies = [];
	for (let i = 0; i < 8; i++)
		bodies.push(await maker.body(collection));
	const clients = bodies.map(() => new Api(server, { key, prefix: app.prefix }));
	const made = await Promise.all(bodies.map((body, i) => clients[i].make(collection.path, body)));
	clients.forEach((client) => client.close());
	const events = await live.take(8);
	assert.deepEqual(new Set(names(events)), new Set(made.map((record) => `entered ${record.id}`)));
	live.close();
	assert.ok(api);
});

tell(houses, 'an array is one commit: only its last event carries the id', async ({ api, app, maker, server, key }) => {
	const collection = app.collections[0];
	const live = await Events.open(server, app.prefix + collection.path, { key });
	const answer = await api.post(collection.path, [await maker.body(collection), await maker.body(collection), await maker.body(collection)]);
	assert.equal(answer.status, 201, answer.text);
	const events = await live.take(3);
	assert.deepEqual(names(events), answer.json.items.map((item) => `entered ${item.id}`));
	assert.deepEqual(events.map((event) => event.id !== undefined), [false, false, true]);
	live.close();
});

tell(houses, 'what was refused, tried or without effect is not told', async ({ api, app, maker, server, key }) => {
	const collection = app.collections[0];
	const made = await maker.make(collection);
	const live = await Events.open(server, app.prefix + collection.path, { key });
	await api.post(collection.path, { nope: 1 });
	await api.post(collection.path, await maker.body(collection, { given: { id: made.id } }));
	await api.post(collection.path, await maker.body(collection), { prefer: 'tx=rollback' });
	await api.delete(`${collection.path}/${made.id}`, { prefer: 'tx=rollback' });
	await api.patch(`${collection.path}/${made.id}`, {});
	const last = await maker.make(collection);
	assert.deepEqual(names(await live.take(1)), [`entered ${last.id}`]);
	live.close();
});

tell(houses, 'a stream goes on where it was cut', async ({ api, app, maker, server, key }) => {
	const collection = app.collections[0], path = app.prefix + collection.path;
	const live = await Events.open(server, path, { key });
	const first = await maker.make(collection), gone = await maker.make(collection);
	await live.take(2);
	const { lastId } = live;
	live.close();
	const second = await maker.make(collection), passing = await maker.make(collection);
	await api.delete(`${collection.path}/${gone.id}`);
	await api.delete(`${collection.path}/${passing.id}`);
	const field = collection.ofType('int', 'text').find((each) => !each.readonly && !each.unique) ?? collection.ofType('int', 'text').find((each) => !each.readonly);
	await api.patch(`${collection.path}/${first.id}`, { [field.name]: (await maker.body(collection))[field.name] });
	const now = (await api.get(`${collection.path}/${first.id}`)).json;
	const again = await Events.open(server, path, { key, lastEventId: lastId });
	const marker = await maker.make(collection);
	const events = await again.takeUntil(isId(marker.id));
	const last = new Map(events.map((event) => [event.data.id, event]));
	assert.equal(last.get(gone.id)?.event, 'left');
	assert.equal(last.get(second.id)?.event, 'entered');
	assert.deepEqual(last.get(first.id)?.data, now);
	assert.notEqual(last.get(passing.id)?.event, 'entered');
	assert.equal(last.get(marker.id)?.event, 'entered');
	assert.equal(events.filter(isId(second.id)).length, 1, 'each once');
	again.close();
});

tell(houses, 'a stream goes on after a restart and after a kill', async ({ api, app, maker, server, key }) => {
	const collection = app.collections[0], path = app.prefix + collection.path;
	for (const end of [() => server.stop(), () => server.kill()]) {
		const live = await Events.open(server, path, { key });
		const seen = await maker.make(collection);
		await live.take(1);
		const { lastId } = live;
		const missed = await maker.make(collection);
		await live.take(1);
		live.close();
		api.close();
		await end();
		await server.start();
		const again = await Events.open(server, path, { key, lastEventId: lastId });
		const [event] = await again.take(1);
		assert.deepEqual(names([event]), [`entered ${missed.id}`]);
		assert.notEqual(seen.id, missed.id);
		again.close();
	}
});

tell(houses, 'an id that is none is answered by a reset or refused', async ({ app, server, key }) => {
	for (const lastEventId of ['nonsense', '99999999999999', '-1', '0'.repeat(500)]) {
		try {
			const live = await Events.open(server, app.prefix + app.collections[0].path, { key, lastEventId });
			const [event] = await live.take(1);
			assert.equal(event.event, 'reset');
			assert.equal(typeof event.data.reason, 'string');
			live.close();
		} catch (error) {
			assert.equal(error.answer?.status, 400, error.message);
		}
	}
});

const access = { read: true, create: true, update: true, delete: true };
alone('whom the caller alone decides for is not reset by others', { app: 'teams', collections: {
	teams: { access, fields: { name: { type: 'text' } } },
	notes: { access: { ...access, read: "team.name == 'open' || 'staff' in auth.roles" }, fields: { team: { type: 'ref', to: 'teams' }, text: { type: 'text' } } },
} }, {}, async ({ server, api }) => {
	const key = server.key('--role', 'staff'), texts = (events) => events.map((event) => event.data.text ?? event.data.reason);
	const team = await api.make('/teams', { name: 'open' });
	const staff = await Events.open(server, '/v1/notes', { key }), guest = await Events.open(server, '/v1/notes');
	await staff.until(() => staff.lastId !== undefined, 3000, 'a place');
	await guest.until(() => guest.lastId !== undefined, 3000, 'a place');
	await api.patch(`/teams/${team.id}`, { name: 'closed' });
	await api.as(key).make('/notes', { team: team.id, text: 'seen' });
	assert.deepEqual(texts(await staff.take(1)), ['seen']);
	assert.deepEqual(texts(await guest.take(1)), ['joined']);
	const { lastId } = staff;
	staff.close();
	guest.close();
	await api.patch(`/teams/${team.id}`, { name: 'shut' });
	await api.as(key).make('/notes', { team: team.id, text: 'missed' });
	const again = await Events.open(server, '/v1/notes', { key, lastEventId: lastId });
	assert.deepEqual(texts(await again.take(1)), ['missed']);
	again.close();
});

for (const house of houses)
	house.close();

for (const { word, file } of boards) {
	const house = new House(`${word.app} live`, file, {
		args: ['--limit', 'live_heartbeat=300'],
		async prepare(server, guest) {
			const make = async (name, ...roles) => {
				const record = await guest.make(`/${word.people}`, { name });
				return server.key('--user', String(record.id), ...roles.flatMap((role) => ['--role', role]));
			};
			return { ann: await make('ann'), bob: await make('bob'), editor: await make('edith', 'editor'), admin: await make('ada', 'admin', 'editor') };
		},
	});
	const path = `/${word.things}`, live_path = `/v1${path}`;

	house.test('heartbeats are comments', async ({ server, ann }) => {
		const live = await Events.open(server, live_path, { key: ann });
		await live.until(() => live.comments >= 2, 5000, 'two comments');
		assert.deepEqual(live.events, []);
		live.close();
	});

	house.test('everybody sees what they may read', async ({ api, server, ann, bob }) => {
		const streams = { ann: await Events.open(server, live_path, { key: ann }), bob: await Events.open(server, live_path, { key: bob }), guest: await Events.open(server, live_path) };
		const mine = api.as(ann);
		const own = await mine.make(path, { [word.title]: 'own' });
		const open = await mine.make(path, { [word.title]: 'open', [word.open]: true });
		await mine.patch(`${path}/${own.id}`, { [word.open]: true });
		await mine.patch(`${path}/${open.id}`, { [word.open]: false });
		await mine.patch(`${path}/${own.id}`, { [word.title]: 'owned' });
		assert.deepEqual(names(await streams.ann.take(5)), [`entered ${own.id}`, `entered ${open.id}`, `changed ${own.id}`, `changed ${open.id}`, `changed ${own.id}`]);
		for (const each of ['bob', 'guest'])
			assert.deepEqual(names(await streams[each].take(4)), [`entered ${open.id}`, `entered ${own.id}`, `left ${open.id}`, `changed ${own.id}`], each);
		Object.values(streams).forEach((stream) => stream.close());
	});

	house.test('a resume never names what was never permitted', async ({ api, server, ann, bob }) => {
		const mine = api.as(ann), live = await Events.open(server, live_path, { key: bob });
		const shown = await mine.make(path, { [word.title]: 'shown', [word.open]: true });
		await live.take(1);
		const { lastId } = live;
		live.close();
		const secret = await mine.make(path, { [word.title]: 'secret' });
		await mine.patch(`${path}/${secret.id}`, { [word.title]: 'secret still' });
		await mine.patch(`${path}/${shown.id}`, { [word.open]: false });
		const again = await Events.open(server, live_path, { key: bob, lastEventId: lastId });
		const marker = await mine.make(path, { [word.title]: 'marker', [word.open]: true });
		const events = await again.takeUntil(isId(marker.id));
		assert.ok(!events.some(isId(secret.id)), JSON.stringify(events));
		assert.ok(events.some((event) => event.event === 'left' && event.data.id === shown.id));
		again.close();
	});

	house.test('a filter is part of what enters and leaves', async ({ api, server, admin, ann }) => {
		const filter = encodeURIComponent(`${word.count} == 0 && ${word.title} >= 'f' && ${word.title} < 'g'`);
		const live = await Events.open(server, `${live_path}?filter=${filter}`, { key: ann });
		const all = api.as(admin), mine = api.as(ann);
		const other = await mine.make(path, { [word.title]: 'no', [word.open]: true });
		const one = await mine.make(path, { [word.title]: 'first', [word.open]: true });
		await mine.patch(`${path}/${one.id}`, { [word.title]: 'no more' });
		await mine.patch(`${path}/${other.id}`, { [word.title]: 'found' });
		await all.delete(`${path}/${other.id}`);
		const events = await live.take(4);
		assert.deepEqual(names(events), [`entered ${one.id}`, `left ${one.id}`, `entered ${other.id}`, `left ${other.id}`]);
		live.close();
	});

	house.test('one record may be followed', async ({ api, server, ann, admin }) => {
		const mine = api.as(ann);
		const one = await mine.make(path, { [word.title]: 'followed' });
		const live = await Events.open(server, `${live_path}/${one.id}`, { key: ann });
		await mine.make(path, { [word.title]: 'another' });
		await mine.patch(`${path}/${one.id}`, { [word.title]: 'follows' });
		await api.as(admin).delete(`${path}/${one.id}`);
		assert.deepEqual(names(await live.take(2)), [`changed ${one.id}`, `left ${one.id}`]);
		live.close();
	});

	house.test('a joined filter is reset when the other collection changes', async ({ api, server, ann, editor }) => {
		const room = await api.as(editor).make(`/${word.groups}`, { name: `joined ${word.app}` });
		const filter = encodeURIComponent(`${word.group}.name == '${room.name}'`);
		const live = await Events.open(server, `${live_path}?filter=${filter}`, { key: ann });
		const mine = api.as(ann);
		const inside = await mine.make(path, { [word.title]: 'inside', [word.group]: room.id });
		await mine.make(path, { [word.title]: 'outside' });
		assert.deepEqual(names(await live.take(1)), [`entered ${inside.id}`]);
		await api.as(editor).patch(`/${word.groups}/${room.id}`, { name: `renamed ${word.app}` });
		const [reset] = await live.take(1);
		assert.equal(reset.event, 'reset');
		assert.equal(typeof reset.data.reason, 'string');
		assert.ok(reset.id, 'with its number');
		live.close();
	});

	house.test('a reset that waits is not told to who came after its reason', async ({ api, server, ann, editor }) => {
		const room = await api.as(editor).make(`/${word.groups}`, { name: `late ${word.app}` });
		const target = `${live_path}?filter=${encodeURIComponent(`${word.group}.name == '${room.name}'`)}`;
		const early = await Events.open(server, target, { key: ann });
		const rename = (i) => api.as(editor).patch(`/${word.groups}/${room.id}`, { name: `late ${word.app} ${i}` });
		await rename(1);
		assert.equal((await early.take(1))[0].event, 'reset');
		const last = await rename(2); /* told a second after the first */
		const late = await Events.open(server, target, { key: ann });
		assert.equal((await early.take(1))[0].event, 'reset');
		const inside = await api.as(ann).make(path, { [word.title]: 'late', [word.group]: room.id });
		await api.as(editor).patch(`/${word.groups}/${room.id}`, { name: room.name });
		const events = await late.take(1);
		assert.ok(BigInt(events[0].id) > BigInt(last.get('caisson-commit')), JSON.stringify(events));
		assert.ok(inside.id);
		early.close();
		late.close();
	});

	house.test('a local predicate is never reset by another collection', async ({ api, server, ann, editor }) => {
		const live = await Events.open(server, live_path, { key: ann });
		for (let i = 0; i < 5; i++)
			await api.as(editor).make(`/${word.groups}`, { name: `beside ${word.app} ${i}` });
		const mine = await api.as(ann).make(path, { [word.title]: 'after' });
		assert.deepEqual(names(await live.take(1)), [`entered ${mine.id}`]);
		live.close();
	});

	house.test('now in a live filter is refused', async ({ api, ann }) => {
		const answer = await api.as(ann).get(`${path}?filter=${encodeURIComponent('created < now')}`, { accept: 'text/event-stream' });
		assert.equal(answer.status, 400);
	});

	house.test('a stream is closed when its key is revoked', async ({ server }) => {
		const key = server.key('--role', 'editor');
		const live = await Events.open(server, live_path, { key });
		const listed = server.run(['key', 'list', '-C', server.folder, '--json']);
		const rows = JSON.parse(listed.stdout);
		const newest = [...(Array.isArray(rows) ? rows : rows.keys)].sort((a, b) => (String(a.created ?? a.id) < String(b.created ?? b.id) ? 1 : -1))[0];
		assert.equal(server.run(['key', 'revoke', String(newest.id), '-C', server.folder]).status, 0);
		await live.until(() => live.done, 5000, 'the end').catch((error) => assert.match(error.message, /stream ended/));
		assert.ok(live.done);
	});

	house.test('SIGTERM ends streams, and the server does not wait for them', async ({ server, api }) => {
		const live = await Events.open(server, live_path);
		api.close();
		const began = Date.now();
		const end = await server.stop();
		assert.equal(end.code, 0);
		assert.ok(Date.now() - began < 8000);
		assert.ok(live.wire.ended);
		await server.start();
	});

	house.close();
}

for (const { word, file } of trees) {
	const house = new House(`${word.app} live`, file);
	house.test('a cascade is told in every collection it reached', async ({ api, server }) => {
		const make = (name, body) => api.make(`/${word[name]}`, { name, ...body });
		const root = await make('root');
		const branch = await make('branch', { root: root.id });
		const leaf = await make('leaf', { branch: branch.id });
		const note = await make('note', { leaf: leaf.id });
		const streams = {};
		for (const name of ['root', 'branch', 'leaf', 'note'])
			streams[name] = await Events.open(server, `/v1/${word[name]}`);
		assert.equal((await api.delete(`/${word.root}/${root.id}`)).status, 204);
		assert.deepEqual(names(await streams.root.take(1)), [`left ${root.id}`]);
		assert.deepEqual(names(await streams.branch.take(1)), [`left ${branch.id}`]);
		assert.deepEqual(names(await streams.leaf.take(1)), [`left ${leaf.id}`]);
		const [changed] = await streams.note.take(1);
		assert.deepEqual([changed.event, changed.data.leaf], ['changed', null]);
		Object.values(streams).forEach((stream) => stream.close());
	});
	house.close();
}

const corners = new House('corners', {
	app: 'corners', database: 'sqlite:data/corners.db',
	collections: {
		people: { access, fields: { name: { type: 'text' }, admin: { type: 'bool' } } },
		brief: { access: { ...access, read: 'until > now' }, fields: { until: { type: 'time' } } },
		timed: { access, fields: { n: { type: 'int' }, until: { type: 'time' }, secret: { type: 'text' } }, fields_access: { secret: { read: 'until > now' } } },
		placed: { access, fields: { n: { type: 'int' }, secret: { type: 'text' } }, fields_access: { secret: { read: "request.ip != '127.0.0.1'" } } },
		named: { access, fields: { n: { type: 'int' }, who: { type: 'refs', to: 'brief' } } },
		items: { access, fields: { n: { type: 'int' }, readers: { type: 'refs', to: 'people' } } },
		ruled: { access: { ...access, read: 'readers.exists(r, r.admin)' }, fields: { n: { type: 'int' }, readers: { type: 'refs', to: 'people' } } },
	},
}, {});

corners.test('a field that is seen by the clock, or by the address, is not followed', async ({ api, server }) => {
	for (const path of ['timed', 'placed', 'named']) {
		const one = await api.make(`/${path}`, { n: 1 });
		for (const target of [`/${path}`, `/${path}/${one.id}`, `/${path}?live=snapshot`]) {
			assert.equal((await api.get(`${target}${target.includes('?') ? '&' : '?'}fields=*`, { accept: 'text/event-stream' })).status, 400, 'all of them');
			const answer = await api.get(target, { accept: 'text/event-stream' });
			assert.equal(answer.status, 400, target);
			assert.match(answer.json.detail, /(secret|who) depends on 'now' or on 'request'.*fields/);
			const live = await Events.open(server, `/v1${target}${target.includes('?') ? '&' : '?'}fields=n`);
			await api.patch(`/${path}/${one.id}`, { n: { $inc: 1 } });
			await live.takeUntil((event) => event.event === 'changed');
			live.close();
		}
	}
});

corners.test('who is in the links of a record, and then is not, is told, or told to read again', async ({ api, server }) => {
	const ann = await api.make('/people', { name: 'ann', admin: true });
	for (const [path, filter] of [['items', 'size(readers) > 0'], ['items', `'${ann.id}' in readers`], ['items', 'readers.exists(r, r.admin)'], ['ruled', '']]) {
		for (const end of ['DELETE', 'PATCH']) {
			const made = (await api.post(`/${path}`, { n: 7, readers: [ann.id] }, { prefer: 'return=minimal' })).get('location').split('/').at(-1);
			const live = await Events.open(server, `/v1/${path}?filter=${encodeURIComponent(filter)}`);
			assert.ok([204, 200].includes((await api.request(end, `/${path}/${made}`, { body: end === 'PATCH' ? { readers: [] } : undefined })).status));
			await live.takeUntil((event) => event.event === 'reset' || (event.event === 'left' && event.data.id === made));
			live.close();
		}
	}
});
corners.close();
