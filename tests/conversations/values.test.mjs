// Hostile values go in and come out as they were, or are refused by name.

import assert from 'node:assert/strict';
import { pointers, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { Wire } from '../lib/wire.mjs';

const access = { read: true, create: true, update: true, delete: true };
const apps = [
	{ word: { things: 'things', t: 'text', n: 'number', b: 'flag', e: 'mood', w: 'moment' }, id: {} },
	{ word: { things: 'rows', t: 'label', n: 'amount', b: 'done', e: 'state', w: 'due' }, id: { id: 'int' } },
].map(({ word, id }) => ({
	word,
	file: {
		app: `values_${word.things}`, database: 'sqlite:data/values.db', collections: {
			[word.things]: { ...id, access, fields: {
				[word.t]: { type: 'text' }, [word.n]: { type: 'int' }, [word.b]: { type: 'bool' },
				[word.e]: { type: 'enum', values: ['low', 'High', 'a-b'] }, [word.w]: { type: 'time' },
				brief: { type: 'text', min: 1, max: 3 }, slug: { type: 'text', unique: true },
				small: { type: 'int', min: -5, max: 5 }, some: { type: 'text', required: true, default: 'x' },
			} },
		},
	},
}));

const TEXTS = ['', ' ', 'ß', 'İ', 'e\u0301', '\u{10FFFF}', '\uFFFF', '🐟'.repeat(100), '"\\\b\f\n\r\t/', "'; drop table things; --", '%_*?', '\u007f\u0080\u2028\u2029', 'null', '$inc', '\ufeff', 'a'.repeat(100000)];
const INTS = ['0', '1', '-1', '9223372036854775807', '-9223372036854775808', '9007199254740993', '-9007199254740993', '1000000000000'];

for (const { word, file } of apps) {
	const house = new House(file.app, file);
	const path = `/${word.things}`;

	house.test('texts are kept code point by code point', async ({ api }) => {
		for (const text of TEXTS) {
			const answer = await api.post(path, { [word.t]: text });
			assert.equal(answer.status, 201, JSON.stringify(text.slice(0, 50)));
			assert.equal(answer.json[word.t], text);
			const got = await api.get(`${path}/${answer.json.id}`);
			assert.equal(got.json[word.t], text);
			if (text.length < 1000 && !/[\0-\x1f\\']/.test(text)) {
				const found = await api.list(path, { filter: `${word.t} == '${text}'` });
				assert.equal(found.status, 200, found.text);
				assert.ok(found.json.items.some((item) => item.id === answer.json.id), JSON.stringify(text));
			}
		}
		refused(await api.post(path, { [word.t]: 'a\0' }), 422);
		for (const bad of ['"\\ud800"', '"\\udc00\\ud800"', '"a\tb"', '"\\x41"', '"\\u12"', "'a'"])
			refused(await api.post(path, `{"${word.t}":${bad}}`), 400);
	});

	house.test('bytes that are no UTF-8 are 400', async ({ server }) => {
		for (const bytes of ['ff', 'c080', 'eda080', 'f4908080', 'c3', '80', 'e28000']) {
			const wire = await Wire.connect(server.port);
			const body = Buffer.concat([Buffer.from(`{"${word.t}":"`), Buffer.from(bytes, 'hex'), Buffer.from('"}')]);
			wire.send(`POST /v1${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`, body);
			assert.equal((await wire.response()).status, 400, bytes);
			assert.ok(await wire.isAlive(), 'a body read to its end leaves the connection as it was');
			wire.close();
		}
	});

	house.test('whole numbers are exact to the last digit', async ({ api }) => {
		for (const int of INTS) {
			const answer = await api.post(path, `{"${word.n}":${int}}`);
			assert.equal(answer.status, 201, answer.text);
			assert.ok(answer.text.includes(`"${word.n}":${int},`), answer.text);
			assert.ok((await api.get(`${path}/${answer.json.id}`)).text.includes(`"${word.n}":${int},`));
			const found = await api.list(path, { filter: `${word.n} == ${int}`, limit: 1000 });
			assert.equal(found.status, 200, `${int}: ${found.text}`);
			assert.ok(found.json.items.some((item) => item.id === answer.json.id));
		}
		for (const [written, read] of [['7.0', 7], ['1e3', 1000], ['-2.50e1', -25], ['1e16', '10000000000000000'], ['9007199254740993.0', '9007199254740993'], ['90071992547409930e-1', '9007199254740993'], ['-0.0', 0]])
			assert.ok((await api.post(path, `{"${word.n}":${written}}`)).text.includes(`"${word.n}":${read},`), written);
		for (const big of ['9223372036854775808', '1.5', '9007199254740992.5', '-9223372036854775809', '1e30', '123456789012345678901234567890']) {
			const answer = await api.post(path, `{"${word.n}":${big}}`);
			assert.equal(answer.status, 422, `${big}: ${answer.text}`);
			assert.equal(pointers(answer)[0][0], `#/${word.n}`);
		}
		const zero = await api.post(path, `{"${word.n}":-0}`);
		assert.equal(zero.status, 201, zero.text);
		assert.ok(zero.text.includes(`"${word.n}":0,`), '-0 is 0 for an int');
		refused(await api.post(path, `{"${word.n}":1.5}`), 422, { [`#/${word.n}`]: 'type' });
		for (const bad of ['01', '+1', '.5', '1.', '0x1', 'NaN', 'Infinity', '--1', '1e'])
			refused(await api.post(path, `{"${word.n}":${bad}}`), 400);
	});

	house.test('times are written with six digits in UTC', async ({ api }) => {
		for (const [sent, kept] of [
			['2026-11-23T08:00:00Z', '2026-11-23T08:00:00.000000Z'], ['2026-11-23T08:00:00.5Z', '2026-11-23T08:00:00.500000Z'],
			['2026-11-23T08:00:00.123456+02:00', '2026-11-23T06:00:00.123456Z'], ['2026-11-23T08:00:00-11:30', '2026-11-23T19:30:00.000000Z'],
			['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'], ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000000Z'],
			['2026-11-23t08:00:00z', '2026-11-23T08:00:00.000000Z'],
		]) {
			const answer = await api.post(path, { [word.w]: sent });
			assert.equal(answer.status, 201, `${sent}: ${answer.text}`);
			assert.equal(answer.json[word.w], kept);
			assert.equal((await api.get(`${path}/${answer.json.id}`)).json[word.w], kept);
			const found = await api.list(path, { filter: `${word.w} == '${kept}'`, limit: 1000 });
			assert.ok(found.json.items?.some((item) => item.id === answer.json.id), found.text);
		}
		for (const bad of ['2026-11-23T08:00:00.1234567Z', '2026-02-29T00:00:00Z', '2026-11-23 08:00', '2026-11-23T24:00:01Z', '2026-13-01T00:00:00Z', 'now', ''])
			refused(await api.post(path, { [word.w]: bad }), 422, { [`#/${word.w}`]: 'type' });
		for (const [sent, wanted] of [
			['2026-11-23T08:00:00.123456789Z', 'a time with at most six digits behind the point'],
			['2016-12-31T23:59:60Z', 'a time outside of leap seconds, which are not kept'],
			['2016-12-31T22:59:60Z', 'a time as RFC 3339 writes it'],
		])
			assert.equal(refused(await api.post(path, { [word.w]: sent }), 422, { [`#/${word.w}`]: 'type' }).json.errors[0].detail, `${word.w} must be ${wanted}`);
	});

	house.test('limits of length count code points, and all mistakes are named', async ({ api }) => {
		assert.equal((await api.post(path, { brief: '🐟🐟🐟' })).status, 201);
		refused(await api.post(path, { brief: '🐟🐟🐟🐟' }), 422, { '#/brief': 'too_long' });
		refused(await api.post(path, { brief: '', small: 6, [word.e]: 'medium' }), 422,
			{ '#/brief': 'too_short', '#/small': 'too_large', [`#/${word.e}`]: 'enum' });
		assert.equal((await api.post(path, { some: '' })).status, 201, "'' satisfies required");
	});

	house.test('$inc stops at the ends of 64 bits', async ({ api }) => {
		const made = await api.post(path, `{"${word.n}":9223372036854775806}`);
		const one = `${path}/${made.json.id}`;
		assert.ok((await api.patch(one, { [word.n]: { $inc: 1 } })).text.includes(':9223372036854775807,'));
		refused(await api.patch(one, { [word.n]: { $inc: 1 } }), 422, { [`#/${word.n}`]: 'too_large' });
		const low = await api.post(path, `{"${word.n}":-9223372036854775807}`);
		assert.ok((await api.patch(`${path}/${low.json.id}`, { [word.n]: { $inc: -1 } })).text.includes(':-9223372036854775808,'));
		refused(await api.patch(`${path}/${low.json.id}`, { [word.n]: { $inc: -1 } }), 422, { [`#/${word.n}`]: 'too_small' });
		refused(await api.patch(one, { [word.t]: { $inc: 1 } }), 422);
		refused(await api.patch(one, { [word.b]: { $inc: 1 } }), 422);
	});

	house.test('64 clients incrementing one record: the sum is exact', async ({ api }) => {
		const made = await api.make(path, { [word.n]: 0 });
		const clients = Array.from({ length: 64 }, () => api.as());
		await Promise.all(clients.map(async (client) => {
			for (let i = 0; i < 10; i++) {
				const answer = await client.patch(`${path}/${made.id}`, { [word.n]: { $inc: 1 } });
				assert.equal(answer.status, 200, answer.text);
			}
			client.close();
		}));
		assert.equal((await api.get(`${path}/${made.id}`)).json[word.n], 640);
	});

	house.test('JSON is taken strictly', async ({ api }) => {
		for (const bad of ['', '{', '{"a":1,}', '[1,]', '{"a" 1}', '{a:1}', "{'a':1}", '{}x', '{} {}', '// a\n{}', 'nul', 'tru', '\ufeff{}'])
			refused(await api.post(path, bad), 400);
		refused(await api.post(path, `{"${word.t}":"a","${word.t}":"b"}`), 400);
		refused(await api.post(path, `{"${word.t}":"a","${word.t.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}":"b"}`), 400);
		refused(await api.post(path, `{"nope":${'['.repeat(65)}${']'.repeat(65)}}`), 400);
		refused(await api.post(path, '['.repeat(100000)), 400);
		for (const bad of ['1', '"a"', 'null', 'true'])
			refused(await api.post(path, bad), 422);
		const made = await api.make(path, {});
		for (const bad of ['1', '"a"', 'null', '[]'])
			refused(await api.patch(`${path}/${made.id}`, bad), 422);
		assert.equal((await api.post(path, ` \t\r\n{ "${word.t}" : "a" } \n`)).status, 201);
		const wide = await api.post(path, `{${Array.from({ length: 2000 }, (_, i) => `"u${i}":1`).join(',')}}`);
		refused(wide, 422);
	});

	house.close();
}
