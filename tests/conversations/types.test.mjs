// Values of every type go in and come out as the same bytes on both engines, in
// the answer, in the record, in a list and in the log that live streams resume
// from; what is no value is refused with the code for it.

import assert from 'node:assert/strict';
import { refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';

const access = { read: true, create: true, update: true, delete: true };
const apps = [
	{ things: 'things', tags: 'tags', id: {}, f: 'ratio', d: 'price', day: 'day', j: 'meta', l: 'words', r: 'tagged', e: 'mail', u: 'site' },
	{ things: 'rows', tags: 'marks', id: { id: 'int' }, f: 'share', d: 'sum', day: 'due', j: 'extra', l: 'names', r: 'marked', e: 'contact', u: 'page' },
].map((word) => ({
	word,
	file: {
		app: `types_${word.things}`, database: 'sqlite:data/types.db', collections: {
			[word.tags]: { ...word.id, access, fields: { name: { type: 'text' } } },
			[word.things]: { ...word.id, access, fields: {
				[word.f]: { type: 'float' }, [word.d]: { type: 'decimal', scale: 2 }, [word.day]: { type: 'date' },
				[word.j]: { type: 'json' }, [word.l]: { type: 'list', of: 'text', min: 1, max: 3 }, [word.r]: { type: 'refs', to: word.tags, max: 3 },
				[word.e]: { type: 'email', fold: true, unique: true }, [word.u]: { type: 'url' },
				exact: { type: 'decimal', scale: 18 }, units: { type: 'decimal', scale: 0, min: -5, max: 5 },
				near: { type: 'float', min: -1.5, max: 2.5 }, late: { type: 'date', min: '2000-02-29', max: '2100-12-31' },
				slug: { type: 'text', pattern: '^[a-zé]+$', fold: true, unique: true }, sizes: { type: 'list', of: 'float' },
				counts: { type: 'list', of: 'int' }, flags: { type: 'list', of: 'bool' },
			} },
		},
	},
}));

const FLOATS = [['0', '0'], ['1', '1'], ['1.0', '1'], ['-1.5', '-1.5'], ['0.1', '0.1'], ['1e2', '100'], ['1E-7', '0.0000001'], ['1.5e-20', '1.5e-20'], ['5e-324', '5e-324'],
	['1.7976931348623157e308', '1.7976931348623157e+308'], ['0.30000000000000004', '0.30000000000000004'], ['9007199254740993', '9007199254740992'],
	['123456789012345678901234567890', '1.2345678901234568e+29'], ['1e-400', '0']];
const DECIMALS = [['"0"', '0.00'], ['"-0"', '0.00'], ['-0', '0.00'], ['"12.3"', '12.30'], ['12.3', '12.30'], ['0.1', '0.10'], ['"-0.01"', '-0.01'],
	['1e2', '100.00'], ['9999999999999999.99', '9999999999999999.99'], ['"-9999999999999999.99"', '-9999999999999999.99'], ['9007199254740993', '9007199254740993.00']];
const JSONS = [['{"b":1,"a":[true,null,{"z":"","y":{}}]}', '{"a":[true,null,{"y":{},"z":""}],"b":1}'], ['"x"', '"x"'], ['0', '0'], ['false', 'false'], ['[]', '[]'], ['{}', '{}'],
	['1.0', '1'], ['-0.0', '0'], ['1e18', '1000000000000000000'], ['-9223372036854775808', '-9223372036854775808'], ['9223372036854775808', '9.223372036854776e+18'],
	['1e300', '1e+300'], ['[0.1,1.50]', '[0.1,1.5]'], ['"\\u0041\\u00e9\\ud83d\\ude00\\n\\u0001\\/"', '"Aé😀\\n\\u0001/"'],
	['{"\\uffff":1,"\\ud83d\\ude00":2,"":3,"$inc":4}', '{"":3,"$inc":4,"\uffff":1,"😀":2}'], ['"null"', '"null"'], ['{"a":{"a":{"a":{}}}}', '{"a":{"a":{"a":{}}}}']];

for (const { word, file } of apps) {
	const house = new House(file.app, file);
	const path = `/${word.things}`;

	/* ${sent} for ${field}, raw JSON, must stand as ${kept} wherever it is shown. */
	async function comesBack(api, field, sent, kept) {
		const answer = await api.post(path, `{"${field}":${sent}}`);
		assert.equal(answer.status, 201, `${field} ${sent.slice(0, 100)}: ${answer.text}`);
		const wanted = `"${field}":${kept}`;
		assert.ok(answer.text.includes(wanted), `${wanted.slice(0, 100)} in ${answer.text}`);
		assert.ok((await api.get(`${path}/${answer.json.id}`)).text.includes(wanted));
		assert.ok((await api.list(path, { sort: '-created', limit: 5 })).text.includes(wanted));
		const changed = await api.patch(`${path}/${answer.json.id}`, { [field]: field === word.r ? [] : null });
		assert.equal(changed.status, 200, changed.text);
		const again = await api.patch(`${path}/${answer.json.id}`, `[{"op":"replace","path":"/${field}","value":${sent}}]`, { 'content-type': 'application/json-patch+json' });
		if (again.status === 200)
			assert.ok(again.text.includes(wanted), again.text);
		return answer.json;
	}

	house.test('numbers', async ({ api }) => {
		for (const [sent, kept] of FLOATS)
			await comesBack(api, word.f, sent, kept);
		for (const [sent, kept] of DECIMALS)
			await comesBack(api, word.d, sent, `"${kept}"`);
		await comesBack(api, 'exact', '"0.000000000000000001"', '"0.000000000000000001"');
		await comesBack(api, 'exact', '-0.999999999999999999', '"-0.999999999999999999"');
		await comesBack(api, 'units', '"5"', '"5"');
		await comesBack(api, 'near', '2.5', '2.5');
		for (const [field, sent, code] of [
			[word.f, '-0', 'type'], [word.f, '-0.0', 'type'], [word.f, '-1e-400', 'type'], [word.f, '1e309', 'too_large'], [word.f, '-1e309', 'too_small'],
			[word.f, '"1"', 'type'], [word.f, 'true', 'type'], [word.f, '[1]', 'type'], ['near', '2.6', 'too_large'], ['near', '-1.51', 'too_small'],
			[word.d, '"1.234"', 'type'], [word.d, '1.230', 'type'], [word.d, '1e-3', 'type'], [word.d, '"1e2"', 'type'], [word.d, '""', 'type'], [word.d, '" 1"', 'type'],
			[word.d, '"1,5"', 'type'], [word.d, '"NaN"', 'type'], [word.d, 'true', 'type'], [word.d, '"10000000000000000"', 'too_large'], [word.d, '-1e30', 'too_small'],
			['units', '"6"', 'too_large'], ['units', '-6', 'too_small'], ['units', '"0.0"', 'type'], ['exact', '1', 'too_large'],
		])
			refused(await api.post(path, `{"${field}":${sent}}`), 422, { [`#/${field}`]: code });
	});

	house.test('dates', async ({ api }) => {
		for (const date of ['1970-01-01', '0001-01-01', '9999-12-31', '2024-02-29', '1582-10-10', '1900-03-01'])
			await comesBack(api, word.day, `"${date}"`, `"${date}"`);
		await comesBack(api, 'late', '"2000-02-29"', '"2000-02-29"');
		for (const bad of ['2023-02-29', '1900-02-29', '2026-13-01', '2026-1-1', '0000-01-01', '10000-01-01', '2026-11-24T00:00:00Z', '', ' 2026-11-24', '20261124'])
			refused(await api.post(path, { [word.day]: bad }), 422, { [`#/${word.day}`]: 'type' });
		refused(await api.post(path, { [word.day]: 20781 }), 422, { [`#/${word.day}`]: 'type' });
		refused(await api.post(path, { late: '2000-02-28' }), 422, { '#/late': 'too_small' });
		refused(await api.post(path, { late: '2101-01-01' }), 422, { '#/late': 'too_large' });
	});

	house.test('JSON', async ({ api }) => {
		for (const [sent, kept] of JSONS)
			await comesBack(api, word.j, sent, kept);
		await comesBack(api, word.j, '['.repeat(60) + ']'.repeat(60), '['.repeat(60) + ']'.repeat(60));
		await comesBack(api, word.j, `"${'x'.repeat(200000)}"`, `"${'x'.repeat(200000)}"`);
		assert.equal((await api.post(path, `{"${word.j}":null}`)).json[word.j], null);
		for (const bad of ['"a\\u0000"', '{"a\\u0000":1}', '[{"a":["\\u0000"]}]', '1e309', '[[-1e400]]'])
			refused(await api.post(path, `{"${word.j}":${bad}}`), 422, { [`#/${word.j}`]: 'type' });
		refused(await api.post(path, `{"${word.j}":{"a":1,"a":2}}`), 400);
	});

	house.test('lists', async ({ api }) => {
		await comesBack(api, word.l, '["b","a","b"]', '["b","a","b"]');
		await comesBack(api, 'sizes', '[1.0,0.5,1e2,1e300]', '[1,0.5,100,1e+300]');
		await comesBack(api, 'counts', '[9223372036854775807,-1,0]', '[9223372036854775807,-1,0]');
		await comesBack(api, 'flags', '[true,false]', '[true,false]');
		await comesBack(api, 'flags', '[]', '[]');
		refused(await api.post(path, { [word.l]: [] }), 422, { [`#/${word.l}`]: 'too_short' });
		refused(await api.post(path, { [word.l]: ['a', 'b', 'c', 'd'] }), 422, { [`#/${word.l}`]: 'too_long' });
		for (const [field, sent, at] of [[word.l, '["a",1]', 1], [word.l, '[null]', 0], [word.l, '["a",["b"]]', 1], [word.l, '["a\\u0000"]', 0],
			['counts', '[1,1.5]', 1], ['counts', '["1"]', 0], ['flags', '[true,0]', 1], ['sizes', '[1,-0]', 1], ['sizes', '["1"]', 0]])
			refused(await api.post(path, `{"${field}":${sent}}`), 422, { [`#/${field}/${at}`]: 'type' });
		refused(await api.post(path, { [word.l]: 'a' }), 422, { [`#/${word.l}`]: 'type' });
		refused(await api.post(path, { [word.l]: { 0: 'a' } }), 422, { [`#/${word.l}`]: 'type' });
	});

	house.test('references to many', async ({ api }) => {
		const tags = [];
		for (let i = 0; i < 4; i++)
			tags.push((await api.make(`/${word.tags}`, { name: `${i}` })).id);
		const sorted = [...tags].sort((a, b) => typeof a === 'number' ? a - b : a < b ? -1 : 1);
		const [a, b, c] = sorted;
		const text = (...ids) => JSON.stringify(ids);
		assert.deepEqual((await api.post(path, {})).json[word.r], []);
		const made = await comesBack(api, word.r, text(c, a, c, a), text(a, c));
		const one = await api.make(path, { [word.r]: [b, a] });
		assert.deepEqual(one[word.r], [a, b]);
		const at = `${path}/${one.id}`;
		/* The same again is no change. */
		assert.equal((await api.patch(at, { [word.r]: [b, a, b] })).etag, one.etag);
		assert.deepEqual((await api.patch(at, { [word.r]: [c, b] })).json[word.r], [b, c]);
		const before = (await api.get(at)).etag;
		assert.equal((await api.delete(`/${word.tags}/${b}`)).status, 204);
		const after = await api.get(at);
		assert.deepEqual(after.json[word.r], [c]);
		assert.notEqual(after.etag, before, 'a link that vanished is a change');
		refused(await api.post(path, { [word.r]: null }), 422, { [`#/${word.r}`]: 'required' });
		refused(await api.post(path, { [word.r]: a }), 422, { [`#/${word.r}`]: 'type' });
		refused(await api.post(path, { [word.r]: [a, null] }), 422, { [`#/${word.r}/1`]: 'type' });
		refused(await api.post(path, { [word.r]: [a, b] }), 422, { [`#/${word.r}`]: 'reference' });
		refused(await api.patch(at, { [word.r]: [b] }), 422, { [`#/${word.r}`]: 'reference' });
		for (let i = 0; i < 2; i++)
			tags.push((await api.make(`/${word.tags}`, { name: `${i}` })).id);
		refused(await api.post(path, { [word.r]: tags.filter((id) => id !== b) }), 422, { [`#/${word.r}`]: 'too_long' });
		assert.equal((await api.delete(at)).status, 204);
		assert.equal((await api.delete(`${path}/${made.id}`)).status, 204);
		assert.equal((await api.get(`/${word.tags}/${c}`)).status, 200, 'a source that goes leaves the targets');
	});

	house.test('addresses, patterns and case', async ({ api }) => {
		for (const mail of ['a@b.example', "o'neil+x@sub.example.org", 'A.B@a-b.c'])
			await comesBack(api, word.e, `"${mail}"`, `"${mail}"`);
		for (const url of ['http://a', 'https://Example.org:8443/a%20b?c=d#e', 'http://[::1]/', 'http://xn--tda.example/%E2%82%AC'])
			await comesBack(api, word.u, `"${url}"`, `"${url}"`);
		for (const bad of ['', 'a', 'a@', '@b', 'a b@c', 'a@b..c', 'é@b', 'a@b\u0000'])
			refused(await api.post(path, { [word.e]: bad }), 422, { [`#/${word.e}`]: 'type' });
		for (const bad of ['', 'a.example', '/a', 'ftp://a', 'javascript:alert(1)', 'http://', 'http:///a', 'http://a b', 'http://ü.example', 'http://a/€', 'http://a\u0000'])
			refused(await api.post(path, { [word.u]: bad }), 422, { [`#/${word.u}`]: 'type' });
		refused(await api.post(path, { [word.e]: `${'a'.repeat(253)}@b` }), 422, { [`#/${word.e}`]: 'too_long' });
		refused(await api.post(path, { [word.u]: `http://a/${'b'.repeat(2040)}` }), 422, { [`#/${word.u}`]: 'too_long' });
		for (const bad of ['A', 'a1', '', 'a\n', ' a'])
			refused(await api.post(path, { slug: bad }), 422, { '#/slug': 'pattern' });
		await api.make(path, { slug: 'é', [word.e]: 'Ann@Example.org' });
		refused(await api.post(path, { slug: 'e\u0301' }), 422);
		refused(await api.post(path, { slug: 'é' }), 409, { '#/slug': 'unique' });
		refused(await api.post(path, { [word.e]: 'ANN@example.ORG' }), 409, { [`#/${word.e}`]: 'unique' });
		const other = await api.make(path, { [word.e]: 'bob@example.org' });
		refused(await api.patch(`${path}/${other.id}`, { [word.e]: 'aNN@example.org' }), 409, { [`#/${word.e}`]: 'unique' });
		assert.equal((await api.patch(`${path}/${other.id}`, { [word.e]: 'BOB@example.org' })).json[word.e], 'BOB@example.org');
		refused(await api.post(path, { [word.e]: 'bob@example.org' }), 409, { [`#/${word.e}`]: 'unique' });
		assert.equal((await api.patch(`${path}/${other.id}`, { [word.e]: null })).json[word.e], null);
		await api.make(path, { [word.e]: 'bob@example.org' });
	});

	house.test('lists are sorted by what has an order', async ({ api }) => {
		for (const [i, number] of [3, -1, 0.5, 1e300, 2, -2.5].entries())
			await api.make(path, { near: null, [word.f]: number, [word.d]: i % 2 === 0 ? `${i}.5` : `-${i}`, [word.day]: `20${10 + (i * 7) % 6}-01-01`, [word.u]: `http://a${i}/` });
		for (const field of [word.f, word.d, word.day, word.e, word.u]) {
			const all = (await api.walk(path, { sort: `${field},id`, limit: 1000 })).map((item) => item.id);
			assert.deepEqual((await api.walk(path, { sort: `${field},id`, limit: 3 })).map((item) => item.id), all, field);
			assert.deepEqual((await api.walk(path, { sort: `-${field},-id`, limit: 3 })).map((item) => item.id), all.reverse(), field);
		}
		const floats = (await api.walk(path, { sort: word.f })).map((item) => item[word.f]).filter((value) => value !== null);
		assert.deepEqual(floats, [...floats].sort((a, b) => a - b));
		const sums = (await api.walk(path, { sort: word.d })).map((item) => item[word.d]).filter((value) => value !== null).map(Number);
		assert.deepEqual(sums, [...sums].sort((a, b) => a - b));
		for (const field of [word.j, word.l, word.r])
			refused(await api.list(path, { sort: field }), 400);
	});

	house.close();
}
