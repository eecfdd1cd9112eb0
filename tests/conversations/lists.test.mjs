// Lists: filters against the same question asked in memory, walks over pages
// against one sort in memory, and every parameter that must be refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Api, parameterOf, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { pick, seeded, uuid7 } from '../lib/ids.mjs';
import { openHouses, tell } from '../lib/open_houses.mjs';
import { Server } from '../lib/server.mjs';

const access = { read: true, create: true, update: true, delete: true };
const ROWS = 90;
const TEXTS = [null, '', 'a', 'A', 'ab', 'b', 'ß', 'İ', 'z', '\u{10FFFF}', '\uFFFF', 'a b', "it's", '10', '9', '%'];
const INTS = [null, 0, 1, -1, 2, 7, 9007199254740991, -9007199254740991];
const TIMES = [null, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000001Z', '1969-07-20T20:17:40.000000Z', '2100-12-31T23:59:59.999999Z'];

const apps = [
	{ word: { list: 'books', t: 'title', n: 'pages', b: 'lent', e: 'shelf', w: 'bought', r: 'author', to: 'authors' }, id: {} },
	{ word: { list: 'trips', t: 'route', n: 'miles', b: 'paid', e: 'class', w: 'left', r: 'driver', to: 'drivers' }, id: { id: 'int' } },
].map(({ word, id }) => ({
	word, intIds: id.id === 'int', values: ['zeta', 'alpha', 'Mid'],
	file: {
		app: `lists_${word.list}`, database: 'sqlite:data/lists.db', collections: {
			[word.to]: { ...id, access, fields: { name: { type: 'text' }, rank: { type: 'int' } } },
			[word.list]: { ...id, access, indexes: [[word.n, `-${word.w}`], [`-${word.e}`]], fields: {
				[word.t]: { type: 'text', index: true }, [word.n]: { type: 'int' }, [word.b]: { type: 'bool' },
				[word.e]: { type: 'enum', values: ['zeta', 'alpha', 'Mid'] }, [word.w]: { type: 'time' },
				[word.r]: { type: 'ref', to: word.to, on_delete: 'set_null' }, sure: { type: 'int', required: true, default: 3 },
			} },
		},
	},
}));

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/* Orders as the contract says: nulls first ascending, text by bytes, enums as declared, false before true. */
function order(values) {
	return (a, b) => {
		if (a === null || b === null)
			return a === b ? 0 : a === null ? -1 : 1;
		if (typeof a === 'string')
			return values ? values.indexOf(a) - values.indexOf(b) : bytes(a, b);
		return Number(a) - Number(b);
	};
}

function sorted(rows, sort, enums) {
	const keys = sort.split(',').filter((key) => key !== '').map((key) => ({ name: key.replace(/^-/, ''), sign: key[0] === '-' ? -1 : 1 }));
	if (!keys.some((key) => key.name === 'id'))
		keys.push({ name: 'id', sign: keys.at(-1)?.sign ?? 1 });
	return [...rows].sort((a, b) => {
		for (const { name, sign } of keys) {
			const compared = order(enums[name])(a[name], b[name]);
			if (compared !== 0)
				return compared * sign;
		}
		return 0;
	});
}

async function seed(api, { word, values }) {
	const random = seeded(7), people = [], rows = [];
	for (const name of ['ann', 'bob', 'Cid', null])
		people.push(await api.make(`/${word.to}`, { name, rank: name ? name.length : null }));
	for (let i = 0; i < ROWS; i++) {
		rows.push({
			[word.t]: pick(random, TEXTS), [word.n]: pick(random, INTS), [word.b]: pick(random, [null, true, false]),
			[word.e]: pick(random, [null, ...values]), [word.w]: pick(random, TIMES), [word.r]: pick(random, [null, ...people]),
			sure: Math.floor(random() * 4),
		});
	}
	const bodies = rows.map((row) => ({ ...row, [word.r]: row[word.r]?.id ?? null }));
	const answer = await api.post(`/${word.list}`, bodies);
	assert.equal(answer.status, 201, answer.text);
	return { rows: answer.json.items, people, person: (id) => people.find((each) => each.id === id) ?? null };
}

for (const app of apps) {
	const { word, values, file } = app;
	const path = `/${word.list}`;
	const house = new House(file.app, file, { prepare: (server, api) => seed(api, app) });
	const enums = { [word.e]: values };
	const { t, n, b, e, w, r } = word;

	house.test('without parameters: twenty by id, and a way to the next', async ({ api, rows }) => {
		const answer = await api.list(path);
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(Object.keys(answer.json), ['items', 'next']);
		assert.deepEqual(answer.json.items, sorted(rows, '', enums).slice(0, 20));
		assert.equal(typeof answer.json.next, 'string');
		const link = /^<(\/v1\/[^>]+)>; rel="next"$/.exec(answer.get('link') ?? '');
		assert.ok(link, `Link: ${answer.get('link')}`);
		assert.deepEqual((await api.get(`/${link[1]}`)).json.items, sorted(rows, '', enums).slice(20, 40));
		const all = await api.list(path, { limit: 1000 });
		assert.equal(all.json.next, null);
		assert.equal(all.get('link'), undefined);
		assert.equal(all.json.items.length, ROWS);
		const exact = await api.list(path, { limit: ROWS });
		assert.equal(exact.json.next, null, 'no empty page after the last');
	});

	house.test('HEAD of a list is its GET without the body', async ({ api }) => {
		const got = await api.list(path), head = await api.request('HEAD', path);
		assert.equal(head.status, 200);
		assert.equal(head.etag, got.etag);
		assert.equal(head.get('content-length'), got.get('content-length'));
	});

	const sorts = ['', 'id', '-id', 'created', '-updated,id',
		...[t, n, b, e, w, r].flatMap((name) => [name, `-${name}`]),
		`${n},-${w}`, `-${n},${w}`, `${b},${e},-${t}`, `-${b},-${e},-${t}`, `${e},-sure`, `-sure,${n}`, `${t},-id`, `-${t},id`];
	for (const sort of sorts) {
		house.test(`a walk sorted by ${sort === '' ? 'nothing' : sort} is the whole list`, async ({ api, rows }) => {
			const parameters = sort === '' ? {} : { sort };
			const expected = sorted(rows, sort, enums).map((row) => row.id);
			for (const limit of [1, 7, 89, 90]) {
				const walked = await api.walk(path, { ...parameters, limit });
				assert.deepEqual(walked.map((row) => row.id), expected, `limit ${limit}`);
			}
		});
	}

	const quote = (text) => (text === null ? 'null' : `'${String(text).replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`);
	const compare = { '<': (c) => c < 0, '<=': (c) => c <= 0, '>': (c) => c > 0, '>=': (c) => c >= 0 };
	const filters = [
		['true', () => true], ['false', () => false],
		...INTS.flatMap((int) => [[`${n} == ${int}`, (row) => row[n] === int], [`${n} != ${int}`, (row) => row[n] !== int]]),
		...TEXTS.flatMap((text) => [[`${t} == ${quote(text)}`, (row) => row[t] === text], [`${t} != ${quote(text)}`, (row) => row[t] !== text]]),
		...Object.entries(compare).flatMap(([sign, holds]) => [
			[`${n} ${sign} 1`, (row) => row[n] !== null && holds(row[n] - 1)],
			[`!(${n} ${sign} 1)`, (row) => !(row[n] !== null && holds(row[n] - 1))],
			[`${t} ${sign} 'b'`, (row) => row[t] !== null && holds(bytes(row[t], 'b'))],
			[`${w} ${sign} '2026-01-01T00:00:00Z'`, (row) => row[w] !== null && holds(bytes(row[w], '2026-01-01T00:00:00.000000Z'))],
			[`${n} ${sign} sure`, (row) => row[n] !== null && holds(row[n] - row.sure)],
			[`!(sure ${sign} ${n})`, (row) => !(row[n] !== null && holds(row.sure - row[n]))],
		]),
		...[null, ...values].flatMap((value) => [[`${e} == ${quote(value)}`, (row) => row[e] === value], [`${e} != ${quote(value)}`, (row) => row[e] !== value]]),
		[`${e} in ['zeta', 'Mid']`, (row) => ['zeta', 'Mid'].includes(row[e])],
		[`!(${e} in ['zeta', null])`, (row) => !['zeta', null].includes(row[e])],
		[`${n} in [1, 2, null]`, (row) => [1, 2, null].includes(row[n])],
		[`${n} in []`, () => false],
		[`${t} in ['a', 'ß', "it's"]`, (row) => ['a', 'ß', "it's"].includes(row[t])],
		[b, (row) => row[b] === true], [`!${b}`, (row) => row[b] !== true], [`${b} == false`, (row) => row[b] === false],
		[`${b} == null`, (row) => row[b] === null], [`has(${b})`, (row) => row[b] !== null], [`!has(${t})`, (row) => row[t] === null],
		[`${b} && ${n} > 0 || ${t} == 'a'`, (row) => (row[b] === true && row[n] > 0) || row[t] === 'a'],
		[`${b} && (${n} > 0 || ${t} == 'a')`, (row) => row[b] === true && (row[n] > 0 || row[t] === 'a')],
		[`!(${b} && !(${n} != 0))`, (row) => !(row[b] === true && !(row[n] !== 0))],
		[`${n} == sure`, (row) => row[n] === row.sure], [`${n} != sure`, (row) => row[n] !== row.sure],
		[`${w} == null`, (row) => row[w] === null],
		[`${r} == null`, (row) => row[r] === null], [`has(${r})`, (row) => row[r] !== null],
		[`${r}.name == 'ann'`, (row, person) => person(row[r])?.name === 'ann'],
		[`${r}.name != 'ann'`, (row, person) => person(row[r])?.name !== 'ann'],
		[`${r}.name == null`, (row, person) => (person(row[r])?.name ?? null) === null],
		[`!(${r}.rank >= 3)`, (row, person) => !((person(row[r])?.rank ?? null) !== null && person(row[r]).rank >= 3)],
		[`created > '2020-01-01T00:00:00Z'`, () => true],
	];
	house.test('filters find what the same question finds in memory', async ({ api, rows, person }) => {
		const wrong = [];
		for (const [filter, holds] of filters) {
			const answer = await api.list(path, { filter, limit: 1000 });
			const expected = sorted(rows.filter((row) => holds(row, person)), '', enums).map((row) => row.id);
			const got = answer.status === 200 ? answer.json.items.map((row) => row.id) : answer.text;
			if (JSON.stringify(got) !== JSON.stringify(expected))
				wrong.push(`${filter}: ${answer.status === 200 ? `${got.length} rows, expected ${expected.length}` : got}`);
		}
		assert.deepEqual(wrong, []);
	});

	house.test('a filter may speak of its caller, and nobody equals nothing', async ({ api, server, rows }) => {
		const key = server.key('--user', 'ann', '--role', 'reader');
		for (const [filter, guests, anns] of [
			['auth.id == null', true, false], ['auth.id != null', false, true], ['auth.id == auth.id', false, true], ['auth.id != auth.id', true, false],
			["auth.id == 'ann'", false, true], ["'reader' in auth.roles", false, true], ["!('reader' in auth.roles)", true, false], [`${t} == auth.id`, false, false],
		]) {
			for (const [client, holds] of [[api, guests], [api.as(key), anns]]) {
				const answer = await client.list(path, { filter, limit: 1000 });
				assert.equal(answer.status, 200, `${filter}: ${answer.text}`);
				assert.equal(answer.json.items.length, holds ? rows.length : 0, filter);
			}
		}
	});

	house.test('a filtered walk is the filtered list', async ({ api, rows }) => {
		for (const sort of [n, `-${t}`, `${w},-${n}`]) {
			const walked = await api.walk(path, { filter: `${b} != true && sure > 0`, sort, limit: 5 });
			const expected = sorted(rows.filter((row) => row[b] !== true && row.sure > 0), sort, enums);
			assert.deepEqual(walked, expected);
		}
	});

	house.test('a plus in a query string is a space', async ({ api, rows }) => {
		const answer = await api.get(`${path}?filter=${t}+==+'a+b'&limit=1000`.replaceAll("'", '%27'));
		assert.equal(answer.status, 200, answer.text);
		assert.equal(answer.json.items.length, rows.filter((row) => row[t] === 'a b').length);
	});

	house.test('no walk loses or repeats a row while others come and go', async ({ api, rows }) => {
		const other = api.as();
		let going = true;
		const churn = (async () => {
			while (going) {
				const made = await other.make(path, { [n]: -5, [t]: 'm', sure: 9 });
				assert.equal((await other.delete(`${path}/${made.id}`)).status, 204);
			}
		})();
		for (const sort of [n, `-${n}`, `${t},-${n}`]) {
			const walked = (await api.walk(path, { sort, limit: 3 })).filter((row) => row.sure !== 9);
			assert.deepEqual(walked.map((row) => row.id), sorted(rows, sort, enums).map((row) => row.id));
		}
		going = false;
		await churn;
		other.close();
	});

	house.test('a limit outside 1-1000 is refused, never clamped', async ({ api }) => {
		for (const limit of ['0', '1001', '-1', '', 'abc', '1e2', '0x10', '1.0', ' 5', '5 ', '99999999999999999999', '+5']) {
			const answer = refused(await api.list(path, { limit }), 400);
			assert.deepEqual(parameterOf(answer), ['limit'], answer.text);
		}
		for (const limit of ['1', '1000'])
			assert.equal((await api.list(path, { limit })).status, 200);
	});

	house.test('an unknown parameter, or one given twice, is refused by name', async ({ api, rows }) => {
		assert.deepEqual(parameterOf(refused(await api.list(path, { nope: 1 }), 400)), ['nope']);
		assert.deepEqual(parameterOf(refused(await api.list(path, { Limit: 1 }), 400)), ['Limit']);
		for (const twice of ['limit=5&limit=5', `sort=${n}&sort=${n}`, 'filter=true&filter=true', 'limit=5&%6Cimit=5'])
			refused(await api.get(`${path}?${twice}`), 400);
		refused(await api.get(`${path}/${rows[0].id}?nope=1`), 400);
		refused(await api.post(`${path}?nope=1`, {}), 400);
		for (const bad of ['filter=%', 'filter=%zz', 'sort=%ff', 'filter=%00'])
			refused(await api.get(`${path}?${bad}`), 400);
	});

	house.test('a sort that cannot be is refused by name', async ({ api }) => {
		for (const sort of ['nope', '-nope', `${n},nope`, '-', ',', `${n},`, `--${n}`, `${n} desc`])
			assert.deepEqual(parameterOf(refused(await api.list(path, { sort }), 400)), ['sort'], sort);
	});

	house.test('a filter with a mistake says where it is', async ({ api }) => {
		for (const [filter, offset] of [
			['nope == 1', 0], [`${n} == nope`, n.length + 4], [`${n} = 1`, null], [`${n} ==`, null], [`(${n} == 1`, null], [`${n} == 1)`, null],
			[`${n} == 'a'`, null], [`${t} == 1`, null], [`${b} == 'true'`, null], [`${e} == 'nope'`, e.length + 4], [`${e} < 'zeta'`, null],
			[`${w} == 'yesterday'`, w.length + 4], [`${n} + 1 == 2`, null], ['1 / 0 == 1', null], [`${t}`, null], [`${n} == 9223372036854775808`, null],
			[`${t} == 'open`, null], [`${n} == 1 &&`, null], ['new.x == 1', null], [`${r}.nope == 1`, null], [`${t}.name == 'a'`, null],
			[`${n} == 1; drop table x`, null], ['auth.nope.x == 1', null], ['"\\q" == "a"', null],
		]) {
			const answer = refused(await api.list(path, { filter }), 400);
			const [error] = answer.json.errors ?? [];
			assert.equal(error?.parameter, 'filter', `${filter}: ${answer.text}`);
			assert.ok(Number.isInteger(error.offset) && error.offset <= Buffer.byteLength(filter), `${filter}: ${answer.text}`);
			if (offset !== null)
				assert.equal(error.offset, offset, `${filter}: ${answer.text}`);
		}
		const shifted = refused(await api.list(path, { filter: `${t} == 'ß🐟' && nope` }), 400);
		assert.equal(shifted.json.errors[0].offset, Buffer.byteLength(`${t} == 'ß🐟' && `), 'bytes, from 0');
	});

	house.test('a filter that is too long or too deep is refused', async ({ api }) => {
		refused(await api.list(path, { filter: `${t} == '${'a'.repeat(4096)}'` }), 400);
		refused(await api.list(path, { filter: Array.from({ length: 101 }, () => 'sure==1').join('||') }), 400);
		refused(await api.list(path, { filter: `${'('.repeat(2000)}true${')'.repeat(2000)}` }), 400);
		refused(await api.list(path, { filter: `${'!'.repeat(4000)}true` }), 400);
		assert.equal((await api.list(path, { filter: Array.from({ length: 100 }, () => 'sure==1').join('||') })).status, 200);
	});

	house.test('a cursor belongs to its list, filter and sort', async ({ api, rows }) => {
		const cursor = (await api.list(path, { limit: 5, sort: n, filter: 'sure > 0' })).json.next;
		assert.equal((await api.list(path, { limit: 9, sort: n, filter: 'sure > 0', cursor })).status, 200, 'another limit is another page size');
		for (const parameters of [{ sort: `-${n}`, filter: 'sure > 0' }, { sort: n }, { sort: n, filter: 'sure > 1' }, { filter: 'sure > 0' }, { sort: t, filter: 'sure > 0' }])
			assert.deepEqual(parameterOf(refused(await api.list(path, { ...parameters, cursor }), 400)), ['cursor']);
		refused(await api.list(`/${word.to}`, { cursor }), 400);
		for (let i = 0; i < cursor.length; i += 3) {
			const changed = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
			refused(await api.list(path, { sort: n, filter: 'sure > 0', cursor: changed }), 400);
		}
		for (const bad of ['', 'x', cursor.slice(0, -1), `${cursor}A`, '0'.repeat(8000), rows[0].id])
			refused(await api.list(path, { sort: n, filter: 'sure > 0', cursor: bad }), 400);
	});

	house.test('a cursor outlives a restart', async ({ api, server }) => {
		const first = await api.list(path, { limit: 5 });
		api.close();
		assert.equal((await server.stop()).code, 0);
		await server.start();
		const second = await api.list(path, { limit: 5, cursor: first.json.next });
		assert.equal(second.status, 200, second.text);
		assert.equal(second.json.items.length, 5);
	});

	house.test('a record is found by what may not be there', async ({ api }) => {
		const absent = app.intIds ? 987654321 : `'${uuid7()}'`;
		const answer = await api.list(path, { filter: `id == ${absent} || ${r} == ${absent}` });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(answer.json, { items: [], next: null });
		if (!app.intIds)
			refused(await api.list(path, { filter: "id == 'no id'" }), 400);
	});

	house.close();
}

const houses = openHouses();
tell(houses, 'every field that can be sorted by is walked in both directions', async ({ api, app, maker }) => {
	for (const collection of app.collections) {
		for (let i = 0; i < 12; i++)
			await api.make(collection.path, i % 3 === 0 ? await maker.required(collection) : await maker.body(collection));
		const rows = await api.walk(collection.path, { limit: 1000 });
		const enums = Object.fromEntries(collection.ofType('enum').map((field) => [field.name, field.values]));
		for (const field of collection.ofType('text', 'int', 'bool', 'enum', 'time', 'ref', 'date')) {
			for (const sort of [field.name, `-${field.name}`]) {
				const walked = await api.walk(collection.path, { sort, limit: 5 });
				assert.deepEqual(walked.map((row) => row.id), sorted(rows, sort, enums).map((row) => row.id), `${collection.name} by ${sort}`);
			}
		}
	}
});

for (const house of houses)
	house.close();

test('without a limit a page, and an expansion, keep to the limit that is set', async (t) => {
	const server = await Server.start(apps[0].file, { args: ['--limit', 'list_limit=5', '--limit', 'expand_limit=3'] }), api = new Api(server);
	t.after(async () => {
		api.close();
		await server.release();
	});
	const { list, to, r } = apps[0].word, { id } = await api.make(`/${to}`, { name: 'one' });
	await api.post(`/${list}`, Array(7).fill({ [r]: id }));
	for (const [parameters, count] of [[{}, 5], [{ limit: 5 }, 5], [{ limit: 2 }, 2]])
		assert.equal((await api.list(`/${list}`, parameters)).json.items.length, count);
	assert.equal((await api.walk(`/${list}`)).length, 7);
	for (const [expand, count] of [[list, 3], [`${list}(limit=2)`, 2]])
		assert.equal((await api.get(`/${to}/${id}?expand=${expand}`)).json[list].length, count);
	refused(await api.list(`/${list}`, { limit: 6 }), 400);
	refused(await api.get(`/${to}/${id}?expand=${list}(limit=4)`), 400);
});
