// Live streams as connections: how they begin, how many there may be, slow
// readers, and what ends them.

import assert from 'node:assert/strict';
import { Api } from '../lib/api.mjs';
import { Events } from '../lib/events.mjs';
import { House } from '../lib/house.mjs';
import { sleep, Wire } from '../lib/wire.mjs';
import { boards } from '../lib/two_boards.mjs';

const STREAMS = 4, GAP = 6;
const args = ['--limit', `live_streams=${STREAMS}`, '--limit', `live_gap=${GAP}`, '--limit', 'live_buffer=65536', '--limit', 'live_heartbeat=300'];
const accept = (value, path, version = '1.1', method = 'GET') => `${method} ${path} HTTP/${version}\r\nHost: a\r\nAccept: ${value}\r\n\r\n`;

async function ask(server, request, method = 'GET') {
	const wire = await Wire.connect(server.port);
	wire.send(request);
	const answer = await wire.head();
	return { wire, answer, method };
}

/* Streams of clients that have gone are gone at once: there is room again. */
async function room(server, path, count) {
	const streams = [];
	for (let i = 0; i < count; i++)
		streams.push(await Events.open(server, path));
	streams.forEach((stream) => stream.close());
	await sleep(50);
}

for (const { word, file } of boards) {
	const house = new House(`${word.app} streams`, file, { args });
	const people = `/${word.people}`, path = `/v1${people}`;
	const isId = (id) => (event) => event.data.id === id;

	house.test('the better liked of JSON and a stream is served', async ({ server }) => {
		for (const [value, type] of [
			['text/event-stream', 'text/event-stream'], ['application/json;q=0.5, text/event-stream', 'text/event-stream'],
			['text/event-stream;q=0.5, application/json', 'application/json'], ['*/*', 'application/json'], ['application/json;q=0.9, */*', 'application/json'], ['application/json;q=0.1, text/*', 'application/json'], ['text/*', 'text/event-stream'],
			['text/event-stream;q=0, */*', 'application/json'],
		]) {
			const { wire, answer } = await ask(server, accept(value, path));
			assert.equal(answer.status, 200, value);
			assert.equal(answer.get('content-type').split(';')[0], type, value);
			assert.match(answer.get('vary'), /accept/i);
			wire.close();
		}
		const { wire, answer } = await ask(server, accept('text/csv', path));
		assert.equal(answer.status, 406);
		wire.close();
	});

	house.test('HTTP/1.0 gets a stream that ends with its connection, HEAD gets its head', async ({ server, api }) => {
		const { wire, answer } = await ask(server, accept('text/event-stream', path, '1.0'));
		assert.equal(answer.status, 200);
		assert.equal(answer.get('transfer-encoding'), undefined);
		assert.match(answer.get('connection'), /close/i);
		const made = await api.make(people, { name: 'plain' });
		let text = '';
		while (!/^event: entered\ndata: .*\n/m.test(text))
			text += (await wire.piece(answer)).toString();
		assert.ok(text.includes(`"id":${JSON.stringify(made.id)},`), text);
		wire.close();
		const head = await ask(server, accept('text/event-stream', path, '1.1', 'HEAD'));
		assert.equal(head.answer.status, 200);
		assert.match(head.answer.get('content-type'), /^text\/event-stream/);
		assert.ok(await head.wire.isAlive(), 'and the connection goes on');
		head.wire.close();
	});

	house.test('pages and malformed ids are refused', async ({ api }) => {
		for (const query of ['cursor=x', 'offset=1', 'offset=x', 'limit=0', 'sort=nope'])
			assert.equal((await api.get(`${people}?${query}`, { accept: 'text/event-stream' })).status, 400, query);
		for (const id of ['x', '-1', '1.5', '1e3', '0x1', '9223372036854775808', ' 1 2'])
			assert.equal((await api.get(people, { accept: 'text/event-stream', 'last-event-id': id })).status, 400, id);
	});

	house.test('who is cut off before the first event has missed nothing', async ({ server, api }) => {
		const first = await Events.open(server, path);
		await first.until(() => first.lastId !== undefined, 3000, 'a place');
		const { lastId } = first;
		assert.deepEqual(first.events, []);
		first.close();
		const made = await api.make(people, { name: 'between' });
		const again = await Events.open(server, path, { lastEventId: lastId });
		assert.deepEqual((await again.takeUntil(isId(made.id))).at(-1).event, 'entered');
		again.close();
	});

	house.test('the place of a quiet stream moves on', async ({ server, api }) => {
		const live = await Events.open(server, `${path}?filter=${encodeURIComponent("name == 'nobody'")}`);
		await live.until(() => live.lastId !== undefined, 3000, 'a place');
		const began = live.lastId;
		for (let i = 0; i < 2 * GAP; i++)
			await api.make(people, { name: `passing ${i}` });
		await live.until(() => live.lastId !== began, 5000, 'another place');
		await sleep(700);
		const { lastId } = live;
		live.close();
		const again = await Events.open(server, `${path}?filter=${encodeURIComponent("name == 'nobody'")}`, { lastEventId: lastId });
		const made = await api.make(people, { name: 'nobody' });
		assert.deepEqual((await again.take(1)).map((event) => [event.event, event.data.id]), [['entered', made.id]]);
		again.close();
	});

	house.test('a resume over too much is a reset', async ({ server, api }) => {
		const live = await Events.open(server, path);
		await live.until(() => live.lastId !== undefined, 3000, 'a place');
		live.close();
		for (let i = 0; i <= GAP; i++)
			await api.make(people, { name: `gap ${i}` });
		await sleep(100);
		const again = await Events.open(server, path, { lastEventId: live.lastId });
		const [reset] = await again.take(1);
		assert.deepEqual([reset.event, reset.data], ['reset', { reason: 'gap' }]);
		assert.ok(reset.id);
		again.close();
	});

	house.test('there are only so many, and who goes makes room at once', async ({ server, api }) => {
		const streams = [];
		for (let i = 0; i < STREAMS; i++)
			streams.push(await Events.open(server, path));
		const refused = await api.get(people, { accept: 'text/event-stream' });
		assert.deepEqual([refused.status, refused.code], [503, 'overloaded']);
		assert.ok(refused.get('retry-after'));
		streams[0].wire.finish(); /* half closed is gone as well */
		streams[1].close();
		await streams[0].until(() => streams[0].done, 3000, 'the end').catch(() => {});
		await sleep(100);
		const again = [await Events.open(server, path), await Events.open(server, path)];
		[...streams, ...again].forEach((stream) => stream.close());
		await sleep(100);
		for (let i = 0; i < 5; i++)
			await room(server, path, STREAMS);
	});

	house.test('a reader that is too slow is cut off, holds up nobody, and goes on', async ({ server, api }) => {
		const slow = await Events.open(server, path), quick = await Events.open(server, path);
		await slow.until(() => slow.lastId !== undefined, 3000, 'a place');
		slow.wire.socket.pause();
		const names = [];
		for (let i = 0; i < 60; i++) {
			names.push((await api.make(people, { name: `${i}`.padEnd(300000, 'x') })).id);
			await quick.takeUntil(isId(names.at(-1)));
		}
		slow.wire.socket.resume();
		await slow.until(() => slow.done, 10000, 'the end').catch(() => {});
		assert.ok(slow.done, 'cut off');
		const seen = slow.events.map((event) => event.data.id);
		assert.ok(seen.length < names.length, 'not all of it came');
		assert.deepEqual(seen, names.slice(0, seen.length), 'in order, as far as it came');
		quick.close();
		const again = await Events.open(server, path, { lastEventId: slow.lastId });
		const [event] = await again.take(1);
		assert.ok(event.event === 'reset' || event.data.id === names[seen.length]);
		again.close();
		for (const id of names)
			await api.delete(`${people}/${id}`);
	});

	house.test('one record: 404 where it is not, and left for who comes back', async ({ server, api }) => {
		for (const id of ['nonsense', '018f3a1e-7b5a-7c3d-9e2f-0123456789ab', '999999'])
			assert.equal((await api.get(`${people}/${id}`, { accept: 'text/event-stream' })).status, 404, id);
		const made = await api.make(people, { name: 'followed' });
		const live = await Events.open(server, `${path}/${made.id}`);
		await api.patch(`${people}/${made.id}`, { name: 'still followed' });
		await live.take(1);
		live.close();
		await api.make(people, { name: 'beside' });
		await api.delete(`${people}/${made.id}`);
		const again = await Events.open(server, `${path}/${made.id}`, { lastEventId: live.lastId });
		assert.deepEqual((await again.take(1)).map(({ event, data }) => [event, data]), [['left', { id: made.id }]]);
		again.close();
	});

	house.test('many callers, each by its own rights', async ({ server, api }) => {
		const things = `/${word.things}`, keys = [];
		for (let i = 0; i < STREAMS; i++) {
			const { id } = await api.make(people, { name: `caller ${i}` });
			keys.push(server.key('--user', String(id)));
		}
		const streams = await Promise.all(keys.map((key) => Events.open(server, `/v1${things}`, { key })));
		for (const key of keys) {
			const own = new Api(server, { key });
			await own.make(things, { [word.title]: 'own' });
			own.close();
		}
		const own = new Api(server, { key: keys[0] });
		const last = await own.make(things, { [word.title]: 'open', [word.open]: true });
		for (const stream of streams) {
			const events = await stream.takeUntil(isId(last.id));
			assert.equal(events.length, 2);
			assert.ok(events.every((event) => event.event === 'entered'));
			stream.close();
		}
		own.close();
	});

	house.close();
}
