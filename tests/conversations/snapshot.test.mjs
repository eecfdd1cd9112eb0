// live=snapshot: a stream that begins with the rows that are there, then tells what
// changes; between the two nothing is lost and nothing is told twice.

import assert from 'node:assert/strict';
import { Api } from '../lib/api.mjs';
import { Events } from '../lib/events.mjs';
import { House } from '../lib/house.mjs';
import { boards } from '../lib/two_boards.mjs';

const isMark = ({ event }) => event === 'snapshot';
const live = { accept: 'text/event-stream' };

/* The stream, its rows and its mark. */
async function begin(server, target, options) {
	const events = await Events.open(server, target, options);
	const rows = await events.takeUntil(isMark), mark = rows.pop();
	rows.forEach((row) => assert.deepEqual([row.event, row.id], ['entered', undefined]));
	assert.match(mark.id, /^\d+$/);
	return { events, rows: rows.map(({ data }) => data), mark };
}

for (const { word, file } of boards) {
	const house = new House(`${word.app} snapshot`, file, {
		async prepare(server, api) {
			const { id } = await api.make(`/${word.people}`, { name: 'ann' });
			api.close();
			return { ann: server.key('--user', String(id)), editor: server.key('--role', 'editor') };
		},
	});
	const things = `/${word.things}`, people = `/${word.people}`;
	const make = (server, key, body) => {
		const api = new Api(server, { key });
		return api.make(things, body).then(({ etag, ...record }) => record).finally(() => api.close());
	};

	house.test('rows come first as the list has them, then the mark, then what changes', async ({ server, ann, editor }) => {
		for (let i = 0; i < 7; i++)
			await make(server, ann, { [word.title]: `thing ${i}`, [word.open]: i % 2 === 0, [word.count]: i });
		for (const key of [undefined, ann, editor]) {
			const api = new Api(server, { key });
			for (const query of ['', `sort=-${word.count}`, `filter=${word.count}%20%3E%202&sort=${word.title}`, `fields=id,${word.title}`, 'filter=false']) {
				const list = (await api.get(`${things}?limit=100&${query}`)).json;
				const { events, rows, mark } = await begin(server, `/v1${things}?live=snapshot&limit=100&${query}`, { key });
				assert.deepEqual(rows, list.items, query);
				assert.deepEqual(mark.data, { next: null }, query);
				events.close();
			}
			api.close();
		}
		const { events, mark } = await begin(server, `/v1${things}?live=snapshot`);
		const made = await make(server, ann, { [word.title]: 'news', [word.open]: true });
		const [entered] = await events.take(1);
		assert.deepEqual([entered.event, entered.data], ['entered', made]);
		assert.ok(BigInt(entered.id) > BigInt(mark.id));
		events.close();
	});

	house.test('a page of rows has the cursor of the next', async ({ server, editor }) => {
		const api = new Api(server, { key: editor });
		const list = `${things}?sort=-${word.count}&limit=3`;
		const { events, rows, mark } = await begin(server, `/v1${list}&live=snapshot`, { key: editor });
		assert.equal(rows.length, 3);
		const next = (await api.get(`${list}&cursor=${mark.data.next}`)).json;
		const all = (await api.get(`${things}?sort=-${word.count}&limit=100`)).json.items;
		assert.deepEqual([...rows, ...next.items], all.slice(0, 6));
		events.close();
		api.close();
	});

	house.test('who comes back goes on, whatever the address says', async ({ server, ann }) => {
		const first = await begin(server, `/v1${things}?live=snapshot`);
		first.events.close();
		const made = await make(server, ann, { [word.title]: 'between', [word.open]: true });
		const events = await Events.open(server, `/v1${things}?live=snapshot`, { lastEventId: first.mark.id });
		const [entered] = await events.take(1);
		assert.deepEqual([entered.event, entered.data.id], ['entered', made.id]);
		assert.ok(BigInt(entered.id) > BigInt(first.mark.id));
		events.close();
	});

	house.test('what cannot be is refused', async ({ server, api }) => {
		for (const [query, headers, code] of [
			['live=snapshot', {}, 'conflict'], ['live=now', live, 'type'], ['live=now', {}, 'type'], ['live=snapshot&offset=1', live, 'conflict'],
			['live=snapshot&cursor=x', live, 'conflict'], [`live=snapshot&expand=${word.owner}`, live, 'conflict'], ['live=snapshot&live=snapshot', live, 'repeated'],
		]) {
			const answer = await api.get(`${things}?${query}`, headers);
			assert.deepEqual([answer.status, answer.json.errors[0].code], [400, code], `${query}: ${answer.text}`);
		}
		const closed = await begin(server, '/v1/closed?live=snapshot');
		assert.deepEqual([closed.rows, closed.mark.data], [[], { next: null }]);
		closed.events.close();
		const plain = await Events.open(server, `/v1${people}?live=`);
		await plain.until(() => plain.lastId !== undefined, 3000, 'a place');
		assert.deepEqual(plain.events, [], 'an empty live= is none');
		plain.close();
	});

	house.test('writes that race with the opening are told once', async ({ server, ann, editor }) => {
		let stop = false, count = 0;
		const known = [];
		const writers = Array.from({ length: 3 }, async () => {
			const api = new Api(server, { key: ann });
			while (!stop) {
				const answer = await api.post(things, { [word.title]: `racer ${count++}`, [word.open]: count % 3 !== 0 });
				known.push(answer.json.id);
				const id = known[Math.floor(Math.random() * known.length)];
				await api.patch(`${things}/${id}`, { [word.open]: Math.random() < 0.5 });
			}
			api.close();
		});
		const streams = [];
		const filter = `filter=${encodeURIComponent(`${word.open} && ${word.title} >= 'racer'`)}`;
		for (let i = 0; i < 40; i++) {
			const key = [undefined, ann, editor][i % 3];
			streams.push({ key, ...await begin(server, `/v1${things}?${filter}&live=snapshot&limit=1000`, { key }) });
		}
		stop = true;
		await Promise.all(writers);
		for (const { key, events, rows, mark } of streams) {
			const api = new Api(server, { key });
			assert.equal(mark.data.next, null, 'the test has more rows than a page');
			const wanted = (await api.walk(things, { limit: 1000, filter: `${word.open} && ${word.title} >= 'racer'` })).sort(byId);
			const map = new Map(rows.map((row) => [row.id, row]));
			const apply = () => events.events.splice(0).forEach(({ event, data }) => {
				assert.equal(map.has(data.id), event !== 'entered', `${event} ${JSON.stringify(data)}`);
				event === 'left' ? map.delete(data.id) : map.set(data.id, data);
			});
			const same = () => (apply(), JSON.stringify([...map.values()].sort(byId)) === JSON.stringify(wanted));
			await events.until(same, 10000, 'the rows of a fresh list').catch((error) => assert.fail(error.message));
			events.close();
			api.close();
		}
	});

	house.close();
}

function byId(one, two) {
	return one.id < two.id ? -1 : 1;
}
